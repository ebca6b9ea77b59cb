/* pending_file - one file of pending lines, and the batch that stores what it holds. For pending.c. */
#ifndef RUNSPOOL_EVENT_PENDING_FILE_H
#define RUNSPOOL_EVENT_PENDING_FILE_H

#include "event/line.h"
#include "event/pending.h"
#include <sys/stat.h>

#define PENDING_TAKEN ".taken"
#define PENDING_NAME_MAX 200 /* bytes of a file's name: its second one must fit as well */

struct pending_file {
    struct pending_file *next;
    char name[256];              /* "<instance>.<random>.taken" */
    char instance[ID_MAX + 1];   /* producer of its numbered lines */
    char producer[ID_MAX + 1];   /* and of the others, by their place */
    ino_t inode;
    int64_t at;                  /* bytes dealt with, */
    int64_t line;                /* and lines */
    bool skipping;               /* within a line that is too long */
};
/* pending_file_new - NULL: the name is none of ours (errno EINVAL), or no memory. */
struct pending_file *pending_file_new(const char *name, ino_t inode);
/* pending_age_ms - since the file was written to last; also when the clock was set back. */
int64_t pending_age_ms(const struct stat *st);

struct pending_batch {
    char *text; /* PENDING_STEP_BYTES */
    size_t len;
    size_t n;
    struct line lines[PENDING_STEP_LINES];
    struct eventlog_entry entries[PENDING_STEP_LINES];
    struct {
        const char *text; /* borrowed from the batch's */
        size_t len;
        char reason[FAULT_MESSAGE_MAX]; /* "": it may be stored */
    } origins[PENDING_STEP_LINES];
};
bool pending_batch_init(struct pending_batch *batch);
void pending_batch_release(struct pending_batch *batch);
/* pending_batch_drain - store the next lines of a file. folder: where rejected lines are kept. *ret_all: nothing is left of
 * it, not even a half line. Adds to *sums; sets sums->more when there are more lines already. */
enum rs_err pending_batch_drain(struct pending_batch *batch, int folder, int fd, struct pending_file *file,
                                struct eventlog *log, struct pending_drained *sums, bool *ret_all, struct fault *fault)
    RS_MUST_CHECK;

#endif
