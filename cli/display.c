/* The display of `run --follow`: one line a node, then a bar. */
#include "cli/follow.h"
#include <stdio.h>
#include <string.h>

#define BAR_MAX 40
#define FRAME_MS 100

static const char *frame(const struct term *term, int64_t now_ms)
{
    static const char *const braille[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
    static const char *const ascii[] = {"|", "/", "-", "\\"};
    int64_t n = now_ms / FRAME_MS;
    return term->utf8 ? braille[n % 10] : ascii[n % 4];
}

static bool is(const char *status, const char *word)
{
    return strcmp(status, word) == 0;
}

/* Is this node at work or has something gone wrong with it: must it be seen when there is not room for all? */
static bool matters(const struct follow_node *node)
{
    return is(node->status, "running") || is(node->status, "waiting") || is(node->status, "error");
}

static void put_end_of_line(struct buf *out)
{
    buf_puts(out, "\033[K\n");
}

static void put_node(const struct follow *follow, const struct follow_node *node, struct buf *out, int64_t now_ms,
                     int columns)
{
    const struct term *term = follow->term;
    const struct term_state *state = term_state(node->status);
    bool running = is(node->status, "running");
    char tail[64] = "", text[32] = "";
    struct buf took;
    buf_init(&took, sizeof(text));
    if (node->duration_ms >= 0 || (running && node->started_ms)) {
        buf_put_duration(&took, node->duration_ms >= 0 ? node->duration_ms : now_ms - node->started_ms);
        snprintf(text, sizeof(text), "%s", took.data ? took.data : "");
    }
    if (node->attempt > 1)
        snprintf(tail, sizeof(tail), "  attempt %d", node->attempt);
    else if (is(node->status, "skipped") || is(node->status, "cancelled") || is(node->status, "waiting"))
        snprintf(tail, sizeof(tail), "  %s", node->status);
    buf_release(&took);

    int label = follow->label_columns, room = columns - 4 - 14 - (int)strlen(tail);
    if (label > room)
        label = room > 8 ? room : 8;
    buf_printf(out, "  %s%s%s ", term_on(term, state->color),
               running      ? frame(term, now_ms)
               : term->utf8 ? state->symbol
                            : state->ascii,
               term_off(term));
    buf_puts(out, term_on(term, running                                                      ? TERM_BOLD
                                : is(node->status, "pending") || is(node->status, "skipped") ? TERM_DIM
                                                                                             : TERM_PLAIN));
    term_put_fit(out, term, node->label, label, true);
    buf_puts(out, term_off(term));
    buf_printf(out, "%s  %12s%s%s", term_on(term, TERM_DIM), text, tail, term_off(term));
    put_end_of_line(out);
}

static void put_bar(const struct follow *follow, struct buf *out, int64_t now_ms, int columns)
{
    const struct term *term = follow->term;
    bool ended = follow->duration_ms >= 0;
    const struct term_state *state = term_state(follow->status);
    int64_t took = ended ? follow->duration_ms : follow->started_ms ? now_ms - follow->started_ms : -1;
    int width = columns - 40 < BAR_MAX ? columns - 40 : BAR_MAX;
    int full = width * follow->progress / 100;
    bool moves = is(follow->status, "running");

    buf_printf(out, "  %s%s%s ", term_on(term, state->color),
               moves        ? frame(term, now_ms)
               : term->utf8 ? state->symbol
                            : state->ascii,
               term_off(term));
    if (!ended && width >= 8) {
        buf_puts(out, term_on(term, state->color));
        for (int i = 0; i < full; i++)
            buf_puts(out, term->utf8 ? "━" : "#");
        buf_printf(out, "%s%s", term_off(term), term_on(term, TERM_DIM));
        for (int i = full; i < width; i++)
            buf_puts(out, term->utf8 ? "─" : ".");
        buf_printf(out, "%s %3d %%  ", term_off(term), follow->progress);
    }
    buf_printf(out, "%s%s%s", term_on(term, state->color), follow->status, term_off(term));
    if (took >= 0) {
        buf_puts(out, ended ? " in " : "  ");
        buf_put_duration(out, took);
    }
    put_end_of_line(out);
}

int follow_put_display(const struct follow *follow, struct buf *out, int64_t now_ms, int columns, int rows)
{
    int room = rows - 2, shown = 0, hidden_done = 0, hidden_pending = 0, n_matter = 0, lines = 0;
    for (int i = 0; i < follow->n_nodes; i++)
        n_matter += matters(&follow->nodes[i]);
    bool all = follow->n_nodes <= room;
    int others = room - 1 - n_matter; /* of the rest, when not all fit */
    for (int i = 0; i < follow->n_nodes; i++) {
        const struct follow_node *node = &follow->nodes[i];
        bool pending = is(node->status, "pending");
        bool show = all || (shown < room - 1 && (matters(node) || (pending && others-- > 0)));
        if (show) {
            put_node(follow, node, out, now_ms, columns);
            shown++;
            lines++;
        } else if (pending) {
            hidden_pending++;
        } else {
            hidden_done++;
        }
    }
    if (!all) {
        buf_printf(out, "  %s%d more have ended, %d more wait%s", term_on(follow->term, TERM_DIM), hidden_done,
                   hidden_pending, term_off(follow->term));
        put_end_of_line(out);
        lines++;
    }
    put_bar(follow, out, now_ms, columns);
    return lines + 1;
}
