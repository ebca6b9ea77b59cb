/* eventlog_views - the SQLite log: which streams a view shows. */
#include "event/eventlog_sqlite.h"
#include <stdlib.h>

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

bool numbers_has(const struct numbers *numbers, int64_t number)
{
    return numbers->n > 0 && bsearch(&number, numbers->at, numbers->n, sizeof *numbers->at, compare_numbers);
}

static enum rs_err add_streams(struct sqlite_log *log, enum sql sql, const char *name, const char *org, int64_t after, int most,
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
    sqlite3_bind_int(stmt, 4, most);
    while (!(err = sqlite_row(log, stmt, fault))) {
        err = numbers_add(streams, sqlite3_column_int64(stmt, 0), fault);
        if (err)
            break;
    }
    sqlite3_reset(stmt);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err sqlite_view_streams(struct sqlite_log *log, const struct view *view, const char *org, int64_t after, int most,
                                struct numbers *streams, struct fault *fault)
{
    enum rs_err err = add_streams(log, SQL_VIEW_HOME, view->home, org, after, most, streams, fault);

    if (!err)
        err = add_streams(log, SQL_VIEW_HOME_KIND, view->home_kind, org, after, most, streams, fault);
    if (!err)
        err = add_streams(log, SQL_VIEW_TAG, view->tag, org, after, most, streams, fault);
    if (!err)
        err = add_streams(log, SQL_VIEW_TAG_KIND, view->tag_kind, org, after, most, streams, fault);
    return err;
}
