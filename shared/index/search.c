/* Looking for passages; the indexes there are. */
#include "base/clock.h"
#include "index/textindex_db.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TERMS_MAX 32

/* Words of English questions, not of their answers. Left out unless a query has nothing else. */
static bool is_stop_word(const char *word, size_t len)
{
    static const char list[] =
        " a an and are as at be by can do does for from has have how i in is it its me my of on or our "
        "that the their there this to was we were what when where which who why will with you your ";
    char spaced[16];

    if (len == 0 || len > sizeof spaced - 3)
        return false;
    spaced[0] = ' ';
    for (size_t i = 0; i < len; i++)
        spaced[i + 1] = (char)tolower((unsigned char)word[i]);
    memcpy(spaced + len + 1, " ", 2);
    return strstr(list, spaced) != NULL;
}

static bool in_word(unsigned char c)
{
    return c >= 0x80 || isalnum(c) || c == '_' || c == '.' || c == '-' || c == '\'';
}

/* Any text as an FTS5 query: each word, and each phrase in double quotes, as a string, joined by OR. In a string
 * nothing has a meaning, and a double quote cannot get into one. */
static void put_query(struct buf *out, const char *query, size_t len, bool stop_words)
{
    int n = 0;

    for (size_t at = 0; at < len && n < TERMS_MAX;) {
        const char *close = query[at] == '"' ? memchr(query + at + 1, '"', len - at - 1) : NULL;
        size_t from = at, end;
        bool letters = false;
        if (close) {
            from = at + 1;
            end = (size_t)(close - query);
            at = end + 1;
        } else {
            while (at < len && in_word((unsigned char)query[at]))
                at++;
            end = at;
            at += at == from;
        }
        for (size_t i = from; i < end; i++)
            letters |= (unsigned char)query[i] >= 0x80 || isalnum((unsigned char)query[i]);
        if (!letters || (!close && !stop_words && is_stop_word(query + from, end - from)))
            continue;
        buf_puts(out, n++ ? " OR \"" : "\"");
        buf_append(out, query + from, end - from);
        buf_putc(out, '"');
    }
}

enum rs_err textindex_list(struct textindex *index, struct json_object **ret, struct fault *fault)
{
    sqlite3_stmt *rows = NULL;
    struct json_object *list = json_object_new_array();
    enum rs_err err = RS_OK;
    int rc =
        sqlite3_prepare_v2(index->db,
                           "SELECT name, root, updated, (SELECT count(*) FROM files WHERE idx = i.id),"
                           " (SELECT count(*) FROM passages p JOIN files f ON f.id = p.file WHERE f.idx = i.id),"
                           " (SELECT coalesce(sum(size), 0) FROM files WHERE idx = i.id) FROM indexes i ORDER BY name",
                           -1, &rows, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(rows)) == SQLITE_ROW) {
        struct json_object *row = json_object_new_object();
        json_set_string(row, "name", (const char *)sqlite3_column_text(rows, 0));
        json_set_string(row, "root", (const char *)sqlite3_column_text(rows, 1));
        json_set_int(row, "files", sqlite3_column_int64(rows, 3));
        json_set_int(row, "passages", sqlite3_column_int64(rows, 4));
        json_set_int(row, "bytes", sqlite3_column_int64(rows, 5));
        json_set_time(row, "updatedAt", sqlite3_column_int64(rows, 2));
        json_object_array_add(list, row);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_DONE)
        err = textindex_failed(index, fault);
    sqlite3_finalize(rows);
    if (err)
        json_object_put(list);
    else
        *ret = list;
    return err;
}

/* Row of the index of this name. */
static enum rs_err find(struct textindex *index, const char *name, int64_t *ret, struct fault *fault)
{
    sqlite3_stmt *row = NULL;
    enum rs_err err = RS_OK;
    int rc = sqlite3_prepare_v2(index->db,
                                "SELECT (SELECT id FROM indexes WHERE name = ?1),"
                                " (SELECT group_concat(name, ', ') FROM (SELECT name FROM indexes ORDER BY name))",
                                -1, &row, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        rc = sqlite3_step(row);
    }
    if (rc != SQLITE_ROW) {
        err = textindex_failed(index, fault);
    } else if (sqlite3_column_type(row, 0) == SQLITE_NULL) {
        const char *names = (const char *)sqlite3_column_text(row, 1);
        err = fault_set(fault, RS_NOT_FOUND, "there is no index \"%.128s\"; there is %.300s", name,
                        names ? names : "none");
    } else {
        *ret = sqlite3_column_int64(row, 0);
    }
    sqlite3_finalize(row);
    return err;
}

