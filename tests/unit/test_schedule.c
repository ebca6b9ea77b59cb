/* Schedules: which times become runs, once each, whoever dies. The clock is the test's. */
#include "model.h"

#include "base/clock.h"
#include "model/schedule.h"
#include "model/workflow.h"
#include "runner/schedules.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MINUTE 60000LL
#define HOUR (60 * MINUTE)

static struct lease lease;

static int64_t at(const char *text)
{
    int64_t ms;
    ck_assert_int_eq(clock_parse(text, &ms), RS_OK);
    return ms;
}

/* A saved workflow with one schedule, whose first time comes after `from`. settings: further members of its data. */
static void save(const char *id, const char *cron, const char *settings, const char *from)
{
    char text[2000];
    bool created;
    snprintf(text, sizeof text,
             "{\"name\":\"%s\",\"nodes\":[{\"id\":\"when\",\"type\":\"trigger\",\"data\":{\"kind\":\"schedule\",\"cron\":\"%s\"%s}},"
             "{\"id\":\"done\",\"type\":\"output\",\"data\":{\"kind\":\"result\",\"value\":1}}],"
             "\"edges\":[{\"source\":\"when\",\"target\":\"done\"}]}",
             id, cron, settings);
    struct json_object *definition = json_of(text);
    must(workflow_save(&store, "default", id, NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    if (from) {
        must(db_begin(store.db, &fault));
        must(schedule_sync(store.db, "default", id, NULL, 0, &fault));
        must(schedule_sync(store.db, "default", id, definition, at(from), &fault));
        must(db_commit(store.db, &fault));
    }
    json_object_put(definition);
}

static struct schedule_fired fire(const char *now)
{
    struct schedule_fired fired;
    must(lease_take(&store, &lease, at(now), SCHEDULE_LEASE_MS, &fault));
    must(schedule_fire(&store, &lease, at(now), &fired, &fault));
    return fired;
}

/* The due times that became runs, oldest first. */
static const char *runs(void)
{
    static char out[4000];
    struct db_rows *rows = NULL;
    char text[CLOCK_TEXT_MAX];
    out[0] = '\0';
    must(db_query(store.db, &rows, &fault, "SELECT due, run_id FROM schedule_run ORDER BY due, workflow_id", ""));
    while (db_next(rows, &fault) == RS_OK) {
        struct json_object *record = NULL;
        clock_format(db_int(rows, 0), text);
        must(run_record(&store, "default", db_text(rows, 1), &record, &fault));
        ck_assert_str_eq(json_get_string(json_get(record, "trigger"), "dueAt", "?"), text);
        ck_assert_str_eq(json_get_string(json_get(record, "trigger"), "nodeId", "?"), "when");
        json_object_put(record);
        text[16] = '\0';
        snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", out[0] ? " " : "", text + 5);
    }
    db_done(rows);
    return out;
}

/* The first item of the list. */
static struct json_object *item(const char *now, int n)
{
    struct json_object *items = NULL, *one;
    must(schedule_list(&store, "default", NULL, n, at(now), &items, &fault));
    one = json_object_get(json_object_array_get_idx(items, 0));
    json_object_put(items);
    return one;
}

static void setup(void)
{
    model_setup();
    lease = (struct lease){.name = SCHEDULE_LEASE, .owner = "me"};
}

START_TEST(a_due_time_becomes_one_run)
{
    bool due;
    save("w", "*/10 * * * *", ",\"input\":{\"who\":\"clock\"}", "2026-03-01T10:00:00Z");
    must(schedule_due(&store, at("2026-03-01T10:09:59Z"), &due, &fault));
    ck_assert(!due);
    ck_assert_int_eq(fire("2026-03-01T10:09:59Z").n_runs, 0);
    must(schedule_due(&store, at("2026-03-01T10:10:00Z"), &due, &fault));
    ck_assert(due);
    ck_assert_int_eq(fire("2026-03-01T10:10:00Z").n_runs, 1);
    ck_assert_int_eq(fire("2026-03-01T10:10:00Z").n_runs, 0);
    ck_assert_int_eq(fire("2026-03-01T10:10:30Z").n_runs, 0);
    ck_assert_int_eq(fire("2026-03-01T10:20:03Z").n_runs, 1);
    ck_assert_str_eq(runs(), "03-01T10:10 03-01T10:20");
    struct json_object *one = item("2026-03-01T10:20:03Z", 3), *record = NULL;
    ck_assert_str_eq(json_text(json_get(one, "next"), NULL),
                     "[\"2026-03-01T10:30:00.000Z\",\"2026-03-01T10:40:00.000Z\",\"2026-03-01T10:50:00.000Z\"]");
    ck_assert_str_eq(json_get_string(one, "lastDueAt", ""), "2026-03-01T10:20:00.000Z");
    must(run_record(&store, "default", json_get_string(one, "lastRunId", ""), &record, &fault));
    ck_assert_str_eq(json_get_string(json_get(record, "input"), "who", ""), "clock");
    ck_assert_int_eq(json_get_int(record, "workflowVersion", 0), 1);
    ck_assert_ptr_null(json_get(json_get(record, "trigger"), "caughtUp"));
    json_object_put(record);
    json_object_put(one);
}
END_TEST

START_TEST(missed_times)
{
    struct schedule_fired fired;
    save("all", "0 * * * *", ",\"catchUp\":\"all\"", "2026-03-01T10:00:00Z");
    fired = fire("2026-03-01T13:30:00Z");
    ck_assert_int_eq(fired.n_runs, 3);
    ck_assert_int_eq(fired.n_missed, 0);
    ck_assert_str_eq(runs(), "03-01T11:00 03-01T12:00 03-01T13:00");
    fired = fire("2026-03-10T13:30:00Z"); /* 216 hours: the newest hundred */
    ck_assert_int_eq(fired.n_runs, SCHEDULE_CATCH_UP_MAX);
    ck_assert_int_eq(fired.n_missed, 216 - SCHEDULE_CATCH_UP_MAX);
    ck_assert_int_eq(fire("2026-03-10T13:30:01Z").n_runs, 0);
    struct json_object *one = item("2026-03-10T13:30:01Z", 1);
    ck_assert_str_eq(json_get_string(one, "lastDueAt", ""), "2026-03-10T13:00:00.000Z");
    ck_assert_int_eq(json_get_int(one, "missed", 0), 116);
    ck_assert_str_eq(json_text(json_get(one, "next"), NULL), "[\"2026-03-10T14:00:00.000Z\"]");
    json_object_put(one);
}
END_TEST

START_TEST(missed_times_latest)
{
    struct schedule_fired fired;
    save("latest", "0 * * * *", "", "2026-03-01T10:00:00Z"); /* the default */
    fired = fire("2026-03-01T13:30:00Z");
    ck_assert_int_eq(fired.n_runs, 1);
    ck_assert_int_eq(fired.n_missed, 2);
    ck_assert_str_eq(runs(), "03-01T13:00");
    struct json_object *one = item("2026-03-01T13:30:00Z", 0), *trigger = NULL;
    must(run_trigger(&store, json_get_string(one, "lastRunId", ""), &trigger, &fault));
    ck_assert(json_get_bool(trigger, "caughtUp", false));
    json_object_put(trigger);
    json_object_put(one);
    ck_assert_int_eq(fire("2027-09-01T13:30:00Z").n_runs, 1); /* a year and a half: no endless walk */
}
END_TEST

START_TEST(missed_times_skip)
{
    struct schedule_fired fired;
    save("skip", "0 * * * *", ",\"catchUp\":\"skip\"", "2026-03-01T10:00:00Z");
    fired = fire("2026-03-01T13:30:00Z");
    ck_assert_int_eq(fired.n_runs, 0);
    ck_assert_int_eq(fired.n_missed, 3);
    ck_assert_str_eq(runs(), "");
    fired = fire("2026-03-01T14:00:30Z"); /* a little late is not missed */
    ck_assert_int_eq(fired.n_runs, 1);
    fired = fire("2026-03-01T16:00:59Z");
    ck_assert_int_eq(fired.n_runs, 1);
    ck_assert_int_eq(fired.n_missed, 1);
    ck_assert_str_eq(runs(), "03-01T14:00 03-01T16:00");
}
END_TEST

START_TEST(zones_and_their_gaps)
{
    save("gap", "30 2 * * *", ",\"timezone\":\"Europe/Berlin\"", "2026-03-28T12:00:00Z");
    ck_assert_int_eq(fire("2026-03-29T00:59:00Z").n_runs, 0);
    ck_assert_int_eq(fire("2026-03-29T01:00:00Z").n_runs, 1);
    ck_assert_int_eq(fire("2026-03-29T01:30:00Z").n_runs, 0);
    ck_assert_int_eq(fire("2026-03-30T00:30:00Z").n_runs, 1);
    ck_assert_str_eq(runs(), "03-29T01:00 03-30T00:30");
}
END_TEST

START_TEST(saving_again_keeps_what_is_waited_for)
{
    save("w", "0 0 1 1 *", "", "2026-03-01T10:00:00Z");
    save("w", "0 0 1 1 *", ",\"catchUp\":\"all\"", NULL);
    struct json_object *one = item("2026-03-01T10:00:00Z", 1);
    ck_assert_str_eq(json_text(json_get(one, "next"), NULL), "[\"2027-01-01T00:00:00.000Z\"]");
    ck_assert_str_eq(json_get_string(one, "catchUp", ""), "all");
    json_object_put(one);
    save("w", "* * * * *", "", NULL); /* from now on */
    one = item("2026-03-01T10:00:00Z", 1);
    int64_t next = at(json_object_get_string(json_object_array_get_idx(json_get(one, "next"), 0)));
    ck_assert(next > clock_wall_ms() - MINUTE && next <= clock_wall_ms() + MINUTE);
    json_object_put(one);
    save("w", "* * * * *", ",\"enabled\":false", NULL);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM schedule WHERE fire = 0 AND enabled = 0"), 1);
    must(workflow_delete(&store, "default", "w", &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM schedule"), 0);
}
END_TEST

START_TEST(a_pause_is_not_caught_up)
{
    save("w", "0 * * * *", ",\"catchUp\":\"all\"", "2026-03-01T10:00:00Z");
    must(schedule_pause(&store, "default", "w", true, at("2026-03-01T10:30:00Z"), &fault));
    ck_assert_int_eq(fire("2026-03-01T15:30:00Z").n_runs, 0);
    save("w", "0 * * * *", ",\"catchUp\":\"all\",\"jitterMs\":1", NULL); /* still paused */
    struct json_object *one = item("2026-03-01T15:30:00Z", 1);
    ck_assert(json_get_bool(one, "paused", false));
    ck_assert_str_eq(json_text(json_get(one, "next"), NULL), "[\"2026-03-01T16:00:00.000Z\"]");
    json_object_put(one);
    must(schedule_pause(&store, "default", "w", false, at("2026-03-01T15:30:00Z"), &fault));
    must(schedule_pause(&store, "default", "w", false, at("2026-03-01T15:30:00Z"), &fault));
    ck_assert_int_eq(fire("2026-03-01T15:59:00Z").n_runs, 0);
    ck_assert_int_eq(fire("2026-03-01T16:00:01Z").n_runs, 1);
    ck_assert_str_eq(runs(), "03-01T16:00");
    ck_assert_int_eq(schedule_pause(&store, "default", "nosuch", true, 0, &fault), RS_NOT_FOUND);
    ck_assert_int_eq(schedule_pause(&store, "other", "w", true, 0, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(jitter_is_the_same_each_time_it_is_asked)
{
    save("a", "0 * * * *", ",\"jitterMs\":600000", "2026-03-01T10:00:00Z");
    save("b", "0 * * * *", ",\"jitterMs\":600000", "2026-03-01T10:00:00Z");
    int64_t a = count_rows("SELECT fire FROM schedule WHERE workflow_id = 'a'"),
            b = count_rows("SELECT fire FROM schedule WHERE workflow_id = 'b'"), due = at("2026-03-01T11:00:00Z");
    ck_assert(a >= due && a <= due + 600000 && b >= due && b <= due + 600000);
    ck_assert_int_ne(a, b);
    save("a", "0 * * * *", ",\"jitterMs\":600000", "2026-03-01T10:00:00Z");
    ck_assert_int_eq(count_rows("SELECT fire FROM schedule WHERE workflow_id = 'a'"), a);
    ck_assert_int_eq(fire("2026-03-01T11:10:00Z").n_runs, 2);
    ck_assert_str_eq(runs(), "03-01T11:00 03-01T11:00");
}
END_TEST

START_TEST(a_late_one_shows)
{
    struct json_object *late = NULL;
    int n;
    save("w", "0 * * * *", "", "2026-03-01T10:00:00Z");
    save("v", "0 0 * * *", "", "2026-03-01T10:00:00Z");
    must(schedule_late(&store, "default", at("2026-03-01T11:01:00Z"), &n, &late, &fault));
    ck_assert_int_eq(n, 2);
    ck_assert_uint_eq(json_object_array_length(late), 0);
    json_object_put(late);
    must(schedule_late(&store, NULL, at("2026-03-01T11:01:01Z"), &n, &late, &fault));
    ck_assert_uint_eq(json_object_array_length(late), 1);
    ck_assert_str_eq(json_get_string(json_object_array_get_idx(late, 0), "workflowId", ""), "w");
    ck_assert_int_eq(json_get_int(json_object_array_get_idx(late, 0), "lateMs", 0), 61000);
    json_object_put(late);
    must(schedule_pause(&store, "default", "w", true, at("2026-03-01T11:01:01Z"), &fault));
    must(schedule_late(&store, "default", at("2026-03-01T11:01:01Z"), &n, &late, &fault));
    ck_assert_int_eq(n, 1);
    ck_assert_uint_eq(json_object_array_length(late), 0);
    json_object_put(late);
}
END_TEST

START_TEST(what_cannot_start_says_so_and_goes_on)
{
    struct json_object *definition = json_of(
        "{\"name\":\"w\",\"params\":[{\"name\":\"x\",\"type\":\"string\",\"required\":true}],\"nodes\":[{\"id\":\"when\",\"type\":"
        "\"trigger\",\"data\":{\"kind\":\"schedule\",\"cron\":\"0 * * * *\",\"catchUp\":\"all\"}}],\"edges\":[]}");
    bool created;
    must(workflow_save(&store, "default", "w", NULL, definition, WORKFLOW_PUT, &created, NULL, &fault));
    must(db_run(store.db, NULL, &fault, "UPDATE schedule SET due = $1, fire = $1", "i", at("2026-03-01T11:00:00Z")));
    struct schedule_fired fired = fire("2026-03-01T13:30:00Z");
    ck_assert_int_eq(fired.n_runs, 0);
    ck_assert_int_eq(fired.n_failed, 1);
    struct json_object *one = item("2026-03-01T13:30:00Z", 1), *late = NULL;
    int n;
    ck_assert_ptr_nonnull(strstr(json_get_string(one, "error", ""), "the input needs `x`"));
    ck_assert_str_eq(json_text(json_get(one, "next"), NULL), "[\"2026-03-01T14:00:00.000Z\"]");
    json_object_put(one);
    must(schedule_late(&store, "default", at("2026-03-01T13:30:00Z"), &n, &late, &fault));
    ck_assert_uint_eq(json_object_array_length(late), 1);
    json_object_put(late);
    /* The zone's file is gone: it waits, and misses nothing. */
    json_object_put(definition);
    save("w", "0 * * * *", ",\"timezone\":\"Europe/Berlin\"", "2026-03-01T14:30:00Z");
    setenv("TZDIR", root, 1);
    ck_assert_int_eq(fire("2026-03-01T15:00:00Z").n_failed, 1);
    one = item("2026-03-01T15:00:00Z", 1);
    ck_assert_ptr_nonnull(strstr(json_get_string(one, "error", ""), "tzdata"));
    json_object_put(one);
    unsetenv("TZDIR");
    ck_assert_int_eq(fire("2026-03-01T15:01:00Z").n_runs, 1);
    one = item("2026-03-01T15:01:00Z", 1);
    ck_assert_ptr_null(json_get(one, "error"));
    json_object_put(one);
}
END_TEST

START_TEST(definitions_that_cannot_be_due_are_refused)
{
    static const struct {
        const char *settings, *says;
    } rows[] = {
        {"\"cron\":\"0 0 30 2 *\"", "no such day"},
        {"\"cron\":\"61 * * * *\"", "minute"},
        {"\"cron\":\"* * * * *\",\"timezone\":\"Europe/Nowhere\"", "no time zone Europe/Nowhere"},
        {"\"timezone\":\"UTC\"", "`cron` is missing"},
        {"\"cron\":\"* * * * *\",\"catchUp\":\"some\"", "all|latest|skip"},
        {"\"cron\":\"* * * * *\",\"input\":{\"n\":\"text\"}", "`input`: `n` must be"},
        {"\"cron\":\"* * * * *\"", "`input`: the input needs `n`"},
        {"\"cron\":\"* * * * *\",\"input\":{\"n\":1},\"jitterMs\":-1", "jitterMs"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1000];
        struct json_object *errors = json_object_new_array();
        struct graph *graph = NULL;
        snprintf(text, sizeof text,
                 "{\"params\":[{\"name\":\"n\",\"type\":\"integer\",\"required\":true}],\"nodes\":[{\"id\":\"when\",\"type\":\"trigger\","
                 "\"data\":{\"kind\":\"schedule\",%s}}],\"edges\":[]}",
                 rows[i].settings);
        struct json_object *definition = json_of(text);
        ck_assert_int_eq(graph_parse(definition, errors, &graph, &fault), RS_UNPROCESSABLE);
        ck_assert_msg(strstr(json_text(errors, NULL), rows[i].says), "%s: %s", rows[i].settings, json_text(errors, NULL));
        ck_assert_ptr_nonnull(strstr(json_text(errors, NULL), "\"nodeId\":\"when\""));
        json_object_put(errors);
        json_object_put(definition);
    }
}
END_TEST

START_TEST(a_leader_that_lost_its_lease_makes_no_run)
{
    struct lease other = {.name = SCHEDULE_LEASE, .owner = "other"};
    struct schedule_fired fired;
    save("w", "0 * * * *", "", "2026-03-01T10:00:00Z");
    int64_t now = at("2026-03-01T11:00:00Z");
    must(lease_take(&store, &lease, now, SCHEDULE_LEASE_MS, &fault));
    ck_assert_int_eq(lease_take(&store, &other, now + SCHEDULE_LEASE_MS - 1, SCHEDULE_LEASE_MS, &fault), RS_BUSY);
    must(lease_take(&store, &lease, now + 5000, SCHEDULE_LEASE_MS, &fault)); /* renewed: the same fence */
    ck_assert_int_eq(lease.fence, 1);
    must(lease_take(&store, &other, now + 5000 + SCHEDULE_LEASE_MS, SCHEDULE_LEASE_MS, &fault));
    ck_assert_int_eq(other.fence, 2);
    /* The old leader was only asleep. */
    ck_assert_int_eq(schedule_fire(&store, &lease, now + 21000, &fired, &fault), RS_CONFLICT);
    ck_assert_str_eq(runs(), "");
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 0);
    must(schedule_fire(&store, &other, now + 21000, &fired, &fault));
    ck_assert_int_eq(fired.n_runs, 1);
    must(lease_drop(&store, &lease, &fault)); /* not its to give */
    ck_assert_int_eq(lease_take(&store, &lease, now + 22000, SCHEDULE_LEASE_MS, &fault), RS_BUSY);
    /* A successor of the same name need not wait. */
    struct lease next = {.name = SCHEDULE_LEASE, .owner = "other"};
    must(lease_take(&store, &next, now + 22000, SCHEDULE_LEASE_MS, &fault));
    ck_assert_int_eq(next.fence, 3);
    ck_assert_int_eq(schedule_fire(&store, &other, now + HOUR, &fired, &fault), RS_CONFLICT);
    must(lease_drop(&store, &next, &fault));
    must(lease_take(&store, &lease, now + 22000, SCHEDULE_LEASE_MS, &fault));
    ck_assert_int_eq(lease.fence, 4);
}
END_TEST

START_TEST(a_time_that_has_its_run_gets_no_second)
{
    /* As if the row had been put back: the unique key alone must hold. */
    save("w", "0 * * * *", "", "2026-03-01T10:00:00Z");
    ck_assert_int_eq(fire("2026-03-01T11:00:00Z").n_runs, 1);
    must(db_run(store.db, NULL, &fault, "UPDATE schedule SET due = $1, fire = $1", "i", at("2026-03-01T11:00:00Z")));
    ck_assert_int_eq(fire("2026-03-01T11:00:05Z").n_runs, 0);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 1);
    ck_assert_int_eq(fire("2026-03-01T12:00:00Z").n_runs, 1); /* and it goes on */
    ck_assert_str_eq(runs(), "03-01T11:00 03-01T12:00");
}
END_TEST

START_TEST(a_clock_that_was_years_ahead)
{
    struct lease other = {.name = SCHEDULE_LEASE, .owner = "other"};
    int n = -1;
    save("w", "0 * * * *", "", "2026-03-01T10:00:00Z");
    ck_assert_int_eq(fire("2031-03-01T11:00:00Z").n_runs, 1); /* the machine started with a wrong clock */
    must(schedule_clock_back(&store, at("2031-03-01T10:00:00Z"), &n, &fault));
    ck_assert_int_eq(n, 0); /* a little back is waited for */
    must(schedule_clock_back(&store, at("2026-03-01T10:30:00Z"), &n, &fault));
    ck_assert_int_eq(n, 1);
    must(schedule_clock_back(&store, at("2026-03-01T10:30:00Z"), &n, &fault));
    ck_assert_int_eq(n, 0);
    must(lease_take(&store, &other, at("2026-03-01T10:30:00Z"), SCHEDULE_LEASE_MS, &fault)); /* that lease is no more */
    struct schedule_fired fired;
    must(schedule_fire(&store, &other, at("2026-03-01T11:00:00Z"), &fired, &fault));
    ck_assert_int_eq(fired.n_runs, 1);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run"), 2);
}
END_TEST

START_TEST(many_at_once)
{
    enum { N = 2 * SCHEDULE_ROWS_MAX + 20 };
    struct schedules schedules = {0};
    int n = 0;
    for (int i = 0; i < N; i++) {
        char id[20];
        snprintf(id, sizeof id, "w%d", i);
        save(id, "0 0 * * *", "", "2026-03-01T10:00:00Z");
    }
    ck_assert_int_eq(fire("2026-03-02T00:00:00Z").n_runs, SCHEDULE_ROWS_MAX);
    must(lease_drop(&store, &lease, &fault));
    do
        n += schedules_look(&schedules, &store, "other", at("2026-03-02T00:00:01Z"));
    while (schedules.more);
    ck_assert_int_eq(n, N - SCHEDULE_ROWS_MAX);
    ck_assert_int_eq(count_rows("SELECT COUNT(DISTINCT workflow_id) FROM run"), N);
}
END_TEST

/* A runner that looks all the time, until the clock stops. */
static void look_for_ever(volatile int64_t *clock_ms)
{
    struct schedules schedules = {0};
    struct store mine;
    char owner[ID_MAX + 1];
    freopen("/dev/null", "w", stderr);
    must(store_open(&mine, &dd, "runner", &fault));
    id_new("runner_", owner);
    while (*clock_ms > 0)
        schedules_look(&schedules, &mine, owner, *clock_ms);
    store_release(&mine);
    _exit(0);
}

START_TEST(kills_at_any_moment_leave_one_run_a_time)
{
    enum { N = 4, STEPS = 240 };
    volatile int64_t *clock_ms =
        mmap(NULL, sizeof *clock_ms, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int64_t start = at("2026-03-01T10:00:00Z");
    pid_t pids[N] = {0};
    save("w", "* * * * *", ",\"catchUp\":\"all\"", "2026-03-01T10:00:00Z");
    save("v", "*/2 * * * *", ",\"catchUp\":\"all\"", "2026-03-01T10:00:00Z");
    *clock_ms = start;
    srandom(11);
    /* No connection goes through fork. */
    store_release(&store);
    for (int step = 0; step < STEPS; step++) {
        int i = (int)(random() % N);
        if (pids[i] > 0) {
            kill(pids[i], SIGKILL);
            waitpid(pids[i], NULL, 0);
        }
        if ((pids[i] = fork()) == 0)
            look_for_ever(clock_ms);
        usleep(1000 + (useconds_t)(random() % 8000));
        *clock_ms += 15000 + random() % 15000;
    }
    int64_t end = *clock_ms;
    *clock_ms = 0;
    for (int i = 0; i < N; i++) {
        if (pids[i] > 0) {
            int status;
            waitpid(pids[i], &status, 0);
            ck_assert(WIFEXITED(status));
        }
    }
    must(store_open(&store, &dd, "test", &fault));
    lease.owner[0] = 'x';
    must(lease_take(&store, &lease, end + SCHEDULE_LEASE_MS, SCHEDULE_LEASE_MS, &fault));
    struct schedule_fired fired;
    must(schedule_fire(&store, &lease, end + SCHEDULE_LEASE_MS, &fired, &fault));
    int64_t minutes = (end + SCHEDULE_LEASE_MS) / MINUTE - start / MINUTE;
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM schedule_run WHERE workflow_id = 'w'"), minutes);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE workflow_id = 'w'"), minutes);
    ck_assert_int_eq(count_rows("SELECT COUNT(DISTINCT started_by) FROM run WHERE workflow_id = 'w'"), minutes);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM run WHERE workflow_id = 'v'"), minutes / 2);
    ck_assert_int_eq(count_rows("SELECT COUNT(DISTINCT run_id) FROM schedule_run"), minutes + minutes / 2);
    ck_assert_int_gt(count_rows("SELECT fence FROM lease"), 2); /* it did change hands */
    munmap((void *)clock_ms, sizeof *clock_ms);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("schedule");
    TCase *tc = tcase_create("schedule");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, model_teardown);
    tcase_add_test(tc, a_due_time_becomes_one_run);
    tcase_add_test(tc, missed_times);
    tcase_add_test(tc, missed_times_latest);
    tcase_add_test(tc, missed_times_skip);
    tcase_add_test(tc, zones_and_their_gaps);
    tcase_add_test(tc, saving_again_keeps_what_is_waited_for);
    tcase_add_test(tc, a_pause_is_not_caught_up);
    tcase_add_test(tc, jitter_is_the_same_each_time_it_is_asked);
    tcase_add_test(tc, a_late_one_shows);
    tcase_add_test(tc, what_cannot_start_says_so_and_goes_on);
    tcase_add_test(tc, definitions_that_cannot_be_due_are_refused);
    tcase_add_test(tc, a_leader_that_lost_its_lease_makes_no_run);
    tcase_add_test(tc, a_time_that_has_its_run_gets_no_second);
    tcase_add_test(tc, a_clock_that_was_years_ahead);
    tcase_add_test(tc, many_at_once);
    tcase_add_test(tc, kills_at_any_moment_leave_one_run_a_time);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
