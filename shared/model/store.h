/* store - what a program that changes state holds: database, emitter, and the transaction that binds them.
 * Each state change and its events commit together (events as outbox rows); after the commit they are handed to the
 * emitter, and rows are deleted as they are acknowledged. What a dead process leaves is relayed by outbox_recover.
 * Threads: one store per thread. */
#ifndef RUNSPOOL_MODEL_STORE_H
#define RUNSPOOL_MODEL_STORE_H

#include "base/err.h"
#include "base/json.h"
#include "base/mask.h"
#include "conf/datadir.h"
#include "event/spool.h"
#include "store/db.h"

/* A request that is to be done once (model/idempotency.h). */
struct store_once {
    const char *org, *route, *key;
};
struct store {
    const struct datadir *dd; /* borrowed */
    struct db *db;
    struct spool *spool;      /* opened on the first event */
    const char *program;      /* "api", "runner": producer prefix; borrowed */
    char producer[ID_MAX + 1]; /* the emitter's whole name, when others must know it; set before the first event. "": random */
    const struct mask *mask;  /* what no event may show; borrowed; NULL: nothing (store_set_mask) */
    struct outbox *outbox;    /* what of it is under way */
    bool ids_raised;          /* outbox_raise_ids was done, and committed */
    const struct store_once *once; /* at work; borrowed. The next change notes with its commit that it is done; then NULL */
};
enum rs_err store_open(struct store *store, const struct datadir *dd, const char *program, struct fault *fault)
    RS_MUST_CHECK;
void store_release(struct store *store); /* flushes the emitter for at most 2 s; zeroed is fine */
/* store_spool - the emitter, opened on first use. */
enum rs_err store_spool(struct store *store, struct spool **ret, struct fault *fault) RS_MUST_CHECK;
/* store_set_mask - from now on events leave with this hidden, in the outbox and on the way to the bridge. */
void store_set_mask(struct store *store, const struct mask *mask);
/* store_owner - an eventlog_owner_fn; ctx is a const struct datadir *. Opens its own connection per calling thread
 * and keeps it until store_owner_release(). "run:ID" is owned by the run's org with its tags,
 * "session:ID" and "adw:ID" by the document's, "mission:HOME" and "crew:HOME" by the crew's, tagged with it.
 * Blocks on the database. */
eventlog_owner_fn store_owner;
/* store_owner_now - the same without waiting, on a thread that has its connection from store_owner_open; from then on it waits for
 * nobody: RS_BUSY where another process holds the database, RS_NOT_FOUND where the thread has none. */
eventlog_owner_fn store_owner_now;
/* store_owner_open - open this thread's connection now, so that a process that runs out of files can still ask. Where that
 * fails store_owner tries again. */
void store_owner_open(const struct datadir *dd);
void store_owner_release(void);

/* One transaction. Between begin and commit the model functions that take a struct change may be called. */
struct change;
enum rs_err change_begin(struct store *store, struct change **ret, struct fault *fault) RS_MUST_CHECK;
/* change_db - its database, for statements inside the transaction. */
struct db *change_db(struct change *change);
/* change_now - the one time (wall, ms) of all that the transaction writes, so that state and events agree. */
int64_t change_now(const struct change *change);
/* change_event - add an event to the transaction (one outbox row). data: borrowed.
 * Returns: RS_OK; RS_INVALID (bad stream, type or UTF-8), RS_LIMIT (over EVENT_DATA_MAX), RS_BUSY, RS_IO. */
enum rs_err change_event(struct change *change, const char *stream, const char *type, struct json_object *data,
                         struct fault *fault) RS_MUST_CHECK;
/* change_commit - commit, then hand to the emitter every pending event of the streams touched, other processes' too, in
 * order: the log takes an event older than one it has for a duplicate. An emitter that cannot take them is no error:
 * they are relayed later. Frees change in every case. */
enum rs_err change_commit(struct change *change, struct fault *fault) RS_MUST_CHECK;
/* change_datadir - the instance it belongs to. */
const struct datadir *change_datadir(const struct change *change);
/* change_note - what a request that is done once is told it did, in place of the first stream touched. text: at most ID_MAX bytes. */
void change_note(struct change *change, const char *text);
/* change_poke - runner_poke when it is committed. */
void change_poke(struct change *change);
void change_abort(struct change *change); /* roll back and free; NULL is fine */

/* outbox_settle - delete the rows acknowledged so far, and relay what the emitter had no room for. Call now and then,
 * and after a flush. (change_commit deletes acknowledged rows too, in the transaction it has open anyway.) */
enum rs_err outbox_settle(struct store *store, struct fault *fault) RS_MUST_CHECK;
/* outbox_wait - flush for at most timeout_ms, then settle. For short-lived programs. RS_TIMEOUT leaves the rows to
 * outbox_recover, which is no loss. */
enum rs_err outbox_wait(struct store *store, int timeout_ms, struct fault *fault) RS_MUST_CHECK;
/* outbox_recover - relay the streams that have rows older than age_ms, which their writers left, in order; waits up to
 * 2 s for their acknowledgement. *ret_n: how many were handed to the emitter. */
enum rs_err outbox_recover(struct store *store, int64_t age_ms, int *ret_n, struct fault *fault) RS_MUST_CHECK;

/* runner_poke - tell the runner, if there is one, to look at the queue now. Never blocks, never fails. */
void runner_poke(const struct datadir *dd);
/* run_poke - tell the process that executes a run to look at the database now: by a signal where it is ours to send, else
 * through the runner. Without either it looks by itself, seconds later. Never blocks on anything but the database, never
 * fails. run_signal - the first half: false when the process is not here, or not ours. */
void run_poke(struct store *store, const char *run_id);
bool run_signal(struct store *store, const char *run_id);
#define RUNNER_POKE_MAX 160 /* bytes of a datagram to the runner: "q", or "r" and a run's id */

#endif
