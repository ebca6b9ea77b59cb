/* store - state and events agree: one transaction, relayed once and in order, whoever dies in between. */
#include "model.h"

#include "base/clock.h"
#include "base/file.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char text[8000];

static void add(struct change *change, const char *stream, const char *type, int number)
{
    struct json_object *data = json_object_new_object();
    char id[16];

    snprintf(id, sizeof(id), "%d", number);
    json_set_string(data, "nodeId", id);
    must(change_event(change, stream, type, data, &fault));
    json_object_put(data);
}

static void change_with(struct store *s, const char *stream, int first, int n)
{
    struct change *change = NULL;

    must(change_begin(s, &change, &fault));
    for (; n > 0; n--)
        add(change, stream, "state.changed", first++);
    must(change_commit(change, &fault));
}

/* "state.changed(1) state.changed(2) ..." */
static const char *row_of(int first, int last)
{
    static char row[8000];
    size_t len = 0;

    row[0] = '\0';
    for (; first <= last; first++)
        len += (size_t)snprintf(row + len, sizeof(row) - len, "%sstate.changed(%d)", len > 0 ? " " : "", first);
    return row;
}

START_TEST(commit_and_abort)
{
    struct change *change = NULL;

    change_with(&store, "session:a", 1, 3);
    must(change_begin(&store, &change, &fault));
    ck_assert_ptr_eq(change_db(change), store.db);
    add(change, "session:a", "state.changed", 99);
    change_abort(change);
    change_abort(NULL);
    change_with(&store, "session:a", 4, 2);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 5));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
}
END_TEST

START_TEST(refused_events)
{
    struct json_object *data = json_object_new_object(), *bad = json_object_new_object();
    struct change *change = NULL;
    char *large = calloc(1, EVENT_DATA_MAX + 1);

    must(change_begin(&store, &change, &fault));
    ck_assert_int_eq(change_event(change, "workflow:x", "state.changed", data, &fault), RS_INVALID);
    ck_assert_int_eq(change_event(change, "nothing", "state.changed", data, &fault), RS_INVALID);
    ck_assert_int_eq(change_event(change, "session:a", "No Type", data, &fault), RS_INVALID);
    json_set_string(bad, "x", "\xff\xfe");
    ck_assert_int_eq(change_event(change, "session:a", "state.changed", bad, &fault), RS_INVALID);
    memset(large, 'x', EVENT_DATA_MAX);
    json_set_string(data, "x", large);
    ck_assert_int_eq(change_event(change, "session:a", "state.changed", data, &fault), RS_LIMIT);
    must(change_commit(change, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
    json_object_put(data);
    json_object_put(bad);
    free(large);
}
END_TEST

START_TEST(many_streams)
{
    struct change *change = NULL;
    char stream[32];
    int i;

    must(change_begin(&store, &change, &fault));
    for (i = 0; i < 64; i++) {
        snprintf(stream, sizeof(stream), "session:s%d", i);
        add(change, stream, "state.changed", 1);
        add(change, stream, "state.changed", 2);
    }
    ck_assert_int_eq(change_event(change, "session:more", "state.changed", NULL, &fault), RS_LIMIT);
    must(change_commit(change, &fault));
    ck_assert_str_eq(events_of("session:s0", text, sizeof(text)), row_of(1, 2));
    ck_assert_str_eq(events_of("session:s63", text, sizeof(text)), row_of(1, 2));
}
END_TEST

/* Commits n changes, then dies before its emitter does anything: the rows are inserted as change_event does. */
static void die_after_commit(int first, int n)
{
    struct store mine;
    struct change *change = NULL;

    if (store_open(&mine, &dd, "dying", &fault) != RS_OK)
        _exit(1);
    for (; n > 0; n--) {
        struct json_object *data = json_object_new_object();
        char id[16];

        snprintf(id, sizeof(id), "%d", first++);
        json_set_string(data, "nodeId", id);
        if (change_begin(&mine, &change, &fault) != RS_OK ||
            change_event(change, "session:a", "state.changed", data, &fault) != RS_OK ||
            db_commit(mine.db, &fault) != RS_OK) /* the commit of change_commit; the relaying never comes */
            _exit(2);
        json_object_put(data);
    }
    _exit(0);
}

static void in_child(void (*work)(int, int), int first, int n)
{
    int status;
    pid_t pid;

    store_release(&store); /* a connection must not go through fork */
    store_owner_release();
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        work(first, n);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child: %d", status);
    must(store_open(&store, &dd, "test", &fault));
}

START_TEST(recovered_once)
{
    int n = -1;

    in_child(die_after_commit, 1, 5);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 5);
    must(outbox_recover(&store, 60000, &n, &fault)); /* not old enough */
    ck_assert_int_eq(n, 0);
    must(outbox_recover(&store, 0, &n, &fault));
    ck_assert_int_eq(n, 5);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 5));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
    must(outbox_recover(&store, 0, &n, &fault));
    ck_assert_int_eq(n, 0);
}
END_TEST

