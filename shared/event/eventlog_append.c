/* eventlog_append - the SQLite log's writer. Where streams and producers stand is remembered between transactions, as
 * long as nobody else has written; their rows are written once a transaction, however many events it adds. */
#include "base/clock.h"
#include "base/map.h"
#include "event/eventlog_sqlite.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OID_STEP 256    /* oids between two times that the highest one is noted */
#define CACHE_MAX 16384 /* streams, and producers, before all are forgotten */

struct stream_state {
    int64_t id, last_seq, last_id, last_oid, end_id;
    struct home *home;
    bool dirty;
    struct stream_state *next_dirty;
};
struct producer_state {
    char name[ID_MAX + 1];
    int64_t last;
    bool dirty;
    struct producer_state *next_dirty;
};
struct append_cache {
    int64_t data_version; /* of the database when the cache was right */
    struct map streams, producers;
    struct stream_state *dirty_streams;
    struct producer_state *dirty_producers;
    int64_t known_oid; /* what meta says, as long as the cache is right; -1: to be asked */
    int64_t max_oid;   /* of the transaction, 0: none */
    int64_t first_id, last_id; /* of the events of the transaction, 0: none */
};

static void stream_state_free(void *value)
{
    struct stream_state *stream = value;

    home_unref(stream->home);
    free(stream);
}

static void cache_clear(struct append_cache *cache)
{
    map_clear(&cache->streams, stream_state_free);
    map_clear(&cache->producers, free);
    cache->dirty_streams = NULL;
    cache->dirty_producers = NULL;
    cache->known_oid = -1;
}

/* What others have stored meanwhile has to be looked at. */
static void forget(struct sqlite_log *log)
{
    cache_clear(log->cache);
    log->arrivals.n = -1;
}

static struct append_cache *cache_new(void)
{
    struct append_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        cache->known_oid = -1;
    return cache;
}

void append_cache_free(struct append_cache *cache)
{
    if (cache)
        cache_clear(cache);
    free(cache);
}

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "out of memory");
}

/* Whatever keeps the answer away, it is worth another try: a stream never changes its owner. */
static enum rs_err find_owner(struct sqlite_log *log, const char *name, struct eventlog_owner *ret, struct fault *fault)
{
    struct fault why = {.code = RS_OK};

    if (!log->owner || log->owner(log->owner_ctx, name, ret, &why) == RS_OK)
        return RS_OK;
    return fault_set(fault, RS_BUSY, "cannot find out whose %s is: %s", name, why.message);
}

/* The row of a new stream, with its owner's org and tags. */
static enum rs_err stream_add(struct sqlite_log *log, const char *name, int64_t *ret_id, struct fault *fault)
{
    struct eventlog_owner owner = {.org = NULL};
    sqlite3_stmt *stmt;
    int64_t id;
    enum rs_err err;

    err = find_owner(log, name, &owner, fault);
    if (err)
        return err;
    err = sqlite_statement(log, SQL_STREAM_ADD, &stmt, fault);
    if (err)
        goto out;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, owner.org ? owner.org : log->default_org, -1, SQLITE_STATIC);
    err = sqlite_run(log, stmt, fault);
    if (err)
        goto out;
    id = sqlite3_last_insert_rowid(log->db);
    for (int i = 0; i < owner.n_tags; i++) {
        err = sqlite_statement(log, SQL_STREAM_ADD_TAG, &stmt, fault);
        if (err)
            goto out;
        sqlite3_bind_text(stmt, 1, owner.tags[i], -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, id);
        err = sqlite_run(log, stmt, fault);
        if (err)
            goto out;
    }
    *ret_id = id;
out:
    eventlog_owner_release(&owner);
    return err;
}

/* Where a stream stands: known, or read, or new. */
static enum rs_err stream_get(struct sqlite_log *log, const char *name, struct stream_state **ret, struct fault *fault)
{
    struct stream_state *stream = map_get(&log->cache->streams, name);
    struct home *home;
    sqlite3_stmt *stmt;
    enum rs_err err;

    if (stream) {
        *ret = stream;
        return RS_OK;
    }
    stream = calloc(1, sizeof *stream);
    if (!stream)
        return no_memory(fault);
    err = sqlite_statement(log, SQL_STREAM_BY_NAME, &stmt, fault);
    if (err)
        goto out;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    err = sqlite_row(log, stmt, fault);
    if (!err) {
        stream->id = sqlite3_column_int64(stmt, 0);
        stream->last_seq = sqlite3_column_int64(stmt, 1);
        stream->last_id = sqlite3_column_int64(stmt, 2);
        stream->last_oid = sqlite3_column_int64(stmt, 3);
        stream->end_id = sqlite3_column_int64(stmt, 4);
        sqlite3_reset(stmt);
    } else if (err == RS_NOT_FOUND) {
        err = stream_add(log, name, &stream->id, fault);
    }
    if (err)
        goto out;
    err = sqlite_home(log, stream->id, &home, fault);
    if (err)
        goto out;
    stream->home = home_ref(home);
    if (map_put(&log->cache->streams, home->name, stream) != RS_OK) {
        err = no_memory(fault);
        goto out;
    }
    *ret = stream;
    stream = NULL;
out:
    if (stream)
        stream_state_free(stream);
    return err;
}

static enum rs_err producer_get(struct sqlite_log *log, const char *name, struct producer_state **ret,
                                struct fault *fault)
{
    struct producer_state *producer = map_get(&log->cache->producers, name);
    sqlite3_stmt *stmt;
    enum rs_err err;

