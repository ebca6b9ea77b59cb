/* A data directory of the first schemas goes on with this program: everything is there, and what was under way goes on. */
#include "tests/unit/first_schema.h"
#include "tests/unit/model.h"
#include <sqlite3.h>

#define DEFINITION DEF_SMALL
#define NODES(run, more)                                                                                               \
    "INSERT INTO node VALUES ('" run "', 'start', 0, 'manual', NULL, 0, " more "),"                                      \
    " ('" run "', 'a', 1, 'shell', 'shell', 0, " more "), ('" run "', 'done', 2, 'result', NULL, 0, " more ");"

static const char state[] =
    "INSERT INTO workflow VALUES ('default', 'w', 3, 1, 2, '{\"name\":\"Small\"}', '" DEFINITION "');"
    "INSERT INTO run VALUES (1, 'r_old', 'default', 'w', 3, 'Small', 'quality', NULL, 'success', 0, 0, 1, 100, 3, 3, 0,"
    " 1, 1, 2, 1, NULL, 0, NULL, 0, 0, NULL, '[\"workflow:w\"]', '{\"k\":1}', '1', '" DEFINITION "'),"
    " (2, 'r_next', 'default', 'w', 3, 'Small', 'quality', NULL, 'queued', 0, 0, 1, 0, 3, 0, 0,"
    " 3, NULL, NULL, 0, NULL, 0, NULL, 0, 0, NULL, '[\"workflow:w\"]', '{}', NULL, '" DEFINITION "');"
    NODES("r_old", "'success', 1, 1, 2, 0, 0, NULL, '{\"exitCode\":0}'")
    NODES("r_next", "'pending', 1, NULL, NULL, 0, 0, NULL, NULL")
    "INSERT INTO outbox VALUES (41, 'run:r_next', 'run.queued', 3, '{\"status\":\"queued\"}');"
    "INSERT INTO idempotency VALUES ('default', 'POST /x', 'key', 'h', 202, '{}', 1);";

static const char events[] =
    "INSERT INTO streams VALUES (1, 'run:r_old', 'default', 9, 812, 40, 812), (2, 'tool:t', 'default', 2, 811, 0, 0);"
    "INSERT INTO stream_tags VALUES ('workflow:w', 1);"
    "INSERT INTO events VALUES (807, 1, 8, 1, 1, 'log', '{\"message\":\"x\"}'), (811, 2, 2, 1, 1, 'log', '{}'),"
    " (812, 1, 9, 2, 0, 'run.finished', '{\"status\":\"success\"}');"
    "INSERT INTO producers VALUES ('p', 7, 1700000000000);"
    "INSERT INTO trims VALUES (1, 1, 800), (2, 3, 810);";

static void fill(const char *name, const char *schema, const char *rows)
{
    char path[PATH_MAX], *message = NULL;
    sqlite3 *db;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, "%s", name), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, schema, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    ck_assert_msg(sqlite3_exec(db, rows, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

static void setup(void)
{
    unit_tmpdir(root);
    must(datadir_open(&dd, root, true, NULL, &fault));
    fill(DATADIR_DATABASE, first_database, state);
    fill(DATADIR_EVENTLOG, first_eventlog, events);
    must(store_open(&store, &dd, "test", &fault));
}

START_TEST(runs_of_the_first_schema_are_kept)
{
    struct json_object *record = NULL;

    ck_assert_int_eq(count_rows("SELECT MAX(version) FROM schema_version"), db_schema_version());
    ck_assert_int_gt(db_schema_version(), 1);
    must(run_record(&store, "default", "r_old", &record, &fault));
    ck_assert_str_eq(json_get_string(record, "status", ""), "success");
    ck_assert_int_eq(json_get_int(record, "output", 0), 1);
    ck_assert_int_eq(json_get_int(record, "workflowVersion", 0), 3);
    ck_assert_str_eq(json_get_string(json_get(json_get(record, "nodes"), "a"), "status", ""), "success");
    ck_assert_int_eq(json_get_int(json_get(json_get(json_get(record, "nodes"), "a"), "output"), "exitCode", 9), 0);
    json_object_put(record);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM workflow WHERE version = 3"), 1);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM idempotency WHERE idem_key = 'key'"), 1);
}
END_TEST

