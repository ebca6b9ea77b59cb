#include "model/lease.h"

#include <stdio.h>
#include <string.h>

/* Inside a transaction: the row as it is. RS_NOT_FOUND: nobody ever held it. */
static enum rs_err lease_read(struct db *db, const char *name, struct lease *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT owner, fence, until FROM lease WHERE name = $1", "t", name);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        snprintf(ret->owner, sizeof(ret->owner), "%s", db_text(rows, 0));
        ret->fence = db_int(rows, 1);
        ret->until_ms = db_int(rows, 2);
    }
    db_done(rows);
    return err;
}

enum rs_err lease_take(struct store *store, struct lease *lease, int64_t now_ms, int64_t ms, struct fault *fault)
{
    struct lease now = {.fence = 0};
    enum rs_err err;
    bool ours;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = lease_read(store->db, lease->name, &now, fault);
    if (err != RS_OK && err != RS_NOT_FOUND)
        goto out;
    ours = err == RS_OK && strcmp(now.owner, lease->owner) == 0;
    /* One that goes on longer than any is given was taken before the clock was set back. */
    if (err == RS_OK && !ours && now.until_ms > now_ms && now.until_ms <= now_ms + LEASE_MAX_MS) {
        err = fault_set(fault, RS_BUSY, "%s has it", now.owner);
        goto out;
    }
    now.fence += ours && now.fence == lease->fence ? 0 : 1; /* one that bears the name of a dead one begins anew */
    err = db_run(store->db, NULL, fault,
                 "INSERT INTO lease (name, owner, fence, until) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET"
                 " owner = excluded.owner, fence = excluded.fence, until = excluded.until",
                 "ttii", lease->name, lease->owner, now.fence, now_ms + ms);
    if (err == RS_OK && (err = db_commit(store->db, fault)) == RS_OK) {
        lease->fence = now.fence;
        lease->until_ms = now_ms + ms;
    }
out:
    db_rollback(store->db);
    return err;
}

enum rs_err lease_check(struct change *change, const struct lease *lease, struct fault *fault)
{
    struct lease now = {.fence = 0};
    enum rs_err err = lease_read(change_db(change), lease->name, &now, fault);

    if (err == RS_NOT_FOUND || (err == RS_OK && (now.fence != lease->fence || strcmp(now.owner, lease->owner) != 0)))
        return fault_set(fault, RS_CONFLICT, "the lease of %s has changed hands", lease->name);
    return err;
}

enum rs_err lease_drop(struct store *store, const struct lease *lease, struct fault *fault)
{
    return db_run(store->db, NULL, fault, "UPDATE lease SET until = 0 WHERE name = $1 AND owner = $2 AND fence = $3", "tti",
                  lease->name, lease->owner, lease->fence);
}
