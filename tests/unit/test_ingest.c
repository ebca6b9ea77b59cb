#include "bridge/ingest.h"
#include "tests/unit/instance.h"
#include <signal.h>
#include <sys/resource.h>

static struct datadir dd;
static struct eventlog *log_, *other;
static struct ingest *ingest;
static struct fault fault;
static struct outcome *outcomes, **outcomes_end = &outcomes;
static struct peer *a, *b;

static void keep(void *ctx, struct outcome *o)
{
    (void)ctx;
    *outcomes_end = o;
    o->next = NULL;
    outcomes_end = &o->next;
}

static bool never(void *ctx)
{
    (void)ctx;
    return false;
}

static void setup(void)
{
    struct ingest_sink sink = {keep, never, NULL};
    int64_t head = -1;
    instance_open(&dd, NULL);
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault));
    ck_assert_ok(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &other, &fault));
    ck_assert_ok(ingest_new(log_, &sink, &ingest, &head, &fault));
    ck_assert_int_eq(head, 0);
    a = peer_new(NULL);
    b = peer_new(NULL);
}

static void forget(void)
{
    while (outcomes) {
        struct outcome *next = outcomes->next;
        outcome_free(outcomes);
        outcomes = next;
    }
    outcomes_end = &outcomes;
}

static void teardown(void)
{
    forget();
    ingest_free(ingest);
    ck_assert_int_eq(a->refs, 1);
    ck_assert_int_eq(b->refs, 1);
    peer_unref(a);
    peer_unref(b);
    eventlog_close(other);
    eventlog_close(log_);
    instance_close(&dd);
}

static struct intake *from(struct peer *peer, const char *text)
{
    struct intake *in = intake_new(peer, text, strlen(text));
    ck_assert_ptr_nonnull(in);
    return in;
}

static void take(struct peer *peer, const char *text)
{
    ingest_take(ingest, from(peer, text));
}

/* What peer was told so far, joined. */
static const char *told(const struct peer *peer)
{
    static struct buf text;
    buf_release(&text);
    buf_init(&text, 100000);
    for (struct outcome *o = outcomes; o; o = o->next)
        for (int i = 0; i < o->n_answers; i++)
            if (o->answers[i].peer == peer) {
                buf_append(&text, o->answers[i].text.data, o->answers[i].text.len);
                if (o->answers[i].close)
                    buf_puts(&text, "CLOSE");
            }
    return text.data ? text.data : "";
}

/* Ids to be published, as "1 2 3 ". */
static const char *published(void)
{
    static struct buf text;
    buf_release(&text);
    buf_init(&text, 100000);
    for (struct outcome *o = outcomes; o; o = o->next)
        for (int i = 0; i < o->n_events; i++)
            buf_printf(&text, "%d ", (int)o->events[i]->id);
    return text.data ? text.data : "";
}

#define EVENT(n, stream) "{\"n\":" #n ",\"stream\":\"" stream "\",\"type\":\"log\",\"data\":{}}\n"
#define PLAIN(stream) "{\"stream\":\"" stream "\",\"type\":\"log\",\"data\":{}}\n"
#define HELLO "{\"hello\":1,\"producer\":\"p\",\"ack\":true}\n"

START_TEST(plain_lines_are_stored_and_not_answered)
{
    take(a, PLAIN("run:x") "\n" PLAIN("run:y") "\r\n");
    ck_assert_str_eq(published(), "1 2 ");
    ck_assert_str_eq(told(a), "");
    ck_assert_int_eq(outcomes->n_lines, 2);
    ck_assert_int_eq(outcomes->n_stored, 2);
    ck_assert_int_ge(outcomes->commit_us, 0);
}
END_TEST

