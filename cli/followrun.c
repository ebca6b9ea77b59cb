/* The loop of `run --follow`. */
#include "base/clock.h"
#include "cli/eventtext.h"
#include "cli/follow.h"
#include "cli/watch.h"
#include "model/run.h"
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define REDRAW_MS 100
#define QUIET_MS 60000 /* without a display there is nothing to redraw */
#define SCREEN_MAX (16 * 1024 * 1024)
#define SCREEN_FLUSH 65536
#define RESULT_SHOWN_MAX 4000 /* bytes and lines of a result that is printed; a longer one would push all else away */
#define RESULT_LINES_MAX 24
#define DISPLAY_SHARE 70 /* percent of the screen's rows the display may take */
#define DISPLAY_ROWS_MIN 6

struct screen {
    struct cli *cli;
    struct follow follow;
    struct buf lines; /* to be shown above the display */
    int who_columns;
    int n_drawn; /* lines of the display on the screen */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    interrupted = sig;
}

static int screen_draw(struct screen *screen, bool last);

static bool screen_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct screen *screen = ctx;
    struct json_object *event = NULL;
    (void)id;
    if (screen->cli->json) {
        buf_append(&screen->lines, json, len);
        buf_putc(&screen->lines, '\n');
    }
    if (json_parse(json, len, EVENT_LINE_MAX, &event, NULL) != RS_OK)
        return true;
    bool worth = follow_event(&screen->follow, event);
    /* Without a display the lines tell all; percentages would only repeat what they say. */
    const char *type = json_get_string(event, "type", "");
    bool plain = !screen->follow.term->live && strcmp(type, "run.progress") != 0 &&
                 (strncmp(type, "node.", 5) == 0 || strncmp(type, "run.", 4) == 0);
    if (!screen->cli->json && (worth || plain))
        (void)eventtext_put(&screen->lines, screen->follow.term, event, false,
                            follow_who(&screen->follow, json_get_string(json_get(event, "data"), "nodeId", "")),
                            screen->who_columns);
    json_object_put(event);
    return screen->lines.len < SCREEN_FLUSH || screen_draw(screen, false) == EXIT_DONE;
}

/* One write: lines above, then the display anew. Terminals that know mode 2026 show it in one go. */
static int screen_draw(struct screen *screen, bool last)
{
    bool live = screen->follow.term->live && !screen->cli->json;
    struct buf out;
    int rows, columns = term_columns(screen->follow.term, &rows), status;
    if (!live) {
        status = screen->lines.len ? cli_print(screen->cli, &screen->lines) : EXIT_DONE;
        buf_clear(&screen->lines);
        return status;
    }
    buf_init(&out, SCREEN_MAX);
    buf_puts(&out, "\033[?2026h\033[?25l");
    if (screen->n_drawn)
        buf_printf(&out, "\r\033[%dA", screen->n_drawn);
    for (size_t at = 0; at < screen->lines.len;) {
        size_t n = strcspn(screen->lines.data + at, "\n");
        buf_append(&out, screen->lines.data + at, n);
        buf_puts(&out, "\033[K\n");
        at += n + 1;
    }
    buf_clear(&screen->lines);
    buf_puts(&out, "\033[K\n"); /* sets the display off from the lines above */
    rows = rows * DISPLAY_SHARE / 100 > DISPLAY_ROWS_MIN ? rows * DISPLAY_SHARE / 100 : DISPLAY_ROWS_MIN;
    screen->n_drawn =
        1 + follow_put_display(&screen->follow, &out, clock_wall_ms(), columns - 1, last ? INT_MAX : rows);
    buf_printf(&out, "\033[J%s\033[?2026l", last ? "\033[?25h" : "");
    status = cli_print(screen->cli, &out);
    buf_release(&out);
    return status;
}

/* Whether a result is short enough to be printed; else says where it is. */
static bool fits_result(const struct term *term, const char *text)
{
    int lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    if (strlen(text) <= RESULT_SHOWN_MAX && lines <= RESULT_LINES_MAX)
        return true;
    printf("\n%sThe result, %zu bytes, is on the run's page; --json prints it.%s\n", term_on(term, TERM_DIM), strlen(text),
           term_off(term));
    return false;
}

