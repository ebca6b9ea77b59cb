/* eventlog_wal - own checkpoints of the SQLite log. Left to itself SQLite does one within an append, every thousand
 * pages, and never shrinks the file.
 *   passive    when enough was written: as far as readers allow, waiting for nobody, and by a connection of its own, for
 *              the disk takes its time and appends need not wait for that
 *   restart    when the file is large, after a passive one, which has left little to do: what is appended next is written over
 *              its beginning. The file keeps its size: to write where it has blocks already is quick, also while the disk is busy
 *   truncate   when nothing is being appended
 * The last two wait for readers, WAIT_MS at most. When all has been moved, the file is begun anew soon, with a commit of no
 * event, for the first commit waits for the disk.
 * A reader that stays in one old transaction keeps all that was written since from being reused; nobody can end it from
 * here, so the file grows until it goes, and then shrinks. */
#include "base/clock.h"
#include "event/eventlog_sqlite.h"
#include <stdio.h>
#include <sys/stat.h>

#define WORTH_BYTES (8 * 1024 * 1024)  /* written since the last passive one */
#define LARGE_BYTES (64 * 1024 * 1024) /* in the file */
#define KEPT_BYTES "100663296" /* of a file that grew beyond, held by a reader (96 MiB) */
#define WAIT_MS 10
#define RETRY_MS 1000 /* between two that wait for readers */

/* The commit that begins the file writes its head, and waits until the disk has that. Done here, no event that comes after a quiet
 * moment waits for it; where it fails, that is for the next append to find out. */
static void begin_file(struct sqlite_log *log)
{
    int before = log->wal.pages;
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_statement(log, SQL_META_BEGUN_SET, &stmt, NULL);

    if (err)
        return;
    sqlite3_busy_timeout(log->db, 0);
    sqlite3_bind_int64(stmt, 1, clock_wall_ms());
    err = sqlite_run(log, stmt, NULL);
    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    log->wal.begun = !err && before == 0 ? log->wal.pages : 0; /* what is larger is truncated when idle */
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct sqlite_wal *wal = ctx;

    (void)db;
    (void)name;
    wal->pages = pages;
    if (pages < wal->tried) /* begun anew from the front */
        wal->tried = 0;
    return SQLITE_OK;
}

/* From now on appends leave it to us. What they run is prepared now, so that the first need not. */
static enum rs_err take_over(struct sqlite_log *log, struct fault *fault)
{
    static const enum sql of_append[] = {SQL_BEGIN_WRITE, SQL_STREAM_BY_NAME, SQL_STREAM_ADD, SQL_STREAM_ADD_TAG,
                                         SQL_PRODUCER_GET, SQL_HEAD, SQL_ARRIVAL_ADD, SQL_COMMIT};
    int64_t page_bytes;
    sqlite3_stmt *stmt;
    enum rs_err err = sqlite_number(log, SQL_PAGE_BYTES, &page_bytes, fault);

    for (size_t i = 0; !err && i < sizeof of_append / sizeof *of_append; i++)
        err = sqlite_statement(log, of_append[i], &stmt, fault);
    if (err)
        return err;
    log->wal.page_bytes = (int)page_bytes;
    sqlite3_wal_hook(log->db, on_commit, &log->wal);
    if (sqlite3_exec(log->db, "PRAGMA journal_size_limit = " KEPT_BYTES, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_failed(log, fault);
    log->wal.ours = true;
    return RS_OK;
}

static int64_t file_bytes(const struct sqlite_log *log)
{
    char path[PATH_MAX + 8];
    struct stat st;

    snprintf(path, sizeof path, "%s-wal", log->path);
    return stat(path, &st) == 0 ? st.st_size : 0;
}

static enum rs_err checkpoint(struct sqlite_log *log, int mode, struct fault *fault)
{
    int pages = 0, done = 0, rc;

    if (mode != SQLITE_CHECKPOINT_PASSIVE)
        sqlite3_busy_timeout(log->db, WAIT_MS);
    rc = sqlite3_wal_checkpoint_v2(log->db, NULL, mode, &pages, &done);
    sqlite3_busy_timeout(log->db, SQLITE_BUSY_MS);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY && (rc & 0xff) != SQLITE_LOCKED)
        return sqlite_failed(log, fault);
    if (pages >= 0)
        log->wal.pages = log->wal.tried = pages;
    if (rc == SQLITE_OK && done == pages)
        begin_file(log);
    log->wal.bytes = file_bytes(log);
    return RS_OK;
}

enum rs_err sqlite_checkpoint(struct eventlog *base, bool idle, bool *ret_due, int64_t *ret_bytes, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    struct sqlite_wal *wal = &log->wal;
    int64_t now = clock_mono_ms();
    enum rs_err err = sqlite_arrivals_due(log, idle, fault);

    *ret_due = false;
    if (err)
        return err;
    if (atomic_exchange(&wal->emptied, false))
        begin_file(log);
    if (!wal->ours) {
        err = take_over(log, fault);
        if (!err)
            err = checkpoint(log, SQLITE_CHECKPOINT_PASSIVE, fault);
    } else if (now >= wal->wait_at && idle && wal->pages > wal->begun) {
        wal->wait_at = now + RETRY_MS;
        err = checkpoint(log, SQLITE_CHECKPOINT_TRUNCATE, fault);
    } else if (now >= wal->wait_at && wal->pages >= LARGE_BYTES / wal->page_bytes && atomic_exchange(&wal->moved, false)) {
        wal->wait_at = now + RETRY_MS;
        err = checkpoint(log, SQLITE_CHECKPOINT_RESTART, fault);
    } else if (wal->pages - wal->tried >= WORTH_BYTES / wal->page_bytes) {
        wal->tried = wal->pages;
        wal->bytes = file_bytes(log);
        *ret_due = true;
    }
    *ret_bytes = wal->bytes;
    return err;
}

static enum rs_err beside_failed(struct sqlite_log *log, struct fault *fault)
{
    enum rs_err err = fault_set(fault, RS_IO, "event log %s: %s", log->path, sqlite3_errmsg(log->wal.beside));

    sqlite3_close(log->wal.beside);
    log->wal.beside = NULL;
    return err;
}

enum rs_err sqlite_checkpoint_beside(struct eventlog *base, struct fault *fault)
{
    struct sqlite_log *log = (struct sqlite_log *)base;
    struct sqlite_wal *wal = &log->wal;

    if (!wal->beside &&
        (sqlite3_open_v2(log->path, &wal->beside, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
         sqlite3_exec(wal->beside, "PRAGMA synchronous = NORMAL; PRAGMA schema_version", NULL, NULL, NULL) != SQLITE_OK))
        return beside_failed(log, fault);
    int pages = 0, done = 0;
    int rc = sqlite3_wal_checkpoint_v2(wal->beside, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &done) & 0xff;
    if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
        return beside_failed(log, fault);
    atomic_store(&wal->moved, true);
    atomic_store(&wal->emptied, rc == SQLITE_OK && done == pages);
    return RS_OK;
}
