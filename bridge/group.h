/* group - subscribers that get the same messages: same endpoint, id, org and streams. Projects a batch of events once
 * and gives every member the same blocks. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_GROUP_H
#define RUNSPOOL_BRIDGE_GROUP_H

#include "bridge/deflate.h"
#include "bridge/subscriber.h"
#include "bridge/stretch.h"
#include "event/event.h"

struct group {
    char *key;                                  /* owned */
    struct feed *feed;                          /* borrowed: a member's, for its streams and for projecting */
    struct subscriber *members[FRAME_N_FORMATS]; /* who came first is given first: as their memory lies */
    struct subscriber **members_end[FRAME_N_FORMATS]; /* where the next goes */
    int n_members;
    struct deflate_history history[FRAME_N_FORMATS]; /* of members with COMPRESSION_RUNNING who are in step */
    struct event **batch;                       /* references; what it gets of the batch being published */
    int n_batch, batch_cap;
    int64_t n_events;                           /* that it ever got */
    struct stretch *stretches;                  /* of it that are kept */
    struct pins *pins;                          /* owned; the memory of what waits for its members */
    struct topic_group *topic;                  /* owned; of a topic, which gets no batch; else NULL */
    struct group *touched_next;                 /* the hub's list of groups with a batch */
};

/* group_key - the name that decides who shares a group; owned by the caller, NULL: no memory. */
char *group_key(const struct feed *feed);
struct group *group_new(char *key); /* takes ownership of key when it succeeds; NULL: no memory */
void group_free(struct group *g);   /* NULL is fine; has neither members nor stretches */
void group_add(struct group *g, struct subscriber *sub);
void group_remove(struct group *g, struct subscriber *sub);

/* group_out_of_step - a member was not given all that those in step have, and now gets what follows. */
void group_out_of_step(struct subscriber *sub);

/* group_add_event - an event for the next delivery; one added twice in a row is taken once. */
enum rs_err group_add_event(struct group *g, struct event *ev) RS_MUST_CHECK;
/* group_deliver - give the batch to the members and forget it. Members that cannot be served are ended. */
void group_deliver(struct group *g, struct bridge *bridge);

#endif
