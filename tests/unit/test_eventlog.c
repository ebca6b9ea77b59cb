#include "event/eventlog.h"
#include "base/clock.h"
#include "event/view.h"
#include "tests/unit/instance.h"
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;
static int owner_calls;
static int owner_fails; /* of the next calls */

/* run:ID belongs to org-a; its tags follow from the first letter of ID. */
static enum rs_err owner(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *why)
{
    const char *const *tags = NULL;
    static const char *const lint[] = {"workflow:lint", "crew:quality", NULL};
    static const char *const site[] = {"workflow:site", "crew:web", "tool:scrape", "session:s1", NULL};

    ck_assert_ptr_eq(ctx, &dd);
    owner_calls++;
    if (owner_fails > 0) {
        owner_fails--;
        return fault_set(why, RS_IO, "the database is away");
    }
    if (stream_has_kind(stream, "run")) {
        ret->org = strdup(stream_id(stream)[0] == 'x' ? "org-b" : "org-a");
        tags = stream_id(stream)[0] == 'l' ? lint : site;
    }
    for (; tags && *tags; tags++)
        ret->tags[ret->n_tags++] = strdup(*tags);
    return RS_OK;
}

static void setup(void)
{
    instance_open(&dd, NULL);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &log_, &fault) == RS_OK, "%s", fault.message);
}

/* The same as the process that looks after the log: few events at once are stored beside the others first. */
static void setup_looking_after(void)
{
    bool due;
    int64_t bytes;

    setup();
    ck_assert_ok(eventlog_checkpoint(log_, false, &due, &bytes, &fault));
}

static void teardown(void)
{
    eventlog_close(log_);
    instance_close(&dd);
}

static struct eventlog_entry entry(const char *stream, const char *type, const char *data)
{
    return (struct eventlog_entry){.stream = stream, .type = type, .data = data, .data_len = strlen(data)};
}

/* Append one entry; its id, 0 when not stored. */
static int64_t put(struct eventlog_entry *e)
{
    int64_t id = 0;

    ck_assert_msg(eventlog_append(log_, e, 1, &fault) == RS_OK, "%s", fault.message);
    if (e->event)
        id = e->event->id;
    ck_assert_int_eq(e->event != NULL, e->status == RS_OK && !e->duplicate);
    event_unref(e->event);
    e->event = NULL;
    return id;
}

static int64_t add(const char *stream, const char *type)
{
    struct eventlog_entry e = entry(stream, type, "{}");

    return put(&e);
}

/* "seq stream, seq stream" of what a query gives, page by page; examined at the end. */
static char *show(struct eventlog *log, struct eventlog_query query, int limit, int64_t *ret_examined)
{
    static char text[8192];
    int64_t head, end, last = query.after;
    size_t len = 0;

    text[0] = '\0';
    ck_assert_ok(eventlog_head(log, &head, NULL));
    end = query.until && query.until < head ? query.until : head;
    for (;;) {
        struct event **events;
        int64_t examined;
        int n;
        ck_assert_msg(eventlog_read(log, &query, limit, &events, &n, &examined, &fault) == RS_OK, "%s", fault.message);
        ck_assert_int_le(n, limit);
        for (int i = 0; i < n; i++) {
            ck_assert_int_gt(events[i]->id, last);
            last = events[i]->id;
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%" PRId64 " %s", len ? ", " : "", events[i]->seq,
                                    events[i]->home->name);
            ck_assert_uint_lt(len, sizeof text);
        }
        if (n == limit)
            ck_assert_int_eq(examined, last);
        eventlog_events_free(events, n);
        query.after = examined;
        if (examined >= end)
            break;
    }
    if (ret_examined)
        *ret_examined = query.after;
    return text;
}

static char *view(const char *stream)
{
    return show(log_, (struct eventlog_query){.streams = &stream, .n_streams = 1}, 3, NULL);
}

