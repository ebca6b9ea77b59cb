/* runspool tail STREAM... */
#include "cli/cli.h"
#include "cli/eventtext.h"
#include "cli/watch.h"
#include <string.h>

#define TAIL_WAIT_MS 60000
#define TAIL_OUT_MAX (16 * 1024 * 1024)
#define TAIL_FLUSH 65536
#define TAIL_WHO_COLUMNS 12

const struct arg_option tail_options[] = {
    {"since", 0, "ID", NULL, false, "begin after this event; start: with the oldest kept; default: with what comes"},
    {"no-follow", 0, NULL, NULL, false, "end when all that is in the log was shown"},
    {0},
};

struct tail {
    struct cli *cli;
    struct buf out;
    bool with_stream, failed;
};

static bool tail_message(void *ctx, const char *id, const char *json, size_t len)
{
    struct tail *tail = ctx;
    (void)id;
    if (tail->cli->json) {
        buf_append(&tail->out, json, len);
        buf_putc(&tail->out, '\n');
    } else {
        struct json_object *event = NULL;
        if (json_parse(json, len, EVENT_LINE_MAX, &event, NULL) == RS_OK)
            (void)eventtext_put(&tail->out, &tail->cli->out, event, tail->with_stream, NULL, TAIL_WHO_COLUMNS);
        json_object_put(event);
    }
    if (tail->out.len >= TAIL_FLUSH) {
        tail->failed = cli_print(tail->cli, &tail->out) != EXIT_DONE;
        buf_clear(&tail->out);
    }
    return !tail->failed;
}

int command_tail(struct cli *cli)
{
    const char *const *streams = (const char *const *)cli->args.operands;
    int n = cli->args.n_operands, status = EXIT_FAILED;
    struct tail tail = {.cli = cli,
                        .with_stream = n > 1 || strncmp(streams[0], "run:", 4) != 0 || stream_is_wildcard(streams[0])};
    const char *since = args_value(&cli->args, "since");
    struct watch watch = {0};
    struct fault fault = {0};
    bool ended = false;

    if (cli_open_store(cli, false) != RS_OK)
        return EXIT_FAILED;
    buf_init(&tail.out, TAIL_OUT_MAX);
    enum rs_err err = watch_open(&watch, cli, streams, n, since, (struct message_sink){tail_message, &tail}, &fault);
    while (err == RS_OK && !tail.failed) {
        err = watch_read(&watch, &ended, &fault);
        if (tail.out.len && !tail.failed) {
            tail.failed = cli_print(cli, &tail.out) != EXIT_DONE;
            buf_clear(&tail.out);
        }
        if (err != RS_OK || tail.failed || ended || args_has(&cli->args, "no-follow"))
            break;
        watch_wait(&watch, TAIL_WAIT_MS);
    }
    if (err != RS_OK)
        status = cli_fail(cli, "%s", fault.message);
    else if (!tail.failed)
        status = EXIT_DONE;
    watch_release(&watch);
    buf_release(&tail.out);
    return status;
}
