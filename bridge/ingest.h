/* ingest - spool lines into the event log: numbering, acknowledgements, errors, and the order of publication. Knows
 * nothing of sockets. Threads: one at a time, the writer's or who has borrowed its work, except what is said of peers. */
#ifndef RUNSPOOL_BRIDGE_INGEST_H
#define RUNSPOOL_BRIDGE_INGEST_H

#include "base/buf.h"
#include "base/id.h"
#include "bridge/upkeep.h"
#include "event/eventlog.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define INGEST_ENTRIES_MAX 1024        /* events of one transaction */
#define INGEST_LIGHT_BYTES (16 * 1024)  /* fewer events than make a transaction */
#define INGEST_ANSWER_MAX (256 * 1024) /* bytes of answers to one peer in one outcome; further errors are only counted */

/* A connection to the spool socket, known to both threads. */
struct peer {
    _Atomic int refs;
    void *connection; /* the loop's; NULL once it is closed */
    /* the writer's: */
    char producer[ID_MAX + 1]; /* "" before a hello */
    bool ack;                  /* wants acknowledgements */
    bool replaced;             /* its producer has connected anew: what it still sends is ignored */
    bool lost;                 /* numbered lines of it could not be stored: later ones must not be, or be acknowledged */
    int64_t last, acked;       /* highest n seen, and said */
    struct peer *next;         /* list of those with a producer */
    bool pending;              /* has an answer in the outcome being made */
    struct peer *ack_next;     /* list of those to be acknowledged after the next commit */
    bool ack_listed;
};
struct peer *peer_new(void *connection); /* one reference; NULL: no memory */
struct peer *peer_ref(struct peer *peer);
void peer_unref(struct peer *peer);      /* NULL is fine; any thread */

/* Whole lines of one peer, in the order they came. */
struct intake {
    struct intake *next;
    struct peer *peer; /* a reference */
    bool closed;       /* the peer sends no more; no text. Its answer says close */
    int64_t received_us; /* clock_mono_us */
    size_t len;
    char text[];       /* lines, each ended by '\n' */
};
struct intake *intake_new(struct peer *peer, const char *text, size_t len); /* NULL: no memory */
void intake_free(struct intake *in);

/* What one transaction brought, for the loop. */
struct outcome {
    struct outcome *next;
    struct event **events; /* to be published, ids rising */
    int n_events, events_cap;
    struct answer { struct peer *peer; struct buf text; bool close; } *answers;
    int n_answers, answers_cap;
    int64_t n_lines, n_errors, n_duplicates, n_stored, n_foreign, n_failures;
    bool reports;      /* `upkeep` says something */
    struct upkeep_report upkeep;
    int64_t commit_us; /* -1: nothing was committed */
    int64_t received_us; /* when the oldest of its events that came by the socket did (clock_mono_us); 0: none did */
    size_t bytes;      /* of intake dealt with */
    bool last;         /* the writer has ended */
};
void outcome_free(struct outcome *o); /* NULL is fine */

struct ingest_sink {
    void (*outcome)(void *ctx, struct outcome *o); /* takes ownership */
    bool (*stopping)(void *ctx);                   /* give up on a log that cannot be written? */
    void *ctx;
};
struct ingest;
/* ingest_new - log: borrowed, EVENTLOG_WRITE. Publication begins after the log's present head, *ret_head. */
enum rs_err ingest_new(struct eventlog *log, const struct ingest_sink *sink, struct ingest **ret, int64_t *ret_head,
                       struct fault *fault) RS_MUST_CHECK;
void ingest_free(struct ingest *in); /* NULL is fine */
/* ingest_take - store a list of intakes (ownership passes), in transactions of at most INGEST_ENTRIES_MAX events; each
 * gives an outcome. A log that cannot be written is tried again until it can, or until the sink says stopping.
 * Blocks on the disk. */
void ingest_take(struct ingest *in, struct intake *list);
/* ingest_is_light - can a list be taken by ingest_take_now? It is short, and says nothing but events. */
bool ingest_is_light(const struct intake *list);
/* ingest_take_now - the same for a light list, without waiting for other writers or trying again. Blocks as long as a write
 * does. Returns: RS_OK; else it is not stored yet, and ingest_finish does that, before anything else is taken: RS_NOT_FOUND
 * where a stream is new and its owner cannot be asked without waiting. */
enum rs_err ingest_take_now(struct ingest *in, struct intake *list) RS_MUST_CHECK;
void ingest_finish(struct ingest *in);
/* ingest_publish - publish what has been stored by other ways than ingest_take. */
void ingest_publish(struct ingest *in);
/* ingest_foreign - look for events that other processes appended. */
void ingest_foreign(struct ingest *in);

#endif
