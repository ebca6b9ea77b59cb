/* Webhooks: which deliveries were there, and what became of them. */
#include "model/hook_row.h"

#include "base/clock.h"
#include "model/list_page.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 1000

/* The keys under which a delivery is known again: its id; where its time is signed, its signature, too, as the id is not. */
static int keys_of(const struct hook_delivery *delivery, char keys[2][HOOK_DELIVERY_MAX + 8])
{
    const struct hook_proof *proof = delivery->proof;

    snprintf(keys[0], sizeof(keys[0]), "id:%s", proof->delivery);
    snprintf(keys[1], sizeof(keys[1]), "sig:%s", proof->signature);
    return proof->timed ? 2 : 1;
}

enum rs_err hook_seen(struct db *db, const struct hook_delivery *delivery, int64_t now_ms, struct fault *fault)
{
    char keys[2][HOOK_DELIVERY_MAX + 8];
    int i, n = keys_of(delivery, keys);
    enum rs_err err = RS_OK;

    for (i = 0; err == RS_OK && i < n; i++) {
        struct db_rows *rows = NULL;
        err = db_query(db, &rows, fault, "SELECT 1 FROM hook_seen WHERE org = $1 AND source = $2 AND delivery = $3 AND until > $4",
                       "ttti", delivery->org, delivery->source, keys[i], now_ms);
        if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
            err = fault_set(fault, RS_CONFLICT, "the delivery %s was taken before", delivery->proof->delivery);
        else if (err == RS_NOT_FOUND)
            err = RS_OK;
        db_done(rows);
    }
    return err;
}

/* ---- writing, inside a transaction ---- */

struct record {
    const char *org, *source, *delivery, *event, *outcome, *reason, *last_run;
    struct json_object *runs;
    int64_t bytes, now_ms;
};

static enum rs_err count(struct db *db, const struct record *r, struct fault *fault)
{
    bool accepted = strcmp(r->outcome, "accepted") == 0;
    enum rs_err err = db_run(db, NULL, fault,
                             "INSERT INTO hook_source (org, source, received, accepted, last, last_run) VALUES ($1, $2, 1, $3, $4, $5)"
                             " ON CONFLICT (org, source) DO UPDATE SET received = hook_source.received + 1,"
                             " accepted = hook_source.accepted + excluded.accepted, last = excluded.last,"
                             " last_run = COALESCE(excluded.last_run, hook_source.last_run)",
                             "ttiit", r->org, r->source, (int64_t)accepted, r->now_ms, r->last_run);

    if (err == RS_OK && !accepted)
        err = db_run(db, NULL, fault,
                     "INSERT INTO hook_rejected (org, source, reason, n) VALUES ($1, $2, $3, 1)"
                     " ON CONFLICT (org, source, reason) DO UPDATE SET n = hook_rejected.n + 1",
                     "ttt", r->org, r->source, r->reason);
    return err;
}

static enum rs_err keep(struct db *db, const struct record *r, struct fault *fault)
{
    enum rs_err err = db_run(db, NULL, fault,
                             "INSERT INTO hook_delivery (org, source, received, delivery, event, outcome, reason, runs, bytes)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                             "ttittttti", r->org, r->source, r->now_ms, r->delivery, r->event, r->outcome, r->reason,
                             r->runs != NULL ? json_text(r->runs, NULL) : "[]", r->bytes);

    if (err == RS_OK)
        err = db_run(db, NULL, fault,
                     "DELETE FROM hook_delivery WHERE org = $1 AND source = $2 AND outcome = $3 AND n <= (SELECT n FROM"
                     " hook_delivery WHERE org = $1 AND source = $2 AND outcome = $3 ORDER BY n DESC LIMIT 1 OFFSET $4)",
                     "ttti", r->org, r->source, r->outcome, (int64_t)HOOK_KEEP);
    return err;
}

static enum rs_err tell(struct change *change, const struct record *r, struct fault *fault)
{
    struct json_object *data = json_object_new_object();
    /* The stream is one for all, and belongs to spool.org: of others it tells that something came, not what. */
    bool owner = strcmp(r->org, config_text(change_datadir(change)->config, "spool.org")) == 0;
    enum rs_err err;

    if (owner) {
        json_set_string(data, "source", r->source);
        json_set_string(data, "deliveryId", r->delivery);
        json_set_string(data, "event", r->event);
        json_set_string(data, "outcome", r->outcome);
        json_set_string(data, "reason", r->reason);
        if (r->runs != NULL)
            json_set(data, "runs", json_object_get(r->runs));
    }
    err = change_event(change, "webhooks", strcmp(r->outcome, "accepted") == 0 ? "webhook.accepted" : "webhook.rejected", data,
                       fault);
    json_object_put(data);
    return err;
}

static enum rs_err write_all(struct change *change, const struct record *r, struct fault *fault)
{
    struct db *db = change_db(change);
    enum rs_err err = count(db, r, fault);

    if (err == RS_OK)
        err = keep(db, r, fault);
    if (err == RS_OK)
        err = tell(change, r, fault);
    return err;
}

static enum rs_err note_seen(struct db *db, const struct hook_delivery *delivery, int64_t now_ms, struct fault *fault)
{
    char keys[2][HOOK_DELIVERY_MAX + 8];
    int i, n = keys_of(delivery, keys);
    enum rs_err err = db_run(db, NULL, fault, "DELETE FROM hook_seen WHERE until <= $1", "i", now_ms);