START_TEST(numbered_lines_are_acknowledged_after_the_commit)
{
    take(a, HELLO EVENT(1, "run:x") EVENT(2, "run:x"));
    ck_assert_str_eq(told(a), "{\"hello\":1,\"lastSeq\":0}\n{\"ack\":2}\n");
    ck_assert_str_eq(published(), "1 2 ");
    forget();
    take(a, EVENT(2, "run:x") EVENT(5, "run:x")); /* again, and a jump */
    ck_assert_str_eq(told(a), "{\"ack\":5}\n");
    ck_assert_str_eq(published(), "3 ");
    ck_assert_int_eq(outcomes->n_duplicates, 1);
    forget();
    take(a, EVENT(5, "run:x"));
    ck_assert_str_eq(told(a), "{\"ack\":5}\n");
    ck_assert_str_eq(published(), "");
}
END_TEST

START_TEST(a_producer_goes_on_after_reconnecting)
{
    take(a, HELLO EVENT(1, "run:x"));
    forget();
    take(b, HELLO EVENT(1, "run:x") EVENT(2, "run:x"));
    ck_assert_str_eq(told(a), "CLOSE");
    ck_assert_str_eq(told(b), "{\"hello\":1,\"lastSeq\":1}\n{\"ack\":2}\n");
    ck_assert_str_eq(published(), "2 ");
    forget();
    take(a, EVENT(3, "run:x")); /* what the replaced connection still sends is ignored */
    ck_assert_str_eq(published(), "");
    ck_assert_str_eq(told(a), "");
}
END_TEST

START_TEST(lines_of_the_old_connection_count_for_the_hello_of_the_new)
{
    struct intake *list = from(a, HELLO EVENT(1, "run:x"));
    list->next = from(b, HELLO);
    ingest_take(ingest, list);
    ck_assert_str_eq(told(b), "{\"hello\":1,\"lastSeq\":1}\n");
}
END_TEST

START_TEST(errors_name_their_line_and_the_rest_is_stored)
{
    take(a, HELLO "{\"n\":1,\"stream\":\"nonsense\",\"type\":\"log\",\"data\":{}}\n" EVENT(2, "run:x") "rubbish\n");
    const char *text = told(a);
    ck_assert_ptr_nonnull(strstr(text, "\"n\":1}\n"));
    ck_assert_ptr_nonnull(strstr(text, "{\"ack\":2}\n"));
    ck_assert_int_eq(outcomes->next->n_errors, 2);
    ck_assert_str_eq(published(), "1 ");
}
END_TEST

START_TEST(a_refused_last_line_is_acknowledged_too)
{
    take(a, HELLO);
    forget();
    take(a, "{\"n\":1,\"stream\":\"runs\",\"type\":\"log\",\"data\":{}}\n");
    ck_assert_ptr_nonnull(strstr(told(a), "{\"ack\":1}\n"));
}
END_TEST

START_TEST(an_ended_run_takes_no_more)
{
    take(a, HELLO "{\"n\":1,\"stream\":\"run:x\",\"type\":\"run.finished\",\"data\":{}}\n" EVENT(2, "run:x"));
    ck_assert_str_eq(published(), "1 ");
    ck_assert_ptr_nonnull(strstr(told(a), "\"n\":2}\n"));
    ck_assert_ptr_nonnull(strstr(told(a), "{\"ack\":2}\n"));
}
END_TEST

static void append_elsewhere(const char *stream)
{
    struct eventlog_entry e = {.stream = stream, .type = "log", .data = "{}", .data_len = 2};
    ck_assert_ok(eventlog_append(other, &e, 1, &fault));
    ck_assert_ptr_nonnull(e.event);
    event_unref(e.event);
}

START_TEST(events_of_others_are_published_in_their_place)
{
    static const char *const homes[] = {"run:x", "tool:x", "session:x", "crew:x", "mission:x", "adw:x",
                                        "queue", "system", "webhooks"};
    ingest_foreign(ingest);
    ck_assert_ptr_null(outcomes);
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
        append_elsewhere(homes[i]);
    take(a, PLAIN("run:y"));
    ck_assert_str_eq(published(), "1 2 3 4 5 6 7 8 9 10 ");
    ck_assert_int_eq(outcomes->n_foreign, 9);
    append_elsewhere("run:x");
    ingest_foreign(ingest);
    ck_assert_str_eq(published(), "1 2 3 4 5 6 7 8 9 10 11 ");
    ingest_foreign(ingest);
    ck_assert_str_eq(published(), "1 2 3 4 5 6 7 8 9 10 11 ");
}
END_TEST

