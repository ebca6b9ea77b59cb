/* crew - the crews that workflows name (`crewId`), each in its organisation, and how they stand: busy while a run of theirs
 * is executed, else available while a runner lives, else offline. A crew is known from the first workflow saved or run
 * that names it.
 * What is told of a crew lives in the homes `mission:HOME` and `crew:HOME`. HOME is the crew's id, unless an older crew of
 * another organisation has the same; a view of the id shows it in either case (shared/model/owner.c tags it).
 * Threads: as the store. Calls block on the database. */
#ifndef RUNSPOOL_MODEL_CREW_H
#define RUNSPOOL_MODEL_CREW_H

#include "base/id.h"
#include "event/eventlog.h"
#include "model/store.h"

#define CREWS_MAX 1000 /* of an organisation */
/* crew_note - inside a transaction: the organisation has this crew. crew_id: NULL or "" none. RS_LIMIT: it has too many. */
enum rs_err crew_note(struct db *db, const char *org, const char *crew_id, struct fault *fault) RS_MUST_CHECK;
/* crew_home - is the crew known to the organisation? RS_OK with its home; RS_NOT_FOUND. ret_home may be NULL. */
enum rs_err crew_home(struct store *store, const char *org, const char *crew_id, char ret_home[ID_MAX + 1],
                      struct fault *fault) RS_MUST_CHECK;

/* crew_other_home - the home of a crew whose id is another organisation's: with a hash of its own (FNV-1a, 32 bits,
 * draft-eastlake-fnv). */
void crew_other_home(const char *org, const char *crew_id, char ret_home[ID_MAX + 1]);

struct crew {
    char org[ID_MAX + 1], id[ID_MAX + 1], home[ID_MAX + 1];
    char signal[16]; /* as computed last; "" not yet */
};
/* crew_list - those of an organisation (NULL: all), by id. *ret: an array the caller frees. */
enum rs_err crew_list(struct store *store, const char *org, struct crew **ret, int *ret_n, struct fault *fault)
    RS_MUST_CHECK;

/* crew_signals - compute how every crew stands and, for those where that is another value than was computed last, add the
 * event crew.signal {crewId,status} to `mission:HOME`; what was emitted from outside meanwhile holds until then. Any
 * number of processes may do so at once: each change is told once. log: where homes are looked up; borrowed. */
enum rs_err crew_signals(struct store *store, struct eventlog *log, struct fault *fault) RS_MUST_CHECK;

/* crew_signals_anew - have the next crew_signals tell of those whose last signal retention has removed from the log: what
 * stands at present must be found there. For now and then. */
enum rs_err crew_signals_anew(struct store *store, struct eventlog *log, struct fault *fault) RS_MUST_CHECK;

#endif
