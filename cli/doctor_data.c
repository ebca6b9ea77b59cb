/* Is the data directory one to live in? */
#include "cli/doctor.h"
#include "auth/auth.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MEGABYTE (1024 * 1024)
#define SPACE_BAD_MB 100
#define SPACE_LITTLE_MB 1024

/* linux/magic.h, and what it lacks */
static const struct {
    unsigned long type;
    const char *name;
} networked[] = {{0x6969, "NFS"}, {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB"}, {0x65735546, "FUSE"}, {0x01021997, "9p"}, {0x00C36400, "Ceph"}};

static void check_access(struct doctor *doctor)
{
    const char *root = doctor->cli->dd.root;
    struct stat st;
    if (stat(root, &st) != 0 || access(root, R_OK | W_OK | X_OK) != 0)
        doctor_say(doctor, DOCTOR_BAD, "data directory", "Run this as the user that Runspool runs as, or as a member of its group.",
                   "%s cannot be used: %s", root, strerror(errno));
    else if (st.st_mode & 0007)
        doctor_say(doctor, DOCTOR_WARNING, "data directory", "chmod o-rwx DIR", "%s is open to every user of this machine", root);
    else
        doctor_say(doctor, DOCTOR_GOOD, "data directory", NULL, "%s", root);
}

static void check_space(struct doctor *doctor)
{
    struct statvfs fs;
    if (statvfs(doctor->cli->dd.root, &fs) != 0)
        return;
    unsigned long long mb = (unsigned long long)fs.f_bavail * fs.f_frsize / MEGABYTE;
    doctor_say(doctor, mb < SPACE_BAD_MB ? DOCTOR_BAD : mb < SPACE_LITTLE_MB ? DOCTOR_WARNING : DOCTOR_GOOD, "disk space",
               mb < SPACE_LITTLE_MB ? "Free some, or keep less: eventlog.keep_days, runs.keep_work_days, artifacts.keep_days." : NULL,
               "%llu MB are free", mb);
}

/* SQLite's write-ahead log needs shared memory between processes. */
static bool wal_works(const char *path, char *said, size_t size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    bool works = false;
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, "PRAGMA journal_mode=WAL", -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW) {
        works = strcmp((const char *)sqlite3_column_text(row, 0), "wal") == 0;
        sqlite3_finalize(row);
        row = NULL;
        works = works && sqlite3_exec(db, "CREATE TABLE t (a); INSERT INTO t VALUES (1)", NULL, NULL, NULL) == SQLITE_OK;
    }
    snprintf(said, size, "%s", db ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_finalize(row);
    sqlite3_close(db);
    return works;
}

static void check_database(struct doctor *doctor)
{
    char path[PATH_MAX], beside[PATH_MAX + 8], said[256];
    const char *where = "local";
    struct statfs fs;
    bool local = true;
    datadir_path(&doctor->cli->dd, path, "doctor-%d.db", (int)getpid());
    if (statfs(doctor->cli->dd.root, &fs) == 0)
        for (size_t i = 0; i < sizeof networked / sizeof *networked; i++)
            if ((unsigned long)fs.f_type == networked[i].type) {
                local = false;
                where = networked[i].name;
            }
    bool works = wal_works(path, said, sizeof said);
    unlink(path);
    for (int i = 0; i < 2; i++) {
        snprintf(beside, sizeof beside, "%s%s", path, i ? "-wal" : "-shm");
        unlink(beside);
    }
    static const char mend[] = "Put the data directory on a disk of this machine.";
    if (!works)
        doctor_say(doctor, DOCTOR_BAD, "write-ahead log", mend, "SQLite cannot use it here (%s file system): %s", where, said);
    else
        doctor_say(doctor, local ? DOCTOR_GOOD : DOCTOR_WARNING, "write-ahead log", local ? NULL : mend, "works, on a %s file system", where);
}

static void check_version(struct doctor *doctor)
{
    struct fault fault = {0};
    struct db *db = NULL;
    if (db_open(&doctor->cli->dd, &db, &fault) == RS_OK)
        doctor_say(doctor, DOCTOR_GOOD, "database", NULL, "opens, and has the form that this version knows");
    else
        doctor_say(doctor, DOCTOR_BAD, "database", NULL, "%s", fault.message);
    db_close(db);
}

static void check_secret(struct doctor *doctor)
{
    const struct config *config = doctor->cli->dd.config;
    if (config_is(config, "auth", "jwt") && auth_is_weak(config))
        doctor_say(doctor, DOCTOR_WARNING, "auth.secret", "Set one of 32 bytes or more: openssl rand -hex 32",
                   "auth.secret is so short that it can be guessed");
}

void doctor_data(struct doctor *doctor)
{
    check_access(doctor);
    check_space(doctor);
    check_database(doctor);
    check_version(doctor);
    check_secret(doctor);
}
