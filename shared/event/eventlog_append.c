/* eventlog_append - the SQLite log's writer. */
#include "base/clock.h"
#include "event/eventlog_cache.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OID_STEP 256    /* oids between two times that the highest one is noted */

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "out of memory");
}

static enum rs_err check_entry(const struct eventlog_entry *entry)
{
    if (stream_check_home(entry->stream, NULL) || !event_type_valid(entry->type, strlen(entry->type)))
        return RS_INVALID;
    return entry->data_len > EVENT_DATA_MAX ? RS_LIMIT : RS_OK;
}

static enum rs_err store(struct sqlite_log *log, struct stream_state *stream, struct eventlog_entry *entry,
                         struct fault *fault)
{
    bool ends = event_type_ends(entry->type) && stream_has_kind(entry->stream, "run");
    struct arrival arrival = {
        .entry = entry,
        .stream = stream->id,
        .seq = stream->last_seq + 1,
        .time_ms = entry->time_ms ? entry->time_ms : clock_wall_ms(),
        .last_oid = entry->oid > 0 ? entry->oid : stream->last_oid,
        .ends = ends,
        .end_id = event_type_reopens(entry->type) ? 0 : stream->end_id,
    };
    int64_t id = 0;
    enum rs_err err = sqlite_arrivals_add(log, &arrival, &id, fault);

    if (err)
        return err;
    entry->event = event_new(id, arrival.seq, arrival.time_ms, stream->home, entry->type, entry->data, entry->data_len);
    if (!entry->event)
        return no_memory(fault);
    stream->last_seq = arrival.seq;
    stream->last_id = log->cache->last_id = id;
    stream->last_oid = arrival.last_oid;
    stream->end_id = ends ? id : arrival.end_id;
    if (log->cache->first_id == 0)
        log->cache->first_id = id;
    if (entry->oid > log->cache->max_oid)
        log->cache->max_oid = entry->oid;
    cache_mark_stream(log->cache, stream);
    return RS_OK;
}

/* What is neither refused nor known already is stored. */
static enum rs_err append_to(struct sqlite_log *log, struct eventlog_entry *entry, struct fault *fault)
{
    struct stream_state *stream = NULL;
    enum rs_err err;

    entry->status = check_entry(entry);
    if (entry->status)
        return RS_OK;
    err = cache_stream(log, entry->stream, &stream, fault);
    if (err)
        return err;
    if (entry->oid > 0 && entry->oid <= stream->last_oid) {
        entry->duplicate = true;
        return RS_OK;
    }
    if (stream->end_id && !event_type_reopens(entry->type)) {
        entry->status = RS_CONFLICT;
        return RS_OK;
    }
    return store(log, stream, entry, fault);
}

/* One entry. Returns only what spoils the whole transaction. */
static enum rs_err append_one(struct sqlite_log *log, struct eventlog_entry *entry, struct fault *fault)
{
    struct producer_state *producer = NULL;
    enum rs_err err;

    if (!entry->producer)
        return append_to(log, entry, fault);
    assert(id_valid(entry->producer));
    err = cache_producer(log, entry->producer, &producer, fault);
    if (err)
        return err;
    if (entry->producer_seq <= producer->last) {
        entry->duplicate = true;
        return RS_OK;
    }
    err = append_to(log, entry, fault);
    if (err)
        return err;
    producer->last = entry->producer_seq;
    if (!entry->event && log->arrivals.taking) /* no arrival has it with it */
        return cache_write_producer(log, producer, fault);
    cache_mark_producer(log->cache, producer);
    return RS_OK;
}

/* Written ahead of what was seen, so that it is written seldom. */
static enum rs_err write_oid(struct sqlite_log *log, struct fault *fault)
{
    struct append_cache *cache = log->cache;
    sqlite3_stmt *stmt;
    enum rs_err err = RS_OK;

    if (cache->known_oid < 0)
        err = sqlite_number(log, SQL_META_OID, &cache->known_oid, fault);
    if (err || cache->max_oid <= cache->known_oid)
        return err;
    err = sqlite_statement(log, SQL_META_OID_SET, &stmt, fault);
    if (err)
        return err;
    cache->known_oid = cache->max_oid < INT64_MAX - OID_STEP ? cache->max_oid + OID_STEP : INT64_MAX;
    sqlite3_bind_int64(stmt, 1, cache->known_oid);
    return sqlite_run(log, stmt, fault);
}

enum rs_err sqlite_append(struct eventlog *base, struct eventlog_entry *entries, size_t n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    enum rs_err err;

    for (size_t i = 0; i < n; i++) {
        entries[i].status = RS_OK;
        entries[i].duplicate = false;
        entries[i].event = NULL;
    }
    if (!log->cache && !(log->cache = append_cache_new()))
        return no_memory(fault);
    log->cache->first_id = log->cache->last_id = log->cache->max_oid = 0;
    err = cache_begin(log, fault);
    if (!err)
        err = sqlite_arrivals_begin(log, entries, n, fault);
    for (size_t i = 0; !err && i < n; i++)
        err = append_one(log, &entries[i], fault);
    if (!err && !log->arrivals.taking)
        err = cache_write(log, fault);
    if (!err && log->cache->max_oid > 0)
        err = write_oid(log, fault);
    if (!err && log->cache->last_id > 0)
        err = sqlite_mark_due(log, log->cache->last_id, log->cache->first_id - 1, fault);
    if (!err)
        err = sqlite_do(log, SQL_COMMIT, fault);
    if (!err)
        return RS_OK;
    sqlite_rollback(log);
    sqlite_mark_head(log); /* the ids were not given after all */
    cache_forget(log);
    for (size_t i = 0; i < n; i++) {
        event_unref(entries[i].event);
        entries[i].event = NULL;
    }
    return err;
}

static enum rs_err ask_nobody(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *fault)
{
    (void)ctx;
    (void)ret;
    return fault_set(fault, RS_NOT_FOUND, "the stream %s is new", stream);
}

enum rs_err sqlite_append_now(struct eventlog *base, struct eventlog_entry *entries, size_t n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    eventlog_owner_fn *owner = log->owner;
    enum rs_err err;

    sqlite3_busy_timeout(log->db, 0);
    if (owner)
        log->owner = base->owner_now ? base->owner_now : ask_nobody;
    err = sqlite_append(base, entries, n, fault);
    log->owner = owner;
    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    return err;
}
