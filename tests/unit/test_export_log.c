/* The log of an exported run: what its events tell of its lines, and of its agents and tools. */
#include "export/log.h"
#include "export/work.h"
#include "tests/unit/instance.h"

#include <sys/mman.h>
#include <unistd.h>

static struct datadir dd;
static struct eventlog *log_;
static struct fault fault;
static struct page page;

static void setup(void)
{
    static const char text[] = "{\"id\":\"r1\",\"graph\":{\"nodes\":[{\"id\":\"ask\",\"data\":{\"kind\":\"agent\"}}],\"edges\":[]}}";
    struct json_object *record = NULL;
    instance_open(&dd, NULL);
    ck_assert_msg(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log_, &fault) == RS_OK, "%s", fault.message);
    ck_assert_ok(json_parse(text, strlen(text), sizeof text, &record, &fault));
    int fd = memfd_create("page", MFD_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_ok(page_init(&page, fd, record, &fault));
}

static void teardown(void)
{
    close(page.fd);
    page_release(&page);
    eventlog_close(log_);
    instance_close(&dd);
}

static void add(const char *type, const char *data)
{
    struct eventlog_entry e = {.stream = "run:r1", .type = type, .data = data, .data_len = strlen(data)};
    ck_assert_msg(eventlog_append(log_, &e, 1, &fault) == RS_OK && e.event, "%s", fault.message);
    event_unref(e.event);
}

/* What is shown of the agent once the survey has been made. */
static const char *agent_after(struct log_survey *survey)
{
    ck_assert_msg(log_survey(&page, log_, survey, &fault) == RS_OK, "%s", fault.message);
    buf_clear(&page.out);
    work_put(&page.out, page.nodes[0].work);
    return page.out.data ? page.out.data : "";
}

START_TEST(lines_and_work_are_gathered)
{
    struct log_survey survey;
    add("agent.started", "{\"nodeId\":\"ask\",\"model\":\"m\"}");
    add("agent.delta", "{\"nodeId\":\"ask\",\"delta\":\"first \"}");
    add("log", "{\"nodeId\":\"ask\",\"message\":\"a line\"}");
    add("agent.delta", "{\"nodeId\":\"ask\",\"delta\":\"answer\"}");
    ck_assert_ptr_nonnull(strstr(agent_after(&survey), "first answer"));
    ck_assert_int_eq(survey.events, 4);
    ck_assert_int_eq(survey.lines, 1);
    ck_assert(!survey.complete && !survey.gap);
}
END_TEST

START_TEST(a_run_that_starts_over_forgets_its_work)
{
    struct log_survey survey;
    add("agent.started", "{\"nodeId\":\"ask\",\"model\":\"m\"}");
    add("agent.delta", "{\"nodeId\":\"ask\",\"delta\":\"first answer\"}");
    add("run.retried", "{\"attempt\":2}");
    ck_assert_str_eq(agent_after(&survey), "");
    ck_assert_int_eq(survey.lines, 1);
}
END_TEST

/* The log as it is in the file. */
static const char *log_text(const struct log_survey *survey)
{
    static char text[16384];
    ck_assert_ok(log_put(&page, log_, survey, &fault));
    ck_assert_ok(page_flush(&page, &fault));
    ssize_t n = pread(page.fd, text, sizeof text - 1, 0);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    return text;
}

START_TEST(numbers_are_told)
{
    struct log_survey survey;
    add("log.dropped", "{\"count\":1234}");
    add("run.retried", "{\"attempt\":2}");
    add("node.failed", "{\"nodeId\":\"ask\",\"error\":{\"message\":\"a < b\"}}");
    ck_assert_ok(log_survey(&page, log_, &survey, &fault));
    const char *text = log_text(&survey);
    ck_assert_ptr_nonnull(strstr(text, "could be kept: 1234\n"));
    ck_assert_ptr_nonnull(strstr(text, "attempt 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "failed: a &lt; b\n"));
}
END_TEST

START_TEST(a_duration_beyond_all_is_not_shown)
{
    struct log_survey survey;
    add("agent.started", "{\"nodeId\":\"ask\",\"model\":\"m\"}");
    add("agent.finished", "{\"nodeId\":\"ask\",\"durationS\":1e300}");
    ck_assert_ptr_null(strstr(agent_after(&survey), "class=\"number\""));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("export_log");
    TCase *tc = tcase_create("survey");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, lines_and_work_are_gathered);
    tcase_add_test(tc, a_run_that_starts_over_forgets_its_work);
    tcase_add_test(tc, numbers_are_told);
    tcase_add_test(tc, a_duration_beyond_all_is_not_shown);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
