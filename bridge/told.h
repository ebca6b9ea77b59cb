/* told - answers of polls that are given to many: put together once for all that would be given the same, and refcounted. The
 * newest few are kept, for as long as an event takes to be told to all who wait for it. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_TOLD_H
#define RUNSPOOL_BRIDGE_TOLD_H

#include "base/buf.h"
#include "dialect/dialect.h"

#define TOLD_KEPT 16                     /* answers at once */
#define TOLD_BYTES_MAX (2 * 1024 * 1024) /* of one that is kept */
#define TOLD_KEPT_MS 1000

struct MHD_Response;
struct bridge;
struct topic_shown;
struct tolds;

struct told {
    int refs;
    char *text; /* the body */
    size_t len;
    int n_taking;                  /* clients that have yet to take it, when that counts as memory */
    /* of the library's connections, ready to be sent: with the headers that were wanted last; NULL: none yet */
    struct MHD_Response *response;
    void (*free_response)(struct MHD_Response *response);
    char *origin;                  /* CORS: of these; NULL: none */
};

/* For whom an answer is: of one group, from one place in the log on. */
struct told_place {
    const char *group;  /* group_key; borrowed */
    bool held;          /* it was held, and stands where its feed does; else it begins, at its cursor */
    struct cursor at;
    bool whole;         /* held: as of struct feed */
    int64_t gap_to;
    bool strict;        /* not held: what is committed while the requests of one turn are being answered must be in it */
    const struct topic_shown *shown; /* of a topic: this state, which has yet to be seen; NULL: not of a topic. Not looked into */
};

struct tolds *tolds_new(struct bridge *bridge); /* NULL: no memory */
void tolds_free(struct tolds *all);             /* NULL is fine */

/* told_held - the place of a held poll. */
struct told_place told_held(const char *group, const struct feed *feed);
/* told_answer - of a feed at its place: one made for others there, or else as of poll_answer, and kept for others. *ret: a reference;
 * *ret_empty: it says nothing, and the feed stands where that was found. */
enum rs_err told_answer(struct tolds *all, const struct told_place *place, struct feed *feed, struct told **ret, bool *ret_empty,
                        struct fault *fault) RS_MUST_CHECK;
/* Its parts. told_find - a reference; NULL: none is kept. To be called before one is made. */
struct told *told_find(struct tolds *all, const struct told_place *place);
/* told_new - an answer; takes the text over, also when it fails. NULL: no memory. */
struct told *told_new(struct buf *text);
/* told_keep - of a topic, for others. */
void told_keep(struct tolds *all, const struct told_place *place, struct told *told);
struct told *told_ref(struct told *told);
void told_unref(struct told *told); /* NULL is fine */

/* tolds_wake - what was held is being woken: until it is called again an answer to one of them is as good for the others.
 * tolds_sweep - once a second: forget what is old. */
void tolds_wake(struct tolds *all);
void tolds_sweep(struct tolds *all);

#endif
