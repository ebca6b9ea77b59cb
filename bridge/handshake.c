#include "bridge/handshake.h"
#include "auth/credential.h"
#include "bridge/front.h"
#include "bridge/head_texts.h"
#include "bridge/ws.h"
#include <stdio.h>
#include <strings.h>

#define COOKIE_MAX 4096 /* longer ones are not looked at */

/* What is asked for, and its feed. */
static enum rs_err open_feed(struct bridge *bridge, const struct http_head *head, const char *peer, struct request *request,
                             struct feed **ret_feed, struct fault *fault)
{
    struct head_texts texts;
    struct request_text text;
    enum rs_err err = head_texts_read(&texts, head, peer, &text, fault);
    if (err)
        return err;
    text.access.websocket = true;
    text.last_event_id = NULL;
    err = request_route(bridge, &text, request, fault);
    if (err)
        return err;
    if (request->door != &door_ws)
        return fault_set(fault, request->door ? RS_INVALID : RS_NOT_FOUND, "there is no WebSocket at this path");
    err = ws_check(head, fault);
    if (!err)
        err = front_admits(bridge, 1, fault);
    if (!err)
        err = request_check(bridge, &text, request, fault);
    bool later = !err && request->endpoint->actions && !query_get(&request->query, request->endpoint->query_param);
    if (!err && !request->endpoint->native && !later)
        err = request_feed(bridge, request, ret_feed, fault);
    return err;
}

/* Who acts here, when the endpoint takes actions. */
static enum rs_err identify(const struct http_head *head, const struct request *request, struct assist_opening *ret,
                            struct fault *fault)
{
    static const char bearer[] = "Bearer ";
    char cookie[COOKIE_MAX], authorization[COOKIE_MAX], protocols[HTTP_HEAD_MAX], offered[HTTP_HEAD_MAX];
    size_t offered_len = 0;
    struct caller_request who = {.access = &request->access, .client = query_get(&request->query, "client")};
    if (slice_copy(http_head_get(head, "cookie"), cookie, sizeof cookie))
        who.cookie = cookie;
    if (slice_copy(http_head_get(head, "authorization"), authorization, sizeof authorization) &&
        strncasecmp(authorization, bearer, sizeof bearer - 1) == 0)
        who.token = authorization + sizeof bearer - 1;
    if (!who.token && slice_copy(http_head_get(head, "sec-websocket-protocol"), protocols, sizeof protocols)) {
        const char *token = credential_offered(protocols, &offered_len);
        snprintf(offered, sizeof offered, "%.*s", (int)offered_len, offered_len > 0 ? token : "");
        who.token = offered_len > 0 ? offered : NULL;
    }
    ret->org = request->access.org;
    return caller_identify(&who, true, &ret->caller, fault);
}

enum rs_err handshake_check(struct bridge *bridge, const struct http_head *head, const char *peer, struct request *request,
                            struct feed **ret_feed, struct assist_opening *ret_actions, struct fault *fault)
{
    struct feed *feed = NULL;
    enum rs_err err = open_feed(bridge, head, peer, request, &feed, fault);
    if (!err && request->endpoint->actions)
        err = identify(head, request, ret_actions, fault);
    if (err)
        feed_free(feed);
    else
        *ret_feed = feed;
    return err;
}
