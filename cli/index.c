/* runspool index: folders that can be searched. */
#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "index/textindex.h"
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHOW_EVERY_MS 100

const struct arg_option index_options[] = {
    {"name", 'n', "NAME", NULL, false, "name of the index (default: the folder's)"},
    {"list", 'l', NULL, NULL, false, "list the indexes"},
    {"remove", 0, "NAME", NULL, false, "remove an index; the folder is not touched"},
    {0},
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

struct shower {
    const struct cli *cli;
    bool terminal;
    int64_t shown_ms;
};

static bool on_progress(void *ctx, const struct textindex_progress *p)
{
    struct shower *shower = ctx;
    int64_t now = clock_mono_ms();

    if (shower->terminal && now - shower->shown_ms >= SHOW_EVERY_MS) {
        shower->shown_ms = now;
        fprintf(stderr, "\r\033[K%" PRId64 " files, %" PRId64 " written: %.60s", p->files, p->added + p->changed,
                p->path);
    }
    return !interrupted;
}

static int list(struct cli *cli, struct textindex *index)
{
    static const char *const heads[] = {"INDEX", "FILES", "PASSAGES", "KB", "UPDATED", "FOLDER"};
    struct json_object *items = NULL;
    struct fault fault = {0};
    struct table table;
    struct buf out;
    int status;

    if (index && textindex_list(index, &items, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (!items)
        items = json_object_new_array();
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set(answer, "items", items);
        status = cli_print_json(cli, answer);
        json_object_put(answer);
        return status;
    }
    table_init(&table, heads, 6, 5);
    buf_init(&out, TABLE_TEXT_MAX);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i);
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "name", ""));
        table_cell(&table, TERM_PLAIN, "%" PRId64, json_get_int(item, "files", 0));
        table_cell(&table, TERM_PLAIN, "%" PRId64, json_get_int(item, "passages", 0));
        table_cell(&table, TERM_PLAIN, "%" PRId64, json_get_int(item, "bytes", 0) / 1024);
        table_cell(&table, TERM_DIM, "%s", json_get_string(item, "updatedAt", "never"));
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "root", ""));
    }
    (void)table_put(&table, &cli->out, &out);
    if (table.n_rows == 0)
        buf_puts(&out, "Nothing is indexed yet.\n");
    status = cli_print(cli, &out);
    buf_release(&out);
    table_release(&table);
    json_object_put(items);
    return status;
}

static int print_update(struct cli *cli, const char *name, const struct textindex_progress *p, int64_t ms)
{
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set_string(answer, "name", name);
        json_set_int(answer, "files", p->files);
        json_set_int(answer, "bytes", p->bytes);
        json_set_int(answer, "added", p->added);
        json_set_int(answer, "changed", p->changed);
        json_set_int(answer, "removed", p->removed);
        json_set_int(answer, "unchanged", p->unchanged);
        json_set_int(answer, "leftOut", p->left_out);
        json_set_int(answer, "passages", p->passages);
        json_set_int(answer, "durationMs", ms);
        int status = cli_print_json(cli, answer);
        json_object_put(answer);
        return status;
    }
    struct buf out;
    buf_init(&out, 1024);
    buf_printf(&out,
               "%s: %" PRId64 " files, of which %" PRId64 " new and %" PRId64 " changed; %" PRId64 " removed, %" PRId64
               " left out; ",
               name, p->files, p->added, p->changed, p->removed, p->left_out);
    buf_put_duration(&out, ms);
    buf_putc(&out, '\n');
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

static int update(struct cli *cli, struct textindex *index, const char *folder)
{
    struct textindex_progress progress = {0};
    struct shower shower = {.cli = cli, .terminal = !cli->json && isatty(STDERR_FILENO)};
    struct fault fault = {0};
    char root[PATH_MAX];
    int64_t begun = clock_mono_ms();

    if (!realpath(folder, root))
        return cli_fail(cli, "%s: %m", folder);
    const char *name = args_value(&cli->args, "name"), *last = strrchr(root, '/');
    if (!name)
        name = last[1] ? last + 1 : "root";
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    enum rs_err err = textindex_update(index, name, root, on_progress, &shower, &progress, &fault);
    if (shower.shown_ms)
        fprintf(stderr, "\r\033[K");
    if (err == RS_CLOSED) {
        cli_note(cli, "interrupted; what is written stays, and the next time goes on from there");
        return EXIT_CANCELLED;
    }
    return err ? cli_fail(cli, "%s", fault.message) : print_update(cli, name, &progress, clock_mono_ms() - begun);
}

int command_index(struct cli *cli)
{
    const char *folder = cli->args.n_operands ? cli->args.operands[0] : NULL,
               *removed = args_value(&cli->args, "remove");
    struct textindex *index = NULL;
    struct fault fault = {0};
    int status;

    if ((folder != NULL) + (removed != NULL) + args_has(&cli->args, "list") > 1)
        return cli_usage(cli, "takes one of DIR, --list and --remove");
    if (args_has(&cli->args, "name") && !folder)
        return cli_usage(cli, "--name is for a DIR");
    if (cli_open(cli, folder != NULL) != RS_OK)
        return EXIT_FAILED;
    enum rs_err err = textindex_open(&cli->dd, folder || removed, &index, &fault);
    if (err && !(err == RS_NOT_FOUND && !folder && !removed))
        return cli_fail(cli, "%s", fault.message);
    if (folder)
        status = update(cli, index, folder);
    else if (removed)
        status = textindex_remove(index, removed, &fault) == RS_OK ? EXIT_DONE : cli_fail(cli, "%s", fault.message);
    else
        status = list(cli, index);
    textindex_close(index);
    return status;
}
