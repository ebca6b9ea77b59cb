/* Schedules: what saved workflows say, kept as rows; asking for them; pausing. */
#include "model/schedule_row.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define LATE_MAX 100

enum catch_up catch_up_of(const char *word)
{
    return strcmp(word, "all") == 0 ? CATCH_UP_ALL : strcmp(word, "skip") == 0 ? CATCH_UP_SKIP : CATCH_UP_LATEST;
}

void schedule_of(struct db_rows *rows, struct schedule *ret)
{
    *ret = (struct schedule){.jitter_ms = db_int(rows, 6),
                             .enabled = db_int(rows, 7) != 0,
                             .paused = db_int(rows, 8) != 0,
                             .due_ms = db_int(rows, 9),
                             .fire_ms = db_int(rows, 10),
                             .last_ms = db_int(rows, 11),
                             .missed = db_int(rows, 13)};
    snprintf(ret->org, sizeof(ret->org), "%s", db_text(rows, 0));
    snprintf(ret->workflow_id, sizeof(ret->workflow_id), "%s", db_text(rows, 1));
    snprintf(ret->node_id, sizeof(ret->node_id), "%s", db_text(rows, 2));
    snprintf(ret->cron_text, sizeof(ret->cron_text), "%s", db_text(rows, 3));
    snprintf(ret->timezone, sizeof(ret->timezone), "%s", db_text(rows, 4));
    snprintf(ret->catch_up, sizeof(ret->catch_up), "%s", db_text(rows, 5));
    snprintf(ret->last_run, sizeof(ret->last_run), "%s", db_is_null(rows, 12) ? "" : db_text(rows, 12));
    snprintf(ret->error, sizeof(ret->error), "%s", db_is_null(rows, 14) ? "" : db_text(rows, 14));
}

enum rs_err schedule_times(const char *cron, const char *timezone, struct schedule_times *ret, struct fault *fault)
{
    enum rs_err err = cron_parse(cron, &ret->cron, fault);

    ret->tz = NULL;
    return err != RS_OK ? err : tz_load(timezone, &ret->tz, fault);
}

void schedule_times_release(struct schedule_times *times)
{
    tz_free(times->tz);
    times->tz = NULL;
}

int64_t schedule_next(const struct schedule_times *times, int64_t after_ms)
{
    int64_t due = 0;

    return cron_next(&times->cron, times->tz, after_ms, &due) == RS_OK ? due : 0;
}

/* FNV-1a: spreads names well enough, and is the same everywhere. */
static uint64_t hash_add(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = data;

    while (len-- > 0)
        hash = (hash ^ *p++) * UINT64_C(0x100000001B3);
    return hash;
}

int64_t schedule_fire_time(const struct schedule *s, int64_t due_ms)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    if (due_ms == 0 || s->jitter_ms <= 0)
        return due_ms;
    hash = hash_add(hash, s->org, strlen(s->org) + 1);
    hash = hash_add(hash, s->workflow_id, strlen(s->workflow_id) + 1);
    hash = hash_add(hash, s->node_id, strlen(s->node_id) + 1);
    hash = hash_add(hash, &due_ms, sizeof(due_ms));
    hash ^= hash >> 32;
    return due_ms + (int64_t)(hash % ((uint64_t)s->jitter_ms + 1));
}

/* ---- rows of a workflow ---- */

static enum rs_err row_read(struct db *db, const char *org, const char *workflow_id, const char *node_id,
                            struct schedule *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE org = $1 AND workflow_id = $2 AND node_id = $3",
                               "ttt", org, workflow_id, node_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        schedule_of(rows, ret);
    db_done(rows);
    return err;
}

static enum rs_err row_write(struct db *db, const struct schedule *s, struct fault *fault)
{
    return db_run(db, NULL, fault,
                  "INSERT INTO schedule (org, workflow_id, node_id, cron, timezone, catch_up, jitter, enabled, paused, due,"
                  " fire, last, missed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)"
                  " ON CONFLICT (org, workflow_id, node_id) DO UPDATE SET cron = excluded.cron,"
                  " timezone = excluded.timezone, catch_up = excluded.catch_up, jitter = excluded.jitter,"
                  " enabled = excluded.enabled, due = excluded.due, fire = excluded.fire, error = NULL",
                  "ttttttiiiii", s->org, s->workflow_id, s->node_id, s->cron_text, s->timezone, s->catch_up, s->jitter_ms,
                  (int64_t)s->enabled, (int64_t)s->paused, s->due_ms, s->fire_ms);
}

