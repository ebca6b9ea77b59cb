/* trim - what the tests of retention share: a log in an instance of its own, adding to it, rounds of retention, and what a query
 * of the log gives, as text. */
#ifndef RUNSPOOL_TESTS_TRIM_H
#define RUNSPOOL_TESTS_TRIM_H

#include "event/eventlog.h"
#include "tests/unit/instance.h"
#include <inttypes.h>

#define NOW INT64_C(1800000000000)
#define DAY (INT64_C(24) * 3600 * 1000)

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;

static inline enum rs_err owner(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *why)
{
    (void)ctx;
    (void)why;
    if (stream_has_kind(stream, "run")) {
        ret->org = strdup("org-a");
        ret->tags[ret->n_tags++] = strdup(stream_id(stream)[0] == 'l' ? "workflow:lint" : "workflow:site");
    }
    return RS_OK;
}

static inline void setup(void)
{
    instance_open(&dd, NULL);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, owner, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
}

static inline void teardown(void)
{
    eventlog_close(log_);
    instance_close(&dd);
}

static inline int64_t add_data(const char *stream, const char *type, const char *data, int64_t time_ms)
{
    struct eventlog_entry e = {.stream = stream, .type = type, .data = data, .data_len = strlen(data), .time_ms = time_ms};
    int64_t id;

    ck_assert_msg(eventlog_append(log_, &e, 1, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_eq(e.status, RS_OK);
    id = e.event->id;
    event_unref(e.event);
    return id;
}

static inline int64_t add(const char *stream, const char *type, int64_t time_ms)
{
    return add_data(stream, type, "{}", time_ms);
}

static inline void add_many(const char *stream, int n, int64_t time_ms)
{
    struct eventlog_entry *e = calloc((size_t)n, sizeof *e);

    for (int i = 0; i < n; i++)
        e[i] = (struct eventlog_entry){.stream = stream, .type = "log", .data = "{}", .data_len = 2, .time_ms = time_ms};
    ck_assert_msg(eventlog_append(log_, e, (size_t)n, &fault) == RS_OK, "%s", fault.message);
    for (int i = 0; i < n; i++)
        event_unref(e[i].event);
    free(e);
}

/* One whole round. Returns how many events went. */
static inline int trim(struct eventlog_keep keep)
{
    struct eventlog_trimmed step = {0};
    int n = 0, steps = 0;

    do {
        ck_assert_msg(eventlog_trim(log_, &keep, NOW, &step, &fault) == RS_OK, "%s", fault.message);
        ck_assert_int_le(step.events, EVENTLOG_TRIM_EVENTS);
        ck_assert_int_lt(++steps, 100000);
        n += step.events;
    } while (step.more);
    return n;
}

/* What a query gives: "[first-last]" for each gap, then "id id ...". */
static inline const char *show_query(struct eventlog_query query)
{
    static char text[65536];
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    struct event **events;
    int64_t examined;
    size_t len = 0;
    int n;

    text[0] = '\0';
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "[%" PRId64 "-%" PRId64 "] ", gaps[i].first, gaps[i].last);
    ck_assert_ok(eventlog_read(log_, &query, 1000, &events, &n, &examined, &fault));
    for (int i = 0; i < n; i++)
        len += (size_t)sprintf(text + len, "%" PRId64 " ", events[i]->id);
    eventlog_events_free(events, n);
    return text;
}

static inline const char *show(const char *stream, int64_t after)
{
    return show_query((struct eventlog_query){.streams = &stream, .n_streams = 1, .after = after});
}

static inline int64_t number(const char *sql)
{
    return instance_log_number(&dd, sql);
}

#endif
