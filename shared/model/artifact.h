/* artifact - the files a run has left in its artifacts folder: what may be told and handed out. Its tools wrote there
 * whatever they liked, so no link is followed on the way to any, and only plain files are seen. Names are paths below
 * the folder ("report/index.html"); those of files being written (".partial-", ".runspool-") are left out.
 * All block on the disk. Any thread. */
#ifndef RUNSPOOL_MODEL_ARTIFACT_H
#define RUNSPOOL_MODEL_ARTIFACT_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#define ARTIFACTS_MAX 10000   /* told of one run */
#define ARTIFACT_NAME_MAX 512 /* bytes; longer ones are left out */
#define ARTIFACT_DEPTH_MAX 16 /* folders in folders */

struct artifact {
    char *name;
    int64_t bytes;
    int64_t modified_ms;
};
struct artifact_list {
    struct artifact *items; /* by name, as strcmp orders them */
    int n;
    bool more; /* there are more than ARTIFACTS_MAX */
};
/* artifact_find - all of a run; none is no error. run_id has been checked to be an id. */
enum rs_err artifact_find(const struct datadir *dd, const char *run_id, struct artifact_list *ret,
                          struct fault *fault) RS_MUST_CHECK;
void artifact_list_release(struct artifact_list *list); /* zeroed is fine */
/* artifact_open - one for reading. RS_NOT_FOUND for everything that is no artifact. *ret: the caller's descriptor. */
enum rs_err artifact_open(const struct datadir *dd, const char *run_id, const char *name, int *ret, struct stat *st,
                          struct fault *fault) RS_MUST_CHECK;
/* artifact_type - media type by the name's ending; static storage. *ret_shown: a browser may show it as it is, because
 * nothing in it is executed; all else is for download. */
const char *artifact_type(const char *name, bool *ret_shown);

#endif