/* Its next time, unless nothing about its times has changed. */
static enum rs_err sync_node(struct db *db, const char *org, const char *workflow_id, const char *node_id,
                             struct json_object *data, int64_t now_ms, struct fault *fault)
{
    struct schedule old = {.due_ms = 0}, s = {.jitter_ms = json_get_int(data, "jitterMs", 0),
                                              .enabled = json_get_bool(data, "enabled", true)};
    struct schedule_times times = {.tz = NULL};
    enum rs_err err = row_read(db, org, workflow_id, node_id, &old, fault);

    if (err != RS_OK && err != RS_NOT_FOUND)
        return err;
    snprintf(s.org, sizeof(s.org), "%s", org);
    snprintf(s.workflow_id, sizeof(s.workflow_id), "%s", workflow_id);
    snprintf(s.node_id, sizeof(s.node_id), "%s", node_id);
    snprintf(s.cron_text, sizeof(s.cron_text), "%s", json_get_string(data, "cron", ""));
    snprintf(s.timezone, sizeof(s.timezone), "%s", json_get_string(data, "timezone", "UTC"));
    snprintf(s.catch_up, sizeof(s.catch_up), "%s", json_get_string(data, "catchUp", "latest"));
    s.paused = err == RS_OK && old.paused;
    if ((err = schedule_times(s.cron_text, s.timezone, &times, fault)) != RS_OK)
        return fault_set(fault, RS_UNPROCESSABLE, "the schedule %s: %s", node_id, fault != NULL ? fault->message : "");
    if (s.enabled && !s.paused) {
        bool same = old.enabled && old.due_ms > 0 && strcmp(old.cron_text, s.cron_text) == 0 &&
                    strcmp(old.timezone, s.timezone) == 0;
        s.due_ms = same ? old.due_ms : schedule_next(&times, now_ms);
        s.fire_ms = schedule_fire_time(&s, s.due_ms);
    }
    schedule_times_release(&times);
    return row_write(db, &s, fault);
}

static bool has_schedule(struct json_object *definition, const char *node_id)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node;
    size_t i;

    for (i = 0; nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        if (strcmp(json_get_string(node, "id", ""), node_id) == 0)
            return strcmp(json_get_string(json_get(node, "data"), "kind", ""), "schedule") == 0;
    }
    return false;
}

static enum rs_err drop_others(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                               struct fault *fault)
{
    struct json_object *gone = json_object_new_array();
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT node_id FROM schedule WHERE org = $1 AND workflow_id = $2", "tt", org,
                               workflow_id);
    size_t i;

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        if (!has_schedule(definition, db_text(rows, 0)))
            json_object_array_add(gone, json_object_new_string(db_text(rows, 0)));
    db_done(rows);
    err = err == RS_NOT_FOUND ? RS_OK : err;
    for (i = 0; err == RS_OK && i < json_object_array_length(gone); i++)
        err = db_run(db, NULL, fault, "DELETE FROM schedule WHERE org = $1 AND workflow_id = $2 AND node_id = $3", "ttt", org,
                     workflow_id, json_object_get_string(json_object_array_get_idx(gone, i)));
    json_object_put(gone);
    return err;
}

enum rs_err schedule_sync(struct db *db, const char *org, const char *workflow_id, struct json_object *definition,
                          int64_t now_ms, struct fault *fault)
{
    struct json_object *nodes = json_get_array(definition, "nodes"), *node, *data;
    enum rs_err err = drop_others(db, org, workflow_id, definition, fault);
    size_t i;

    for (i = 0; err == RS_OK && nodes != NULL && i < json_object_array_length(nodes); i++) {
        node = json_object_array_get_idx(nodes, i);
        data = json_get(node, "data");
        if (strcmp(json_get_string(data, "kind", ""), "schedule") == 0)
            err = sync_node(db, org, workflow_id, json_get_string(node, "id", ""), data, now_ms, fault);
    }
    return err;
}

/* ---- asking ---- */

static bool is_late(const struct schedule *s, int64_t now_ms)
{
    return s->enabled && !s->paused && s->fire_ms > 0 && s->fire_ms + SCHEDULE_LATE_MS < now_ms;
}

