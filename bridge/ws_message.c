#include "bridge/ws_message.h"
#include "base/json.h"
#include "base/utf8.h"
#include "bridge/bridge.h"
#include "bridge/deflate.h"
#include "bridge/native.h"
#include "bridge/renew.h"
#include "bridge/ws.h"
#include <libwebsockets.h>
#include <string.h>

/* On listen-only sockets a ping is answered, as bare text or as an object, and a token is taken; the rest is ignored. */
static void on_listener_message(struct ws_connection *c)
{
    static const char pong[] = "{\"type\":\"pong\"}";
    struct json_object *message = NULL;
    bool ping = c->message.len == 4 && memcmp(c->message.data, "ping", 4) == 0;
    if (!ping && c->message.len > 0 && c->message.data[0] == '{' &&
        json_parse(c->message.data, c->message.len, WS_MESSAGE_MAX, &message, NULL) == RS_OK &&
        !renew_message(&c->sub, message))
        ping = strcmp(json_get_string(message, "type", ""), "ping") == 0;
    json_object_put(message);
    if (ping)
        subscriber_control(&c->sub, pong, sizeof pong - 1);
}

static int close_for(int code, const char *why, const char **ret_why)
{
    *ret_why = why;
    return code;
}

/* A message that is too long is read to its end, as far as that is near: a socket that is closed with bytes unread is reset,
 * and a proxy then forgets the close and its code. */
static int on_too_long(struct ws_connection *c, size_t len, size_t left, bool whole, const char **ret_why)
{
    c->n_discarded += c->message.len + len;
    buf_release(&c->message);
    if (!whole && c->n_discarded + left <= WS_DISCARD_MAX) {
        if (!c->message_ms)
            c->message_ms = (int64_t)uv_now(&c->sub.bridge->loop);
        return 0;
    }
    return close_for(LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "a message has at most 64 KiB", ret_why);
}

/* The whole message is there: unpack it if it is compressed. */
static enum rs_err open_message(struct ws_connection *c, bool binary)
{
    struct buf text;
    enum rs_err err = RS_OK;
    if (c->compressed) {
        buf_init(&text, WS_MESSAGE_MAX);
        err = deflate_inflate(c->sub.bridge->deflater, c->message.data ? c->message.data : "", c->message.len, &text);
        buf_release(&c->message);
        c->message = text;
    }
    return !err && !binary && !utf8_valid(c->message.data ? c->message.data : "", c->message.len) ? RS_INVALID : err;
}

static int on_message(struct ws_connection *c, bool binary, const char **ret_why)
{
    switch (open_message(c, binary)) {
    case RS_OK:
        break;
    case RS_LIMIT:
        return on_too_long(c, 0, 0, true, ret_why);
    case RS_INVALID:
        return close_for(LWS_CLOSE_STATUS_INVALID_PAYLOAD, c->compressed ? "bad deflate or utf8" : "bad utf8", ret_why);
    default:
        return LWS_CLOSE_STATUS_UNEXPECTED_CONDITION;
    }
    if (c->sub.native)
        native_message(&c->sub, c->message.data ? c->message.data : "", c->message.len, binary);
    else if (c->sub.assist)
        assist_message(&c->sub, c->message.data ? c->message.data : "", c->message.len);
    else
        on_listener_message(c);
    buf_release(&c->message); /* an idle connection keeps no memory */
    return 0;
}

int ws_message_receive(struct ws_connection *c, const char *bytes, size_t len, const char **ret_why)
{
    struct lws *wsi = c->wsi;
    if (c->sub.state == SUBSCRIBER_ENDED)
        return 0;
    bool marked = lws_get_reserved_bits(wsi) != 0; /* RSV1, when the extension was agreed on: else it does not get here */
    if (lws_is_first_fragment(wsi))
        c->compressed = marked;
    else if (marked && !c->within_frame) /* the first frame says it for all of a message */
        return close_for(LWS_CLOSE_STATUS_PROTOCOL_ERR, "rsv bits", ret_why);
    if (lws_frame_is_binary(wsi) && !native_takes_binary(&c->sub))
        return close_for(LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, "text frames only", ret_why);
    size_t left = lws_remaining_packet_payload(wsi);
    bool whole = lws_is_final_fragment(wsi) && left == 0;
    c->within_frame = left > 0;
    if (c->n_discarded > 0 || buf_append(&c->message, bytes, len) != RS_OK || c->message.len + left > WS_MESSAGE_MAX)
        return on_too_long(c, len, left, whole, ret_why);
    if (!whole) {
        if (!c->message_ms)
            c->message_ms = (int64_t)uv_now(&c->sub.bridge->loop);
        return 0;
    }
    c->message_ms = 0;
    return on_message(c, lws_frame_is_binary(wsi), ret_why);
}
