/* Bringing an index up to date with its folder. */
#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "html/charset.h"
#include "html/html.h"
#include "index/ignore.h"
#include "index/split.h"
#include "index/textindex_db.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define COMMIT_BYTES (4 * 1024 * 1024) /* of texts written in one transaction: others that write wait no longer */
#define COMMIT_FILES 500
#define PROBE 8192 /* bytes in which a file shows whether it is text */

struct update {
    struct textindex *index;
    int64_t idx, generation;
    struct textindex_progress progress;
    textindex_progress_fn *fn;
    void *ctx;
    struct fault *fault;
    struct ignore ignore;
    char path[PATH_MAX];            /* of the entry being looked at, below the root */
    int64_t file;                   /* row of the file being written */
    int64_t open_bytes, open_files; /* in the open transaction */
    char *body;                     /* TEXTINDEX_FILE_MAX bytes and one */
};

/* FNV-1a, 64 bits. */
static int64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (int64_t)hash;
}

static enum rs_err commit(struct update *u)
{
    u->open_bytes = u->open_files = 0;
    return textindex_exec(u->index, "COMMIT; BEGIN IMMEDIATE", u->fault);
}

/* --- one file --- */

static enum rs_err on_passage(void *ctx, const char *title, long line, const char *text, size_t len)
{
    struct update *u = ctx;
    enum rs_err err = textindex_run(u->index, INDEX_PASSAGE_ADD, u->fault, "iitt", u->file, (int64_t)line, title, text);

    if (!err)
        err = textindex_run(u->index, INDEX_TEXT_ADD, u->fault, "ittt", sqlite3_last_insert_rowid(u->index->db),
                            u->path, title, text);
    u->progress.passages += !err;
    u->open_bytes += (int64_t)len;
    return err;
}

/* No text has a NUL, unless it is UTF-16, which says so; nor many other control characters. */
static bool is_binary(const char *body, size_t len)
{
    size_t n = len < PROBE ? len : PROBE, odd = 0;

    if (len >= 2 && (memcmp(body, "\xff\xfe", 2) == 0 || memcmp(body, "\xfe\xff", 2) == 0))
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)body[i];
        if (c == 0)
            return true;
        odd += c < 0x20 && !(c >= '\t' && c <= '\r') && c != 0x1b;
    }
    return odd > n / 20;
}

static enum rs_err write_passages(struct update *u, size_t len)
{
    enum split_kind kind = split_kind_of(u->path);
    struct buf text;
    enum rs_err err = RS_OK;

    buf_init(&text, 4 * (size_t)TEXTINDEX_FILE_MAX);
    /* What a source says of encodings is not said of itself. */
    const char *type = utf8_valid(u->body, len) ? "text/plain; charset=utf-8" : "text/plain; charset=windows-1252";
    err = charset_to_utf8(u->body, len, kind == SPLIT_HTML ? NULL : type, &text);
    if (!err)
        err = split_text(kind, text.data ? text.data : "", text.len, on_passage, u);
    buf_release(&text);
    if (err == RS_LIMIT) { /* HTML that is nested without end: what could be read of it stays */
        u->progress.left_out++;
        err = RS_OK;
    }
    return err;
}

