/* dialect - live endpoints as projections of the log. One row of endpoints[] an endpoint; each dialect is one file of
 * functions (event, feed) -> 0..n messages. Used by every door of the bridge, by events.fcgi, the CLI and tests.
 * A new endpoint is one row and its functions. Threads: a feed belongs to one thread. */
#ifndef RUNSPOOL_DIALECT_DIALECT_H
#define RUNSPOOL_DIALECT_DIALECT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "event/cursor.h"
#include "event/event.h"
#include "event/eventlog.h"
#include "http/access.h"
#include "http/query.h"
#include "model/store.h"

#define DIALECT_PARTS_MAX 32          /* messages one event may give */
#define FEED_STREAMS_MAX 1000         /* streams of one feed */
#define DIALECT_TEXT_MAX (16 * 1024 * 1024) /* bytes of the messages of one call (an opening state is the largest) */

/* Messages being built: JSON texts back to back in `text`, one after the other. */
struct dialect_out {
    struct buf text;
    struct { size_t start, len; } at[DIALECT_PARTS_MAX];
    int n;
    int64_t event_id; /* the event they come from; 0: an opening state of an empty log */
    int first_part;   /* 0, except for an opening state that stands at "N.2" */
};
void dialect_out_init(struct dialect_out *out);
void dialect_out_release(struct dialect_out *out);
void dialect_out_reset(struct dialect_out *out, int64_t event_id); /* forget the messages, keep the memory */
/* dialect_message - start the next message: write one JSON object into the returned buffer, then dialect_end.
 * More than DIALECT_PARTS_MAX is our bug (assertion).
 * dialect_id - the id text ("N", "N.1") that the message being written must carry; returns text.
 * dialect_end - RS_OK; RS_LIMIT or RS_NOMEM: the message is forgotten. */
struct buf *dialect_message(struct dialect_out *out);
const char *dialect_id(const struct dialect_out *out, char text[CURSOR_TEXT_MAX]);
enum rs_err dialect_end(struct dialect_out *out);

struct feed;
struct endpoint {
    const char *path;        /* without the door: "/workflows/{runId}" is /ws/..., /sse/..., /poll/... and /api/poll/...;
                                "" is the native endpoint, whose streams come from the query (?stream=) or by subscribe */
    const char *description; /* one line, for GET /api */
    /* open - set feed->streams (feed_add_stream) and feed->param. RS_NOT_FOUND for an unknown or foreign run. */
    enum rs_err (*open)(struct feed *feed, struct store *store, const struct path_params *params, struct fault *fault);
    /* opening - the state at connect when `since` is absent: one message under the position it includes, and
     * feed->at set to that position. NULL: no opening state, live starts at the head. */
    enum rs_err (*opening)(struct feed *feed, struct store *store, struct eventlog *log, struct dialect_out *out,
                           struct fault *fault);
    /* standing - in place of `opening`, where the present state is what some older events say: those, with ids up to head, which
     * is where the feed then stands. *ret: as of eventlog_read, ids rising. */
    enum rs_err (*standing)(struct feed *feed, struct store *store, struct eventlog *log, int64_t head, struct event ***ret,
                            int *ret_n, struct fault *fault);
    /* project - append the messages of one event. Two feeds with the same endpoint and param get the same messages. */
    enum rs_err (*project)(const struct feed *feed, const struct event *ev, struct dialect_out *out);
    const char *scope;       /* least one that may follow it: viewer, operator, editor, admin; NULL: viewer; "": anyone */
    const struct topic *topic; /* a state instead of messages of events (dialect/topic.h): path, description and scope are all
                                  that is set beside it */
    bool native;             /* control frames are {"op":...} instead of {"type":...} */
    bool several;            /* one event may give more than one message, so a cursor "N" may stand within event N */
    bool closes;             /* a WebSocket closes (1000) when the run it follows has ended and all of that was given */
    int heartbeat_ms;        /* a message of its own is sent so often on the doors that stay open; 0: none */
    enum rs_err (*heartbeat)(struct buf *out); /* appends that message, which has no id */
    bool without_bulk;       /* log, log.dropped and agent.delta give no message here: the log need not read them */
    bool actions;            /* its WebSocket takes actions of the client, and opens without a run (bridge/assist.h) */
    const char *query_param; /* a parameter of the query that counts as one of the path; NULL: none */
};
extern const struct endpoint endpoints[];
extern const unsigned n_endpoints;
/* endpoint_find - match a decoded path below the door ("/workflows/r_1", "" for the native one). NULL: none. */
const struct endpoint *endpoint_find(const char *path, struct path_params *ret_params);
/* endpoint_add_query - add to params what the endpoint takes from the query (query_param). */
void endpoint_add_query(const struct endpoint *endpoint, const struct query *query, struct path_params *params);

