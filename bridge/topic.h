/* topic - states that are given to many (dialect/topic.h): built off the loop, once for all subscribers of a group, when somebody
 * comes and when an event says that they may have changed; framed once for each door; each subscriber is given the newest
 * that it has not seen, no faster than the topic allows. A builder that takes long delays nothing but its topic.
 * Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_TOPIC_H
#define RUNSPOOL_BRIDGE_TOPIC_H

#include "bridge/topic_shown.h"
#include "conf/datadir.h"
#include "dialect/topic.h"
#include <uv.h>

struct bridge;
struct group;
struct subscriber;
struct topic_group;
struct topics;

/* topics_start - the threads that build. topics_free: no subscriber may be left; waits for a builder at work. */
enum rs_err topics_start(uv_loop_t *loop, const struct datadir *dd, struct topics **ret, struct fault *fault) RS_MUST_CHECK;
void topics_free(struct topics *topics); /* NULL is fine */

/* What a subscriber of a topic has seen. */
struct topic_place {
    struct cursor seen;  /* as it came, then the state that was given */
    bool settled;        /* it was compared with the first state made for it: from then on each other state is given */
    unsigned turn;       /* that is of this build or a later one */
    int64_t next_ms;     /* loop time before which no further state is due */
    struct topic_shown *shown; /* of polls: the newest; a reference; NULL: none yet */
    bool answer;         /* of polls: now, with that */
};

/* topic_group_new - of a group whose members are of one topic. NULL: no memory. topic_group_free: with the group. */
struct topic_group *topic_group_new(struct bridge *bridge, struct group *group);
void topic_group_free(struct topic_group *t); /* NULL is fine */
/* topic_group_event - one of its streams: it may have changed. */
void topic_group_event(struct topic_group *t, const struct event *ev);
/* topic_group_enter - a member has come: sub->place.seen says what it has; it is given the present state if that differs. */
void topic_group_enter(struct topic_group *t, struct subscriber *sub);

#endif