static struct json_object *item_of(const struct schedule *s, int64_t now_ms)
{
    struct json_object *item = json_object_new_object();

    json_set_string(item, "workflowId", s->workflow_id);
    json_set_string(item, "nodeId", s->node_id);
    json_set_string(item, "cron", s->cron_text);
    json_set_string(item, "timezone", s->timezone);
    json_set_string(item, "catchUp", s->catch_up);
    json_set_int(item, "jitterMs", s->jitter_ms);
    json_set_bool(item, "enabled", s->enabled);
    json_set_bool(item, "paused", s->paused);
    json_set_time(item, "lastDueAt", s->last_ms);
    json_set_string(item, "lastRunId", s->last_run[0] != '\0' ? s->last_run : NULL);
    json_set_int(item, "missed", s->missed);
    if (is_late(s, now_ms))
        json_set_int(item, "lateMs", now_ms - s->fire_ms);
    json_set_string(item, "error", s->error[0] != '\0' ? s->error : NULL);
    return item;
}

/* The times it has ahead: from the one its row waits for, else from now. */
static void put_next(struct json_object *item, const struct schedule *s, int n, int64_t now_ms)
{
    struct schedule_times times = {.tz = NULL};
    struct json_object *next = json_object_new_array();
    char text[CLOCK_TEXT_MAX];
    struct fault fault = {0};
    int64_t t;
    int i;

    json_set(item, "next", next);
    if (schedule_times(s->cron_text, s->timezone, &times, &fault) != RS_OK) {
        json_set_string(item, "error", fault.message);
        return;
    }
    t = s->due_ms > 0 ? s->due_ms : schedule_next(&times, now_ms);
    for (i = 0; i < n && t > 0; i++, t = schedule_next(&times, t))
        json_object_array_add(next, json_object_new_string(clock_format(t, text)));
    schedule_times_release(&times);
}

static enum rs_err check_workflow(struct db *db, const char *org, const char *workflow_id, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault, "SELECT 1 FROM workflow WHERE org = $1 AND id = $2", "tt", org, workflow_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_NOT_FOUND)
        fault_set(fault, err, "there is no workflow %.*s", ID_MAX, workflow_id);
    db_done(rows);
    return err;
}

enum rs_err schedule_list(struct store *store, const char *org, const char *workflow_id, int n, int64_t now_ms,
                          struct json_object **ret, struct fault *fault)
{
    struct json_object *items, *item;
    struct db_rows *rows = NULL;
    struct schedule s;
    enum rs_err err;

    if (workflow_id != NULL && (err = check_workflow(store->db, org, workflow_id, fault)) != RS_OK)
        return err;
    items = json_object_new_array();
    err = db_query(store->db, &rows, fault,
                   "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE org = $1"
                   " AND (CAST($2 AS TEXT) IS NULL OR workflow_id = $2) ORDER BY workflow_id, node_id",
                   "tt", org, workflow_id);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        schedule_of(rows, &s);
        item = item_of(&s, now_ms);
        put_next(item, &s, n, now_ms);
        json_object_array_add(items, item);
    }
    db_done(rows);
    if (err == RS_NOT_FOUND) {
        *ret = items;
        return RS_OK;
    }
    json_object_put(items);
    return err;
}

enum rs_err schedule_late(struct store *store, const char *org, int64_t now_ms, int *ret_n, struct json_object **ret_late,
                          struct fault *fault)
{
    struct json_object *late = json_object_new_array();
    struct db_rows *rows = NULL;
    struct schedule s;
    int n = 0;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE (CAST($1 AS TEXT) IS NULL OR org = $1)"
                               " AND enabled = 1 AND paused = 0 ORDER BY fire, workflow_id, node_id",
                               "t", org);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        schedule_of(rows, &s);
        n++;
        if ((is_late(&s, now_ms) || s.error[0] != '\0') && json_object_array_length(late) < LATE_MAX)
            json_object_array_add(late, item_of(&s, now_ms));
    }
    db_done(rows);
    if (err == RS_NOT_FOUND) {
        *ret_n = n;
        *ret_late = late;
        return RS_OK;
    }
    json_object_put(late);
    return err;
}