START_TEST(append_numbers_each_stream_without_holes)
{
    struct eventlog_entry e[4] = {entry("run:s1", "run.started", "{\"name\":\"x\"}"), entry("run:l1", "log", "{}"),
                                  entry("run:s1", "log", "{\"message\":\"\xc3\xa4\"}"), entry("queue", "state.changed", "{}")};
    int64_t head = -1, first;

    ck_assert_ok(eventlog_head(log_, &head, NULL));
    ck_assert_int_eq(head, 0);
    e[0].time_ms = 1763737445123;
    ck_assert_ok(eventlog_append(log_, e, 4, &fault));
    first = e[0].event->id;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(e[i].status, RS_OK);
        ck_assert(!e[i].duplicate);
        ck_assert_int_eq(e[i].event->id, first + i);
    }
    ck_assert_int_eq(e[0].event->seq, 1);
    ck_assert_int_eq(e[1].event->seq, 1);
    ck_assert_int_eq(e[2].event->seq, 2);
    ck_assert_int_eq(e[0].event->time_ms, 1763737445123);
    ck_assert_int_ge(e[1].event->time_ms, clock_wall_ms() - 60000);
    ck_assert_str_eq(e[0].event->data, "{\"name\":\"x\"}");
    ck_assert_str_eq(e[0].event->home->org, "org-a");
    ck_assert_ptr_eq(e[0].event->home, e[2].event->home);
    ck_assert_str_eq(e[3].event->home->org, "default");
    ck_assert_int_eq(owner_calls, 3);
    for (int i = 0; i < 4; i++)
        event_unref(e[i].event);
    ck_assert_ok(eventlog_head(log_, &head, NULL));
    ck_assert_int_eq(head, first + 3);
}
END_TEST

/* A stream keeps its owner for good: it is not given one by a guess. */
START_TEST(nothing_is_stored_while_the_owner_cannot_be_asked)
{
    struct eventlog_entry e[2] = {entry("run:l1", "log", "{}"), entry("run:x1", "log", "{}")};
    struct eventlog_stream known;
    int64_t head;

    add("run:l1", "log");
    owner_fails = 2;
    for (int i = 0; i < 2; i++) {
        e[1].producer = "p";
        e[1].producer_seq = 7;
        ck_assert_int_eq(eventlog_append(log_, e, 2, &fault), RS_BUSY);
        ck_assert_str_eq(fault.message, "cannot find out whose run:x1 is: the database is away");
        ck_assert_ptr_null(e[0].event);
        ck_assert_ptr_null(e[1].event);
        ck_assert_int_eq(eventlog_stream(log_, "run:x1", &known, NULL), RS_NOT_FOUND);
        ck_assert_ok(eventlog_head(log_, &head, NULL));
        ck_assert_int_eq(head, 1);
    }
    ck_assert_ok(eventlog_append(log_, e, 2, &fault));
    ck_assert_int_eq(e[0].event->seq, 2);
    ck_assert_int_eq(e[1].event->seq, 1);
    ck_assert_str_eq(e[1].event->home->org, "org-b");
    ck_assert_int_eq(e[1].event->home->n_tags, 4);
    ck_assert_ok(eventlog_stream(log_, "run:x1", &known, &fault));
    ck_assert_str_eq(known.org, "org-b");
    event_unref(e[0].event);
    event_unref(e[1].event);
}
END_TEST

static int now_calls;

static enum rs_err owner_now(void *ctx, const char *stream, struct eventlog_owner *ret, struct fault *fault_)
{
    now_calls++;
    (void)ctx;
    (void)stream;
    if (now_calls == 1)
        return fault_set(fault_, RS_BUSY, "not now");
    ret->org = strdup("org-now");
    return RS_OK;
}

/* One that appends without waiting asks only who does not wait either. */
START_TEST(an_append_without_waiting_asks_another)
{
    struct eventlog_entry e[1] = {entry("run:n1", "log", "{}")};
    struct eventlog_stream known;

    now_calls = 0;
    eventlog_ask_now(log_, owner_now);
    ck_assert_int_eq(eventlog_append_now(log_, e, 1, &fault), RS_BUSY);
    ck_assert_ptr_null(e[0].event);
    ck_assert_ok(eventlog_append_now(log_, e, 1, &fault));
    ck_assert_str_eq(e[0].event->home->org, "org-now");
    event_unref(e[0].event);
    ck_assert_ok(eventlog_append_now(log_, e, 1, &fault)); /* it is known now */
    event_unref(e[0].event);
    ck_assert_int_eq(now_calls, 2);
    ck_assert_int_eq(owner_calls, 0);
    ck_assert_ok(eventlog_stream(log_, "run:n1", &known, &fault));
    ck_assert_str_eq(known.org, "org-now");
    add("run:n2", "log"); /* who may wait asks the log's own */
    ck_assert_int_eq(now_calls, 2);
    ck_assert_int_eq(owner_calls, 1);
}
END_TEST