/* The whole file. Returns: bytes; -1: it cannot be read, or is too large. */
static ssize_t read_all(int fd, char *body)
{
    size_t len = 0;

    while (len <= TEXTINDEX_FILE_MAX) {
        ssize_t n = read(fd, body + len, TEXTINDEX_FILE_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : (ssize_t)len;
        len += (size_t)n;
    }
    return -1;
}

struct known {
    int64_t id, mtime, size, hash; /* id 0: not known */
};

static enum rs_err find_file(struct update *u, struct known *ret)
{
    sqlite3_stmt *found;
    enum rs_err err = textindex_statement(u->index, INDEX_FILE_FIND, &found, u->fault, "it", u->idx, u->path);

    *ret = (struct known){0};
    if (err)
        return err;
    int rc = sqlite3_step(found);
    if (rc == SQLITE_ROW)
        *ret = (struct known){sqlite3_column_int64(found, 0), sqlite3_column_int64(found, 1),
                              sqlite3_column_int64(found, 2), sqlite3_column_int64(found, 3)};
    else if (rc != SQLITE_DONE)
        err = textindex_failed(u->index, u->fault);
    sqlite3_reset(found);
    return err;
}

/* A new or changed text. */
static enum rs_err write_file(struct update *u, const struct known *known, int64_t mtime, size_t len)
{
    int64_t hash = hash_of(u->body, len), size = (int64_t)len;
    enum rs_err err;

    if (known->id && known->hash == hash && known->size == size) {
        u->progress.unchanged++;
        return textindex_run(u->index, INDEX_FILE_CHANGE, u->fault, "iiiii", known->id, mtime, size, hash,
                             u->generation);
    }
    if (known->id) {
        u->progress.changed++;
        u->file = known->id;
        err = textindex_forget_file(u->index, known->id, u->fault);
        if (!err)
            err = textindex_run(u->index, INDEX_FILE_CHANGE, u->fault, "iiiii", known->id, mtime, size, hash,
                                u->generation);
    } else {
        u->progress.added++;
        err = textindex_run(u->index, INDEX_FILE_ADD, u->fault, "itiiii", u->idx, u->path, mtime, size, hash,
                            u->generation);
        u->file = sqlite3_last_insert_rowid(u->index->db);
    }
    return err ? err : write_passages(u, len);
}

static enum rs_err take_file(struct update *u, int folder, const char *name, const struct stat *st)
{
    int64_t mtime = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
    struct known known;
    enum rs_err err = find_file(u, &known);

    if (err)
        return err;
    if (known.id && known.mtime == mtime && known.size == st->st_size) {
        u->progress.unchanged++;
        err = textindex_run(u->index, INDEX_FILE_SEEN, u->fault, "ii", known.id, u->generation);
    } else {
        int fd = st->st_size <= TEXTINDEX_FILE_MAX
                     ? openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
                     : -1;
        ssize_t len = fd >= 0 ? read_all(fd, u->body) : -1;
        if (fd >= 0)
            close(fd);
        if (len < 0 || is_binary(u->body, (size_t)len)) {
            u->progress.left_out++; /* if it was in the index, it leaves it */
            return RS_OK;
        }
        err = write_file(u, &known, mtime, (size_t)len);
    }
    u->progress.files++;
    u->progress.bytes += st->st_size;
    return err;
}

/* --- the folder --- */

static enum rs_err take_folder(struct update *u, int folder, size_t len, int depth);

static void take_ignore(struct update *u, int folder)
{
    char text[IGNORE_FILE_MAX];
    int fd = openat(folder, ".gitignore", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;

    if (fd >= 0)
        close(fd);
    if (n > 0)
        ignore_add(&u->ignore, u->path, text, (size_t)n);
}

static enum rs_err take_entry(struct update *u, int folder, const char *name, size_t len, int depth)
{
    struct stat st;
    size_t at = len ? len + 1 : 0, n = strlen(name);
    enum rs_err err = RS_OK;

    if (*name == '.' || at + n + 1 > sizeof u->path || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return RS_OK;
    if (len)
        u->path[len] = '/';
    memcpy(u->path + at, name, n + 1);
    bool is_folder = S_ISDIR(st.st_mode);
    if ((!is_folder && !S_ISREG(st.st_mode)) || ignore_matches(&u->ignore, u->path, is_folder) ||
        (st.st_dev == u->index->data_dev && st.st_ino == u->index->data_ino) || !utf8_valid(u->path, at + n)) {
        u->path[len] = '\0';
        return RS_OK;
    }
    if (is_folder) {
        int below = depth < DEPTH_MAX ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
        if (below >= 0)
            err = take_folder(u, below, at + n, depth + 1);
    } else {
        err = u->progress.files >= TEXTINDEX_FILES_MAX
                  ? fault_set(u->fault, RS_LIMIT, "more than %d files", TEXTINDEX_FILES_MAX)
                  : take_file(u, folder, name, &st);
        u->progress.path = u->path;
        if (!err && u->fn && !u->fn(u->ctx, &u->progress))
            err = fault_set(u->fault, RS_CLOSED, "ended");
        if (!err && (++u->open_files >= COMMIT_FILES || u->open_bytes >= COMMIT_BYTES))
            err = commit(u);
    }
    u->path[len] = '\0';
    return err;
}

/* folder: closed by this. len: of its path in u->path. */
static enum rs_err take_folder(struct update *u, int folder, size_t len, int depth)
{
    DIR *dir = fdopendir(folder);
    size_t n_rules = u->ignore.n;
    enum rs_err err = RS_OK;

    if (!dir) {
        close(folder);
        return RS_OK;
    }
    take_ignore(u, folder);
    for (struct dirent *entry; !err && (entry = readdir(dir));)
        err = take_entry(u, folder, entry->d_name, len, depth);
    closedir(dir);
    ignore_truncate(&u->ignore, n_rules);
    return err;
}

/* What was not seen this time is gone, unless another update that began later has seen it. */
static enum rs_err remove_gone(struct update *u)
{
    sqlite3_stmt *gone = NULL;
    enum rs_err err = RS_OK;
    int rc = sqlite3_prepare_v2(u->index->db, "SELECT id FROM files WHERE idx = ?1 AND seen < ?2", -1, &gone, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(gone, 1, u->idx);
        sqlite3_bind_int64(gone, 2, u->generation);
        while (!err && (rc = sqlite3_step(gone)) == SQLITE_ROW) {
            int64_t id = sqlite3_column_int64(gone, 0);
            err = textindex_forget_file(u->index, id, u->fault);
            if (!err)
                err = textindex_run(u->index, INDEX_FILE_DELETE, u->fault, "i", id);
            u->progress.removed += !err;
        }
    }
    if (!err && rc != SQLITE_DONE)
        err = textindex_failed(u->index, u->fault);
    sqlite3_finalize(gone);
    return err;
}

/* The row of the index, made when it is new. In a transaction. */
static enum rs_err take_index(struct update *u, const char *name, const char *root)
{
    sqlite3_stmt *row = NULL;
    enum rs_err err = RS_OK;
    int rc = sqlite3_prepare_v2(u->index->db,
                                "INSERT INTO indexes (name, root, generation) VALUES (?1, ?2, 1)"
                                " ON CONFLICT (name) DO UPDATE SET generation = generation + (root = ?2)"
                                " RETURNING id, generation, root",
                                -1, &row, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 2, root, -1, SQLITE_STATIC);
        rc = sqlite3_step(row);
    }
    if (rc != SQLITE_ROW) {
        err = textindex_failed(u->index, u->fault);
    } else if (strcmp((const char *)sqlite3_column_text(row, 2), root) != 0) {
        err = fault_set(u->fault, RS_CONFLICT, "the index %s is of %s; give another name", name,
                        (const char *)sqlite3_column_text(row, 2));
    } else {
        u->idx = sqlite3_column_int64(row, 0);
        u->generation = sqlite3_column_int64(row, 1);
    }
    sqlite3_finalize(row);
    return err;
}

static enum rs_err update(struct update *u, const char *name, const char *root, int folder)
{
    char sql[128];
    enum rs_err err = textindex_exec(u->index, "BEGIN IMMEDIATE", u->fault);

    if (err) {
        close(folder);
        return err;
    }
    if ((err = take_index(u, name, root))) {
        close(folder);
        return err;
    }
    err = take_folder(u, folder, 0, 0);
    if (!err)
        err = remove_gone(u);
    if (!err) {
        snprintf(sql, sizeof sql, "UPDATE indexes SET updated = %" PRId64 " WHERE id = %" PRId64, clock_wall_ms(),
                 u->idx);
        err = textindex_exec(u->index, sql, u->fault);
    }
    return err;
}

enum rs_err textindex_update(struct textindex *index, const char *name, const char *root, textindex_progress_fn *fn,
                             void *ctx, struct textindex_progress *ret, struct fault *fault)
{
    struct update u = {.index = index, .fn = fn, .ctx = ctx, .fault = fault};
    enum rs_err err;
    int folder;

    if (!id_valid(name))
        return fault_set(fault, RS_INVALID, "\"%.128s\" is no name for an index: letters, digits, . _ and - are", name);
    folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return fault_set(fault, errno == ENOENT || errno == ENOTDIR ? RS_NOT_FOUND : RS_IO, "%s: %s", root,
                         strerror(errno));
    u.body = malloc(TEXTINDEX_FILE_MAX + 1);
    if (!u.body) {
        close(folder);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    html_init();
    err = update(&u, name, root, folder);
    /* What is written stays when somebody ended it. */
    if (!err || err == RS_CLOSED) {
        struct fault why;
        enum rs_err done = textindex_exec(index, "COMMIT", &why);
        if (done && !err)
            err = fault_set(fault, done, "%s", why.message);
    }
    if (err)
        sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
    ignore_release(&u.ignore);
    free(u.body);
    u.progress.path = NULL;
    *ret = u.progress;
    return err;
}