enum rs_err schedule_due(struct store *store, int64_t now_ms, bool *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err =
        db_query(store->db, &rows, fault, "SELECT 1 FROM schedule WHERE fire > 0 AND fire <= $1 LIMIT 1", "i", now_ms);

    if (err == RS_OK)
        err = db_next(rows, fault);
    db_done(rows);
    *ret = err == RS_OK;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* ---- pausing ---- */

/* Inside a transaction: one schedule goes on, from its next time on. */
static enum rs_err go_on(struct db *db, const struct schedule *s, int64_t now_ms, struct fault *fault)
{
    struct schedule_times times = {.tz = NULL};
    int64_t due = 0;
    enum rs_err err = RS_OK;

    if (s->enabled && (err = schedule_times(s->cron_text, s->timezone, &times, fault)) == RS_OK)
        due = schedule_next(&times, now_ms);
    schedule_times_release(&times);
    if (err != RS_OK)
        return err;
    return db_run(db, NULL, fault,
                  "UPDATE schedule SET paused = 0, due = $1, fire = $2 WHERE org = $3 AND workflow_id = $4 AND node_id = $5",
                  "iittt", due, schedule_fire_time(s, due), s->org, s->workflow_id, s->node_id);
}

enum rs_err schedule_pause(struct store *store, const char *org, const char *workflow_id, bool paused, int64_t now_ms,
                           struct fault *fault)
{
    struct json_object *items = NULL;
    size_t i, n = 0;
    enum rs_err err;

    if ((err = schedule_list(store, org, workflow_id, 0, now_ms, &items, fault)) != RS_OK)
        return err;
    if ((err = db_begin(store->db, fault)) != RS_OK)
        goto out;
    n = json_object_array_length(items);
    for (i = 0; err == RS_OK && i < n; i++) {
        struct schedule s = {.due_ms = 0};
        err = row_read(store->db, org, workflow_id, json_get_string(json_object_array_get_idx(items, i), "nodeId", ""), &s,
                       fault);
        if (err == RS_NOT_FOUND)
            err = RS_OK; /* saved without it, just now */
        else if (err == RS_OK && s.paused != paused)
            err = paused ? db_run(store->db, NULL, fault,
                                  "UPDATE schedule SET paused = 1, due = 0, fire = 0"
                                  " WHERE org = $1 AND workflow_id = $2 AND node_id = $3",
                                  "ttt", s.org, s.workflow_id, s.node_id)
                         : go_on(store->db, &s, now_ms, fault);
    }
    if (err == RS_OK && n == 0)
        err = fault_set(fault, RS_NOT_FOUND, "workflow %s has no schedule", workflow_id);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
out:
    json_object_put(items);
    return err;
}

/* Its next time from now on, unless somebody has changed it meanwhile. */
static enum rs_err wait_anew(struct db *db, const struct schedule *s, int64_t now_ms, struct fault *fault)
{
    struct schedule_times times = {.tz = NULL};
    int64_t due = 0;
    enum rs_err err = schedule_times(s->cron_text, s->timezone, &times, fault);

    if (err == RS_OK)
        due = schedule_next(&times, now_ms);
    schedule_times_release(&times);
    if (err != RS_OK)
        return err;
    return db_run(db, NULL, fault,
                  "UPDATE schedule SET due = $1, fire = $2, last = $3 WHERE org = $4 AND workflow_id = $5 AND node_id = $6"
                  " AND due = $7 AND paused = 0",
                  "iiittti", due, schedule_fire_time(s, due), now_ms, s->org, s->workflow_id, s->node_id, s->due_ms);
}

enum rs_err schedule_clock_back(struct store *store, int64_t now_ms, int *ret_n, struct fault *fault)
{
    struct schedule found;
    enum rs_err err;
    int n = 0;

    do {
        struct db_rows *rows = NULL;
        err = db_query(store->db, &rows, fault,
                       "SELECT " SCHEDULE_COLUMNS " FROM schedule WHERE last > $1 AND fire > 0 AND enabled = 1 AND paused = 0"
                       " LIMIT 1",
                       "i", now_ms + SCHEDULE_AHEAD_MS);
        if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
            schedule_of(rows, &found);
        db_done(rows);
        if (err == RS_OK && (err = wait_anew(store->db, &found, now_ms, fault)) == RS_OK)
            n++;
    } while (err == RS_OK);
    *ret_n = n;
    return err == RS_NOT_FOUND ? RS_OK : err;
}
