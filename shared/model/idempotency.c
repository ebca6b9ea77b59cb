/* Keys of requests. While one is at work `response` holds the process that does it; once done, the stream it touched. */
#include "model/idempotency.h"

#include "base/clock.h"
#include "model/run_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKER_MAX (PROCESS_PLACE_MAX + 64)

static const char *worker_text(char text[WORKER_MAX])
{
    char place[PROCESS_PLACE_MAX];

    snprintf(text, WORKER_MAX, "%d %" PRId64 " %s", (int)getpid(), process_start(getpid()), process_place(place));
    return text;
}

/* Is this the text of a process of this place that has died? */
static bool worker_is_dead(const char *text)
{
    char place[PROCESS_PLACE_MAX];
    int pid = 0, at = 0;
    int64_t start = 0;

    return text != NULL && sscanf(text, "%d %" SCNd64 " %n", &pid, &start, &at) == 2 && at > 0 &&
           strcmp(text + at, process_place(place)) == 0 && process_start(pid) != start;
}

/* A key seen before: what became of it. RS_NOT_FOUND: nothing, for whoever had it died. */
static enum rs_err seen(struct db_rows *rows, const char *request_hash, int *ret_status, char **ret_response,
                        struct fault *fault)
{
    char *response;

    if (strcmp(db_text(rows, 0), request_hash) != 0)
        return fault_set(fault, RS_UNPROCESSABLE, "this Idempotency-Key was used for another request");
    if (db_int(rows, 1) == 0 && worker_is_dead(db_text(rows, 2)))
        return RS_NOT_FOUND;
    if (db_int(rows, 1) == 0)
        return fault_set(fault, RS_BUSY, "a request with this Idempotency-Key is being worked on");
    response = strdup(db_is_null(rows, 2) ? "" : db_text(rows, 2));
    if (response == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for the answer");
    *ret_status = (int)db_int(rows, 1);
    *ret_response = response;
    return RS_OK;
}

static enum rs_err reserve(struct db *db, const char *org, const char *route, const char *key, const char *request_hash,
                           int64_t now, struct fault *fault)
{
    char worker[WORKER_MAX];
    enum rs_err err = db_run(db, NULL, fault,
                             "INSERT INTO idempotency (org, route, idem_key, request_hash, status, response, created)"
                             " VALUES ($1, $2, $3, $4, 0, $5, $6)"
                             " ON CONFLICT (org, route, idem_key) DO UPDATE SET response = $5, created = $6",
                             "ttttti", org, route, key, request_hash, worker_text(worker), now);

    return err == RS_OK ? db_commit(db, fault) : err;
}

enum rs_err idempotency_get(struct store *store, const char *org, const char *route, const char *key,
                            const char *request_hash, int *ret_status, char **ret_response, struct fault *fault)
{
    int64_t now = clock_wall_ms();
    struct db_rows *rows = NULL;
    enum rs_err err;

    if (key[0] == '\0' || strlen(key) > IDEMPOTENCY_KEY_MAX)
        return fault_set(fault, RS_INVALID, "an Idempotency-Key has 1 to %d bytes", IDEMPOTENCY_KEY_MAX);
    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    err = db_run(store->db, NULL, fault, "DELETE FROM idempotency WHERE created < $1 OR (status = 0 AND created < $2)",
                 "ii", now - IDEMPOTENCY_KEEP_MS, now - IDEMPOTENCY_WORK_MS);
    if (err == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT request_hash, status, response FROM idempotency"
                       " WHERE org = $1 AND route = $2 AND idem_key = $3",
                       "ttt", org, route, key);
    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        err = seen(rows, request_hash, ret_status, ret_response, fault);
    db_done(rows);
    if (err == RS_NOT_FOUND && (err = reserve(store->db, org, route, key, request_hash, now, fault)) == RS_OK)
        err = RS_NOT_FOUND;
    db_rollback(store->db);
    return err;
}

enum rs_err idempotency_done(struct store *store, const struct store_once *once, const char *stream, struct fault *fault)
{
    return db_run(store->db, NULL, fault,
                  "UPDATE idempotency SET status = $1, response = $2 WHERE org = $3 AND route = $4 AND idem_key = $5", "itttt",
                  (int64_t)IDEMPOTENCY_DONE, stream, once->org, once->route, once->key);
}

enum rs_err idempotency_put(struct store *store, const char *org, const char *route, const char *key, int status,
                            const char *response, struct fault *fault)
{
    if (strlen(response) > IDEMPOTENCY_RESPONSE_MAX)
        return fault_set(fault, RS_LIMIT, "the answer is too long to be kept");
    return db_run(store->db, NULL, fault,
                  "UPDATE idempotency SET status = $1, response = $2 WHERE org = $3 AND route = $4 AND idem_key = $5",
                  "itttt", (int64_t)status, response, org, route, key);
}

enum rs_err idempotency_drop(struct store *store, const char *org, const char *route, const char *key,
                             struct fault *fault)
{
    return db_run(store->db, NULL, fault,
                  "DELETE FROM idempotency WHERE org = $1 AND route = $2 AND idem_key = $3 AND status = 0", "ttt", org,
                  route, key);
}