/* A subscriber's view: which streams, through which endpoint, up to where. No copies of events, only a cursor. */
struct feed {
    const struct endpoint *endpoint;
    char org[ID_MAX + 1];
    bool by_token;           /* auth = jwt: an unknown or foreign crew is RS_DENIED */
    char *crews;             /* owned; as of struct access: those of the caller; NULL: all of the org */
    char param[ID_MAX + 1];  /* the endpoint's id (run, tool, ...); "" for native */
    char run_id[ID_MAX + 1]; /* set when it follows exactly one run: that one can end */
    bool deltas;             /* agent.delta gives messages; told by the endpoint and param, too */
    char **streams;
    int n_streams;
    struct cursor at;        /* CURSOR_AT once started: all messages up to at.id, at.part were given */
    bool whole;              /* at.part is the last message of event at.id, or that gives none */
    int64_t gap_to;          /* what retention removed up to here was announced */
    struct query query;      /* of a topic: the parameters it understands, in its order */
    struct cursor seen;      /* of a polled topic: the state that the client has */
    char *gap;               /* of a polled topic, owned: what is to be said before the state; NULL: nothing */
};

/* feed_open - a feed of an endpoint. params: of endpoint_find. streams (native only): n_streams names, checked here.
 * Returns: RS_OK; RS_INVALID (bad stream name, none given), RS_NOT_FOUND (unknown run), RS_LIMIT. *ret: feed_free. */
enum rs_err feed_open(const struct endpoint *endpoint, const struct path_params *params, const char *const *streams,
                      int n_streams, struct store *store, const char *org, struct feed **ret, struct fault *fault)
    RS_MUST_CHECK;
/* feed_open_as - the same for a caller: its org, and no more than its token lets it follow. RS_DENIED: a stream or crew
 * that it may not (the endpoint's scope is the caller's check, by access_allows). who: copied from. */
enum rs_err feed_open_as(const struct endpoint *endpoint, const struct path_params *params, const char *const *streams,
                         int n_streams, struct store *store, const struct access *who, struct feed **ret,
                         struct fault *fault) RS_MUST_CHECK;
void feed_free(struct feed *feed); /* NULL is fine */
/* feed_may_follow - may they follow this stream, as far as their token says: of a ticket its streams, of crews theirs?
 * RS_DENIED. Whose it is, is the log's to say. */
enum rs_err feed_may_follow(const struct access *who, const char *stream, struct fault *fault) RS_MUST_CHECK;
/* feed_has_crew - for `open` functions and projections: is it one of the caller's, as far as its token says? */
bool feed_has_crew(const struct feed *feed, const char *crew_id);
/* feed_take_param - for `open` functions: feed->param from the path; RS_INVALID when it is no id. */
enum rs_err feed_take_param(struct feed *feed, const struct path_params *params, const char *name, struct fault *fault)
    RS_MUST_CHECK;
enum rs_err feed_add_stream(struct feed *feed, const char *stream);    /* checks, copies, ignores repeats, sets run_id */
bool feed_has_stream(const struct feed *feed, const char *stream);
void feed_remove_stream(struct feed *feed, const char *stream);

