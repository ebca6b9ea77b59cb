/* The store and its transaction. */
#include "model/store.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "model/idempotency.h"
#include "model/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELEASE_FLUSH_MS 2000
#define CHANGE_STREAMS_MAX 64

struct change {
    struct store *store;
    int64_t now_ms;
    bool ids_raised; /* by this change: holds when it is committed */
    char streams[CHANGE_STREAMS_MAX][STREAM_MAX]; /* that got events */
    int n_streams;
    char note[ID_MAX + 1]; /* "" none */
    bool poke;
};

enum rs_err store_open(struct store *store, const struct datadir *dd, const char *program, struct fault *fault)
{
    enum rs_err err;

    *store = (struct store){.dd = dd, .program = program, .outbox = outbox_new()};
    if (store->outbox == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for the store");
    if ((err = db_open(dd, &store->db, fault)) != RS_OK)
        store_release(store);
    return err;
}

void store_release(struct store *store)
{
    if (store->spool != NULL) {
        if (outbox_wait(store, RELEASE_FLUSH_MS, NULL) != RS_OK) {
            /* The rows stay: outbox_recover relays them. */
        }
        spool_close(store->spool, 0);
    }
    outbox_free(store->outbox);
    db_close(store->db);
    *store = (struct store){0};
}

enum rs_err store_spool(struct store *store, struct spool **ret, struct fault *fault)
{
    enum rs_err err = RS_OK;

    if (store->spool == NULL && store->producer[0] != '\0')
        err = spool_open_as(store->dd, store->producer, store_owner, (void *)store->dd, &store->spool, fault);
    else if (store->spool == NULL)
        err = spool_open(store->dd, store->program, store_owner, (void *)store->dd, &store->spool, fault);
    if (err == RS_OK) {
        spool_set_mask(store->spool, store->mask);
        *ret = store->spool;
    }
    return err;
}

void store_set_mask(struct store *store, const struct mask *mask)
{
    store->mask = mask;
    if (store->spool != NULL)
        spool_set_mask(store->spool, mask);
}

enum rs_err change_begin(struct store *store, struct change **ret, struct fault *fault)
{
    struct change *change = malloc(sizeof(*change));
    enum rs_err err;

    if (change == NULL)
        return fault_set(fault, RS_NOMEM, "no memory for a transaction");
    change->store = store;
    change->n_streams = 0;
    change->poke = false;
    change->note[0] = '\0';
    change->ids_raised = store->ids_raised;
    if ((err = db_begin(store->db, fault)) != RS_OK) {
        free(change);
        return err;
    }
    change->now_ms = clock_wall_ms();
    *ret = change;
    return RS_OK;
}

struct db *change_db(struct change *change)
{
    return change->store->db;
}

int64_t change_now(const struct change *change)
{
    return change->now_ms;
}

static enum rs_err touch(struct change *change, const char *stream, struct fault *fault)
{
    int i;

    for (i = 0; i < change->n_streams; i++)
        if (strcmp(change->streams[i], stream) == 0)
            return RS_OK;
    if (change->n_streams == CHANGE_STREAMS_MAX)
        return fault_set(fault, RS_LIMIT, "one change may touch at most %d streams", CHANGE_STREAMS_MAX);
    memcpy(change->streams[change->n_streams++], stream, strlen(stream) + 1); /* stream_check_home looked at its length */
    return RS_OK;
}

enum rs_err change_event(struct change *change, const char *stream, const char *type, struct json_object *data,
                         struct fault *fault)
{
    struct json_object *shown;
    const char *text;
    size_t len;
    enum rs_err err;

    if ((err = stream_check_home(stream, fault)) != RS_OK)
        return err;
    if (!event_type_valid(type, strlen(type)))
        return fault_set(fault, RS_INVALID, "\"%.64s\" is no event type", type);
    shown = mask_copy(change->store->mask, json_object_get(data));
    text = json_text(shown, &len);
    if (len > EVENT_DATA_MAX)
        err = fault_set(fault, RS_LIMIT, "the data of an event is longer than %d bytes", EVENT_DATA_MAX);
    else if (!utf8_valid(text, len))
        err = fault_set(fault, RS_INVALID, "the data of an event is not UTF-8");
    else
        err = touch(change, stream, fault);
    if (err == RS_OK && !change->ids_raised)
        err = outbox_raise_ids(change->store, &change->ids_raised, fault);
    if (err == RS_OK)
        err = db_run(change->store->db, NULL, fault,
                     "INSERT INTO outbox (stream, type, created, data) VALUES ($1, $2, $3, $4)", "ttit", stream, type,
                     change->now_ms, text);
    json_object_put(shown);
    return err;
}

enum rs_err change_commit(struct change *change, struct fault *fault)
{
    struct store *store = change->store;
    enum rs_err err;
    int i;

    err = outbox_delete_acked(store, fault);
    if (err == RS_OK && store->once != NULL && change->n_streams > 0)
        err = idempotency_done(store, store->once, change->note[0] != '\0' ? change->note : change->streams[0], fault);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    if (err == RS_OK) {
        if (change->n_streams > 0)
            store->once = NULL;
        store->ids_raised = change->ids_raised;
        outbox_forget_acked(store);
        if (change->poke)
            runner_poke(store->dd);
        for (i = 0; i < change->n_streams; i++)
            if (outbox_relay(store, change->streams[i], NULL) != RS_OK)
                break; /* committed all the same; noted there as still to do */
    }
    free(change);
    return err;
}

const struct datadir *change_datadir(const struct change *change)
{
    return change->store->dd;
}

void change_note(struct change *change, const char *text)
{
    snprintf(change->note, sizeof(change->note), "%s", text);
}

void change_poke(struct change *change)
{
    change->poke = true;
}

void change_abort(struct change *change)
{
    if (change == NULL)
        return;
    db_rollback(change->store->db);
    free(change);
}