/* A text as people read it, line by line, without what would command the terminal. */
static void put_text(const struct term *term, const char *text)
{
    struct buf out;
    buf_init(&out, 4 * RESULT_SHOWN_MAX);
    for (size_t n; *text; text += n + (text[n] == '\n')) {
        char line[RESULT_SHOWN_MAX + 1];
        n = strcspn(text, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)n, text);
        term_put_fit(&out, term, line, term_width(line) + 1, false);
        buf_putc(&out, '\n');
    }
    printf("\n%.*s", (int)out.len, out.data ? out.data : "");
    buf_release(&out);
}

/* What came of it, once it has ended. */
static void screen_result(struct screen *screen)
{
    const struct follow *follow = &screen->follow;
    const struct term *term = follow->term;
    const char *message = json_get_string(follow->error, "message", NULL), *node = json_get_string(follow->error, "nodeId", "");
    bool named = message && strncmp(message, "node ", 5) == 0; /* the message itself tells which */
    if (message && strcmp(message, follow->status) != 0)
        printf("\n%s%s%s%s%s\n", term_on(term, TERM_RED), named ? "" : follow_who(follow, node),
               named || !*node ? "" : ": ", message, term_off(term));
    if (json_object_is_type(follow->output, json_type_string)) {
        const char *text = json_object_get_string(follow->output);
        if (fits_result(term, text))
            put_text(term, text);
    } else if (follow->output) {
        const char *text = json_object_to_json_string_ext(
            follow->output, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (fits_result(term, text))
            printf("\n%s\n", text);
    }
}

static int screen_end(struct screen *screen, bool ended)
{
    const struct follow *follow = &screen->follow;
    struct json_object *record = NULL;
    int status = strcmp(follow->status, "success") == 0     ? EXIT_DONE
                 : strcmp(follow->status, "cancelled") == 0 ? EXIT_CANCELLED
                                                            : EXIT_FAILED;
    if (!ended) {
        if (!screen->cli->json)
            cli_note(screen->cli, "run %s goes on; to end it: runspool cancel %s", follow->run_id, follow->run_id);
        return EXIT_CANCELLED;
    }
    if (!screen->cli->json) {
        screen_result(screen);
    } else if (run_record(&screen->cli->store, NULL, follow->run_id, &record, NULL) == RS_OK) {
        cli_print_json(screen->cli, record);
        json_object_put(record);
    }
    fflush(stdout);
    return status;
}

int follow_run(struct cli *cli, const char *run_id)
{
    struct screen screen = {.cli = cli};
    struct json_object *record = NULL;
    struct watch watch = {0};
    struct fault fault = {0};
    char stream[STREAM_MAX];
    bool ended = false;
    int status;

    if (run_record(&cli->store, NULL, run_id, &record, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    follow_init(&screen.follow, &cli->out, record);
    json_object_put(record);
    for (int i = 0; i < screen.follow.n_nodes; i++) {
        int width = term_width(follow_who(&screen.follow, screen.follow.nodes[i].id));
        screen.who_columns = width > screen.who_columns ? width : screen.who_columns;
    }
    if (screen.who_columns > FOLLOW_WHO_MAX)
        screen.who_columns = FOLLOW_WHO_MAX;
    buf_init(&screen.lines, SCREEN_MAX);

    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    snprintf(stream, sizeof(stream), "run:%s", run_id);
    enum rs_err err = watch_open(&watch, cli, (const char *const[]){stream}, 1, "start",
                                 (struct message_sink){screen_message, &screen}, &fault);
    watch.interrupted = &interrupted;
    while (err == RS_OK && !interrupted && !ended) {
        err = watch_read(&watch, &ended, &fault);
        if (screen_draw(&screen, ended) != EXIT_DONE)
            break;
        if (err == RS_OK && !ended)
            watch_wait(&watch, cli->out.live && !cli->json ? REDRAW_MS : QUIET_MS);
    }
    if (!ended)
        screen_draw(&screen, true);
    status = err == RS_OK ? screen_end(&screen, ended) : cli_fail(cli, "%s", fault.message);
    watch_release(&watch);
    buf_release(&screen.lines);
    follow_release(&screen.follow);
    return status;
}