    if (producer) {
        *ret = producer;
        return RS_OK;
    }
    err = sqlite_statement(log, SQL_PRODUCER_GET, &stmt, fault);
    if (err)
        return err;
    producer = calloc(1, sizeof *producer);
    if (!producer)
        return no_memory(fault);
    memcpy(producer->name, name, strlen(name) + 1);
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    err = sqlite_row(log, stmt, fault);
    if (!err)
        producer->last = sqlite3_column_int64(stmt, 0);
    else if (err != RS_NOT_FOUND)
        goto out;
    sqlite3_reset(stmt);
    err = RS_OK;
    if (map_put(&log->cache->producers, producer->name, producer) != RS_OK) {
        err = no_memory(fault);
        goto out;
    }
    *ret = producer;
    producer = NULL;
out:
    free(producer);
    return err;
}

static void mark_stream(struct append_cache *cache, struct stream_state *stream)
{
    if (stream->dirty)
        return;
    stream->dirty = true;
    stream->next_dirty = cache->dirty_streams;
    cache->dirty_streams = stream;
}

static void mark_producer(struct append_cache *cache, struct producer_state *producer)
{
    if (producer->dirty)
        return;
    producer->dirty = true;
    producer->next_dirty = cache->dirty_producers;
    cache->dirty_producers = producer;
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
    if (!log->arrivals.taking)
        mark_stream(log->cache, stream);
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
    err = stream_get(log, entry->stream, &stream, fault);
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
    err = producer_get(log, entry->producer, &producer, fault);
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
    if (!entry->event || !log->arrivals.taking) /* an arrival has it with it */
        mark_producer(log->cache, producer);
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

static enum rs_err write_rows(struct sqlite_log *log, struct fault *fault)
{
    struct append_cache *cache = log->cache;
    int64_t now = clock_wall_ms();
    sqlite3_stmt *stmt;
    enum rs_err err;

    for (; cache->dirty_streams; cache->dirty_streams = cache->dirty_streams->next_dirty) {
        struct stream_state *stream = cache->dirty_streams;
        err = sqlite_statement(log, SQL_STREAM_SET, &stmt, fault);
        if (err)
            return err;
        sqlite3_bind_int64(stmt, 1, stream->id);
        sqlite3_bind_int64(stmt, 2, stream->last_seq);
        sqlite3_bind_int64(stmt, 3, stream->last_id);
        sqlite3_bind_int64(stmt, 4, stream->last_oid);
        sqlite3_bind_int64(stmt, 5, stream->end_id);
        err = sqlite_run(log, stmt, fault);
        if (err)
            return err;
        stream->dirty = false;
    }
    for (; cache->dirty_producers; cache->dirty_producers = cache->dirty_producers->next_dirty) {
        struct producer_state *producer = cache->dirty_producers;
        err = sqlite_statement(log, SQL_PRODUCER_SET, &stmt, fault);
        if (err)
            return err;
        sqlite3_bind_text(stmt, 1, producer->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(stmt, 2, producer->last);
        sqlite3_bind_int64(stmt, 3, now);
        err = sqlite_run(log, stmt, fault);
        if (err)
            return err;
        producer->dirty = false;
    }
    return RS_OK;
}

/* With the write lock held nobody else can write: what is known stays true until the commit. */
static enum rs_err begin(struct sqlite_log *log, struct fault *fault)
{
    int64_t version;
    enum rs_err err = sqlite_do(log, SQL_BEGIN_WRITE, fault);

    if (err)
        return err;
    err = sqlite_number(log, SQL_DATA_VERSION, &version, fault);
    if (err)
        return err;
    if (version != log->cache->data_version || log->cache->streams.n > CACHE_MAX ||
        log->cache->producers.n > CACHE_MAX)
        forget(log);
    log->cache->data_version = version;
    return RS_OK;
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
    if (!log->cache && !(log->cache = cache_new()))
        return no_memory(fault);
    log->cache->first_id = log->cache->last_id = log->cache->max_oid = 0;
    err = begin(log, fault);
    if (!err)
        err = sqlite_arrivals_begin(log, entries, n, fault);
    for (size_t i = 0; !err && i < n; i++)
        err = append_one(log, &entries[i], fault);
    if (!err)
        err = write_rows(log, fault);
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
    forget(log);
    for (size_t i = 0; i < n; i++) {
        event_unref(entries[i].event);
        entries[i].event = NULL;
    }
    return err;
}

/* A stream never goes away: also one that was known before somebody else wrote is in the log. */
static enum rs_err check_known(struct sqlite_log *log, const struct eventlog_entry *entry, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err;

    if (log->cache && map_get(&log->cache->streams, entry->stream))
        return RS_OK;
    err = sqlite_statement(log, SQL_STREAM_BY_NAME, &stmt, fault);
    if (err)
        return err;
    sqlite3_bind_text(stmt, 1, entry->stream, -1, SQLITE_STATIC);
    err = sqlite_row(log, stmt, fault);
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? fault_set(fault, RS_NOT_FOUND, "the stream %s is new", entry->stream) : err;
}

enum rs_err sqlite_append_now(struct eventlog *base, struct eventlog_entry *entries, size_t n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    enum rs_err err = RS_OK;

    sqlite3_busy_timeout(log->db, 0);
    for (size_t i = 0; !err && log->owner && i < n; i++)
        err = check_known(log, &entries[i], fault);
    if (!err)
        err = sqlite_append(base, entries, n, fault);
    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    return err;
}
