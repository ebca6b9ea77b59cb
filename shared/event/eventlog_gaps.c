/* eventlog_gaps - the SQLite log: what is missing of the streams a query names, by retention or by loss. */
#include "event/eventlog_sqlite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW_TRIMS 64 /* so many are held against each name; beyond, each name's streams are asked for theirs */

/* A range of ids that is gone, and the stream (as it was asked for) it is missing from. */
struct trim {
    int64_t first, last;
    const char *stream;
};
struct trims {
    struct trim *at;
    size_t n, cap;
};

/* The trims that reach beyond the query's start, when they are few. */
struct reaching {
    int n; /* FEW_TRIMS + 1: too many */
    int64_t stream[FEW_TRIMS + 1], first[FEW_TRIMS + 1], last[FEW_TRIMS + 1];
};

/* Keep of the range what lies within (after, until]. */
static enum rs_err trims_add(struct trims *trims, struct trim trim, const struct eventlog_query *query, int64_t until,
                             struct fault *fault)
{
    trim.first = trim.first > query->after ? trim.first : query->after + 1;
    trim.last = trim.last < until ? trim.last : until;
    if (trim.first > trim.last)
        return RS_OK;
    if (trims->n == trims->cap) {
        size_t cap = trims->cap ? trims->cap * 2 : 16;
        struct trim *at = realloc(trims->at, cap * sizeof *at);
        if (!at)
            return fault_set(fault, RS_NOMEM, "out of memory");
        trims->at = at;
        trims->cap = cap;
    }
    trims->at[trims->n++] = trim;
    return RS_OK;
}

static int compare_trims(const void *a, const void *b)
{
    const struct trim *x = a, *y = b;

    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : strcmp(x->stream, y->stream);
}

/* From `from` on: oldest first, those that touch or overlap made one. */
static void trims_merge(struct trims *trims, size_t from)
{
    size_t kept = from;

    if (trims->n <= from)
        return;
    qsort(trims->at + from, trims->n - from, sizeof *trims->at, compare_trims);
    for (size_t i = from + 1; i < trims->n; i++) {
        struct trim *last = &trims->at[kept], *trim = &trims->at[i];
        if (trim->first <= last->last + 1)
            last->last = trim->last > last->last ? trim->last : last->last;
        else
            trims->at[++kept] = *trim;
    }
    trims->n = kept + 1;
}

static enum rs_err find_reaching(struct sqlite_log *log, int64_t after, struct reaching *ret, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_TRIMS_REACHING, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, after);
    sqlite3_bind_int(stmt, 2, FEW_TRIMS + 1);
    for (ret->n = 0; !(err = sqlite_row(log, stmt, fault)); ret->n++) {
        ret->stream[ret->n] = sqlite3_column_int64(stmt, 0);
        ret->first[ret->n] = sqlite3_column_int64(stmt, 1);
        ret->last[ret->n] = sqlite3_column_int64(stmt, 2);
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Those of the few whose home the view shows. */
static enum rs_err pick(struct sqlite_log *log, const char *name, const struct view *view,
                        const struct eventlog_query *query, int64_t until, const struct reaching *few,
                        struct trims *trims, struct fault *fault)
{
    enum rs_err err = RS_OK;

    for (int i = 0; !err && i < few->n; i++) {
        struct home *home;
        err = sqlite_home(log, few->stream[i], &home, fault);
        if (!err && view_has(view, home) && (!query->org || strcmp(query->org, home->org) == 0))
            err = trims_add(trims, (struct trim){few->first[i], few->last[i], name}, query, until, fault);
    }
    return err;
}

static enum rs_err collect_stream(struct sqlite_log *log, int64_t stream, const char *name,
                                  const struct eventlog_query *query, int64_t until, struct trims *trims,
                                  struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_TRIMS_OF_STREAM, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream);
    sqlite3_bind_int64(stmt, 2, query->after);
    sqlite3_bind_int64(stmt, 3, until);
    while (!(err = sqlite_row(log, stmt, fault))) {
        struct trim trim = {sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), name};
        err = trims_add(trims, trim, query, until, fault);
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Those of every stream the view shows. */
static enum rs_err collect(struct sqlite_log *log, const char *name, const struct view *view,
                           const struct eventlog_query *query, int64_t until, struct trims *trims, struct fault *fault)
{
    struct numbers streams = {NULL, 0, 0};
    enum rs_err err = sqlite_view_streams(log, view, query->org, query->after, -1, &streams, fault);

    numbers_sort_unique(&streams);
    for (size_t i = 0; !err && i < streams.n; i++)
        err = collect_stream(log, streams.at[i], name, query, until, trims, fault);
    free(streams.at);
    return err;
}

/* A run that has ended is complete: nothing of it can be among what was lost after. */
static enum rs_err is_complete(struct sqlite_log *log, const char *name, const struct view *view, bool *ret,
                               struct fault *fault)
{
    struct eventlog_stream stream;
    enum rs_err err = RS_NOT_FOUND;

    if (view_is_home(view))
        err = eventlog_stream(&log->base, name, &stream, fault);
    *ret = !err && stream.end_id > 0;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err collect_lost(struct sqlite_log *log, const struct eventlog_query *query, int64_t until,
                                struct trims *trims, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_VOIDS_LOST, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, query->after);
    while (!(err = sqlite_row(log, stmt, fault))) {
        for (int i = 0; !err && i < query->n_streams; i++) {
            struct trim trim = {sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), query->streams[i]};
            struct view view;
            bool complete;
            view_init(&view, trim.stream);
            err = is_complete(log, trim.stream, &view, &complete, fault);
            if (!err && !complete)
                err = trims_add(trims, trim, query, until, fault);
        }
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static enum rs_err find_missing(struct sqlite_log *log, const struct eventlog_query *query, int64_t until,
                                struct trims *trims, struct fault *fault)
{
    struct reaching few;
    enum rs_err err = find_reaching(log, query->after, &few, fault);

    for (int i = 0; !err && few.n > 0 && i < query->n_streams; i++) {
        const char *name = query->streams[i];
        size_t from = trims->n;
        struct view view;

        view_init(&view, name);
        err = few.n <= FEW_TRIMS ? pick(log, name, &view, query, until, &few, trims, fault)
                                 : collect(log, name, &view, query, until, trims, fault);
        trims_merge(trims, from);
    }
    return err;
}

enum rs_err sqlite_gaps(struct eventlog *base, const struct eventlog_query *query,
                        struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    int64_t until = query->until > 0 ? query->until : INT64_MAX;
    struct trims trims = {NULL, 0, 0};
    bool exists;
    int n = 0;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (!err && exists)
        err = find_missing(log, query, until, &trims, fault);
    if (!err && exists)
        err = collect_lost(log, query, until, &trims, fault);
    if (err)
        goto out;
    if (trims.n > 1)
        qsort(trims.at, trims.n, sizeof *trims.at, compare_trims);
    for (size_t i = 0; i < trims.n; i++) {
        if (n == EVENTLOG_GAPS_MAX) {
            ret[n - 1].last = trims.at[i].last > ret[n - 1].last ? trims.at[i].last : ret[n - 1].last;
            continue;
        }
        snprintf(ret[n].stream, sizeof ret[n].stream, "%s", trims.at[i].stream);
        ret[n].first = trims.at[i].first;
        ret[n].last = trims.at[i].last;
        n++;
    }
    *ret_n = n;
out:
    free(trims.at);
    return err;
}