enum rs_err textindex_remove(struct textindex *index, const char *name, struct fault *fault)
{
    static const char *const steps[] = {
        ("INSERT INTO words (words, rowid, path, title, text) SELECT 'delete', p.id, f.path, p.title, p.text"
         " FROM passages p JOIN files f ON f.id = p.file WHERE f.idx = %lld"),
        "DELETE FROM passages WHERE file IN (SELECT id FROM files WHERE idx = %lld)",
        "DELETE FROM files WHERE idx = %lld",
        "DELETE FROM indexes WHERE id = %lld",
    };
    int64_t id;
    char sql[512];
    enum rs_err err = textindex_exec(index, "BEGIN IMMEDIATE", fault);

    if (err)
        return err;
    err = find(index, name, &id, fault);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !err; i++) {
        snprintf(sql, sizeof sql, steps[i], (long long)id);
        err = textindex_exec(index, sql, fault);
    }
    if (!err)
        err = textindex_exec(index, "COMMIT", fault);
    if (err)
        sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static struct json_object *passage(sqlite3_stmt *row)
{
    struct json_object *out = json_object_new_object();
    char id[24];

    snprintf(id, sizeof id, "%lld", (long long)sqlite3_column_int64(row, 0));
    json_set_string(out, "id", id);
    json_set_string(out, "index", (const char *)sqlite3_column_text(row, 1));
    json_set_string(out, "path", (const char *)sqlite3_column_text(row, 2));
    json_set_int(out, "line", sqlite3_column_int64(row, 3));
    json_set_string(out, "title", (const char *)sqlite3_column_text(row, 4));
    json_set_string(out, "text", (const char *)sqlite3_column_text(row, 5));
    /* bm25() of FTS5 is the better the more negative it is. */
    json_set(out, "score", json_object_new_double(-sqlite3_column_double(row, 6)));
    return out;
}

/* The best are found by the words alone; only their texts are read. */
static const char search_all[] = "SELECT p.id, i.name, f.path, p.line, p.title, p.text, best.score"
                                 " FROM (SELECT rowid AS id, bm25(words, 2.0, 4.0, 1.0) AS score FROM words"
                                 " WHERE words MATCH ?1 ORDER BY score LIMIT ?2) best"
                                 " JOIN passages p ON p.id = best.id JOIN files f ON f.id = p.file"
                                 " JOIN indexes i ON i.id = f.idx ORDER BY best.score, p.id";
static const char search_one[] = "SELECT p.id, i.name, f.path, p.line, p.title, p.text, best.score"
                                 " FROM (SELECT w.rowid AS id, bm25(words, 2.0, 4.0, 1.0) AS score FROM words w"
                                 " JOIN passages q ON q.id = w.rowid JOIN files g ON g.id = q.file"
                                 " WHERE words MATCH ?1 AND g.idx = ?3 ORDER BY score LIMIT ?2) best"
                                 " JOIN passages p ON p.id = best.id JOIN files f ON f.id = p.file"
                                 " JOIN indexes i ON i.id = f.idx ORDER BY best.score, p.id";

static enum rs_err search(struct textindex *index, const char *match, const char *name, int limit,
                          struct json_object *list, struct fault *fault)
{
    sqlite3_stmt *rows = NULL;
    int64_t id = 0;
    enum rs_err err = name ? find(index, name, &id, fault) : RS_OK;
    int rc;

    if (err || !*match)
        return err;
    rc = sqlite3_prepare_v2(index->db, name ? search_one : search_all, -1, &rows, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_text(rows, 1, match, -1, SQLITE_STATIC);
        sqlite3_bind_int(rows, 2, limit);
        if (name)
            sqlite3_bind_int64(rows, 3, id);
        while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
            json_object_array_add(list, passage(rows));
    }
    if (rc != SQLITE_DONE)
        err = textindex_failed(index, fault);
    sqlite3_finalize(rows);
    return err;
}

enum rs_err textindex_search(struct textindex *index, const char *query, const char *name, int limit,
                             struct json_object **ret, struct fault *fault)
{
    size_t len = strnlen(query, TEXTINDEX_QUERY_MAX);
    struct json_object *list = json_object_new_array();
    struct buf match;
    enum rs_err err;

    buf_init(&match, 2 * TEXTINDEX_QUERY_MAX);
    put_query(&match, query, len, false);
    if (match.len == 0)
        put_query(&match, query, len, true);
    err = search(index, match.data ? match.data : "", name, limit, list, fault);
    buf_release(&match);
    if (err)
        json_object_put(list);
    else
        *ret = list;
    return err;
}