    for (i = 0; err == RS_OK && i < n; i++) {
        err = db_run(db, NULL, fault, "INSERT INTO hook_seen (org, source, delivery, until) VALUES ($1, $2, $3, $4)", "ttti",
                     delivery->org, delivery->source, keys[i], now_ms + HOOK_SEEN_MS);
        if (err == RS_CONFLICT)
            fault_set(fault, err, "the delivery %s was taken before", delivery->proof->delivery);
    }
    if (err == RS_OK)
        err = db_run(db, NULL, fault, "DELETE FROM hook_run WHERE created < $1", "i", now_ms - HOOK_SEEN_MS);
    return err;
}

enum rs_err hook_note_accepted(struct store *store, const struct hook_delivery *delivery, struct json_object *runs,
                               struct json_object *failed, int64_t now_ms, struct fault *fault)
{
    size_t n = json_object_array_length(runs), n_failed = json_object_array_length(failed);
    struct record r = {.org = delivery->org, .source = delivery->source, .delivery = delivery->proof->delivery,
                       .event = delivery->proof->event[0] != '\0' ? delivery->proof->event : NULL, .outcome = "accepted",
                       .runs = runs, .bytes = delivery->bytes, .now_ms = now_ms};
    struct change *change = NULL;
    enum rs_err err;

    if (n > 0)
        r.last_run = json_get_string(json_object_array_get_idx(runs, n - 1), "runId", NULL);
    if (n_failed > 0)
        r.reason = json_get_string(json_object_array_get_idx(failed, 0), "message", NULL);
    else if (n == 0)
        r.reason = "no_trigger";
    if ((err = change_begin(store, &change, fault)) != RS_OK)
        return err;
    if ((err = note_seen(change_db(change), delivery, now_ms, fault)) == RS_OK &&
        (err = write_all(change, &r, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

enum rs_err hook_reject(struct store *store, const char *org, const char *source, const char *reason, const char *delivery,
                        const char *event, int64_t bytes, int64_t now_ms, struct fault *fault)
{
    struct record r = {.org = org, .source = source, .delivery = delivery, .event = event, .outcome = "rejected",
                       .reason = reason, .bytes = bytes, .now_ms = now_ms};
    struct change *change = NULL;
    enum rs_err err = change_begin(store, &change, fault);

    if (err != RS_OK)
        return err;
    if ((err = write_all(change, &r, fault)) == RS_OK)
        return change_commit(change, fault);
    change_abort(change);
    return err;
}

/* ---- asking ---- */

static enum rs_err put_rejected(struct db *db, const char *org, const char *source, struct json_object *item,
                                struct fault *fault)
{
    struct json_object *rejected = json_object_new_object();
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT reason, n FROM hook_rejected WHERE org = $1 AND source = $2 ORDER BY reason", "tt", org, source);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_set_int(rejected, db_text(rows, 0), db_int(rows, 1));
    db_done(rows);
    json_set(item, "rejected", rejected);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err hook_status(struct store *store, const char *org, struct json_object **ret, struct fault *fault)
{
    struct json_object *sources = json_object_new_array(), *answer, *item;
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(store->db, &rows, fault,
                               "SELECT n.source, s.received, s.accepted, s.last, s.last_run FROM"
                               " (SELECT source FROM hook_source WHERE org = $1 UNION SELECT source FROM hook WHERE org = $1) n"
                               " LEFT JOIN hook_source s ON s.org = $1 AND s.source = n.source ORDER BY n.source",
                               "t", org);

    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK) {
        item = json_object_new_object();
        json_set_string(item, "source", db_text(rows, 0));
        json_set_int(item, "received", db_int(rows, 1));
        json_set_int(item, "accepted", db_int(rows, 2));
        err = put_rejected(store->db, org, db_text(rows, 0), item, fault);
        json_set(item, "last_delivery", NULL);
        json_set_time(item, "last_delivery", db_int(rows, 3));
        json_set(item, "last_run", db_is_null(rows, 4) ? NULL : json_object_new_string(db_text(rows, 4)));
        json_object_array_add(sources, item);
    }
    db_done(rows);
    if (err != RS_NOT_FOUND) {
        json_object_put(sources);
        return err;
    }
    answer = json_object_new_object();
    json_set(answer, "sources", sources);
    *ret = answer;
    return RS_OK;
}

static struct json_object *item_of(struct db_rows *rows)
{
    struct json_object *item = json_object_new_object(), *runs = NULL;
    const char *text = db_text(rows, 8);
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)db_int(rows, 0));
    json_set_string(item, "id", id);
    json_set_string(item, "source", db_text(rows, 1));
    json_set_time(item, "receivedAt", db_int(rows, 2));
    json_set_string(item, "deliveryId", db_text(rows, 3));
    json_set_string(item, "event", db_text(rows, 4));
    json_set_string(item, "outcome", db_text(rows, 5));
    json_set_string(item, "reason", db_text(rows, 6));
    json_set_int(item, "bytes", db_int(rows, 7));
    if (json_parse(text, strlen(text), JSON_BODY_MAX, &runs, NULL) != RS_OK)
        runs = json_object_new_array();
    json_set(item, "runs", runs);
    return item;
}

enum rs_err hook_list(struct store *store, const char *org, const char *source, int limit, const char *cursor,
                      struct json_object **ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    int64_t before;
    enum rs_err err = list_page_cursor(cursor, INT64_MAX, &before, fault);

    limit = limit < 1 ? 1 : limit > LIST_MAX ? LIST_MAX : limit;
    if (err == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT n, source, received, delivery, event, outcome, reason, bytes, runs FROM hook_delivery"
                       " WHERE org = $1 AND (CAST($2 AS TEXT) IS NULL OR source = $2) AND n < $3 ORDER BY n DESC LIMIT $4",
                       "ttii", org, source, before, (int64_t)limit + 1);
    if (err == RS_OK)
        err = list_page_read(rows, limit, item_of, ret, fault);
    db_done(rows);
    return err;
}
