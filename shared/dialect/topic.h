/* topic - endpoints that give a state instead of events (dialect 5): the present one at connect, whole, then again after it has
 * changed, at most one in TOPIC_EVERY_MS. One builder of the bare data serves all doors and the HTTP twin.
 *
 * To add one: (1) a builder of the data, in snake_case; (2) a `const struct topic` beside it, declared in dialect/topics.h; (3) a
 * row in endpoints[] (table.c): {.path = "/queue", .description = "...", .topic = &topic_queue}; (4) in fcgi the twin's
 * handler, `return topic_answer(call, &topic_queue, fault);` (fcgi/topics.c) and its row in http/route_rows.h. Nothing else: the doors, the cursor, the
 * hash and the rate are here and in bridge/topic.c. The last {name} of the path is asked->param.
 *
 * The builder is called in a thread of its own of the bridge, once for all that ask for the same (org, topic, param, query), when
 * somebody comes and after events of `streams`; so each change of what it shows must give an event there, else it needs probe_ms.
 *
 * A message: {"type","id","data","timestamp"}; its id is HEAD.hash: the log's head before the data was gathered, and 8
 * hexadecimal digits of the data without what `unhashed` names. As a cursor it is the state that the client has: the present
 * one is given if it differs. since=start, or the id of an event: the present state is given; since=now: the next one. */
#ifndef RUNSPOOL_DIALECT_TOPIC_H
#define RUNSPOOL_DIALECT_TOPIC_H

#include "dialect/dialect.h"
#include <json-c/json.h>

#define TOPIC_EVERY_MS 1000

/* What is asked for. All borrowed. */
struct topic_asked {
    const char *org;           /* NULL: of all, for the command line */
    const char *param;         /* "" where the path has none */
    const struct query *query; /* may hold more than the topic understands; never NULL */
};

struct topic {
    const char *type;               /* "queue_update" */
    /* build - *ret: owned. RS_INVALID: the query is wrong. RS_NOT_FOUND: there is nothing of that name: the twin answers 404,
     * the doors give {} until there is. log: for reading. May block. */
    enum rs_err (*build)(struct store *store, struct eventlog *log, const struct topic_asked *asked, struct json_object **ret,
                         struct fault *fault);
    /* check - would the query do? Called before a door opens; pure. NULL: any does. */
    enum rs_err (*check)(const struct query *query, struct fault *fault);
    const char *const *streams;     /* NULL-terminated: whose events may change it; "adw:" stands for the one of its param */
    bool (*concerns)(const struct event *ev); /* of those events, could this one? NULL: each */
    const char *const *query;       /* NULL-terminated, or NULL: names of the parameters it understands; others are ignored */
    const char *const *unhashed;    /* NULL-terminated, or NULL: members whose change is no change, by their paths ("checked_at",
                                       "components/disk/detail"); patterns of fnmatch(3) that match name by name */
    int every_ms;                   /* least time between two states for the same client; 0: TOPIC_EVERY_MS */
    int probe_ms;                   /* built that often while somebody listens, as it changes without events; 0: no need */
    bool without_database;          /* also built when the database cannot be opened: store->db is NULL then */
    bool slow;                      /* it may take more than a few ms: built in another thread than those that do not */
};

/* One state, as the message of all doors. */
struct topic_state {
    struct cursor at;            /* hashed */
    char id[CURSOR_TEXT_MAX];
    struct buf message;
};
/* topic_make - build, hash, write. *ret: topic_state_release, in every case. */
enum rs_err topic_make(const struct topic *topic, const struct topic_asked *asked, struct store *store, struct eventlog *log,
                       struct topic_state *ret, struct fault *fault) RS_MUST_CHECK;
void topic_state_release(struct topic_state *state); /* zeroed is fine */
/* topic_differs - has who saw `seen` (any cursor but CURSOR_NOW) yet to see this state? */
bool topic_differs(const struct cursor *seen, const struct topic_state *state);
/* topic_hash - of data without the members that patterns (may be NULL) name. */
enum rs_err topic_hash(struct json_object *data, const char *const *patterns, uint32_t *ret) RS_MUST_CHECK;
int topic_every_ms(const struct topic *topic);

/* topic_open - of feed_open: param and streams from the path. feed_set_query - after feed_open, of any endpoint: what a topic
 * understands of the query is copied and checked. RS_INVALID. */
enum rs_err topic_open(struct feed *feed, const struct path_params *params, struct fault *fault) RS_MUST_CHECK;
enum rs_err feed_set_query(struct feed *feed, const struct query *query, struct fault *fault) RS_MUST_CHECK;

/* For polls. topic_poll_begin - place a feed that was just opened. topic_poll_put - append {"events":[...],"next"}: what is to be
 * said of gaps, and the state if `give`. topic_poll - the whole of it, for poll_answer: blocks as the builder does. */
enum rs_err topic_poll_begin(struct feed *feed, struct cursor since, struct eventlog *log, struct fault *fault) RS_MUST_CHECK;
enum rs_err topic_poll_put(const struct feed *feed, const struct topic_state *state, bool give, struct buf *out,
                           struct fault *fault) RS_MUST_CHECK;
enum rs_err topic_poll(struct feed *feed, bool started, struct cursor since, struct store *store, struct eventlog *log,
                       struct buf *out, struct poll_said *ret, struct fault *fault) RS_MUST_CHECK;

#endif
