/* Which runners live. */
#include "config.h"

#include "model/run.h"

#include "base/clock.h"

#include <stdio.h>

#define ALIVE_MS 15000
#define FORGET_MS (24 * 60 * 60 * 1000LL)

enum rs_err runner_alive(struct store *store, const char *runner_id, struct fault *fault)
{
    int64_t now = clock_wall_ms();
    enum rs_err err = db_run(store->db, NULL, fault,
                             "INSERT INTO runner (id, seen, started, version) VALUES ($1, $2, $2, $3)"
                             " ON CONFLICT (id) DO UPDATE SET seen = excluded.seen",
                             "tit", runner_id, now, PACKAGE_VERSION);

    if (err == RS_OK)
        err = db_run(store->db, NULL, fault, "DELETE FROM runner WHERE seen < $1", "i", now - FORGET_MS);
    return err;
}

enum rs_err runner_gone(struct store *store, const char *runner_id, struct fault *fault)
{
    return db_run(store->db, NULL, fault, "DELETE FROM runner WHERE id = $1", "t", runner_id);
}

enum rs_err runners_look(struct store *store, struct runners_alive *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    int64_t since = clock_wall_ms() - ALIVE_MS;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT seen, started, version FROM runner ORDER BY started", "");

    *ret = (struct runners_alive){.n = 0};
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        if (db_int(rows, 0) <= since) {
            ret->n_dead++;
        } else if (ret->n++ == 0) {
            ret->started_ms = db_int(rows, 1);
            snprintf(ret->version, sizeof(ret->version), "%s", db_text(rows, 2) != NULL ? db_text(rows, 2) : "");
        }
    }
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err runner_count_alive(struct store *store, int *ret_n, struct fault *fault)
{
    struct runners_alive alive;
    enum rs_err err = runners_look(store, &alive, fault);

    if (err == RS_OK)
        *ret_n = alive.n;
    return err;
}
