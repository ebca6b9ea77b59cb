/* native_message - what a client of /ws may say (runspool.v1), read from one message, JSON or MessagePack. Nothing is looked up:
 * whether there is such a run is found out by who carries it out. Pure functions, any thread. */
#ifndef RUNSPOOL_BRIDGE_NATIVE_MESSAGE_H
#define RUNSPOOL_BRIDGE_NATIVE_MESSAGE_H

#include "base/json.h"
#include "event/cursor.h"

enum native_op { NATIVE_SUBSCRIBE, NATIVE_UNSUBSCRIBE, NATIVE_PING, NATIVE_AUTH, NATIVE_RUN, NATIVE_CANCEL };

/* What a client asks for of how it is to be written to; what it does not name stays. */
struct native_wish {
    bool names_batch, batch;
    bool names_format, msgpack;
};

struct native_message {
    enum native_op op;
    struct json_object *json;    /* all of it; owned */
    const char *ref;             /* given back in the answer; NULL: none. Borrowed from json, as all below */
    struct json_object *streams; /* subscribe, unsubscribe: at least one valid stream name */
    struct cursor since;         /* subscribe; CURSOR_NONE: not given */
    struct native_wish wish;     /* subscribe */
    const char *id;              /* run: workflowId; cancel: runId; valid */
};

/* native_message_parse - read one message; packed: it is MessagePack. ret is to be released in every case; after an error only ret->ref may be
 * used, to name the message in the answer. RS_INVALID, RS_LIMIT, RS_NOMEM with what to tell the client. */
enum rs_err native_message_parse(const char *bytes, size_t len, bool packed, struct native_message *ret,
                                 struct fault *fault) RS_MUST_CHECK;
void native_message_release(struct native_message *message);

#endif
