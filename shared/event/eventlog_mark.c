/* eventlog_mark - that no id is given twice, also when the SQLite log has lost events it had given ids to:
 *   - the machine failed, and with eventlog.sync = normal the last commits are gone. It shows in the kernel's boot id.
 *   - the file was replaced by an older copy. It shows in the mark: a file beside the log (events.head) with the newest
 *     id ever given. It is written before a commit, unless that was done MARK_MS ago: so a copy would have to be taken
 *     within that time after a commit and before the very last one, to be taken for the newest.
 *     A process killed between mark and commit looks the same, but nobody has seen what it was about to give. So the mark
 *     also has the newest id committed when it was written: only when that is gone too is it known that events are lost.
 * In both cases the next id jumps, so far that it is beyond whatever a client may have seen; what was skipped is noted in
 * `voids`. A boot jumps also when all was well: ids are cheap, and whether all was well cannot be known for sure. */
#include "event/eventlog_sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JUMP (INT64_C(1) << 20)
#define MARK_MS 5 /* a file written for every small commit would cost a fifth of it */
#define MARK_TEXT 20 /* "0000000000000001287\n": an id given; then another one like it, committed */
#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT_MAX 64

/* Where the log stands. */
struct state {
    int64_t head, mark, committed; /* the latter two as the mark has them */
    char boot[BOOT_MAX], noted_boot[BOOT_MAX]; /* the present one, and the one the log was last written in; "" for unknown */
};

static void read_boot(char boot[BOOT_MAX])
{
    FILE *f = fopen(BOOT_FILE, "re");

    if (!f || !fgets(boot, BOOT_MAX, f))
        boot[0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    if (f)
        fclose(f);
}

static enum rs_err read_noted_boot(struct sqlite_log *log, char boot[BOOT_MAX], struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_META_BOOT, &stmt, fault);

    boot[0] = '\0';
    if (err)
        return err;
    err = sqlite_row(log, stmt, fault);
    if (err)
        return err == RS_NOT_FOUND ? RS_OK : err;
    snprintf(boot, BOOT_MAX, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_reset(stmt);
    return RS_OK;
}

static enum rs_err mark_failed(const struct sqlite_log *log, const char *what, struct fault *fault)
{
    return fault_set(fault, RS_IO, "event log %s: cannot %s its mark: %s", log->path, what, strerror(errno));
}

/* "events.db" -> "events.head" */
static enum rs_err open_mark(struct sqlite_log *log, struct fault *fault)
{
    char path[PATH_MAX + 8];
    size_t len = strlen(log->path);

    if (len > 3 && strcmp(log->path + len - 3, ".db") == 0)
        len -= 3;
    snprintf(path, sizeof path, "%.*s.head", (int)len, log->path);
    log->mark_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    return log->mark_fd < 0 ? mark_failed(log, "open", fault) : RS_OK;
}

static int64_t mark_number(const char *text, int64_t otherwise)
{
    return strspn(text, "0123456789") == MARK_TEXT - 1 ? strtoll(text, NULL, 10) : otherwise;
}

/* One that is empty or damaged marks nothing. */
static enum rs_err read_mark(const struct sqlite_log *log, struct state *st, struct fault *fault)
{
    char text[2 * MARK_TEXT + 1] = "";

    if (pread(log->mark_fd, text, 2 * MARK_TEXT, 0) < 0)
        return mark_failed(log, "read", fault);
    st->mark = mark_number(text, 0);
    st->committed = mark_number(text + MARK_TEXT, st->mark);
    return RS_OK;
}

static int64_t coarse_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum rs_err write_mark(struct sqlite_log *log, int64_t id, int64_t committed, struct fault *fault)
{
    char text[2 * MARK_TEXT + 1];

    snprintf(text, sizeof text, "%019" PRId64 "\n%019" PRId64 "\n", id, committed);
    return pwrite(log->mark_fd, text, 2 * MARK_TEXT, 0) == 2 * MARK_TEXT ? RS_OK : mark_failed(log, "write", fault);
}

enum rs_err sqlite_mark_due(struct sqlite_log *log, int64_t id, int64_t committed, struct fault *fault)
{
    int64_t now = coarse_ms();

    log->mark_stale = true;
    if (now - log->marked_at < MARK_MS)
        return RS_OK;
    log->marked_at = now;
    return write_mark(log, id, committed, fault);
}

void sqlite_mark_head(struct sqlite_log *log)
{
    int64_t head;

    if (!log->db || !log->mark_stale)
        return;
    if (!sqlite_do(log, SQL_BEGIN_WRITE, NULL) && !sqlite_number(log, SQL_HEAD, &head, NULL) &&
        !write_mark(log, head, head, NULL))
        log->mark_stale = false;
    sqlite_rollback(log);
}

static enum rs_err look(struct sqlite_log *log, struct state *st, struct fault *fault)
{
    enum rs_err err = sqlite_number(log, SQL_HEAD, &st->head, fault);

    if (!err)
        err = read_mark(log, st, fault);
    return err ? err : read_noted_boot(log, st->noted_boot, fault);
}

static bool lost(const struct state *st)
{
    return st->mark > st->head;
}

/* Has the machine been started anew since the log was last written? */
static bool booted(const struct state *st)
{
    return *st->boot && *st->noted_boot && strcmp(st->boot, st->noted_boot) != 0;
}

static enum rs_err note_boot(struct sqlite_log *log, const struct state *st, struct fault *fault)
{
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_META_BOOT_SET, &stmt, fault);

    if (err)
        return err;
    sqlite3_bind_text(stmt, 1, st->boot, -1, SQLITE_STATIC);
    return sqlite_run(log, stmt, fault);
}