/* Without one it does not ask, whether it knows the stream or somebody else's append made it. */
START_TEST(an_append_without_waiting_asks_for_no_owner)
{
    struct eventlog_entry e[2] = {entry("run:l1", "log", "{}"), entry("run:s1", "log", "{}")};
    struct eventlog *other;

    ck_assert_int_eq(eventlog_append_now(log_, e, 1, &fault), RS_NOT_FOUND);
    add("run:l1", "log");
    ck_assert_int_eq(eventlog_append_now(log_, e, 2, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(owner_calls, 1);
    ck_assert_ok(eventlog_append_now(log_, e, 1, &fault));
    ck_assert_int_eq(e[0].event->seq, 2);
    event_unref(e[0].event);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &other, &fault));
    ck_assert_ok(eventlog_append(other, &e[1], 1, &fault));
    event_unref(e[1].event);
    eventlog_close(other);
    ck_assert_ok(eventlog_append_now(log_, e, 2, &fault));
    ck_assert_int_eq(e[0].event->seq, 3);
    ck_assert_int_eq(e[1].event->seq, 2);
    event_unref(e[0].event);
    event_unref(e[1].event);
    ck_assert_int_eq(owner_calls, 2);
}
END_TEST

START_TEST(bad_entries_are_marked_and_the_rest_stored)
{
    struct eventlog_entry e[] = {entry("run:*", "log", "{}"), entry("run:s1", "Log", "{}"), entry("run:s1", "log", "{}"),
                                 entry("workflow:x", "log", "{}"), entry("nonsense", "log", "{}")};

    e[4].producer = "p";
    e[4].producer_seq = 9;
    ck_assert_ok(eventlog_append(log_, e, 5, &fault));
    ck_assert_int_eq(e[0].status, RS_INVALID);
    ck_assert_int_eq(e[1].status, RS_INVALID);
    ck_assert_int_eq(e[2].status, RS_OK);
    ck_assert_int_eq(e[2].event->seq, 1);
    ck_assert_int_eq(e[3].status, RS_INVALID);
    ck_assert_int_eq(e[4].status, RS_INVALID);
    ck_assert_ptr_null(e[0].event);
    event_unref(e[2].event);
    /* A refused line is acknowledged too. */
    int64_t last;
    ck_assert_ok(eventlog_producer(log_, "p", &last, NULL));
    ck_assert_int_eq(last, 9);
}
END_TEST

START_TEST(numbered_lines_are_stored_once)
{
    struct eventlog_entry e = entry("run:s1", "log", "{}");
    int64_t last;

    ck_assert_ok(eventlog_producer(log_, "run-abc", &last, NULL));
    ck_assert_int_eq(last, 0);
    e.producer = "run-abc";
    for (int round = 0; round < 2; round++) {
        for (e.producer_seq = 1; e.producer_seq <= 3; e.producer_seq++) {
            int64_t id = put(&e);
            ck_assert_int_eq(e.duplicate, round == 1);
            ck_assert_int_eq(id != 0, round == 0);
        }
        /* The second round asks the disk, not the cache. */
        eventlog_close(log_);
        ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &log_, &fault));
    }
    e.producer_seq = 10; /* a jump is accepted */
    ck_assert_int_ne(put(&e), 0);
    e.producer = "run-other";
    e.producer_seq = 1;
    ck_assert_int_ne(put(&e), 0);
    ck_assert_ok(eventlog_producer(log_, "run-abc", &last, NULL));
    ck_assert_int_eq(last, 10);
    ck_assert_str_eq(view("run:s1"), "1 run:s1, 2 run:s1, 3 run:s1, 4 run:s1, 5 run:s1");
}
END_TEST

START_TEST(outbox_rows_are_stored_once_a_stream)
{
    struct eventlog_entry e = entry("run:s1", "run.started", "{}");

    e.oid = 5;
    ck_assert_int_ne(put(&e), 0);
    ck_assert_int_eq(put(&e), 0);
    ck_assert(e.duplicate);
    e.oid = 4;
    put(&e);
    ck_assert(e.duplicate);
    ck_assert_int_ne(add("run:s1", "log"), 0); /* without oid: not deduplicated */
    e.oid = 6;
    ck_assert_int_ne(put(&e), 0);
    e.stream = "run:s2";
    e.oid = 3;
    ck_assert_int_ne(put(&e), 0);
}
END_TEST

START_TEST(an_ended_run_takes_nothing_until_it_is_reopened)
{
    struct eventlog_entry late = entry("run:s1", "log", "{}");
    struct eventlog_stream state;
    int64_t end;

    add("run:s1", "run.started");
    end = add("run:s1", "run.failed");
    ck_assert_ok(eventlog_stream(log_, "run:s1", &state, NULL));
    ck_assert_int_eq(state.end_id, end);
    ck_assert_int_eq(state.last_id, end);
    ck_assert_int_eq(state.last_seq, 2);
    ck_assert_str_eq(state.org, "org-a");
    put(&late);
    ck_assert_int_eq(late.status, RS_CONFLICT);
    eventlog_close(log_);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &log_, &fault));
    put(&late);
    ck_assert_int_eq(late.status, RS_CONFLICT);
    ck_assert_int_ne(add("run:s1", "run.retried"), 0);
    ck_assert_ok(eventlog_stream(log_, "run:s1", &state, NULL));
    ck_assert_int_eq(state.end_id, 0);
    ck_assert_int_ne(put(&late), 0);
    ck_assert_int_ne(add("run:s1", "run.finished"), 0);
    ck_assert_int_eq(add("run:s1", "run.started"), 0);
    /* Only runs end. */
    add("tool:x", "run.finished");
    ck_assert_int_ne(add("tool:x", "log"), 0);
    ck_assert_int_eq(eventlog_stream(log_, "run:none", &state, NULL), RS_NOT_FOUND);
}
END_TEST

