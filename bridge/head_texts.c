#include "bridge/head_texts.h"

static const char *copy_header(struct head_texts *texts, struct slice value, char *out, size_t size)
{
    if (!value.at)
        return NULL;
    texts->too_long |= !slice_copy(value, out, size);
    return out;
}

/* A list that each proxy may have added a line of its own to. */
static const char *copy_list(struct head_texts *texts, const struct http_head *head, const char *name, char *out, size_t size)
{
    if (!http_head_get(head, name).at)
        return NULL;
    texts->too_long |= !http_head_join(head, name, out, size);
    return out;
}

#define COPY(name, member) copy_header(texts, http_head_get(head, name), texts->member, sizeof texts->member)

struct access_request head_texts_access(struct head_texts *texts, const struct http_head *head, const char *peer)
{
    texts->too_long = false;
    return (struct access_request){
        .method = "GET",
        .peer = peer,
        .forwarded_for = copy_list(texts, head, "x-forwarded-for", texts->forwarded, sizeof texts->forwarded),
        .host = COPY("host", host),
        .origin = COPY("origin", origin),
        .fetch_site = COPY("sec-fetch-site", site),
        .authorization = COPY("authorization", authorization),
        .cookie = COPY("cookie", cookie),
        .protocols = COPY("sec-websocket-protocol", protocols),
    };
}

enum rs_err head_texts_read(struct head_texts *texts, const struct http_head *head, const char *peer, struct request_text *ret,
                            struct fault *fault)
{
    if (!slice_copy(head->path, texts->path, sizeof texts->path))
        return fault_set(fault, RS_INVALID, "the path is over %d bytes", REQUEST_PATH_MAX - 1);
    *ret = (struct request_text){
        .path = texts->path,
        .query = head->query.at && slice_copy(head->query, texts->query, sizeof texts->query) ? texts->query : NULL,
        .access = head_texts_access(texts, head, peer),
    };
    ret->prefix = COPY("x-forwarded-prefix", prefix);
    ret->last_event_id = COPY("last-event-id", last_event_id);
    if (texts->too_long)
        return fault_set(fault, RS_LIMIT, "Host, Origin or a header of the proxy is too long");
    return RS_OK;
}
