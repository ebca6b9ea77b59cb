/* The history of ended runs, and what can be said of it in figures: gathered by the database from the indexes run_ended and
 * run_took. */
#include "model/run_history.h"

#include "base/clock.h"
#include "model/list_page.h"
#include "model/run_row.h"

#include <stdio.h>
#include <string.h>

#define HISTORY_SQL_MAX 2048
#define DAY_MS INT64_C(86400000)

/* A clock that was set back makes no negative time. As in the index. */
#define TOOK "CASE WHEN finished > started THEN finished - started ELSE 0 END"

/* What all queries are given, as $1 to $6. */
struct selection {
    const struct run_history_filter *filter;
    char pattern[LIST_PATTERN_MAX]; /* "": none */
};

/* A filter that is not asked for still names its argument, so that one call fits all. */
static void put_where(struct buf *sql, const struct selection *s)
{
    const struct run_history_filter *f = s->filter;

    bool bounded = f->from_ms > 0 || f->to_ms < INT64_MAX;

    buf_puts(sql, " FROM run WHERE status IN ('success', 'error', 'cancelled')");
    buf_puts(sql, bounded ? " AND finished >= $1 AND finished < $2" : " AND CAST($1 AS BIGINT) < CAST($2 AS BIGINT)");
    buf_puts(sql, f->org != NULL ? " AND org = $3" : " AND CAST($3 AS TEXT) IS NULL");
    buf_puts(sql, f->status != NULL ? " AND status = $4" : " AND CAST($4 AS TEXT) IS NULL");
    buf_puts(sql, f->workflow_id != NULL ? " AND workflow_id = $5" : " AND CAST($5 AS TEXT) IS NULL");
    buf_puts(sql, s->pattern[0] != '\0' ? RUN_TEXT_LIKE("$6") : " AND CAST($6 AS TEXT) IS NULL");
}
#define ARGS(s)                                                                                                        \
    (s)->filter->from_ms, (s)->filter->to_ms, (s)->filter->org, (s)->filter->status, (s)->filter->workflow_id,         \
        (s)->pattern[0] != '\0' ? (s)->pattern : NULL
#define ARG_TYPES "iitttt"

static void put_error(struct json_object *item, const char *text)
{
    struct json_object *error = NULL;

    json_set(item, "error", NULL);
    if (text == NULL || json_parse(text, strlen(text), JSON_BODY_MAX, &error, NULL) != RS_OK)
        return;
    json_set_string(item, "error", json_get_string(error, "message", NULL));
    json_object_put(error);
}

static struct json_object *seconds(int64_t ms)
{
    char text[32]; /* as it is meant: 0.087, not 0.086999999999999994 */

    snprintf(text, sizeof(text), "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
    return json_object_new_double_s((double)ms / 1000, text);
}

static struct json_object *item_of(struct db_rows *rows)
{
    struct json_object *item = json_object_new_object();

    json_set_string(item, "id", db_text(rows, 0));
    json_set_string(item, "name", db_text(rows, 1));
    json_set_string(item, "workflow_id", db_text(rows, 2));
    json_set_string(item, "status", db_text(rows, 3));
    json_set(item, "start_time", NULL);
    json_set_time(item, "start_time", db_int(rows, 4));
    json_set_time(item, "end_time", db_int(rows, 5));
    json_set(item, "duration", db_is_null(rows, 4) ? NULL : seconds(db_int(rows, 6)));
    put_error(item, db_text(rows, 7));
    return item;
}

static enum rs_err list_runs(struct db *db, const struct selection *s, struct json_object *list, struct fault *fault)
{
    struct db_rows *rows = NULL;
    struct buf sql;
    enum rs_err err;

