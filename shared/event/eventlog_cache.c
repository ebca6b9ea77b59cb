#include "event/eventlog_cache.h"
#include "base/clock.h"
#include <stdlib.h>
#include <string.h>

#define CACHE_MAX 16384 /* streams, and producers, before all are forgotten */

static void stream_state_free(void *value)
{
    struct stream_state *stream = value;

    home_unref(stream->home);
    free(stream);
}

static void clear(struct append_cache *cache)
{
    map_clear(&cache->streams, stream_state_free);
    map_clear(&cache->producers, free);
    cache->dirty_streams = NULL;
    cache->dirty_producers = NULL;
    cache->known_oid = -1;
}

struct append_cache *append_cache_new(void)
{
    struct append_cache *cache = calloc(1, sizeof *cache);

    if (cache)
        cache->known_oid = -1;
    return cache;
}

void append_cache_free(struct append_cache *cache)
{
    if (cache)
        clear(cache);
    free(cache);
}

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "out of memory");
}

/* Whatever keeps the answer away, it is worth another try: a stream never changes its owner. RS_NOT_FOUND: nobody is there to be
 * asked without waiting. */
static enum rs_err find_owner(struct sqlite_log *log, const char *name, struct eventlog_owner *ret, struct fault *fault)
{
    struct fault why = {.code = RS_OK};

    enum rs_err err = log->owner ? log->owner(log->owner_ctx, name, ret, &why) : RS_OK;

    if (!err)
        return RS_OK;
    return fault_set(fault, err == RS_NOT_FOUND ? err : RS_BUSY, "cannot find out whose %s is: %s", name, why.message);
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

enum rs_err cache_stream(struct sqlite_log *log, const char *name, struct stream_state **ret, struct fault *fault)
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

enum rs_err cache_producer(struct sqlite_log *log, const char *name, struct producer_state **ret, struct fault *fault)
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

void cache_mark_stream(struct append_cache *cache, struct stream_state *stream)
{
    if (stream->dirty)
        return;
    stream->dirty = true;
    stream->next_dirty = cache->dirty_streams;
    cache->dirty_streams = stream;
}

void cache_mark_producer(struct append_cache *cache, struct producer_state *producer)
{
    if (producer->dirty)
        return;
    producer->dirty = true;
    producer->next_dirty = cache->dirty_producers;
    cache->dirty_producers = producer;
}

enum rs_err cache_write_producer(struct sqlite_log *log, const struct producer_state *producer, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_PRODUCER_SET, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_text(stmt, 1, producer->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, producer->last);
    sqlite3_bind_int64(stmt, 3, clock_wall_ms());
    return sqlite_run(log, stmt, fault);
}

static enum rs_err write_stream(struct sqlite_log *log, const struct stream_state *stream, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_STREAM_SET, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream->id);
    sqlite3_bind_int64(stmt, 2, stream->last_seq);
    sqlite3_bind_int64(stmt, 3, stream->last_id);
    sqlite3_bind_int64(stmt, 4, stream->last_oid);
    sqlite3_bind_int64(stmt, 5, stream->end_id);
    return sqlite_run(log, stmt, fault);
}

enum rs_err cache_write(struct sqlite_log *log, struct fault *fault)
{
    struct append_cache *cache = log->cache;

    for (; cache->dirty_streams; cache->dirty_streams = cache->dirty_streams->next_dirty) {
        enum rs_err err = write_stream(log, cache->dirty_streams, fault);
        if (err)
            return err;
        cache->dirty_streams->dirty = false;
    }
    for (; cache->dirty_producers; cache->dirty_producers = cache->dirty_producers->next_dirty) {
        enum rs_err err = cache_write_producer(log, cache->dirty_producers, fault);
        if (err)
            return err;
        cache->dirty_producers->dirty = false;
    }
    return RS_OK;
}

void cache_forget(struct sqlite_log *log)
{
    if (log->cache)
        clear(log->cache);
    log->arrivals.n = -1;
}

enum rs_err cache_begin(struct sqlite_log *log, struct fault *fault)
{
    struct append_cache *cache = log->cache;
    int64_t version;
    enum rs_err err = sqlite_do(log, SQL_BEGIN_WRITE, fault);

    if (!err)
        err = sqlite_number(log, SQL_DATA_VERSION, &version, fault);
    if (err || !cache)
        return err;
    if (version != cache->data_version || cache->streams.n > CACHE_MAX || cache->producers.n > CACHE_MAX)
        cache_forget(log);
    cache->data_version = version;
    return RS_OK;
}
