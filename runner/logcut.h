/* logcut - bounds what of a program's output becomes log lines: the first ones up to a number of bytes, then none as
 * they come, and of those the last few when it has ended, behind a line that says what is left out.
 * Pure but for its memory; one thread. */
#ifndef RUNSPOOL_RUNNER_LOGCUT_H
#define RUNSPOOL_RUNNER_LOGCUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGCUT_LINE_COST 100          /* what a line costs beside its bytes: it is an event */
#define LOGCUT_TAIL_LINES 100         /* kept of the end */
#define LOGCUT_TAIL_BYTES (64 * 1024) /* the same */

struct logcut {
    int64_t max, used;
    int64_t lines, bytes; /* left out so far, the kept ones not counted */
    struct logcut_kept {
        int stream;
        size_t len;
        char *text;
    } tail[LOGCUT_TAIL_LINES]; /* a ring */
    int first, n;
    size_t tail_bytes;
    bool cutting;
};
void logcut_init(struct logcut *cut, int64_t max);
void logcut_release(struct logcut *cut);

enum logcut_answer { LOGCUT_LOG, LOGCUT_FIRST, LOGCUT_KEEP };
/* logcut_line - what is to be done with this line: LOGCUT_LOG; LOGCUT_FIRST, it is the first that is not logged, which
 * may be said; LOGCUT_KEEP, it is not logged either. Those are kept here while they are among the last. */
enum logcut_answer logcut_line(struct logcut *cut, int stream, const char *text, size_t len);
/* logcut_next - after the end: the next of the kept lines, oldest first; false: no more. The caller frees
 * ret->text. */
bool logcut_next(struct logcut *cut, struct logcut_kept *ret);

#endif