/* Rows of the future: the clock was set back. They must not wait until it is there again. */
START_TEST(recovered_from_the_future)
{
    int n = -1;

    in_child(die_after_commit, 1, 2);
    must(db_run(store.db, NULL, &fault, "UPDATE outbox SET created = created + 3600000", ""));
    must(outbox_recover(&store, 60000, &n, &fault));
    ck_assert_int_eq(n, 2);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 2));
}
END_TEST

/* What another left of a stream goes out before what we add to it: the log would take it for a duplicate later. */
START_TEST(older_first)
{
    in_child(die_after_commit, 1, 3);
    change_with(&store, "session:a", 4, 2);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 5));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
}
END_TEST

/* Its emitter's log has them, but the process died before it deleted the rows: relayed again, stored once. */
static void die_before_settling(int first, int n)
{
    struct store mine;
    struct spool *spool = NULL;

    if (store_open(&mine, &dd, "dying", &fault) != RS_OK)
        _exit(1);
    change_with(&mine, "session:a", first, n);
    if (store_spool(&mine, &spool, &fault) != RS_OK || spool_flush(spool, 10000) != RS_OK)
        _exit(2);
    _exit(0);
}

START_TEST(stored_once)
{
    int n = -1;

    in_child(die_before_settling, 1, 4);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 4);
    must(outbox_recover(&store, 0, &n, &fault));
    ck_assert_int_eq(n, 4);
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
    change_with(&store, "session:a", 5, 1);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 5));
}
END_TEST

/* Two writers of one stream, each relaying all there is: still each event once, in the order of the commits. */
static void copy_file(const char *from, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX], *content = NULL;
    size_t len;

    datadir_path(&dd, a, "%s", from);
    datadir_path(&dd, b, "%s", to);
    must(file_read(a, 1 << 24, &content, &len, &fault));
    must(file_write(b, content, len, 0660, &fault));
    free(content);
}

/* An older copy of the database does not know that its next row numbers were given already: the log does, and would take what
 * comes under them for duplicates. The same is left by a machine that failed, with eventlog.sync = normal. */
START_TEST(an_older_database_loses_no_events)
{
    char path[PATH_MAX];

    change_with(&store, "session:a", 1, 2);
    must(outbox_wait(&store, 10000, &fault));
    store_release(&store); /* the last to close it: all is in the one file */
    ck_assert_int_ne(access(datadir_path(&dd, path, DATADIR_DATABASE "-wal"), F_OK), 0);
    copy_file(DATADIR_DATABASE, "older.db");
    for (int i = 0; i < 3; i++) {
        must(store_open(&store, &dd, "test", &fault));
        change_with(&store, "session:a", 3 + 5 * i, 5);
        must(outbox_wait(&store, 10000, &fault));
        store_release(&store);
        copy_file("older.db", DATADIR_DATABASE);
    }
    must(store_open(&store, &dd, "test", &fault));
    struct change *change = NULL;
    must(change_begin(&store, &change, &fault));
    add(change, "session:a", "state.changed", 99); /* what is taken back makes no number known */
    change_abort(change);
    change_with(&store, "session:a", 18, 1);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 18));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
}
END_TEST

