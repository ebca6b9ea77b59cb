/* runspool artifacts RUN [NAME] */
#include "base/clock.h"
#include "base/id.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "model/artifact.h"
#include "model/run.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct arg_option artifacts_options[] = {
    {"output", 'o', "FILE", NULL, false, "write NAME there; default: standard output"},
    {0},
};

static int list_artifacts(struct cli *cli, const char *run_id)
{
    static const char *const heads[] = {"BYTES", "MODIFIED", "NAME"};
    struct artifact_list list = {.items = NULL};
    struct fault fault = {0};
    char time[CLOCK_TEXT_MAX];
    struct table table;
    struct buf out;
    int code = EXIT_DONE;

    if (artifact_find(&cli->dd, run_id, &list, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (cli->json) {
        struct json_object *items = json_object_new_array(), *answer = json_object_new_object();
        for (int i = 0; i < list.n; i++) {
            struct json_object *item = json_object_new_object();
            json_set_string(item, "name", list.items[i].name);
            json_set_int(item, "bytes", list.items[i].bytes);
            json_set_time(item, "modifiedAt", list.items[i].modified_ms);
            json_object_array_add(items, item);
        }
        json_set(answer, "items", items);
        code = cli_print_json(cli, answer);
        json_object_put(answer);
    } else {
        table_init(&table, heads, 3, 2);
        for (int i = 0; i < list.n; i++) {
            table_cell(&table, TERM_PLAIN, "%lld", (long long)list.items[i].bytes);
            table_cell(&table, TERM_PLAIN, "%s", clock_format(list.items[i].modified_ms, time));
            table_cell(&table, TERM_PLAIN, "%s", list.items[i].name);
        }
        buf_init(&out, TABLE_TEXT_MAX);
        if (table_put(&table, &cli->out, &out) == RS_OK && out.len > 0)
            fwrite(out.data, 1, out.len, stdout);
        buf_release(&out);
        table_release(&table);
        if (list.n == 0)
            cli_note(cli, "%s has left no artifacts", run_id);
    }
    if (list.more)
        cli_note(cli, "there are more than %d", ARTIFACTS_MAX);
    artifact_list_release(&list);
    return code;
}

static int copy(struct cli *cli, int from, int to, const char *where)
{
    char part[64 * 1024];
    ssize_t n;

    while ((n = read(from, part, sizeof part)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        for (ssize_t at = 0, wrote; at < n; at += wrote)
            if ((wrote = write(to, part + at, (size_t)(n - at))) < 0) {
                if (errno != EINTR)
                    return cli_fail(cli, "%s: %s", where, strerror(errno));
                wrote = 0;
            }
        if (n < 0)
            return cli_fail(cli, "cannot read it: %s", strerror(errno));
    }
    return EXIT_DONE;
}

static int get_artifact(struct cli *cli, const char *run_id, const char *name)
{
    const char *where = args_value(&cli->args, "output");
    struct fault fault = {0};
    struct stat st;
    int from, to = STDOUT_FILENO, code;

    if (artifact_open(&cli->dd, run_id, name, &from, &st, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (where && strcmp(where, "-") != 0 && (to = open(where, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0) {
        close(from);
        return cli_fail(cli, "%s: %s", where, strerror(errno));
    }
    code = copy(cli, from, to, where ? where : "standard output");
    close(from);
    if (to != STDOUT_FILENO && close(to) < 0 && code == EXIT_DONE)
        code = cli_fail(cli, "%s: %s", where, strerror(errno));
    return code;
}

int command_artifacts(struct cli *cli)
{
    const char *run_id = cli->args.operands[0], *name = cli->args.operands[1];
    struct json_object *record = NULL;
    struct fault fault = {0};

    if (!name && args_has(&cli->args, "output"))
        return cli_usage(cli, "--output wants the NAME of an artifact");
    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    if (run_record(&cli->store, cli_org(cli), run_id, &record, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    json_object_put(record);
    return name ? get_artifact(cli, run_id, name) : list_artifacts(cli, run_id);
}