static enum rs_err jump(struct sqlite_log *log, const struct state *st, int64_t to, struct fault *fault)
{
    static const enum sql statements[] = {SQL_HEAD_DROP, SQL_HEAD_SET};
    sqlite3_stmt *stmt;
    enum rs_err err = RS_OK;

    for (int i = 0; !err && i < 2; i++) {
        err = sqlite_statement(log, statements[i], &stmt, fault);
        if (!err && statements[i] == SQL_HEAD_SET)
            sqlite3_bind_int64(stmt, 1, to);
        if (!err)
            err = sqlite_run(log, stmt, fault);
    }
    if (!err)
        err = sqlite_statement(log, SQL_VOID_ADD, &stmt, fault);
    if (err)
        return err;
    sqlite3_bind_int64(stmt, 1, st->head + 1);
    sqlite3_bind_int64(stmt, 2, to - 1);
    sqlite3_bind_int64(stmt, 3, st->committed > st->head ? st->mark : 0);
    return sqlite_run(log, stmt, fault);
}

/* With the write lock held: nobody is between writing the mark and committing. */
static enum rs_err settle(struct sqlite_log *log, struct state *st, int64_t *ret_jumped, struct fault *fault)
{
    enum rs_err err = look(log, st, fault);

    if (!err && (lost(st) || (booted(st) && st->head > 0))) {
        *ret_jumped = (lost(st) ? st->mark : st->head) + JUMP;
        err = jump(log, st, *ret_jumped, fault);
    }
    return err ? err : note_boot(log, st, fault);
}

enum rs_err sqlite_mark_open(struct sqlite_log *log, struct fault *fault)
{
    struct state st = {0};
    int64_t jumped = 0;
    enum rs_err err = open_mark(log, fault);

    if (!err)
        err = look(log, &st, fault);
    read_boot(st.boot);
    if (err || (!lost(&st) && strcmp(st.boot, st.noted_boot) == 0))
        return err;
    err = sqlite_do(log, SQL_BEGIN_WRITE, fault);
    if (!err)
        err = settle(log, &st, &jumped, fault);
    if (!err)
        err = sqlite_do(log, SQL_COMMIT, fault);
    if (err)
        sqlite_rollback(log);
    else if (jumped)
        err = write_mark(log, jumped, jumped, fault);
    return err;
}

enum rs_err sqlite_void(struct eventlog *base, int64_t id, int64_t *ret_first, int64_t *ret_last, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    sqlite3_stmt *stmt;
    bool exists;
    enum rs_err err = sqlite_ready(log, &exists, fault);

    if (!err && !exists)
        err = RS_NOT_FOUND;
    if (!err)
        err = sqlite_statement(log, SQL_VOID_AT, &stmt, fault);
    if (!err) {
        sqlite3_bind_int64(stmt, 1, id);
        err = sqlite_row(log, stmt, fault);
    }
    *ret_first = *ret_last = 0;
    if (err)
        return err == RS_NOT_FOUND ? RS_OK : err;
    if (sqlite3_column_int64(stmt, 1) >= id) {
        *ret_first = sqlite3_column_int64(stmt, 0);
        *ret_last = sqlite3_column_int64(stmt, 1);
    }
    sqlite3_reset(stmt);
    return RS_OK;
}
