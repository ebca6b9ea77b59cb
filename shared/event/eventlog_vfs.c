/* What is written behind what was written before is gathered, up to GATHER_BYTES. A commit is the page whose frame head
 * tells the size of the database (bytes 4 to 7, "WAL File Format" in SQLite's documentation): once it was written, all must
 * be with the kernel, for SQLite then tells other processes of it; and an error can still be said. Whatever else is done
 * with the file comes after what was gathered. What is written over goes out at once: a transaction larger than SQLite's
 * cache may write a page twice, and its commit then ends with the heads of all frames since, the last of them its own. */
#include "event/eventlog_vfs.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_BYTES 122880 /* SQLite writes at most 128 KiB less one byte at once */
#define FRAME_HEAD_BYTES 24

struct wal_file {
    sqlite3_file base;
    char *bytes; /* [GATHER_BYTES], NULL before the first write */
    int len;
    sqlite3_int64 at; /* where bytes[0] belongs */
    sqlite3_int64 end; /* of all that was written since the file was begun anew */
    bool commits;     /* the page that comes next ends a transaction */
};

static sqlite3_vfs vfs;
static const char *vfs_name;

/* SQLite's own file is kept behind ours. */
static sqlite3_file *own(sqlite3_file *file)
{
    return (sqlite3_file *)((struct wal_file *)file + 1);
}

/* Written or not, nothing stays gathered: after an error SQLite writes these frames again. */
static int flush(sqlite3_file *file)
{
    struct wal_file *wal = (struct wal_file *)file;
    int len = wal->len;

    wal->len = 0;
    wal->commits = false;
    return len == 0 ? SQLITE_OK : own(file)->pMethods->xWrite(own(file), wal->bytes, len, wal->at);
}

static bool ends_transaction(const void *data, int len)
{
    static const char none[4] = {0};

    return len == FRAME_HEAD_BYTES && memcmp((const char *)data + 4, none, sizeof none) != 0;
}

static int wal_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    struct wal_file *wal = (struct wal_file *)file;
    bool last = wal->commits;

    if (!wal->bytes && !(wal->bytes = malloc(GATHER_BYTES)))
        return SQLITE_NOMEM;
    if (wal->len > 0 && (at != wal->at + wal->len || len > GATHER_BYTES - wal->len)) {
        int rc = flush(file);
        if (rc != SQLITE_OK)
            return rc;
    }
    bool over = at > 0 && at < wal->end;
    wal->end = over ? wal->end : at + len;
    if (over || len > GATHER_BYTES)
        return own(file)->pMethods->xWrite(own(file), data, len, at);
    if (wal->len == 0)
        wal->at = at;
    memcpy(wal->bytes + wal->len, data, (size_t)len);
    wal->len += len;
    wal->commits = ends_transaction(data, len);
    return last ? flush(file) : SQLITE_OK;
}

static int wal_close(sqlite3_file *file)
{
    struct wal_file *wal = (struct wal_file *)file;
    int rc = flush(file), closed = own(file)->pMethods->xClose(own(file));

    free(wal->bytes);
    wal->bytes = NULL;
    return rc != SQLITE_OK ? rc : closed;
}

static int wal_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    int rc = flush(file);

    return rc != SQLITE_OK ? rc : own(file)->pMethods->xRead(own(file), data, len, at);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 len)
{
    int rc = flush(file);

    if (len < ((struct wal_file *)file)->end)
        ((struct wal_file *)file)->end = len;
    return rc != SQLITE_OK ? rc : own(file)->pMethods->xTruncate(own(file), len);
}

static int wal_sync(sqlite3_file *file, int flags)
{
    int rc = flush(file);

    return rc != SQLITE_OK ? rc : own(file)->pMethods->xSync(own(file), flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *ret_len)
{
    int rc = flush(file);

    return rc != SQLITE_OK ? rc : own(file)->pMethods->xFileSize(own(file), ret_len);
}

static int wal_lock(sqlite3_file *file, int level)
{
    return own(file)->pMethods->xLock(own(file), level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
    return own(file)->pMethods->xUnlock(own(file), level);
}

static int wal_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return own(file)->pMethods->xCheckReservedLock(own(file), ret_reserved);
}

static int wal_control(sqlite3_file *file, int what, void *arg)
{
    int rc = flush(file);

    return rc != SQLITE_OK ? rc : own(file)->pMethods->xFileControl(own(file), what, arg);
}

static int wal_sector(sqlite3_file *file)
{
    return own(file)->pMethods->xSectorSize(own(file));
}

static int wal_device(sqlite3_file *file)
{
    return own(file)->pMethods->xDeviceCharacteristics(own(file));
}

static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_check_lock,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector,
    .xDeviceCharacteristics = wal_device,
};

/* All other files are SQLite's own, as if this were not here. */
static int vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *below = self->pAppData;
    struct wal_file *wal = (struct wal_file *)file;

    if (!(flags & SQLITE_OPEN_WAL))
        return below->xOpen(below, name, file, flags, ret_flags);
    memset(wal, 0, sizeof *wal);
    own(file)->pMethods = NULL;
    int rc = below->xOpen(below, name, own(file), flags, ret_flags);
    wal->base.pMethods = own(file)->pMethods ? &wal_methods : NULL;
    return rc;
}

static void set_up(void)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);

    if (!below)
        return;
    vfs = *below;
    vfs.pNext = NULL;
    vfs.zName = "runspool";
    vfs.pAppData = below;
    vfs.szOsFile = (int)sizeof(struct wal_file) + below->szOsFile;
    vfs.xOpen = vfs_open;
    if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
        vfs_name = vfs.zName;
}

const char *eventlog_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, set_up);
    return vfs_name;
}