static void fill_views(void)
{
    add("run:l1", "run.started");
    add("run:s1", "run.started");
    add("tool:scrape", "scrape.progress");
    add("run:s1", "log");
    add("run:l1", "run.finished");
    add("crew:quality", "crew.signal");
    add("mission:quality", "crew.signal");
    add("adw:a1", "adw.changed");
    add("queue", "state.changed");
    add("run:x1", "run.started");
}

#define RUNS "1 run:l1, 1 run:s1, 2 run:s1, 2 run:l1, 1 run:x1"

START_TEST(views_show_homes_in_the_order_of_ids)
{
    static const struct {
        const char *name, *shows;
    } views[] = {
        {"run:l1", "1 run:l1, 2 run:l1"},
        {"run:none", ""},
        {"workflow:lint", "1 run:l1, 2 run:l1"},
        {"workflow:site", "1 run:s1, 2 run:s1, 1 run:x1"},
        {"workflow:*", RUNS},
        {"tool:scrape", "1 run:s1, 1 tool:scrape, 2 run:s1, 1 run:x1"},
        {"tool:*", "1 run:s1, 1 tool:scrape, 2 run:s1, 1 run:x1"},
        {"session:s1", "1 run:s1, 2 run:s1, 1 run:x1"},
        {"crew:quality", "1 run:l1, 2 run:l1, 1 crew:quality"},
        {"mission:quality", "1 run:l1, 2 run:l1, 1 mission:quality"},
        {"mission:*", "1 run:l1, 1 run:s1, 2 run:s1, 2 run:l1, 1 mission:quality, 1 run:x1"},
        {"runs", RUNS},
        {"run:*", RUNS},
        {"workflows", RUNS},
        {"history", RUNS},
        {"adws", "1 adw:a1"},
        {"adw:a1", "1 adw:a1"},
        {"queue", "1 queue"},
        {"system", ""},
    };

    fill_views();
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
        ck_assert_str_eq(view(views[i].name), views[i].shows);
    /* The same when the log is too long to be scanned for a few events. */
    for (int i = 0; i < 3000; i++)
        add("run:other", "log");
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        if (!strstr(views[i].shows, "run:x1"))
            ck_assert_str_eq(view(views[i].name), views[i].shows);
    }
}
END_TEST

START_TEST(several_streams_give_each_event_once)
{
    const char *streams[] = {"workflow:lint", "run:l1", "queue", "crew:quality", "queue"};
    struct eventlog_query query = {.streams = streams, .n_streams = 5};
    int64_t examined, head;

    fill_views();
    ck_assert_ok(eventlog_head(log_, &head, NULL));
    ck_assert_str_eq(show(log_, query, 2, &examined), "1 run:l1, 2 run:l1, 1 crew:quality, 1 queue");
    ck_assert_int_eq(examined, head);
    for (int i = 0; i < 3000; i++)
        add("run:other", "log");
    ck_assert_str_eq(show(log_, query, 2, NULL), "1 run:l1, 2 run:l1, 1 crew:quality, 1 queue");
    query.after = 1;
    query.until = 6;
    ck_assert_str_eq(show(log_, query, 2, &examined), "2 run:l1, 1 crew:quality");
    ck_assert_int_eq(examined, 6);
    query.after = head + 5000; /* beyond the end */
    query.until = 0;
    ck_assert_str_eq(show(log_, query, 2, &examined), "");
}
END_TEST