/* A sink takes finished messages; id is "N", "N.1" or NULL for control messages. Return false to stop: what was not
 * taken is given again by the next feed_read. */
struct message_sink {
    bool (*message)(void *ctx, const char *id, const char *json, size_t len);
    void *ctx;
};
/* feed_start - place the feed: by `since` (CURSOR_NONE: opening state, or the head), giving the opening message, or
 * the gap message (one a stream) when the cursor is beyond the log's end (the feed then stands at the head).
 * The sink must take these: what it refuses here is not given again. Call once. Of a topic it gives the gap only. */
enum rs_err feed_start(struct feed *feed, struct cursor since, struct store *store, struct eventlog *log,
                       struct message_sink *sink, struct fault *fault) RS_MUST_CHECK;
/* feed_read - the next messages from the log, of at most max_events events, gaps in their place: before the first event
 * above the removed id `first`. *ret_more: the limit or the sink stopped it, call again; false: the feed has
 * everything up to the log's head as it was during the call. */
enum rs_err feed_read(struct feed *feed, struct eventlog *log, int max_events, struct message_sink *sink, bool *ret_more,
                      struct fault *fault) RS_MUST_CHECK;
/* feed_passed - for live delivery by a door that projects events itself: the feed now stands after event id with n
 * messages. feed_wants - is ev after the feed's position (its streams are the door's index to match)? */
void feed_passed(struct feed *feed, int64_t event_id, int n_messages);
bool feed_wants(const struct feed *feed, const struct event *ev);
/* feed_ended - does it follow one run, has that run ended, and is there no message left between the feed and its end?
 * Costs one look-up while the run goes on. */
enum rs_err feed_ended(const struct feed *feed, struct eventlog *log, bool *ret, struct fault *fault) RS_MUST_CHECK;

#define ASSISTANT_PATH "/api/workflow/stream" /* of the endpoint, which is also a path of its own for WebSockets */
/* assistant_put_error - append the assistant console's {"event":"error",...} without an id; code: a word. */
enum rs_err assistant_put_error(struct buf *out, const char *code, const char *message) RS_MUST_CHECK;

/* dialect_put_gap - append {"op"|"type":"gap","stream","first","last"} (ids as strings), "op" when native. */
enum rs_err dialect_put_gap(struct buf *out, bool native, const char *stream, int64_t first, int64_t last);

/* Poll, the same in the bridge and in events.fcgi. */
#define POLL_WAIT_MAX_S 30
#define POLL_EVENTS_MAX 1000                                 /* events one answer examines */
#define POLL_BYTES_MAX (1024 * 1024)                         /* an answer over this takes no further message */
#define POLL_TEXT_MAX (POLL_BYTES_MAX + DIALECT_TEXT_MAX + 1024) /* what the buffer of poll_answer must be able to hold */
/* poll_parse - `since` and `wait` of a query. RS_INVALID with what is wrong. */
enum rs_err poll_parse(const struct query *query, struct cursor *ret_since, int *ret_wait_s, struct fault *fault)
    RS_MUST_CHECK;
/* What an answer says, for a door that gives it to many. */
struct poll_said {
    bool empty;     /* nothing: no message, no end */
    bool gaps;      /* that something is missing */
    bool whole;     /* all that the log had; false: more is to be asked for at once */
    int64_t first;  /* the event of its first message; 0: none */
};
/* poll_answer - append {"events":[...],"next":"N","end":true?} with what the feed has now (feed_start for a new one,
 * then feed_read). When it is empty a door may clear out, wait, and call again with started = true. */
enum rs_err poll_answer(struct feed *feed, bool started, struct cursor since, struct store *store, struct eventlog *log,
                        struct buf *out, struct poll_said *ret, struct fault *fault) RS_MUST_CHECK;

#endif