START_TEST(runs_queued_under_the_first_schema_go_on)
{
    struct run_claim claim;
    char types[200];

    must(run_claim_next(&store, "me", &claim, &fault));
    ck_assert_str_eq(claim.id, "r_next");
    must(run_begin(&store, claim.id, claim.fence, &fault));
    must(run_end(&store, claim.id, claim.fence, RUN_ERROR, NULL, NULL, &fault));
    must(run_retry(&store, NULL, "r_old", &fault));
    run_claim_release(&claim);
    ck_assert_str_eq(events_of("run:r_next", types, sizeof(types)),
                     "run.queued run.started node.skipped(start) node.skipped(a) node.skipped(done) run.failed");
}
END_TEST

START_TEST(events_of_the_first_schema_are_kept)
{
    const char *streams[] = {"workflow:w", "tool:t"};
    struct eventlog_query query = {.streams = streams, .n_streams = 2};
    struct eventlog_entry entry = {.stream = "tool:t", .type = "log", .data = "{}", .data_len = 2,
                                   .producer = "p", .producer_seq = 7};
    struct eventlog_gap gaps[EVENTLOG_GAPS_MAX];
    struct eventlog *log = NULL;
    struct event **read = NULL;
    int64_t examined, last;
    int n;

    must(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault)); /* who reads first may migrate, too */
    must(eventlog_read(log, &query, 100, &read, &n, &examined, &fault));
    ck_assert_int_eq(n, 3);
    ck_assert_int_eq(read[0]->id, 807);
    ck_assert_int_eq(read[1]->seq, 2);
    ck_assert_str_eq(read[2]->type, "run.finished");
    eventlog_events_free(read, n);
    must(eventlog_gaps(log, &query, gaps, &n, &fault));
    ck_assert_int_gt(n, 0);
    ck_assert_int_eq(gaps[0].first, 1);
    eventlog_close(log);
    must(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log, &fault));
    must(eventlog_producer(log, "p", &last, &fault));
    ck_assert_int_eq(last, 7);
    must(eventlog_append(log, &entry, 1, &fault));
    ck_assert(entry.duplicate);
    entry.producer_seq = 8;
    must(eventlog_append(log, &entry, 1, &fault));
    ck_assert_int_gt(entry.event->id, 812);
    ck_assert_int_eq(entry.event->seq, 3);
    event_unref(entry.event);
    entry = (struct eventlog_entry){.stream = "run:r_old", .type = "log", .data = "{}", .data_len = 2};
    must(eventlog_append(log, &entry, 1, &fault));
    ck_assert_int_eq(entry.status, RS_CONFLICT); /* it has ended */
    eventlog_close(log);
}
END_TEST

/* It had the log open before, and knows of no arrivals: what it wrote would get ids that are given already. */
START_TEST(a_program_from_before_writes_no_more)
{
    static const char insert[] = "INSERT INTO events (stream, seq, time, bulk, type, data) VALUES (2, 3, 1, 1, 'log', '{}')";
    static const char select[] = "SELECT id FROM events INDEXED BY events_stream WHERE stream = 1 AND id > 800";
    struct eventlog_entry entry = {.stream = "tool:t", .type = "log", .data = "{}", .data_len = 2};
    sqlite3_stmt *insertion, *selection;
    struct eventlog *log;
    char path[PATH_MAX];
    int64_t bytes;
    sqlite3 *db;
    bool due;

    ck_assert_int_eq(sqlite3_open(datadir_path(&dd, path, DATADIR_EVENTLOG), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, insert, -1, &insertion, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, select, -1, &selection, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(insertion), SQLITE_DONE);
    sqlite3_reset(insertion);
    must(eventlog_open(&dd, EVENTLOG_WRITE, NULL, NULL, &log, &fault));
    must(eventlog_checkpoint(log, false, &due, &bytes, &fault));
    must(eventlog_append(log, &entry, 1, &fault));
    ck_assert_int_eq(entry.event->id, 814);
    event_unref(entry.event);
    ck_assert_int_eq(sqlite3_step(insertion), SQLITE_ERROR);
    ck_assert_int_eq(sqlite3_step(selection), SQLITE_ERROR);
    sqlite3_finalize(insertion);
    sqlite3_finalize(selection);
    sqlite3_close(db);
    must(eventlog_append(log, &entry, 1, &fault));
    ck_assert_int_eq(entry.event->id, 815);
    event_unref(entry.event);
    eventlog_close(log);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("upgrade");
    TCase *tc = tcase_create("upgrade");

    tcase_add_checked_fixture(tc, setup, model_teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, runs_of_the_first_schema_are_kept);
    tcase_add_test(tc, runs_queued_under_the_first_schema_go_on);
    tcase_add_test(tc, events_of_the_first_schema_are_kept);
    tcase_add_test(tc, a_program_from_before_writes_no_more);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