/* Every way of reading against the plainest one: all events of all homes, kept when they fit. */
START_TEST(any_view_and_page_size_give_the_same)
{
    enum { STREAMS = 60, EVENTS = 3000 };
    static const char *const views[] = {"runs", "workflow:lint", "workflow:site", "crew:*", "tool:*", "mission:web", "run:l7"};
    static const int limits[] = {1, 7, 50, 1000, 5000};
    static char homes[STREAMS][16];
    static const char *names[STREAMS];
    static int64_t expected[EVENTS];
    struct event **all;
    int64_t examined;
    unsigned random = 12345;
    int n_all;

    for (int i = 0; i < STREAMS; i++) {
        snprintf(homes[i], sizeof homes[i], "%s%d", i < 3 ? "tool:t" : i % 10 ? "run:s" : "run:l", i);
        names[i] = homes[i];
    }
    for (int i = 0; i < EVENTS; i++) {
        random = random * 1103515245 + 12345;
        add(homes[(random >> 16) % (i < EVENTS / 2 ? 3 : STREAMS)], random & 0x40000000 ? "log" : "node.started");
    }
    struct eventlog_query query = {.streams = names, .n_streams = STREAMS};
    ck_assert_ok(eventlog_read(log_, &query, EVENTS + 1, &all, &n_all, &examined, &fault));
    ck_assert_int_eq(n_all, EVENTS);
    for (size_t v = 0; v < sizeof views / sizeof *views; v++) {
        struct view view;
        view_init(&view, views[v]);
        for (int without_bulk = 0; without_bulk < 2; without_bulk++) {
            int n_expected = 0;
            for (int i = 0; i < n_all; i++) {
                if (view_has(&view, all[i]->home) && !(without_bulk && event_type_is_bulk(all[i]->type)))
                    expected[n_expected++] = all[i]->id;
            }
            for (size_t l = 0; l < sizeof limits / sizeof *limits; l++) {
                int found = 0;
                query = (struct eventlog_query){.streams = &views[v], .n_streams = 1, .without_bulk = without_bulk};
                while (query.after < all[n_all - 1]->id) {
                    struct event **events;
                    int n;
                    ck_assert_ok(eventlog_read(log_, &query, limits[l], &events, &n, &query.after, &fault));
                    ck_assert_int_le(n, limits[l]);
                    for (int i = 0; i < n; i++, found++) {
                        ck_assert_int_lt(found, n_expected);
                        ck_assert_int_eq(events[i]->id, expected[found]);
                    }
                    eventlog_events_free(events, n);
                }
                ck_assert_msg(found == n_expected, "%s by %d: %d of %d", views[v], limits[l], found, n_expected);
            }
        }
    }
    eventlog_events_free(all, n_all);
}
END_TEST

START_TEST(org_and_bulk_filter_every_way_of_reading)
{
    const char *one[] = {"run:s1"}, *runs[] = {"runs"}, *some[] = {"run:s1", "run:x1", "run:l1"};
    struct eventlog_query query = {.streams = runs, .n_streams = 1, .org = "org-a", .without_bulk = true};

    fill_views();
    for (int round = 0; round < 2; round++) {
        query.org = "org-a";
        query.streams = runs;
        query.n_streams = 1;
        ck_assert_str_eq(show(log_, query, 10, NULL), "1 run:l1, 1 run:s1, 2 run:l1");
        query.streams = some;
        query.n_streams = 3;
        ck_assert_str_eq(show(log_, query, 10, NULL), "1 run:l1, 1 run:s1, 2 run:l1");
        query.streams = one;
        query.n_streams = 1;
        ck_assert_str_eq(show(log_, query, 10, NULL), "1 run:s1");
        query.org = "org-b";
        ck_assert_str_eq(show(log_, query, 10, NULL), "");
        for (int i = 0; i < 3000; i++) /* bulk of one stream: the second round reads by index */
            add("run:s1", "log");
    }
}
END_TEST

START_TEST(a_bad_name_is_an_error)
{
    const char *streams[] = {"run:a/b"};
    struct eventlog_query query = {.streams = streams, .n_streams = 1};
    struct event **events;
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    int64_t examined;
    int n;

    ck_assert_int_eq(eventlog_read(log_, &query, 1, &events, &n, &examined, &fault), RS_INVALID);
    ck_assert_int_eq(eventlog_gaps(log_, &query, gaps, &n, &fault), RS_INVALID);
}
END_TEST

static char *newest(const char *stream, const char *const *types, int64_t until, int limit)
{
    static char text[256];
    struct event **events;
    size_t len = 0;
    int n;

    ck_assert_msg(eventlog_read_newest(log_, stream, types, until, limit, &events, &n, &fault) == RS_OK, "%s",
                  fault.message);
    text[0] = '\0';
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%" PRId64 " %s", i ? ", " : "", events[i]->seq,
                                events[i]->type);
    eventlog_events_free(events, n);
    return text;
}

