/* runspool emit STREAM TYPE JSON */
#include "cli/cli.h"
#include "cli/control.h"
#include "event/stream.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EMIT_WAIT_MS 10000

int command_emit(struct cli *cli)
{
    const char *stream = cli->args.operands[0], *type = cli->args.operands[1], *text;
    struct json_object *data = NULL;
    struct fault fault = {0};
    struct spool *spool = NULL;
    char path[PATH_MAX];
    size_t len;
    int status = EXIT_FAILED;

    if (stream_check_home(stream, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (!event_type_valid(type, strlen(type)))
        return cli_fail(cli,
                        "\"%s\" is not an event type: small letters, then perhaps a dot and small letters, as in "
                        "\"log\" or \"node.finished\"",
                        type);
    if (cli_read_object(cli, cli->args.operands[2], EVENT_DATA_MAX, &data) != RS_OK || cli_open_store(cli, false) != RS_OK)
        goto out;
    int fd = unix_connect(datadir_path(&cli->dd, path, DATADIR_SPOOL_SOCKET));
    if (fd >= 0)
        close(fd);
    text = json_text(data, &len);
    enum rs_err err = store_spool(&cli->store, &spool, &fault);
    if (err == RS_OK) {
        err = spool_append(spool, stream, type, text, len, 0);
        if (err == RS_OK)
            err = spool_flush(spool, EMIT_WAIT_MS);
        if (err != RS_OK)
            fault_set(&fault, err, "the event was not acknowledged (%s)", rs_err_name(err));
    }
    if (err != RS_OK) {
        cli_fail(cli, "%s", fault.message);
        goto out;
    }
    const char *way = fd >= 0 ? "bridge" : "log";
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set_string(answer, "stream", stream);
        json_set_string(answer, "type", type);
        json_set_string(answer, "via", way);
        status = cli_print_json(cli, answer);
        json_object_put(answer);
    } else {
        printf("%s stored in %s, %s\n", type, stream,
               fd >= 0 ? "by the bridge" : "in the log itself: no bridge is running");
        status = EXIT_DONE;
    }
out:
    json_object_put(data);
    return status;
}
