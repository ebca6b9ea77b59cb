#include "bridge/web.h"
#include "base/clock.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include "bridge/count.h"
#include "bridge/front.h"
#include "bridge/hub.h"
#include "bridge/kept.h"
#include "bridge/limits.h"
#include "bridge/live.h"
#include "bridge/redis.h"
#include "bridge/told.h"
#include "bridge/writer.h"
#include "config.h"
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PUMPS_MAX 16       /* turns of the library in one turn of the loop */
#define ADOPTED_AT_ONCE 32
#define PAGE_MAX (64 * 1024)
#define CONNECTIONS_MAX 1000000 /* of the library: the front sees to limits.connections, which may change */

struct web {
    struct bridge *bridge;
    unsigned idle_s; /* after which the library ends a connection, unless told otherwise of it */
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_prepare_t prepare; /* runs what was resumed in this turn of the loop, all at once */
    int n_handles;
    struct turns turns;
    int n_adopted; /* in this turn of the loop */
};

struct page {
    const char *path, *type;
    bool anyone; /* tells nothing that needs keeping */
    enum rs_err (*put)(struct bridge *bridge, struct buf *out);
};

static enum rs_err put_health(struct bridge *bridge, struct buf *out)
{
    return buf_printf(out, "{\"status\":\"ok\",\"version\":\"%s\",\"head\":\"%" PRId64 "\",\"backlogBytes\":%zu,\"uptimeS\":%" PRId64 "}",
                      PACKAGE_VERSION, hub_published(bridge->hub), writer_backlog(bridge->writer),
                      (int64_t)(uv_now(&bridge->loop) - bridge->started_ms) / 1000);
}

static enum rs_err put_metrics(struct bridge *bridge, struct buf *out)
{
    redis_count(bridge->redis);
    bridge->metrics.values[METRIC_BACKLOG_BYTES] = (int64_t)writer_backlog(bridge->writer);
    return metrics_put(&bridge->metrics, out);
}

static const struct page pages[] = {
    {"/healthz", "application/json", true, put_health},
    {"/metrics", "text/plain; version=0.0.4", false, put_metrics},
};

/* X-Forwarded-For as one list: a proxy may have added a line of its own below those it was sent. */
struct hops {
    char text[REQUEST_FORWARDED_MAX];
    size_t len;
    bool any, too_long;
};

static enum MHD_Result add_hops(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct hops *hops = cls;
    size_t len = value ? strlen(value) : 0;
    (void)kind;
    if (strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    hops->too_long |= hops->len + len + 1 >= sizeof hops->text;
    if (hops->too_long)
        return MHD_NO;
    if (hops->any)
        hops->text[hops->len++] = ',';
    hops->any = true;
    if (len > 0)
        memcpy(hops->text + hops->len, value, len);
    hops->len += len;
    hops->text[hops->len] = '\0';
    return MHD_YES;
}

static enum MHD_Result answer_page(struct exchange *x, const struct page *page)
{
    struct buf body;
    enum MHD_Result result = MHD_NO;
    buf_init(&body, PAGE_MAX);
    if (page->put(x->bridge, &body) == RS_OK)
        result = web_answer(x, MHD_HTTP_OK, page->type, body.data, body.len);
    buf_release(&body);
    return result;
}

static const char *peer_of(const struct exchange *x, char text[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    strcpy(text, "unix");
    if (address && address->sa_family == AF_INET)
        uv_inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, INET6_ADDRSTRLEN);
    else if (address && address->sa_family == AF_INET6)
        uv_inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, INET6_ADDRSTRLEN);
    return text;
}

static const struct page *find_page(const char *path)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].path, path) == 0)
            return &pages[i];
    return NULL;
}