START_TEST(newest_are_given_oldest_first)
{
    const char *logs[] = {"log", "node.finished", NULL}, *state[] = {"node.finished", "run.started", NULL};
    int64_t third;

    add("run:s1", "run.started");
    add("run:s1", "log");
    third = add("run:s1", "log");
    add("run:l1", "log");
    add("run:s1", "node.finished");
    add("run:s1", "log");
    ck_assert_str_eq(newest("run:s1", NULL, 0, 10), "1 run.started, 2 log, 3 log, 4 node.finished, 5 log");
    ck_assert_str_eq(newest("run:s1", NULL, 0, 2), "4 node.finished, 5 log");
    ck_assert_str_eq(newest("run:s1", logs, 0, 3), "3 log, 4 node.finished, 5 log");
    ck_assert_str_eq(newest("run:s1", logs, third, 10), "2 log, 3 log");
    ck_assert_str_eq(newest("run:s1", state, 0, 10), "1 run.started, 4 node.finished");
    ck_assert_str_eq(newest("run:none", NULL, 0, 10), "");
}
END_TEST

START_TEST(a_reader_may_come_before_the_log)
{
    struct datadir other;
    struct eventlog *reader, *writer;
    const char *runs = "runs";
    struct eventlog_query query = {.streams = &runs, .n_streams = 1};
    struct eventlog_entry e = entry("run:s1", "log", "{}");
    struct eventlog_stream state;
    struct event **events;
    int64_t head, examined;
    int n;

    instance_open(&other, NULL);
    ck_assert_ok(eventlog_open(&other, EVENTLOG_READ, NULL, NULL, &reader, &fault));
    ck_assert_ok(eventlog_head(reader, &head, &fault));
    ck_assert_int_eq(head, 0);
    ck_assert(!eventlog_changed(reader));
    ck_assert_int_eq(eventlog_stream(reader, "run:s1", &state, NULL), RS_NOT_FOUND);
    ck_assert_ok(eventlog_read(reader, &query, 10, &events, &n, &examined, &fault));
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(examined, 0);
    eventlog_events_free(events, n);
    ck_assert_ok(eventlog_open(&other, EVENTLOG_WRITE, owner, &dd, &writer, &fault));
    ck_assert_ok(eventlog_append(writer, &e, 1, &fault));
    event_unref(e.event);
    ck_assert(eventlog_changed(reader));
    ck_assert_str_eq(show(reader, query, 10, NULL), "1 run:s1");
    eventlog_close(writer);
    eventlog_close(reader);
    instance_close(&other);
}
END_TEST

START_TEST(changed_says_whether_another_wrote)
{
    struct eventlog *reader;

    add("run:s1", "log");
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &reader, &fault));
    ck_assert(eventlog_changed(reader)); /* since it was opened nothing was asked */
    ck_assert(!eventlog_changed(reader));
    add("run:s1", "log");
    ck_assert(eventlog_changed(reader));
    ck_assert(!eventlog_changed(reader));
    eventlog_close(reader);
}
END_TEST

/* Two processes, many small transactions: each stream counts without holes, no id is given twice. */
START_TEST(two_processes_may_append)
{
    enum { EACH = 1500, BATCH = 3 };
    const char *streams[] = {"run:l1", "run:s1"};
    pid_t pids[2];

    for (int p = 0; p < 2; p++) {
        pids[p] = fork();
        ck_assert_int_ge(pids[p], 0);
        if (pids[p] == 0) {
            struct eventlog *mine;
            char name[16];
            snprintf(name, sizeof name, "p-%d", p);
            if (eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &mine, NULL))
                _exit(1);
            for (int i = 0; i < EACH; i += BATCH) {
                int64_t bytes;
                bool due;
                if (p == 0 && i % 300 == 0 && eventlog_checkpoint(mine, false, &due, &bytes, NULL))
                    _exit(4);
                struct eventlog_entry e[BATCH];
                for (int k = 0; k < BATCH; k++) {
                    e[k] = entry(streams[(i + k) % 2], "log", "{}");
                    e[k].producer = name;
                    e[k].producer_seq = i + k + 1;
                }
                if (eventlog_append(mine, e, BATCH, NULL))
                    _exit(2);
                for (int k = 0; k < BATCH; k++) {
                    if (e[k].status || e[k].duplicate)
                        _exit(3);
                    event_unref(e[k].event);
                }
            }
            eventlog_close(mine);
            _exit(0);
        }
    }
    for (int p = 0; p < 2; p++) {
        int status;
        ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
        ck_assert_int_eq(status, 0);
    }
    struct eventlog_query query = {.streams = streams, .n_streams = 2};
    int64_t seq[2] = {0, 0}, last = 0, head, examined = 0;
    int total = 0;
    ck_assert_ok(eventlog_head(log_, &head, NULL));
    while (examined < head) {
        struct event **events;
        int n;
        query.after = examined;
        ck_assert_ok(eventlog_read(log_, &query, 100, &events, &n, &examined, &fault));
        for (int i = 0; i < n; i++, total++) {
            int s = strcmp(events[i]->home->name, streams[1]) == 0;
            ck_assert_int_gt(events[i]->id, last);
            last = events[i]->id;
            ck_assert_int_eq(events[i]->seq, ++seq[s]);
        }
        eventlog_events_free(events, n);
    }
    ck_assert_int_eq(total, 2 * EACH);
    /* Our own connection's cache does not know what the others did, and finds out. */
    struct eventlog_entry e = entry("run:l1", "log", "{}");
    ck_assert_ok(eventlog_append(log_, &e, 1, &fault));
    ck_assert_int_eq(e.event->seq, seq[0] + 1);
    event_unref(e.event);
}
END_TEST

