/* beneath - files of a run's folder, where the run's own tools may have put any link: nothing outside is ever reached,
 * whatever the path and the links on its way say. By openat2 with RESOLVE_BENEATH (Linux 5.6); where that is missing or
 * forbidden, without following any link at all. Relative paths only; absolute ones when they lie in root by name.
 * All block on the disk. Any thread. */
#ifndef RUNSPOOL_RUNNER_BENEATH_H
#define RUNSPOOL_RUNNER_BENEATH_H

#include "base/err.h"
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define BENEATH_PARTS_MAX 64

/* beneath_open - open(2) for root/path; regular files only unless flags hold O_DIRECTORY. mode: with O_CREAT.
 * *ret: a descriptor, the caller's. Returns: RS_OK; RS_NOT_FOUND; RS_INVALID (leads out, no plain file, a bad name);
 * RS_IO. */
enum rs_err beneath_open(const char *root, const char *path, int flags, mode_t mode, int *ret,
                         struct fault *fault) RS_MUST_CHECK;
/* beneath_read - a whole file, at most max bytes of it. *ret: NUL-terminated, the caller's; st: of the file. */
enum rs_err beneath_read(const char *root, const char *path, size_t max, char **ret, size_t *ret_len, struct stat *st,
                         struct fault *fault) RS_MUST_CHECK;
/* beneath_create - open root/path for writing, with the folders above it made where they are missing. flags: O_APPEND,
 * O_TRUNC or O_EXCL. */
enum rs_err beneath_create(const char *root, const char *path, int flags, mode_t mode, int *ret,
                           struct fault *fault) RS_MUST_CHECK;
/* beneath_write - make root/path hold this, at once: a reader never sees half of it. */
enum rs_err beneath_write(const char *root, const char *path, const void *data, size_t len, mode_t mode,
                          struct fault *fault) RS_MUST_CHECK;
/* beneath_rename - give the file root/from the name `to` in the same folder, over what is there; to NULL: remove it.
 * The folders of both are those of `from`. */
enum rs_err beneath_rename(const char *root, const char *from, const char *to, struct fault *fault) RS_MUST_CHECK;
/* beneath_write_all - write(2) until all is written. */
enum rs_err beneath_write_all(int fd, const void *data, size_t len, struct fault *fault) RS_MUST_CHECK;

#endif