static enum rs_err begin(struct exchange *x, const char *method, const struct page **ret_page, struct fault *fault)
{
    char peer[INET6_ADDRSTRLEN];
    struct hops hops = {.len = 0};
    char *query = strchr(x->uri, '?');
    if (query)
        *query++ = 0;
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_hops, &hops);
    if (hops.too_long)
        return fault_set(fault, RS_LIMIT, "X-Forwarded-For is over %d bytes", REQUEST_FORWARDED_MAX - 1);
    struct request_text text = {
        .path = x->uri,
        .query = query,
        .prefix = web_header(x, "X-Forwarded-Prefix"),
        .last_event_id = web_header(x, "Last-Event-ID"),
        .access = {.method = method,
                   .peer = peer_of(x, peer),
                   .forwarded_for = hops.any ? hops.text : NULL,
                   .host = web_header(x, "Host"),
                   .origin = web_header(x, "Origin"),
                   .fetch_site = web_header(x, "Sec-Fetch-Site"),
                   .authorization = web_header(x, "Authorization"),
                   .cookie = web_header(x, "Cookie")},
    };
    enum rs_err err = request_route(x->bridge, &text, &x->request, fault);
    if (err)
        return err;
    *ret_page = x->request.door ? NULL : find_page(x->request.path);
    if (!x->request.door && !*ret_page)
        return fault_set(fault, RS_NOT_FOUND, "there is nothing at this path");
    x->options = strcmp(method, "OPTIONS") == 0;
    if (x->options)
        return RS_OK;
    if (strcmp(method, "GET") != 0)
        return fault_set(fault, RS_METHOD, "only GET is understood here");
    if (x->request.door == &door_ws)
        return fault_set(fault, RS_UPGRADE, "this is a WebSocket; ask with Upgrade: websocket, or use /sse or /poll");
    if (*ret_page && (*ret_page)->anyone)
        return RS_OK;
    err = request_check(x->bridge, &text, &x->request, fault);
    return err || *ret_page ? err : front_admits(x->bridge, 0, fault);
}

/* For a client that neither takes nor sends anything; suspended ones are not counted. The subscribers' sweep comes first. */
static unsigned idle_s(const struct bridge *bridge)
{
    return (unsigned)((config_number(bridge->config, "limits.subscriber_time") + SUBSCRIBER_END_MS + 1000) / 1000);
}

static enum MHD_Result answer(struct exchange *x, const char *method)
{
    struct fault fault = {0};
    const struct page *page = NULL;
    if (begin(x, method, &page, &fault) != RS_OK)
        return web_answer_fault(x, &fault);
    if (x->options)
        return web_answer(x, MHD_HTTP_NO_CONTENT, NULL, "", 0);
    if (page)
        return answer_page(x, page);
    return x->request.door == &door_sse ? door_sse_begin(x) : door_poll_begin(x);
}

/* A request's head is there. */
static void arrive(struct web *web, struct exchange *x, struct MHD_Connection *connection)
{
    x->bridge = web->bridge;
    x->connection = connection;
    unsigned idle = idle_s(x->bridge);
    if (idle != web->idle_s) /* the settings have changed since the start */
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, idle);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
    struct exchange *x = *con_cls;
    struct web *web = cls;
    (void)url;
    (void)version;
    (void)upload;
    (void)upload_len;
    if (!x)
        return MHD_NO; /* no memory */
    if (x->begun)
        return door_poll_again(x);
    live_look(web->bridge); /* a thousand may ask at once */
    arrive(web, x, connection);
    x->begun = true;
    int64_t began_us = clock_mono_us();
    enum MHD_Result result = answer(x, method);
    if (!x->options)
        count_call(x->bridge, &x->request, began_us, x->failed);
    return result;
}

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *x = calloc(1, sizeof *x);
    (void)cls;
    (void)connection;
    if (x)
        x->uri = strdup(uri);
    if (x && !x->uri) {
        free(x);
        x = NULL;
    }
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls, enum MHD_RequestTerminationCode how)
{
    struct exchange *x = *con_cls;
    (void)cls;
    (void)connection;
    (void)how;
    if (x)
        exchange_end(x);
    *con_cls = NULL;
}

