/* log_append DIR STREAM JSON [poke] - append one `log` event to an instance's event log, as an emitter does that finds no
 * bridge, and tell a bridge of it if asked to. For integration tests. */
#include "event/eventlog.h"
#include "event/poke.h"
#include "model/store.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct datadir dd = {0};
    struct eventlog *log = NULL;
    struct fault fault = {0};
    bool poke = argc == 5 && strcmp(argv[4], "poke") == 0;
    if (argc != 4 && !poke) {
        fputs("usage: log_append DIR STREAM JSON [poke]\n", stderr);
        return 2;
    }
    struct eventlog_entry entry = {.stream = argv[2], .type = "log", .data = argv[3], .data_len = strlen(argv[3])};
    enum rs_err err = datadir_open(&dd, argv[1], false, NULL, &fault);
    if (!err)
        err = eventlog_open(&dd, EVENTLOG_WRITE, store_owner, &dd, &log, &fault);
    if (!err)
        err = eventlog_append(log, &entry, 1, &fault);
    if (!err && !entry.event)
        err = entry.status;
    if (err)
        fprintf(stderr, "log_append: %s %s\n", rs_err_name(err), fault.message);
    if (!err && poke)
        eventlog_poke(&dd);
    event_unref(entry.event);
    eventlog_close(log);
    store_owner_release();
    datadir_release(&dd);
    return err ? 1 : 0;
}
