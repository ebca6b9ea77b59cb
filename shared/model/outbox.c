/* Events between the transaction that wrote them and the log that has them. The log keeps the highest row number of
 * each stream and takes lower ones for duplicates, so: whoever relays a stream relays all its pending rows, in order,
 * and stops where the emitter has no room. Relaying a row twice, or by two processes, does no harm. */
#include "model/outbox.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define RECOVER_ROWS 1000
#define RECOVER_FLUSH_MS 2000
#define ACKED_AT_ONCE 256

/* A sorted list of row numbers; as long as the emitter's ring lets it grow. */
struct ids {
    int64_t *at;
    size_t n, cap;
};
struct outbox {
    struct ids sent;    /* handed to our emitter, not known to be acknowledged */
    struct ids acked;   /* acknowledged, rows still there */
    struct ids refused; /* the emitter will never take them: left where they are, for people to look at */
    bool behind;        /* rows were left because the emitter was full */
};

struct outbox *outbox_new(void)
{
    return calloc(1, sizeof(struct outbox));
}

void outbox_free(struct outbox *outbox)
{
    if (outbox == NULL)
        return;
    free(outbox->sent.at);
    free(outbox->acked.at);
    free(outbox->refused.at);
    free(outbox);
}

/* Where id is, or would be. */
static size_t ids_place(const struct ids *ids, int64_t id)
{
    size_t low = 0, high = ids->n, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (ids->at[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool ids_has(const struct ids *ids, int64_t id)
{
    size_t i = ids_place(ids, id);

    return i < ids->n && ids->at[i] == id;
}

static enum rs_err ids_reserve(struct ids *ids)
{
    size_t cap = ids->cap > 0 ? ids->cap * 2 : 64;
    int64_t *at;

    if (ids->n < ids->cap)
        return RS_OK;
    at = realloc(ids->at, cap * sizeof(*at));
    if (at == NULL)
        return RS_NOMEM;
    ids->at = at;
    ids->cap = cap;
    return RS_OK;
}

/* There is room (ids_reserve). */
static void ids_add(struct ids *ids, int64_t id)
{
    size_t i = ids_place(ids, id);

    if (i < ids->n && ids->at[i] == id)
        return;
    memmove(&ids->at[i + 1], &ids->at[i], (ids->n - i) * sizeof(*ids->at));
    ids->at[i] = id;
    ids->n++;
}

static void ids_remove(struct ids *ids, int64_t id)
{
    size_t i = ids_place(ids, id);

    if (i == ids->n || ids->at[i] != id)
        return;
    memmove(&ids->at[i], &ids->at[i + 1], (ids->n - i - 1) * sizeof(*ids->at));
    ids->n--;
}

/* Take over what the emitter has had acknowledged. */
static enum rs_err collect(struct store *store, struct fault *fault)
{
    struct outbox *o = store->outbox;
    int64_t ids[ACKED_AT_ONCE];
    size_t n, i;

    if (store->spool == NULL)
        return RS_OK;
    do {
        n = spool_take_acked(store->spool, ids, ACKED_AT_ONCE);
        for (i = 0; i < n; i++) {
            if (ids_reserve(&o->acked) != RS_OK)
                return fault_set(fault, RS_NOMEM, "no memory for acknowledged events");
            ids_remove(&o->sent, ids[i]);
            ids_add(&o->acked, ids[i]);
        }
    } while (n == ACKED_AT_ONCE);
    return RS_OK;
}

enum rs_err outbox_delete_acked(struct store *store, struct fault *fault)
{
    struct outbox *o = store->outbox;
    enum rs_err err = collect(store, fault);
    size_t i;

    for (i = 0; err == RS_OK && i < o->acked.n; i++)
        err = db_run(store->db, NULL, fault, "DELETE FROM outbox WHERE id = $1", "i", o->acked.at[i]);
    return err;
}

void outbox_forget_acked(struct store *store)
{
    store->outbox->acked.n = 0;
}

/* Hand over the rows (id, stream, type, data, created) not yet under way, until the emitter is full. */
static enum rs_err relay_rows(struct store *store, struct spool *spool, struct db_rows *rows, int *ret_n, int *ret_seen,
                              struct fault *fault)
{
    struct outbox *o = store->outbox;
    const char *data;
    int64_t id;
    enum rs_err err;

    while ((err = db_next(rows, fault)) == RS_OK) {
        ++*ret_seen;
        id = db_int(rows, 0);
        if (ids_has(&o->sent, id) || ids_has(&o->acked, id) || ids_has(&o->refused, id))
            continue;
        if ((err = ids_reserve(&o->sent)) != RS_OK || (err = ids_reserve(&o->refused)) != RS_OK)
            break;
        data = db_text(rows, 3);
        err = spool_append_at(spool, db_text(rows, 1), db_text(rows, 2), data, strlen(data), id, db_int(rows, 4));
        if (err == RS_BUSY || err == RS_NOMEM) {
            o->behind = true;
            break;
        }
        if (err != RS_OK) { /* change_event would not have let it in: it must not block its stream for ever */
            ids_add(&o->refused, id);
            continue;
        }
        ids_add(&o->sent, id);
        ++*ret_n;
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err outbox_relay(struct store *store, const char *stream, struct fault *fault)
{
    struct spool *spool = NULL;
    struct db_rows *rows = NULL;
    int n = 0, seen = 0;
    enum rs_err err;

    if ((err = store_spool(store, &spool, fault)) == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT id, stream, type, data, created FROM outbox WHERE stream = $1 ORDER BY id", "t", stream);
    if (err == RS_OK)
        err = relay_rows(store, spool, rows, &n, &seen, fault);
    db_done(rows);
    if (err != RS_OK)
        store->outbox->behind = true;
    return err;
}

/* One portion of the rows of streams that have a row written until `until`, or in the future (the clock was set back). */
static enum rs_err relay_old(struct store *store, int64_t until, int *ret_n, int *ret_seen, struct fault *fault)
{
    struct spool *spool = NULL;
    struct db_rows *rows = NULL;
    enum rs_err err;

    if ((err = store_spool(store, &spool, fault)) == RS_OK)
        err = db_query(store->db, &rows, fault,
                       "SELECT id, stream, type, data, created FROM outbox WHERE stream IN"
                       " (SELECT stream FROM outbox WHERE created <= $1 OR created > $2) ORDER BY id LIMIT $3",
                       "iii", until, clock_wall_ms(), (int64_t)RECOVER_ROWS);
    if (err == RS_OK)
        err = relay_rows(store, spool, rows, ret_n, ret_seen, fault);
    db_done(rows);
    return err;
}

static enum rs_err delete_now(struct store *store, struct fault *fault)
{
    enum rs_err err;

    if ((err = collect(store, fault)) != RS_OK || store->outbox->acked.n == 0)
        return err;
    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = outbox_delete_acked(store, fault)) == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    if (err == RS_OK)
        outbox_forget_acked(store);
    return err;
}

enum rs_err outbox_settle(struct store *store, struct fault *fault)
{
    int n = 0, seen = 0;
    enum rs_err err;

    if ((err = delete_now(store, fault)) != RS_OK || !store->outbox->behind)
        return err;
    store->outbox->behind = false;
    err = relay_old(store, clock_wall_ms(), &n, &seen, fault);
    if (err != RS_OK || seen == RECOVER_ROWS)
        store->outbox->behind = true;
    return err == RS_BUSY ? RS_OK : err;
}

enum rs_err outbox_wait(struct store *store, int timeout_ms, struct fault *fault)
{
    int64_t deadline = clock_mono_ms() + timeout_ms, left;
    bool done = false;
    enum rs_err err = RS_OK;

    if (store->spool == NULL)
        return RS_OK;
    while (err == RS_OK && !done) {
        left = deadline - clock_mono_ms();
        err = spool_flush(store->spool, left > 0 ? (int)left : 0);
        if (err == RS_OK && (err = outbox_settle(store, fault)) == RS_OK)
            done = !store->outbox->behind && store->outbox->sent.n == 0;
        if (err == RS_OK && !done && clock_mono_ms() >= deadline)
            err = RS_TIMEOUT;
    }
    if (err == RS_TIMEOUT && (err = delete_now(store, fault)) == RS_OK)
        err = fault_set(fault, RS_TIMEOUT, "events are waiting in the outbox");
    return err;
}

enum rs_err outbox_recover(struct store *store, int64_t age_ms, int *ret_n, struct fault *fault)
{
    int64_t until = clock_wall_ms() - age_ms;
    int n = 0, seen;
    enum rs_err err;

    do {
        seen = 0;
        err = relay_old(store, until, &n, &seen, fault);
        if (err == RS_BUSY)
            err = RS_OK; /* the emitter is full: wait for it and go on */
        if (err == RS_OK && seen > 0)
            err = outbox_wait(store, RECOVER_FLUSH_MS, fault);
    } while (err == RS_OK && seen == RECOVER_ROWS);
    *ret_n = n;
    return err == RS_TIMEOUT ? RS_OK : err;
}
