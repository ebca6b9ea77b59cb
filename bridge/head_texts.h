/* head_texts - what the head of a request says of who asks for what, as texts. Pure, any thread. */
#ifndef RUNSPOOL_BRIDGE_HEAD_TEXTS_H
#define RUNSPOOL_BRIDGE_HEAD_TEXTS_H

#include "bridge/http_head.h"
#include "bridge/request.h"

struct head_texts { /* large; holds what the texts point to */
    char path[REQUEST_PATH_MAX], query[HTTP_HEAD_MAX];
    char prefix[256], forwarded[REQUEST_FORWARDED_MAX], host[512], origin[512], site[32], last_event_id[64];
    char authorization[HTTP_HEAD_MAX], cookie[HTTP_HEAD_MAX], protocols[HTTP_HEAD_MAX];
    bool too_long; /* a header did not fit: that is no header left out, for who may ask is decided by these */
};

/* head_texts_access - the headers that decide about access. peer: borrowed. */
struct access_request head_texts_access(struct head_texts *texts, const struct http_head *head, const char *peer);
/* head_texts_read - all of it. RS_INVALID: the path is too long; RS_LIMIT: a header is. */
enum rs_err head_texts_read(struct head_texts *texts, const struct http_head *head, const char *peer, struct request_text *ret,
                            struct fault *fault) RS_MUST_CHECK;

#endif
