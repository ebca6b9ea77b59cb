#include "bridge/kept.h"
#include "auth/auth.h"
#include "bridge/bridge.h"
#include "bridge/exchange.h"
#include "bridge/front.h"
#include "bridge/http_head.h"
#include "bridge/web.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct kept {
    struct kept_list *idle;
    bool again;             /* it has had a request */
    bool rests;             /* it is in the list */
    int fd;
    int64_t since_ms;
    struct kept *newer, *older;
};

void kept_open(void **context, struct kept_list *idle)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k)
        k->idle = idle;
    *context = k;
}

static void leave(struct kept *k)
{
    if (!k->rests)
        return;
    *(k->newer ? &k->newer->older : &k->idle->newest) = k->older;
    *(k->older ? &k->older->newer : &k->idle->oldest) = k->newer;
    k->rests = false;
}

void kept_close(void **context)
{
    struct kept *k = *context;
    if (k)
        leave(k);
    free(k);
    *context = NULL;
}

static struct kept *kept_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info ? info->connect_fd : -1;
}

bool kept_begin(struct MHD_Connection *connection)
{
    struct kept *k = kept_of(connection);
    if (!k)
        return false;
    bool again = k->again;
    k->again = true;
    leave(k);
    return again;
}

void kept_rest(struct MHD_Connection *connection, int64_t now_ms)
{
    struct kept *k = kept_of(connection);
    if (!k || k->rests)
        return;
    k->fd = socket_of(connection);
    k->since_ms = now_ms;
    k->rests = true;
    k->newer = NULL;
    k->older = k->idle->newest;
    *(k->older ? &k->older->newer : &k->idle->oldest) = k;
    k->idle->newest = k;
}

/* The library sees the end, and closes. */
static void end(struct kept *k)
{
    shutdown(k->fd, SHUT_RDWR);
    leave(k);
}

void kept_end(struct kept_list *idle, int64_t since_ms)
{
    while (idle->oldest && idle->oldest->since_ms <= since_ms)
        end(idle->oldest);
}

bool kept_may(const struct exchange *x, const char *method, const char *version)
{
    struct fault fault;
    int64_t most = config_number(x->bridge->config, "limits.connections");
    return kept_of(x->connection) && strcmp(method, "GET") == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0 &&
           !web_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH) && !web_header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING) &&
           !auth_has_addresses(x->bridge->auth) && front_admits(x->bridge, (int)(most / 4), &fault) == RS_OK;
}

static enum MHD_Result put_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    return buf_printf(cls, "%s: %s\r\n", name, value ? value : "") == RS_OK ? MHD_YES : MHD_NO;
}

bool kept_upgrade(struct exchange *x, const char *method, const char *peer)
{
    struct http_head head;
    struct buf text;
    if (!web_header(x, MHD_HTTP_HEADER_UPGRADE) || !x->bridge->front)
        return false;
    buf_init(&text, HTTP_HEAD_MAX);
    buf_printf(&text, "%s %s HTTP/1.1\r\n", method, x->uri);
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, put_header, &text);
    bool is = buf_puts(&text, "\r\n") == RS_OK && http_head_parse(text.data, text.len, &head) == HTTP_HEAD_OK &&
              http_head_is_websocket(&head);
    int fd = is ? fcntl(socket_of(x->connection), F_DUPFD_CLOEXEC, 0) : -1;
    if (fd >= 0) /* the library closes its own without a word on the wire (MHD_USE_TURBO) */
        front_take_handshake(x->bridge->front, fd, &head, peer);
    buf_release(&text);
    return is;
}
