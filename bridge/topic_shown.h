/* topic_shown - a state of a topic as it is given to many: framed, and compressed, once for each door. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_TOPIC_SHOWN_H
#define RUNSPOOL_BRIDGE_TOPIC_SHOWN_H

#include "bridge/deflate.h"
#include "bridge/frame.h"
#include "dialect/topic.h"

/* A state as it was given, or a failure to have one; refcounted. */
struct topic_shown {
    int refs;
    unsigned turn;            /* which build it is of */
    struct topic_state state;
    enum rs_err err;          /* there is no state: why */
    struct fault fault;
    struct block *blocks[FRAME_NONE]; /* made when first needed */
    struct block *compressed[FRAME_NONE];
};
struct topic_shown *topic_shown_ref(struct topic_shown *shown);
void topic_shown_unref(struct topic_shown *shown); /* NULL is fine */
/* topic_shown_block - the bytes of a format, borrowed. NULL: no memory. */
struct block *topic_shown_block(struct topic_shown *shown, enum frame_format format);
/* topic_shown_compressed - the same, compressed by itself: who has seen which is not the same for all. NULL: no memory. */
struct block *topic_shown_compressed(struct topic_shown *shown, struct deflater *deflater, enum frame_format format);

#endif
