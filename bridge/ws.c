#include "bridge/ws.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "bridge/bridge.h"
#include "bridge/deflate_offer.h"
#include "bridge/door_ws.h"
#include "bridge/live.h"
#include "bridge/native.h"
#include "bridge/ws_message.h"
#include "bridge/ws_sockets.h"
#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HANDSHAKE_MAX 512
#define READ_BYTES 512   /* of a message at once; each connection has a buffer of them */
#define OFFERS_MAX 1024 /* bytes of the extensions that a client offers; with more of them none is taken */
#define LOGGED (LLL_ERR | LLL_WARN)
#define REASON_MAX 123 /* bytes in a close frame beside its code (RFC 6455) */

/* What a handshake being adopted is for: picked up when libwebsockets says it is established, which it does from within
 * the adopting call. */
struct adoption {
    struct feed *feed;
    struct cursor since;
    struct access *who; /* moved from */
    const struct assist_opening *actions;
    enum compression compression;
    int close_code;     /* to be closed with at once; 0: to be served */
    const char *reason; /* of the code */
};
struct ws {
    struct bridge *bridge;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct adoption *adopting;
    struct ws_sockets sockets;
};

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#define PROTOCOL(text) {.name = text, .callback = on_event, .per_session_data_size = sizeof(struct ws_connection), .rx_buffer_size = READ_BYTES}

/* The first is taken when no subprotocol is asked for. */
static const struct lws_protocols protocols[] = {
    PROTOCOL("none"),
    PROTOCOL("runspool.v1"),
    PROTOCOL("runspool.v1.msgpack"),
    PROTOCOL("token"),
    {0},
};

/* permessage-deflate is agreed on by us and done in ws_message and door_ws; libwebsockets has to take part so far that it
 * lets frames with RSV1 pass, which it does when an extension is active, and answers with what is agreed: from the
 * handshake it is handed it echoes those of the options it knows. */
static const struct lws_ext_options agreeable[] = {
    {"client_no_context_takeover", EXTARG_NONE},
    {"server_no_context_takeover", EXTARG_NONE},
    {"server_max_window_bits=12", EXTARG_NONE},
    {NULL, 0},
};

static int on_extension(struct lws_context *context, const struct lws_extension *extension, struct lws *wsi,
                        enum lws_extension_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)context;
    (void)extension;
    (void)wsi;
    (void)user;
    (void)len;
    if (reason == LWS_EXT_CB_CONSTRUCT)
        *(const struct lws_ext_options **)in = agreeable;
    return 0;
}

static const struct lws_extension extensions[] = {{"permessage-deflate", on_extension, NULL}, {NULL, NULL, NULL}};

/* A reason that would break the frame is left out. */
static int close_with(struct ws_connection *c, int code, const char *reason)
{
    unsigned char text[REASON_MAX];
    size_t len = reason ? strlen(reason) : 0;
    if (len > sizeof text || !utf8_valid(reason, len))
        len = 0;
    if (len > 0)
        memcpy(text, reason, len);
    lws_close_reason(c->wsi, (enum lws_close_status)code, text, len);
    ws_socket_closing(c);
    return -1;
}

/* To the answer of the handshake. */
static int add_headers(struct ws *ws, struct lws *wsi, struct lws_process_html_args *args)
{
    const struct assist_opening *actions = ws->adopting ? ws->adopting->actions : NULL;
    unsigned char *p = (unsigned char *)args->p, *end = p + args->max_len;
    const char *cookie = actions ? actions->caller.set_cookie : "";
    if (*cookie && lws_add_http_header_by_name(wsi, (const unsigned char *)"set-cookie:", (const unsigned char *)cookie,
                                               (int)strlen(cookie), &p, end))
        return 1;
    args->p = (char *)p;
    return 0;
}

/* With a token, who it is of is kept to be compared with those that renew it. */
static enum rs_err take_caller(struct ws_connection *c, struct access *who)
{
    if (!who->by_token)
        return RS_OK;
    if (!(c->sub.who = malloc(sizeof *c->sub.who)))
        return RS_NOMEM;
    *c->sub.who = *who;
    who->crews = who->streams = NULL;
    return RS_OK;
}

static enum rs_err open_native(struct lws *wsi, struct ws_connection *c, const char *org)
{
    if (strcmp(lws_get_protocol(wsi)->name, "runspool.v1.msgpack") == 0)
        subscriber_set_format(&c->sub, FRAME_MSGPACK);
    return native_open(&c->sub, org);
}