/* The cache is right after a foreign write between two of our own. */
START_TEST(a_foreign_write_is_noticed)
{
    struct eventlog *other;
    struct eventlog_entry mine = entry("run:s1", "log", "{}"), theirs = entry("run:s1", "run.finished", "{}");

    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, owner, &dd, &other, &fault));
    put(&mine);
    ck_assert_ok(eventlog_append(other, &theirs, 1, &fault));
    ck_assert_int_eq(theirs.event->seq, 2);
    event_unref(theirs.event);
    put(&mine);
    ck_assert_int_eq(mine.status, RS_CONFLICT);
    eventlog_close(other);
}
END_TEST

static sqlite3 *raw(void)
{
    char path[PATH_MAX];
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    return db;
}

START_TEST(ids_are_never_reused)
{
    sqlite3 *db;
    int64_t last, head;

    add("run:s1", "log");
    last = add("run:s1", "log");
    db = raw();
    ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM settled", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_ok(eventlog_head(log_, &head, NULL));
    ck_assert_int_eq(head, last);
    ck_assert_int_eq(add("run:s1", "log"), last + 1);
    ck_assert_str_eq(view("run:s1"), "3 run:s1");
}
END_TEST

START_TEST(gaps_tell_what_retention_removed)
{
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    const char *streams[] = {"runs", "queue"};
    struct eventlog_query query = {.streams = streams, .n_streams = 1};
    sqlite3 *db;
    int n = -1;

    fill_views();
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    ck_assert_int_eq(n, 0);
    db = raw();
    /* run:l1 1-1, run:s1 2-4 (touching), run:x1 10-10, queue 9-9 */
    ck_assert_int_eq(sqlite3_exec(db,
                                  "INSERT INTO trims SELECT id, 1, 1 FROM streams WHERE name = 'run:l1';"
                                  "INSERT INTO trims SELECT id, 2, 4 FROM streams WHERE name = 'run:s1';"
                                  "INSERT INTO trims SELECT id, 10, 10 FROM streams WHERE name = 'run:x1';"
                                  "INSERT INTO trims SELECT id, 9, 9 FROM streams WHERE name = 'queue'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    ck_assert_int_eq(n, 2);
    ck_assert_str_eq(gaps[0].stream, "runs");
    ck_assert_int_eq(gaps[0].first, 1);
    ck_assert_int_eq(gaps[0].last, 4);
    ck_assert_int_eq(gaps[1].first, 10);
    ck_assert_int_eq(gaps[1].last, 10);
    query.n_streams = 2;
    query.after = 2;
    query.until = 9;
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    ck_assert_int_eq(n, 2);
    ck_assert_int_eq(gaps[0].first, 3);
    ck_assert_int_eq(gaps[0].last, 4);
    ck_assert_str_eq(gaps[1].stream, "queue");
    ck_assert_int_eq(gaps[1].last, 9);
    /* More than fit: the last one reaches to the end. */
    ck_assert_int_eq(sqlite3_exec(db,
                                  "DELETE FROM trims;"
                                  "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 2 FROM i WHERE n < 99)"
                                  "INSERT INTO trims SELECT id, n, n FROM streams, i WHERE name = 'queue';"
                                  "UPDATE streams SET last_id = 99 WHERE name = 'queue'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    query.after = query.until = 0;
    ck_assert_ok(eventlog_gaps(log_, &query, gaps, &n, &fault));
    ck_assert_int_eq(n, EVENTLOG_GAPS_MAX);
    ck_assert_int_eq(gaps[0].last, 1);
    ck_assert_int_eq(gaps[EVENTLOG_GAPS_MAX - 1].last, 99);
    sqlite3_close(db);
}
END_TEST

START_TEST(a_newer_schema_is_refused)
{
    struct eventlog *log = NULL;
    sqlite3 *db = raw();

    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    ck_assert_int_eq(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log, &fault), RS_VERSION);
    ck_assert_ptr_nonnull(strstr(fault.message, "99"));
    ck_assert_int_eq(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault), RS_VERSION);
    ck_assert_ptr_null(log);
}
END_TEST

START_TEST(an_unknown_engine_is_refused)
{
    const char *overrides[] = {"eventlog=papyrus://nile", NULL};
    struct datadir other;
    struct eventlog *log;

    instance_open(&other, overrides);
    ck_assert_int_eq(eventlog_open(&other, EVENTLOG_WRITE, NULL, NULL, &log, &fault), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "papyrus"));
    instance_close(&other);
}
END_TEST

START_TEST(the_log_can_live_elsewhere)
{
    const char *overrides[] = {"eventlog=sqlite:log/mine.db", "eventlog.sync=full", NULL};
    char path[PATH_MAX];
    struct datadir other;
    struct eventlog *log;
    struct stat st;

    instance_open(&other, overrides);
    umask(0007);
    ck_assert_msg(eventlog_open(&other, EVENTLOG_WRITE, NULL, NULL, &log, &fault) == RS_OK, "%s", fault.message);
    eventlog_close(log);
    ck_assert_int_eq(stat(datadir_path(&other, path, "log/mine.db"), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
    instance_close(&other);
}
END_TEST

/* A full answer ends by its bytes, and the next one goes on. */
START_TEST(answers_are_bounded_in_bytes)
{
    enum { N = 50, BIG = 400 * 1024 };
    const char *run = "run:s1";
    struct eventlog_query query = {.streams = &run, .n_streams = 1};
    struct event **events;
    int64_t examined, head;
    int n, total = 0;
    char *data = malloc(BIG);

    snprintf(data, BIG, "{\"message\":\"%*s\"}", BIG - 20, "");
    for (int i = 0; i < N; i++) {
        struct eventlog_entry e = entry("run:s1", "log", data);
        put(&e);
    }
    free(data);
    ck_assert_ok(eventlog_head(log_, &head, NULL));
    for (int rounds = 0; query.after < head; rounds++) {
        ck_assert_int_lt(rounds, 5);
        ck_assert_ok(eventlog_read(log_, &query, 1000, &events, &n, &examined, &fault));
        ck_assert_int_le(n, EVENTLOG_READ_BYTES / (BIG - 20) + 1);
        total += n;
        query.after = examined;
        eventlog_events_free(events, n);
    }
    ck_assert_int_eq(total, N);
}
END_TEST

static TCase *tests(const char *name, SFun set_up)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, set_up, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, append_numbers_each_stream_without_holes);
    tcase_add_test(tc, nothing_is_stored_while_the_owner_cannot_be_asked);
    tcase_add_test(tc, an_append_without_waiting_asks_another);
    tcase_add_test(tc, an_append_without_waiting_asks_for_no_owner);
    tcase_add_test(tc, bad_entries_are_marked_and_the_rest_stored);
    tcase_add_test(tc, numbered_lines_are_stored_once);
    tcase_add_test(tc, outbox_rows_are_stored_once_a_stream);
    tcase_add_test(tc, an_ended_run_takes_nothing_until_it_is_reopened);
    tcase_add_test(tc, views_show_homes_in_the_order_of_ids);
    tcase_add_test(tc, several_streams_give_each_event_once);
    tcase_add_test(tc, any_view_and_page_size_give_the_same);
    tcase_add_test(tc, org_and_bulk_filter_every_way_of_reading);
    tcase_add_test(tc, a_bad_name_is_an_error);
    tcase_add_test(tc, newest_are_given_oldest_first);
    tcase_add_test(tc, a_reader_may_come_before_the_log);
    tcase_add_test(tc, changed_says_whether_another_wrote);
    tcase_add_test(tc, two_processes_may_append);
    tcase_add_test(tc, a_foreign_write_is_noticed);
    tcase_add_test(tc, gaps_tell_what_retention_removed);
    tcase_add_test(tc, a_newer_schema_is_refused);
    tcase_add_test(tc, an_unknown_engine_is_refused);
    tcase_add_test(tc, the_log_can_live_elsewhere);
    tcase_add_test(tc, answers_are_bounded_in_bytes);
    return tc;
}

static Suite *suite(void)
{
    Suite *s = suite_create("eventlog");

    TCase *moved = tests("eventlog", setup);

    tcase_add_test(moved, ids_are_never_reused);
    suite_add_tcase(s, moved);
    suite_add_tcase(s, tests("arrivals", setup_looking_after));
    return s;
}

UNIT_MAIN(suite)
