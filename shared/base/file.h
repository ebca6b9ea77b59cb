/* file - whole small files and folders. All block on the disk. Any thread. */
#ifndef RUNSPOOL_BASE_FILE_H
#define RUNSPOOL_BASE_FILE_H

#include "base/err.h"
#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

/* file_read - read a whole file of at most max bytes. *ret: NUL-terminated, owned by the caller; *ret_len may be NULL.
 * Returns: RS_OK, RS_NOT_FOUND, RS_LIMIT, RS_IO, RS_NOMEM. */
enum rs_err file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct fault *fault) RS_MUST_CHECK;
/* file_write - replace a file's contents at once (temporary file beside it, fsync, rename). */
enum rs_err file_write(const char *path, const void *data, size_t len, mode_t mode, struct fault *fault) RS_MUST_CHECK;
/* file_create - make an empty file unless there is one, which is then never opened: closing any descriptor of a file drops
 * all POSIX locks this process has on it, such as those of SQLite. The umask applies to mode. */
enum rs_err file_create(const char *path, mode_t mode, struct fault *fault) RS_MUST_CHECK;
/* file_sync - a file's contents are on the disk: fsync of it. Not for files in which this process holds POSIX locks. */
enum rs_err file_sync(const char *path, struct fault *fault) RS_MUST_CHECK;
/* file_sync_name - the folder that holds the name is on the disk, so that the file is found there after a loss of power. */
enum rs_err file_sync_name(const char *path, struct fault *fault) RS_MUST_CHECK;
/* file_mkdir - make a folder and its parents (like mkdir -p); an existing one is RS_OK. */
enum rs_err file_mkdir(const char *path, mode_t mode, struct fault *fault) RS_MUST_CHECK;
/* file_remove_tree - remove a folder and all below it, never following symbolic links. A missing one is RS_OK. */
enum rs_err file_remove_tree(const char *path, struct fault *fault) RS_MUST_CHECK;
/* file_remove_beneath - the same for the folder root/path, through whose parts no link is followed either: others may write
 * in root. A path without a name (".") removes nothing. RS_INVALID: a part on the way is a link or "..". */
enum rs_err file_remove_beneath(const char *root, const char *path, struct fault *fault) RS_MUST_CHECK;

#endif
