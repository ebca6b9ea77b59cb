/* eventlog_views - the SQLite log: which streams a view shows, and what retention removed from them. */
#include "event/eventlog_sqlite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A range of ids that is gone, and the stream (as it was asked for) it is missing from. */
struct trim {
    int64_t first, last;
    const char *stream;
};
struct trims {
    struct trim *at;
    size_t n, cap;
};

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "out of memory");
}

enum rs_err numbers_add(struct numbers *numbers, int64_t number, struct fault *fault)
{
    if (numbers->n == numbers->cap) {
        size_t cap = numbers->cap ? numbers->cap * 2 : 64;
        int64_t *at = realloc(numbers->at, cap * sizeof *at);
        if (!at)
            return no_memory(fault);
        numbers->at = at;
        numbers->cap = cap;
    }
    numbers->at[numbers->n++] = number;
    return RS_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void numbers_sort_unique(struct numbers *numbers)
{
    size_t kept = 0;

    if (numbers->n == 0)
        return;
    qsort(numbers->at, numbers->n, sizeof *numbers->at, compare_numbers);
    for (size_t i = 0; i < numbers->n; i++) {
        if (kept == 0 || numbers->at[kept - 1] != numbers->at[i])
            numbers->at[kept++] = numbers->at[i];
    }
    numbers->n = kept;
}

static enum rs_err add_streams(struct sqlite_log *log, enum sql sql, const char *name, const char *org, int64_t after,
                               struct numbers *streams, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err;

    if (!*name)
        return RS_OK;
    err = sqlite_statement(log, sql, &stmt, fault);
    if (err)
        return err;
    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, after);
    if (org)
        sqlite3_bind_text(stmt, 3, org, -1, SQLITE_STATIC);
    while (!(err = sqlite_row(log, stmt, fault))) {
        err = numbers_add(streams, sqlite3_column_int64(stmt, 0), fault);
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err sqlite_view_streams(struct sqlite_log *log, const struct view *view, const char *org, int64_t after,
                                struct numbers *streams, struct fault *fault)
{
    enum rs_err err = add_streams(log, SQL_VIEW_HOME, view->home, org, after, streams, fault);

    if (!err)
        err = add_streams(log, SQL_VIEW_HOME_KIND, view->home_kind, org, after, streams, fault);
    if (!err)
        err = add_streams(log, SQL_VIEW_TAG, view->tag, org, after, streams, fault);
    if (!err)
        err = add_streams(log, SQL_VIEW_TAG_KIND, view->tag_kind, org, after, streams, fault);
    return err;
}

static enum rs_err trims_add(struct trims *trims, struct trim trim, struct fault *fault)
{
    if (trims->n == trims->cap) {
        size_t cap = trims->cap ? trims->cap * 2 : 16;
        struct trim *at = realloc(trims->at, cap * sizeof *at);
        if (!at)
            return no_memory(fault);
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

/* What is missing of one stream asked for. */
static enum rs_err collect(struct sqlite_log *log, const char *name, const struct eventlog_query *query, int64_t until,
                           struct trims *trims, struct fault *fault)
{
    struct numbers streams = {NULL, 0, 0};
    size_t from = trims->n;
    struct view view;
    enum rs_err err;

    view_init(&view, name);
    err = sqlite_view_streams(log, &view, query->org, query->after, &streams, fault);
    numbers_sort_unique(&streams);
    for (size_t i = 0; !err && i < streams.n; i++) {
        sqlite3_stmt *stmt;
        err = sqlite_statement(log, SQL_TRIMS_OF_STREAM, &stmt, fault);
        if (err)
            break;
        sqlite3_bind_int64(stmt, 1, streams.at[i]);
        sqlite3_bind_int64(stmt, 2, query->after);
        sqlite3_bind_int64(stmt, 3, until);
        while (!(err = sqlite_row(log, stmt, fault))) {
            struct trim trim = {sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1), name};
            trim.first = trim.first > query->after ? trim.first : query->after + 1;
            trim.last = trim.last < until ? trim.last : until;
            err = trims_add(trims, trim, fault);
            if (err)
                break;
        }
        sqlite3_reset(stmt);
        err = err == RS_NOT_FOUND ? RS_OK : err;
    }
    free(streams.at);
    trims_merge(trims, from);
    return err;
}

enum rs_err sqlite_gaps(struct eventlog *base, const struct eventlog_query *query,
                        struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    int64_t until = query->until > 0 ? query->until : INT64_MAX, any = 0;
    struct trims trims = {NULL, 0, 0};
    bool exists;
    int n = 0;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (!err && exists)
        err = sqlite_number(log, SQL_TRIMS_ANY, &any, fault);
    for (int i = 0; !err && any && i < query->n_streams; i++)
        err = collect(log, query->streams[i], query, until, &trims, fault);
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
