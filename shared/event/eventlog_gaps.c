/* eventlog_gaps - the SQLite log: what is missing of the streams a query names, by retention or by loss. */
#include "event/eventlog_sqlite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW_TRIMS 64 /* so many are held against each name; beyond, the last of each view is looked for */
#define TRIMS_LOOKED_AT 256 /* for one of a view. Where its streams are rarer, all of them are asked for theirs */

/* A range of ids that is gone, and the stream (as it was asked for) it is missing from. */
struct trim {
    int64_t first, last;
    const char *stream;
};
struct trims {
    struct trim *at;
    size_t n, cap;
};

/* The trims that reach beyond some id, when they are few. */
struct reaching {
    int n; /* FEW_TRIMS + 1: too many */
    int64_t stream[FEW_TRIMS + 1], first[FEW_TRIMS + 1], last[FEW_TRIMS + 1];
};

/* What is asked of one name, and what all of them have in common. */
struct asking {
    struct sqlite_log *log;
    const struct eventlog_query *query;
    int64_t until;
    int64_t oldest; /* of the log's events: whosever the ids below are, nothing is left of them */
    struct reaching reaching; /* beyond the query's start, */
    struct reaching beyond;   /* and beyond what is gone altogether, if those were too many */
    const char *name;
    struct view view;
    struct trims *trims;
    struct fault *fault;
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

/* From `from` on: oldest first, those that touch or overlap or have nothing left between them made one. */
static void trims_merge(struct trims *trims, size_t from, int64_t oldest)
{
    size_t kept = from;

    if (trims->n <= from)
        return;
    qsort(trims->at + from, trims->n - from, sizeof *trims->at, compare_trims);
    for (size_t i = from + 1; i < trims->n; i++) {
        struct trim *last = &trims->at[kept], *trim = &trims->at[i];
        if (trim->first <= last->last + 1 || trim->first <= oldest)
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

static enum rs_err add(struct asking *a, int64_t first, int64_t last)
{
    return trims_add(a->trims, (struct trim){first, last, a->name}, a->query, a->until, a->fault);
}

static enum rs_err is_shown(struct asking *a, int64_t stream, bool *ret)
{
    struct home *home;
    enum rs_err err = sqlite_home(a->log, stream, &home, a->fault);

    *ret = !err && view_has(&a->view, home) && (!a->query->org || strcmp(a->query->org, home->org) == 0);
    return err;
}

/* Those of the few whose home the view shows. */
static enum rs_err pick(struct asking *a, const struct reaching *few)
{
    enum rs_err err = RS_OK;

    for (int i = 0; !err && i < few->n; i++) {
        bool shown;
        err = is_shown(a, few->stream[i], &shown);
        if (!err && shown)
            err = add(a, few->first[i], few->last[i]);
    }
    return err;
}

static enum rs_err collect_stream(struct asking *a, int64_t stream)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(a->log, SQL_TRIMS_OF_STREAM, &stmt, a->fault);

    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, stream);
    sqlite3_bind_int64(stmt, 2, a->query->after);
    sqlite3_bind_int64(stmt, 3, a->until);
    while (!(err = sqlite_row(a->log, stmt, a->fault))) {
        err = add(a, sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1));
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Those of every stream the view shows. */
static enum rs_err collect(struct asking *a)
{
    struct numbers streams = {NULL, 0, 0};
    enum rs_err err = sqlite_view_streams(a->log, &a->view, a->query->org, a->query->after, -1, &streams, a->fault);

    numbers_sort_unique(&streams);
    for (size_t i = 0; !err && i < streams.n; i++)
        err = collect_stream(a, streams.at[i]);
    free(streams.at);
    return err;
}

/* The last of the view's trims in what is gone altogether. ret_found: also when there is none at all */
static enum rs_err pick_last(struct asking *a, bool *ret_found)
{
    sqlite3_stmt *stmt;
    int n = 0;
    enum rs_err err = sqlite_statement(a->log, SQL_TRIMS_BELOW, &stmt, a->fault);

    *ret_found = false;
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, a->query->after);
    sqlite3_bind_int64(stmt, 2, a->oldest);
    for (; n < TRIMS_LOOKED_AT && !*ret_found && !(err = sqlite_row(a->log, stmt, a->fault)); n++) {
        err = is_shown(a, sqlite3_column_int64(stmt, 0), ret_found);
        if (!err && *ret_found)
            err = add(a, sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 2));
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    *ret_found = *ret_found || err == RS_NOT_FOUND;
    return err == RS_NOT_FOUND ? RS_OK : err;
}

/* Below the log's oldest event all is gone, so that a view's trims there, however many they are, make one range from the cursor
 * to the last of them. What reaches beyond are the trims of streams that have lost events which are younger than others of the
 * log. Returns in ret_whole whether that is all there is to know. */
static enum rs_err outline(struct asking *a, bool *ret_whole)
{
    enum rs_err err;

    *ret_whole = false;
    if (a->until < a->oldest || a->beyond.n > FEW_TRIMS)
        return RS_OK;
    err = pick_last(a, ret_whole);
    return err || !*ret_whole ? err : pick(a, &a->beyond);
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

static enum rs_err find_of_name(struct asking *a)
{
    bool whole = false;
    enum rs_err err = RS_OK;

    view_init(&a->view, a->name);
    if (a->reaching.n <= FEW_TRIMS)
        return pick(a, &a->reaching);
    if (!view_is_home(&a->view))
        err = outline(a, &whole);
    return err || whole ? err : collect(a);
}

static enum rs_err find_missing(struct sqlite_log *log, const struct eventlog_query *query, int64_t until,
                                struct trims *trims, struct fault *fault)
{
    struct asking a = {.log = log, .query = query, .until = until, .trims = trims, .fault = fault};
    enum rs_err err = find_reaching(log, query->after, &a.reaching, fault);

    if (err || a.reaching.n == 0)
        return err;
    err = sqlite_number(log, SQL_OLDEST_ID, &a.oldest, fault);
    if (!err && a.reaching.n > FEW_TRIMS)
        err = find_reaching(log, query->after >= a.oldest ? query->after : a.oldest - 1, &a.beyond, fault);
    for (int i = 0; !err && i < query->n_streams; i++) {
        size_t from = trims->n;
        a.name = query->streams[i];
        err = find_of_name(&a);
        trims_merge(trims, from, a.oldest);
        if (trims->n > from && trims->at[from].first <= a.oldest && !view_is_home(&a.view))
            trims->at[from].first = query->after < 0 ? 1 : query->after + 1; /* neither is anything left before it */
    }
    return err;
}

enum rs_err sqlite_find_gaps(struct sqlite_log *log, const struct eventlog_query *query,
                             struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault)
{
    int64_t until = query->until > 0 ? query->until : INT64_MAX;
    struct trims trims = {NULL, 0, 0};
    int n = 0;
    enum rs_err err = find_missing(log, query, until, &trims, fault);

    if (!err)
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

enum rs_err sqlite_gaps(struct eventlog *base, const struct eventlog_query *query,
                        struct eventlog_gap ret[EVENTLOG_GAPS_MAX], int *ret_n, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    bool exists;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    *ret_n = 0;
    if (err || !exists)
        return err;
    err = sqlite_do(log, SQL_BEGIN_READ, fault);
    if (!err)
        err = sqlite_find_gaps(log, query, ret, ret_n, fault);
    if (!err)
        err = sqlite_do(log, SQL_COMMIT, fault);
    if (err)
        sqlite_rollback(log);
    return err;
}