START_TEST(a_large_backlog_goes_in_several_groups)
{
    enum { N = 2 * INGEST_ENTRIES_MAX + 10 };
    struct intake *list = NULL, **end = &list;
    int n = 0, groups = 0;
    int64_t last = 0;
    for (int i = 0; i < N; i++) {
        *end = from(i % 2 ? a : b, PLAIN("run:x"));
        end = &(*end)->next;
    }
    ingest_take(ingest, list);
    for (struct outcome *o = outcomes; o; o = o->next, groups++)
        for (int i = 0; i < o->n_events; i++, n++) {
            ck_assert_int_gt(o->events[i]->id, last);
            last = o->events[i]->id;
        }
    ck_assert_int_eq(n, N);
    ck_assert_int_eq(groups, 3);
}
END_TEST

static bool stopping_and_disk_freed(void *ctx)
{
    (void)ctx;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}), 0);
    return true;
}

/* When stopping, a batch is given up while the disk is full; then there is room again. Lines after the lost ones must wait
 * for these: an acknowledgement is cumulative. */
START_TEST(nothing_is_stored_or_acknowledged_behind_what_was_given_up)
{
    struct ingest_sink sink = {keep, stopping_and_disk_freed, NULL};
    struct ingest *stopping;
    struct buf text;
    int64_t head;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_ok(ingest_new(log_, &sink, &stopping, &head, &fault));
    ingest_take(stopping, from(a, HELLO EVENT(1, "run:x")));
    ck_assert_str_eq(told(a), "{\"hello\":1,\"lastSeq\":0}\n{\"ack\":1}\n");
    buf_init(&text, 1024 * 1024);
    for (int n = 2; n < INGEST_ENTRIES_MAX + 10; n++)
        buf_printf(&text, "{\"n\":%d,\"stream\":\"run:x\",\"type\":\"log\",\"data\":{}}\n", n);
    ck_assert_ok(text.err);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, RLIM_INFINITY}), 0);
    ingest_take(stopping, from(a, text.data));
    ck_assert_str_eq(published(), "1 ");
    ck_assert_str_eq(told(a), "{\"hello\":1,\"lastSeq\":0}\n{\"ack\":1}\n");
    /* They are sent again, to the next bridge. */
    ingest_take(stopping, from(b, HELLO));
    ingest_take(stopping, from(b, text.data));
    ck_assert_str_eq(told(b), "{\"hello\":1,\"lastSeq\":1}\n{\"ack\":1025}\n{\"ack\":1033}\n");
    buf_release(&text);
    ingest_free(stopping);
}
END_TEST

START_TEST(a_closed_peer_is_forgotten)
{
    take(a, HELLO);
    ck_assert_int_gt(a->refs, 1);
    forget();
    struct intake *last = from(a, "{\"n\":1,\"stream\":\"run:a\",\"type\":\"log\",\"data\":{}}\n");
    last->next = intake_new(a, NULL, 0);
    ingest_take(ingest, last);
    ck_assert_str_eq(told(a), "{\"ack\":1}\nCLOSE"); /* it may be waiting for that */
    forget();
    ck_assert_int_eq(a->refs, 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, plain_lines_are_stored_and_not_answered);
    tcase_add_test(t, numbered_lines_are_acknowledged_after_the_commit);
    tcase_add_test(t, a_producer_goes_on_after_reconnecting);
    tcase_add_test(t, lines_of_the_old_connection_count_for_the_hello_of_the_new);
    tcase_add_test(t, errors_name_their_line_and_the_rest_is_stored);
    tcase_add_test(t, a_refused_last_line_is_acknowledged_too);
    tcase_add_test(t, an_ended_run_takes_no_more);
    tcase_add_test(t, events_of_others_are_published_in_their_place);
    tcase_add_test(t, a_large_backlog_goes_in_several_groups);
    tcase_add_test(t, nothing_is_stored_or_acknowledged_behind_what_was_given_up);
    tcase_add_test(t, a_closed_peer_is_forgotten);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