    buf_init(&sql, HISTORY_SQL_MAX);
    buf_puts(&sql, "SELECT id, name, workflow_id, status, started, finished, " TOOK ", error");
    put_where(&sql, s);
    buf_puts(&sql, " ORDER BY finished DESC, n DESC LIMIT $7 OFFSET $8");
    err = sql.err != RS_OK ? fault_set(fault, sql.err, "no memory for a list")
                           : db_query(db, &rows, fault, sql.data, ARG_TYPES "ii", ARGS(s), (int64_t)s->filter->limit,
                                      (int64_t)s->filter->offset);
    while (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        json_object_array_add(list, item_of(rows));
    db_done(rows);
    buf_release(&sql);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

struct figures {
    int64_t total, good, recent_failures, first_ms, last_ms;
    int64_t begun, took_ms, p95_ms; /* of those that had begun */
};

static enum rs_err one_row(struct db *db, const struct selection *s, const char *columns, const char *end, int64_t extra,
                           struct db_rows **ret, struct fault *fault)
{
    struct buf sql;
    enum rs_err err;

    buf_init(&sql, HISTORY_SQL_MAX);
    buf_puts(&sql, columns);
    put_where(&sql, s);
    buf_puts(&sql, end);
    err = sql.err != RS_OK ? fault_set(fault, sql.err, "no memory for figures")
                           : db_query(db, ret, fault, sql.data, ARG_TYPES "i", ARGS(s), extra);
    buf_release(&sql);
    return err != RS_OK ? err : db_next(*ret, fault);
}

static enum rs_err count(struct db *db, const struct selection *s, int64_t now_ms, struct figures *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = one_row(db, s,
                              "SELECT COUNT(*), SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END),"
                              " SUM(CASE WHEN status = 'error' AND finished > $7 THEN 1 ELSE 0 END),"
                              " MIN(finished), MAX(finished), COUNT(started),"
                              " CAST(SUM(CASE WHEN started IS NOT NULL THEN " TOOK " ELSE 0 END) AS BIGINT)",
                              "", now_ms - DAY_MS, &rows, fault);

    if (err == RS_OK)
        *ret = (struct figures){.total = db_int(rows, 0), .good = db_int(rows, 1), .recent_failures = db_int(rows, 2),
                                .first_ms = db_int(rows, 3), .last_ms = db_int(rows, 4), .begun = db_int(rows, 5),
                                .took_ms = db_int(rows, 6)};
    db_done(rows);
    return err;
}

/* The smallest that 95 of a hundred do not go beyond. */
static enum rs_err percentile(struct db *db, const struct selection *s, struct figures *figures, struct fault *fault)
{
    struct db_rows *rows = NULL;
    int64_t rank = (figures->begun * 95 + 99) / 100;
    enum rs_err err;

    if (figures->begun == 0)
        return RS_OK;
    err = one_row(db, s, "SELECT " TOOK, " AND started IS NOT NULL ORDER BY " TOOK " LIMIT 1 OFFSET $7", rank - 1, &rows, fault);
    if (err == RS_OK)
        figures->p95_ms = db_int(rows, 0);
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err; /* retried meanwhile */
}

static struct json_object *day_item(struct db_rows *rows)
{
    static const char *const counts[] = {"success", "error", "cancelled"};
    struct json_object *item = json_object_new_object();
    char day[CLOCK_TEXT_MAX];

    clock_format(db_int(rows, 0) * DAY_MS, day);
    day[strlen("2026-11-21")] = '\0';
    json_set_string(item, "day", day);
    for (int i = 0; i < 3; i++)
        json_set_int(item, counts[i], db_int(rows, 1 + i));
    json_set(item, "p50_duration", db_is_null(rows, 4) ? NULL : seconds(db_int(rows, 4)));
    json_set(item, "p95_duration", db_is_null(rows, 5) ? NULL : seconds(db_int(rows, 5)));
    return item;
}

/* Percentiles by nearest rank among the day's runs that had begun. */
static enum rs_err list_days(struct db *db, const struct selection *s, struct json_object *list, struct fault *fault)
{
    static const char columns[] =
        "SELECT * FROM (SELECT day, SUM(CASE WHEN status = 'success' THEN 1 ELSE 0 END), SUM(CASE WHEN status = 'error' THEN 1 ELSE 0 END),"
        " SUM(CASE WHEN status = 'cancelled' THEN 1 ELSE 0 END), MIN(CASE WHEN began = 1 AND place * 100 >= n * 50 THEN took END),"
        " MIN(CASE WHEN began = 1 AND place * 100 >= n * 95 THEN took END) FROM (SELECT day, status, began, took,"
        " ROW_NUMBER() OVER (PARTITION BY day, began ORDER BY took) AS place, COUNT(*) OVER (PARTITION BY day, began) AS n"
        " FROM (SELECT finished / 86400000 AS day, status, CASE WHEN started IS NULL THEN 0 ELSE 1 END AS began, " TOOK " AS took";
    struct db_rows *rows = NULL;
    enum rs_err err = one_row(db, s, columns, ") AS r) AS placed GROUP BY day ORDER BY day DESC LIMIT $7) AS newest ORDER BY day",
                              RUN_HISTORY_DAYS_MAX, &rows, fault);

    for (; err == RS_OK; err = db_next(rows, fault))
        json_object_array_add(list, day_item(rows));
    db_done(rows);
    return err == RS_NOT_FOUND ? RS_OK : err;
}

static int64_t day_of(int64_t wall_ms)
{
    return (wall_ms >= 0 ? wall_ms : wall_ms - DAY_MS + 1) / DAY_MS;
}

static double per_day(const struct figures *f, const struct run_history_filter *filter, int64_t now_ms)
{
    int64_t first = filter->from_ms > 0 ? filter->from_ms : f->first_ms;
    int64_t last = filter->to_ms < INT64_MAX ? filter->to_ms - 1 : f->last_ms;

    if (last > now_ms)
        last = now_ms > f->last_ms ? now_ms : f->last_ms; /* days to come have no runs yet */
    return f->total == 0 ? 0 : (double)f->total / (double)(day_of(last) - day_of(first) + 1);
}

static void put_double(struct json_object *object, const char *name, double value)
{
    json_set(object, name, json_object_new_double(value));
}

static struct json_object *analytics(const struct figures *f, const struct run_history_filter *filter, int64_t now_ms)
{
    struct json_object *answer = json_object_new_object();

    json_set_int(answer, "total_count", f->total);
    put_double(answer, "success_rate", f->total > 0 ? 100.0 * (double)f->good / (double)f->total : 0);
    put_double(answer, "average_duration", f->begun > 0 ? (double)f->took_ms / (double)f->begun / 1000 : 0);
    json_set(answer, "p95_duration", seconds(f->p95_ms));
    json_set_int(answer, "recent_failures", f->recent_failures);
    put_double(answer, "runs_per_day", per_day(f, filter, now_ms));
    return answer;
}

enum rs_err run_history(struct store *store, const struct run_history_filter *filter, int64_t now_ms, struct json_object **ret,
                        struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *list = json_object_new_array();
    struct selection s = {.filter = filter};
    struct figures figures = {0};
    enum rs_err err = answer && list ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a history");

    json_set(answer, "workflows", list);
    if (err == RS_OK)
        err = list_page_pattern(filter->text, s.pattern, fault);
    if (err == RS_OK)
        err = db_begin_read(store->db, fault); /* the figures are those of what is listed */
    if (err == RS_OK)
        err = list_runs(store->db, &s, list, fault);
    if (err == RS_OK)
        err = count(store->db, &s, now_ms, &figures, fault);
    if (err == RS_OK)
        err = percentile(store->db, &s, &figures, fault);
    if (err == RS_OK && filter->days) {
        struct json_object *days = json_object_new_array();
        json_set(answer, "days", days);
        err = list_days(store->db, &s, days, fault);
    }
    db_rollback(store->db);
    if (err != RS_OK) {
        json_object_put(answer);
        return err;
    }
    json_set_int(answer, "total_count", figures.total);
    json_set(answer, "analytics", analytics(&figures, filter, now_ms));
    *ret = answer;
    return RS_OK;
}