static int on_established(struct ws *ws, struct lws *wsi, struct ws_connection *c)
{
    struct adoption *a = ws->adopting;
    struct fault fault = {0};
    enum rs_err err;
    if (!a)
        return -1;
    ws->adopting = NULL;
    ws_socket_begin(&ws->sockets, c, wsi);
    if (a->close_code)
        return close_with(c, a->close_code, a->reason);
    buf_init(&c->message, WS_MESSAGE_MAX);
    subscriber_init(&c->sub, ws->bridge, &door_ws, c);
    subscriber_admit(&c->sub, a->who);
    c->sub.compression = a->compression;
    c->open = true;
    c->heard_ms = (int64_t)uv_now(&ws->bridge->loop);
    err = take_caller(c, a->who);
    if (!err) {
        struct feed *feed = a->feed;
        a->feed = NULL; /* it is the subscriber's, whatever becomes of it */
        if (a->actions)
            err = assist_open(&c->sub, a->actions, feed, a->since, &fault);
        else if (!feed)
            err = open_native(wsi, c, a->who->org);
        else
            err = subscriber_start(&c->sub, feed, a->since, &fault);
    }
    if (!err)
        return 0;
    log_event(LOG_LEVEL_WARN, "ws.failed", "error=%s reason=\"%s\"", rs_err_name(err), fault.message);
    return close_with(c, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, NULL);
}

static int on_received(struct ws_connection *c, const char *bytes, size_t len)
{
    const char *why = NULL;
    if (!c->open || c->closing)
        return 0;
    live_look(c->sub.bridge);
    c->heard_ms = (int64_t)uv_now(&c->sub.bridge->loop);
    int code = ws_message_receive(c, bytes, len, &why);
    return code ? close_with(c, code, why) : 0;
}

static int on_writable(struct ws_connection *c)
{
    bool writable = c->writable;
    c->writable = c->held = false;
    if (!c->open || c->closing)
        return 0;
    if (writable)
        door_ws_writable(c);
    bool over = c->close_code && c->sub.queue_len == 0 && !c->held;
    return over ? close_with(c, c->close_code, c->close_reason) : 0;
}

