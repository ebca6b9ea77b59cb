/* That no outbox id is given twice. The log keeps each stream's highest and takes lower ones for duplicates, so after the
 * database was restored from an older copy, or a machine that failed kept more of the log than of the database, an id given
 * again would be an event lost. AUTOINCREMENT knows of its own file only; the log knows which ids it has seen. */
#include "model/outbox.h"

#include "event/eventlog.h"

/* An id is given by adding a row and taking it away again. */
static enum rs_err give(struct db *db, int64_t id, int64_t *ret_id, struct fault *fault)
{
    enum rs_err err;

    if (id > 0) {
        *ret_id = id;
        err = db_run(db, NULL, fault, "INSERT INTO outbox (id, stream, type, created, data) VALUES ($1, '', '', 0, '')",
                     "i", id);
    } else {
        err = db_insert(db, ret_id, fault,
                        "INSERT INTO outbox (stream, type, created, data) VALUES ('', '', 0, '') RETURNING id", "");
    }
    return err == RS_OK ? db_run(db, NULL, fault, "DELETE FROM outbox WHERE id = $1", "i", *ret_id) : err;
}

enum rs_err outbox_raise_ids(struct store *store, bool *ret_known, struct fault *fault)
{
    struct eventlog *log = NULL;
    int64_t seen = 0, id = 0;
    enum rs_err err = eventlog_open(store->dd, EVENTLOG_READ, NULL, NULL, &log, NULL);

    if (err == RS_OK)
        err = eventlog_last_oid(log, &seen, NULL);
    eventlog_close(log);
    *ret_known = err == RS_OK;
    if (err != RS_OK || seen == 0)
        return RS_OK; /* a log that cannot be asked now is asked the next time */
    err = give(store->db, 0, &id, fault);
    return err == RS_OK && id <= seen ? give(store->db, seen + 1, &id, fault) : err;
}