static void on_log(void *cls, const char *format, va_list args)
{
    char line[256];
    (void)cls;
    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = 0;
    log_event(LOG_LEVEL_DEBUG, "http.library", "line=\"%s\"", line);
}

static void on_timer(uv_timer_t *timer);

static void pump(struct web *web)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;
    bool wants = true;
    tolds_wake(web->bridge->tolds);
    kepts_run(web->bridge->kepts);
    for (int i = 0; i < PUMPS_MAX && wants && timeout_ms == 0; i++) {
        web->bridge->kicked = false;
        MHD_run(web->daemon);
        wants = MHD_get_timeout(web->daemon, &timeout_ms) == MHD_YES;
    }
    if (kepts_are_due(web->bridge->kepts)) /* the library's callbacks look for events, too */
        uv_timer_start(&web->timer, on_timer, 0, 0);
    else if (wants)
        uv_timer_start(&web->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 1, 0);
    else
        uv_timer_stop(&web->timer);
}

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct web *web = prepare->data;
    web->n_adopted = 0;
    turns_give(&web->turns);
    if (web->bridge->kicked)
        pump(web);
}

static void on_turn(void *exchange)
{
    exchange_resume(exchange);
}

void web_kick(struct web *web)
{
    web->bridge->kicked = true;
}

void web_adopt(struct web *web, int fd, const struct sockaddr *address, socklen_t len)
{
    web->n_adopted++;
    if (MHD_add_connection(web->daemon, fd, address, len) == MHD_YES) /* else it has closed fd */
        web_kick(web);
}

bool web_has_many(const struct web *web)
{
    return web->n_adopted >= ADOPTED_AT_ONCE;
}

struct turns *web_turns(struct web *web)
{
    return &web->turns;
}

int web_n_connections(const struct web *web)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return kepts_count(web->bridge->kepts) + (info ? (int)info->num_connections : 0);
}

enum rs_err web_open(struct bridge *bridge, struct web **ret, struct fault *fault)
{
    struct web *web = calloc(1, sizeof *web);
    if (!web)
        return fault_set(fault, RS_NOMEM, "no memory for HTTP");
    web->bridge = bridge;
    web->idle_s = idle_s(bridge);
    web->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, on_request, web, MHD_OPTION_EXTERNAL_LOGGER, on_log, web, MHD_OPTION_URI_LOG_CALLBACK, on_uri, web,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, web,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)WEB_MEMORY_PER_CONNECTION, MHD_OPTION_CONNECTION_TIMEOUT, web->idle_s, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX + FRONT_SPARE_CONNECTIONS, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        web->daemon ? MHD_get_daemon_info(web->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    enum rs_err err = info ? kepts_open(bridge, &bridge->kepts, fault) : fault_set(fault, RS_IO, "libmicrohttpd does not start: is a descriptor left?");
    if (err) {
        if (web->daemon)
            MHD_stop_daemon(web->daemon);
        free(web);
        return err;
    }
    uv_poll_init(&bridge->loop, &web->poll, info->epoll_fd);
    uv_timer_init(&bridge->loop, &web->timer);
    uv_prepare_init(&bridge->loop, &web->prepare);
    turns_init(&web->turns, &bridge->loop, on_turn);
    web->poll.data = web->timer.data = web->prepare.data = web->turns.more.data = web;
    web->n_handles = 4;
    uv_poll_start(&web->poll, UV_READABLE, on_readable);
    uv_prepare_start(&web->prepare, on_prepare);
    *ret = web;
    return RS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct web *web = handle->data;
    if (--web->n_handles == 0)
        free(web);
}

void web_close(struct web *web)
{
    if (!web)
        return;
    uv_close((uv_handle_t *)&web->poll, on_closed);
    uv_close((uv_handle_t *)&web->timer, on_closed);
    uv_close((uv_handle_t *)&web->prepare, on_closed);
    uv_close((uv_handle_t *)&web->turns.more, on_closed);
    kepts_close(web->bridge->kepts);
    web->bridge->kepts = NULL;
    MHD_stop_daemon(web->daemon);
}