START_TEST(two_writers)
{
    struct store other;
    int i;

    must(store_open(&other, &dd, "other", &fault));
    for (i = 1; i <= 40; i++)
        change_with(i % 2 ? &store : &other, "session:a", i, 1);
    must(outbox_wait(&other, 10000, &fault));
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 40));
    store_release(&other);
    must(outbox_settle(&store, &fault));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 0);
}
END_TEST

/* A row that no log takes (written by hand, or by a program that checked less) stays, and holds up nothing. */
START_TEST(refused_row)
{
    int n = -1;

    in_child(die_after_commit, 1, 1);
    must(db_run(store.db, NULL, &fault, "INSERT INTO outbox (stream, type, created, data)"
                                        " VALUES ('session:a', 'No Type', 0, '{}')", ""));
    must(outbox_recover(&store, 0, &n, &fault));
    ck_assert_int_eq(n, 1);
    change_with(&store, "session:a", 2, 2);
    ck_assert_str_eq(events_of("session:a", text, sizeof(text)), row_of(1, 3));
    ck_assert_int_eq(count_rows("SELECT COUNT(*) FROM outbox"), 1);
}
END_TEST

/* A relayed event keeps the time it happened. */
START_TEST(time_kept)
{
    const char *streams[] = {"session:a"};
    struct eventlog_query query = {.streams = streams, .n_streams = 1};
    struct eventlog *log = NULL;
    struct event **events = NULL;
    int64_t examined, then = clock_wall_ms() - 5000;
    int n = -1;

    in_child(die_after_commit, 1, 1);
    must(db_run(store.db, NULL, &fault, "UPDATE outbox SET created = $1", "i", then));
    must(outbox_recover(&store, 0, &n, &fault));
    must(eventlog_open(&dd, EVENTLOG_READ, NULL, NULL, &log, &fault));
    must(eventlog_read(log, &query, 10, &events, &n, &examined, &fault));
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(events[0]->time_ms, then);
    eventlog_events_free(events, n);
    eventlog_close(log);
}
END_TEST

START_TEST(owner_of_a_run)
{
    struct eventlog_owner owner;
    char id[ID_MAX + 1], stream[STREAM_MAX];

    create_run("small", DEF_SMALL, 0, id);
    snprintf(stream, sizeof(stream), "run:%s", id);
    must(store_owner(&dd, stream, &owner, &fault));
    ck_assert_str_eq(owner.org, "default");
    ck_assert_int_eq(owner.n_tags, 4);
    ck_assert_str_eq(owner.tags[0], "workflow:small");
    ck_assert_str_eq(owner.tags[1], "crew:quality");
    ck_assert_str_eq(owner.tags[2], "session:s1");
    ck_assert_str_eq(owner.tags[3], "tool:a");
    eventlog_owner_release(&owner);
    must(store_owner(&dd, "run:r_none", &owner, &fault));
    ck_assert_ptr_null(owner.org);
    must(store_owner(&dd, "session:s1", &owner, &fault));
    ck_assert_ptr_null(owner.org);
    store_owner_release();
    store_owner_release();
}
END_TEST

