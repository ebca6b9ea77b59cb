/* Which runners live. */
#include "model/run.h"

#include "base/clock.h"

#define ALIVE_MS 15000
#define FORGET_MS (24 * 60 * 60 * 1000LL)

enum rs_err runner_alive(struct store *store, const char *runner_id, struct fault *fault)
{
    int64_t now = clock_wall_ms();
    enum rs_err err = db_run(store->db, NULL, fault,
                             "INSERT INTO runner (id, seen) VALUES ($1, $2)"
                             " ON CONFLICT (id) DO UPDATE SET seen = excluded.seen",
                             "ti", runner_id, now);

    if (err == RS_OK)
        err = db_run(store->db, NULL, fault, "DELETE FROM runner WHERE seen < $1", "i", now - FORGET_MS);
    return err;
}

enum rs_err runner_gone(struct store *store, const char *runner_id, struct fault *fault)
{
    return db_run(store->db, NULL, fault, "DELETE FROM runner WHERE id = $1", "t", runner_id);
}

enum rs_err runner_count_alive(struct store *store, int *ret_n, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault, "SELECT COUNT(*) FROM runner WHERE seen > $1", "i",
                               clock_wall_ms() - ALIVE_MS);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret_n = (int)db_int(rows, 0);
    db_done(rows);
    return err;
}