static void on_closed(struct ws_connection *c)
{
    if (c->sockets)
        ws_socket_gone(c);
    if (!c->open)
        return;
    c->open = false;
    native_close(&c->sub);
    assist_close(&c->sub);
    subscriber_release(&c->sub);
    buf_release(&c->message);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct ws_connection *c = user;
    switch (reason) {
    case LWS_CALLBACK_ADD_HEADERS:
        return add_headers(lws_context_user(lws_get_context(wsi)), wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return on_established(lws_context_user(lws_get_context(wsi)), wsi, c);
    case LWS_CALLBACK_RECEIVE_PONG:
        if (c->open)
            c->heard_ms = (int64_t)uv_now(&c->sub.bridge->loop);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return on_received(c, in, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(c);
    case LWS_CALLBACK_CLOSED:
        on_closed(c);
        return 0;
    default:
        return 0;
    }
}

/* What matters of a connection we log ourselves. */
static void log_line(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    (void)level;
    log_event(LOG_LEVEL_DEBUG, "ws.library", "line=\"%.*s\"", (int)len, line);
}

enum rs_err ws_open(struct bridge *bridge, struct ws **ret, struct fault *fault)
{
    struct ws *ws = calloc(1, sizeof *ws);
    if (!ws)
        return fault_set(fault, RS_NOMEM, "no memory for WebSockets");
    static const struct lws_retry_bo no_pings = {0}; /* it has no timers, and would keep them in a list that it walks */
    ws->bridge = bridge;
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .extensions = extensions,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .retry_and_idle_policy = &no_pings,
        .user = ws,
        .vhost_name = "default",
        .max_http_header_data = HANDSHAKE_MAX,
    };
    lws_set_log_level(LOGGED, log_line);
    ws->context = ws->sockets.context = lws_create_context(&info);
    if (ws->context)
        ws->vhost = lws_create_vhost(ws->context, &info);
    enum rs_err err = ws->vhost ? ws_sockets_open(&ws->sockets, &bridge->loop, fault)
                                : fault_set(fault, RS_IO, "libwebsockets does not start: is a descriptor left?");
    if (err) {
        if (ws->context)
            lws_context_destroy(ws->context);
        free(ws);
        return err;
    }
    *ret = ws;
    return RS_OK;
}

enum rs_err ws_check(const struct http_head *head, struct fault *fault)
{
    struct slice key = http_head_get(head, "sec-websocket-key");
    if (!slice_is(http_head_get(head, "sec-websocket-version"), "13"))
        return fault_set(fault, RS_UPGRADE, "this server speaks WebSocket version 13");
    if (!key.at || key.len != 24)
        return fault_set(fault, RS_INVALID, "Sec-WebSocket-Key must be 16 bytes in base64");
    struct slice length = http_head_get(head, "content-length");
    if (http_head_get(head, "transfer-encoding").at || (length.at && !slice_is(length, "0")))
        return fault_set(fault, RS_INVALID, "a handshake has no body");
    return RS_OK;
}

/* Of what the client offers: our protocol, on the native endpoint in MessagePack if it can, else `token`, else none. */
static const char *choose_protocol(const struct http_head *head, bool native)
{
    static const char name[] = "sec-websocket-protocol";
    if (native && http_head_has_token(head, name, "runspool.v1.msgpack"))
        return "runspool.v1.msgpack";
    return http_head_has_token(head, name, "runspool.v1") ? "runspool.v1"
           : http_head_has_token(head, name, "token")     ? "token"
                                                          : NULL;
}

static enum compression choose_compression(const struct ws *ws, const struct http_head *head, char answer[DEFLATE_ANSWER_MAX])
{
    char offers[OFFERS_MAX];
    answer[0] = '\0';
    if (!config_bool(ws->bridge->config, "bridge.compression") ||
        !http_head_join(head, "sec-websocket-extensions", offers, sizeof offers))
        return COMPRESSION_NONE;
    return deflate_offer_accept(offers, answer);
}

/* Of TCP; on a Unix socket there is nothing to be gained. */
static void hold_back(int fd, int yes)
{
    setsockopt(fd, IPPROTO_TCP, TCP_CORK, &yes, sizeof yes);
}

static void adopt(struct ws *ws, int fd, const struct http_head *head, struct adoption *adoption)
{
    /* libwebsockets sees a handshake of our own making: it has short buffers, and there is nothing to disagree about. */
    char text[HANDSHAKE_MAX], agreed[DEFLATE_ANSWER_MAX];
    struct slice key = http_head_get(head, "sec-websocket-key");
    const char *protocol = choose_protocol(head, !adoption->feed && !adoption->actions);
    adoption->compression = choose_compression(ws, head, agreed);
    char *end = stpcpy(text, "GET / HTTP/1.1\r\nHost:-\r\nUpgrade:websocket\r\nConnection:Upgrade\r\nSec-WebSocket-Version:13\r\n"
                             "Sec-WebSocket-Key:");
    end = mempcpy(end, key.at, key.len);
    if (protocol)
        end = stpcpy(stpcpy(end, "\r\nSec-WebSocket-Protocol:"), protocol);
    if (*agreed)
        end = stpcpy(stpcpy(end, "\r\nSec-WebSocket-Extensions:"), agreed);
    end = stpcpy(end, "\r\n\r\n");
    assert(end < text + sizeof text);
    ws->adopting = adoption;
    hold_back(fd, 1);         /* the answer leaves with the first message, in one packet */
    lws_set_log_level(0, NULL); /* it has an "error" to tell of each socket that it is handed */
    struct lws *wsi = lws_adopt_socket_vhost_readbuf(ws->vhost, fd, text, (size_t)(end - text)); /* closes fd itself when it fails */
    if (wsi && !ws->sockets.served) /* no memory: it would wait until there is some */
        lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
    lws_set_log_level(LOGGED, log_line);
    if (ws_sockets_watch(&ws->sockets))
        hold_back(fd, 0);
    ws->adopting = NULL;
    feed_free(adoption->feed); /* NULL once it was taken */
}

void ws_adopt(struct ws *ws, int fd, const struct http_head *head, struct feed *feed, struct cursor since,
              struct access *who, const struct assist_opening *actions)
{
    adopt(ws, fd, head, &(struct adoption){.feed = feed, .since = since, .who = who, .actions = actions});
}

void ws_refuse(struct ws *ws, int fd, const struct http_head *head, int close_code, const struct fault *why)
{
    adopt(ws, fd, head, &(struct adoption){.close_code = close_code, .reason = why->message});
}

void ws_close(struct ws *ws)
{
    if (!ws)
        return;
    lws_context_destroy(ws->context);
    ws_sockets_close(&ws->sockets);
}

void ws_free(struct ws *ws)
{
    free(ws);
}
