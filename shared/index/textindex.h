/* textindex - full-text search over folders: SQLite FTS5 with BM25, in DIR/index.db of the data directory. An index is a
 * folder under a name; its files are cut into passages with their headings and line numbers. Any number of readers, also
 * in other processes, while one writes. Everything blocks on the disk. Threads: one textindex per thread. */
#ifndef RUNSPOOL_INDEX_TEXTINDEX_H
#define RUNSPOOL_INDEX_TEXTINDEX_H

#include "base/json.h"
#include "conf/datadir.h"
#include <stdbool.h>
#include <stdint.h>

#define DATADIR_INDEX "index.db"
#define TEXTINDEX_FILE_MAX (2 * 1024 * 1024) /* bytes; larger files are left out */
#define TEXTINDEX_FILES_MAX 1000000
#define TEXTINDEX_LIMIT_MAX 100              /* passages of one answer */
#define TEXTINDEX_QUERY_MAX 4096             /* bytes of a query; the rest is not read */
#define TEXTINDEX_BUSY_MS 30000              /* patience with another writer */

struct textindex;
/* textindex_open - write: make it when it is missing. Returns: RS_OK; RS_NOT_FOUND (nothing is indexed), RS_VERSION (made
 * by a newer Runspool), RS_IO. *ret: owned, textindex_close. */
enum rs_err textindex_open(const struct datadir *dd, bool write, struct textindex **ret, struct fault *fault)
    RS_MUST_CHECK;
void textindex_close(struct textindex *index); /* NULL is fine */

/* How an update goes: counts so far. */
struct textindex_progress {
    int64_t files, bytes;           /* in the index */
    int64_t added, changed, removed, unchanged;
    int64_t left_out;               /* binary, too large, unreadable */
    int64_t passages;               /* written by this update */
    const char *path;               /* the file last looked at; borrowed */
};
/* textindex_progress_fn - after each file; false ends the update, keeping what is done. */
typedef bool textindex_progress_fn(void *ctx, const struct textindex_progress *progress);
/* textindex_update - bring an index up to date with its folder; a new name makes one. A file is read again when its time
 * or size changed, and written when its content did. What is gone leaves the index. Left out: what is hidden, named by a
 * .gitignore, no regular file, the data directory. name: an id. root: absolute.
 * Returns: RS_OK; RS_CONFLICT (the name is another folder's), RS_NOT_FOUND (no such folder), RS_INVALID (name), RS_CLOSED
 * (fn ended it), RS_BUSY, RS_IO. */
enum rs_err textindex_update(struct textindex *index, const char *name, const char *root, textindex_progress_fn *fn,
                             void *ctx, struct textindex_progress *ret, struct fault *fault) RS_MUST_CHECK;
/* textindex_list - [{name,root,files,passages,bytes,updatedAt}], owned. */
enum rs_err textindex_list(struct textindex *index, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* textindex_remove - RS_NOT_FOUND: there is none of this name. */
enum rs_err textindex_remove(struct textindex *index, const char *name, struct fault *fault) RS_MUST_CHECK;
/* textindex_search - the passages that fit a query best, best first: [{id,index,path,line,title,text,score}], owned. Any
 * text is a query: its words are looked for, in their basic forms and without accents; what stands in double quotes, as
 * a phrase. Words in headings and paths count more. name: of one index; NULL: all. score: higher is better.
 * Returns: RS_OK, also when nothing fits; RS_NOT_FOUND (no such index; message lists those there are), RS_IO. */
enum rs_err textindex_search(struct textindex *index, const char *query, const char *name, int limit,
                             struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