/* That nobody owns it, and that nobody can be asked, are two things. */
START_TEST(owner_that_cannot_be_asked)
{
    static const char *const streams[] = {"run:r1", "session:s1", "adw:a1", "mission:m", "crew:c"};
    char path[PATH_MAX], away[PATH_MAX + 8];
    struct eventlog_owner owner;
    size_t i;

    must(store_owner(&dd, "mission:m", &owner, &fault)); /* nobody's, and tagged all the same */
    ck_assert_ptr_null(owner.org);
    ck_assert_int_eq(owner.n_tags, 1);
    ck_assert_str_eq(owner.tags[0], "crew:m");
    eventlog_owner_release(&owner);
    must(db_run(store.db, NULL, &fault, "ALTER TABLE crew RENAME TO crew_away", ""));
    ck_assert_int_eq(store_owner(&dd, "crew:m", &owner, &fault), RS_IO);
    ck_assert_ptr_null(owner.org);
    ck_assert_int_eq(owner.n_tags, 0);
    must(db_run(store.db, NULL, &fault, "ALTER TABLE crew_away RENAME TO crew", ""));
    must(store_owner(&dd, "crew:m", &owner, &fault));
    eventlog_owner_release(&owner);
    store_owner_release();
    snprintf(away, sizeof(away), "%s.away", datadir_path(&dd, path, DATADIR_DATABASE));
    ck_assert_int_eq(rename(path, away), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        fault.message[0] = '\0';
        ck_assert_int_eq(store_owner(&dd, streams[i], &owner, &fault), RS_IO);
        ck_assert_int_gt(strlen(fault.message), 0);
        ck_assert_ptr_null(owner.org);
        ck_assert_int_eq(owner.n_tags, 0);
    }
    must(store_owner(&dd, "queue", &owner, &fault)); /* it is known without */
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rename(away, path), 0);
    must(store_owner(&dd, "run:r1", &owner, &fault));
    ck_assert_ptr_null(owner.org);
    store_owner_release();
}
END_TEST

/* Who must not wait has a connection before he asks, and makes none. */
START_TEST(owner_without_waiting)
{
    struct eventlog_owner owner;
    char id[ID_MAX + 1], stream[STREAM_MAX];

    create_run("small", DEF_SMALL, 0, id);
    snprintf(stream, sizeof(stream), "run:%s", id);
    must(store_owner_now(&dd, "queue", &owner, &fault)); /* it is known without */
    ck_assert_int_eq(store_owner_now(&dd, stream, &owner, &fault), RS_NOT_FOUND);
    store_owner_open(&dd);
    must(store_owner_now(&dd, stream, &owner, &fault));
    ck_assert_str_eq(owner.org, "default");
    ck_assert_int_eq(owner.n_tags, 4);
    eventlog_owner_release(&owner);
    must(db_run(store.db, NULL, &fault, "ALTER TABLE crew RENAME TO crew_away", ""));
    ck_assert_int_eq(store_owner_now(&dd, "crew:m", &owner, &fault), RS_IO);
    ck_assert_ptr_null(owner.org);
    must(db_run(store.db, NULL, &fault, "ALTER TABLE crew_away RENAME TO crew", ""));
    must(store_owner_now(&dd, "crew:m", &owner, &fault)); /* by the same connection */
    eventlog_owner_release(&owner);
    store_owner_release();
    ck_assert_int_eq(store_owner_now(&dd, stream, &owner, &fault), RS_NOT_FOUND);
}
END_TEST

START_TEST(poke)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char path[PATH_MAX], byte[4];
    int fd;

    runner_poke(&dd); /* nobody there */
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_ge(fd, 0);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", datadir_path(&dd, path, DATADIR_RUNNER_SOCKET));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    runner_poke(&dd);
    ck_assert_int_eq(recv(fd, byte, sizeof(byte), MSG_DONTWAIT), 1);
    close(fd);
    runner_poke(&dd); /* somebody was there */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");

    tcase_add_checked_fixture(c, model_setup, model_teardown);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, commit_and_abort);
    tcase_add_test(c, refused_events);
    tcase_add_test(c, many_streams);
    tcase_add_test(c, recovered_once);
    tcase_add_test(c, recovered_from_the_future);
    tcase_add_test(c, older_first);
    tcase_add_test(c, stored_once);
    tcase_add_test(c, an_older_database_loses_no_events);
    tcase_add_test(c, two_writers);
    tcase_add_test(c, refused_row);
    tcase_add_test(c, time_kept);
    tcase_add_test(c, owner_of_a_run);
    tcase_add_test(c, owner_that_cannot_be_asked);
    tcase_add_test(c, owner_without_waiting);
    tcase_add_test(c, poke);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
