/* A thread has the loop call a function: at least once after each word, and never after the end. */
#include "bridge/waker.h"
#include "tests/unit/unit.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORDS 20000

static uv_loop_t loop;
static struct waker waker;
static struct fault fault;
static uv_mutex_t mutex;
static uv_thread_t thread;
static int said, heard, n_calls, n_closed; /* `said` under the mutex */

static void on_closed(void *ctx)
{
    (void)ctx;
    n_closed++;
}

static void on_woken(void *ctx)
{
    ck_assert_ptr_eq(ctx, &said);
    n_calls++;
    uv_mutex_lock(&mutex);
    heard = said;
    uv_mutex_unlock(&mutex);
    if (heard != WORDS)
        return;
    uv_thread_join(&thread); /* it wakes nobody after the close */
    waker_close(&waker, on_closed);
}

static void setup(void)
{
    said = heard = n_calls = n_closed = 0;
    uv_mutex_init(&mutex);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void teardown(void)
{
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    uv_mutex_destroy(&mutex);
}

static void talk(void *ctx)
{
    (void)ctx;
    for (int i = 0; i < WORDS; i++) {
        uv_mutex_lock(&mutex);
        said++;
        uv_mutex_unlock(&mutex);
        waker_wake(&waker);
    }
}

/* The loop ends by itself when the last word was heard: none is lost, however they meet. */
START_TEST(every_word_is_heard)
{
    ck_assert_int_eq(waker_open(&waker, &loop, on_woken, &said, &fault), RS_OK);
    ck_assert_int_eq(uv_thread_create(&thread, talk, NULL), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(heard, WORDS);
    ck_assert_int_le(n_calls, WORDS);
    ck_assert_int_eq(n_closed, 1);
}
END_TEST

START_TEST(several_words_are_one_call_and_none_after_the_end)
{
    ck_assert_int_eq(waker_open(&waker, &loop, on_woken, &said, &fault), RS_OK);
    for (int i = 0; i < 3; i++)
        waker_wake(&waker);
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(n_calls, 1);
    waker_wake(&waker);
    waker_close(&waker, on_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(n_calls, 1);
    ck_assert_int_eq(n_closed, 1);
    ck_assert_msg(fcntl(waker.fd, F_GETFD) == -1, "its descriptor is still open");
}
END_TEST

START_TEST(without_a_descriptor_it_says_so)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(waker_open(&waker, &loop, on_woken, &said, &fault), RS_IO);
    ck_assert_ptr_nonnull(strstr(fault.message, "eventfd"));
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("waker");
    TCase *tc = tcase_create("waker");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, every_word_is_heard);
    tcase_add_test(tc, several_words_are_one_call_and_none_after_the_end);
    tcase_add_test(tc, without_a_descriptor_it_says_so);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
