#include "runner/http.h"
#include "base/clock.h"
#include "config.h"
#include "runner/netaddr.h"
#include <arpa/inet.h>
#include <ctype.h>
#include "base/curl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct http {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
};

/* libcurl's interest in one socket. */
struct sock {
    uv_poll_t poll;
    struct http *http;
    curl_socket_t fd;
};

struct http_transfer {
    struct http *http;
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    http_fn *fn;
    void *ctx;
    bool (*on_data)(void *ctx, const char *data, size_t len);
    bool allow_private, unwanted; /* on_data wants no more */
    char refused[INET6_ADDRSTRLEN]; /* the address that was not allowed */
    size_t header_bytes;
    int64_t begun_ms;
    struct http_response response;
    char curl_error[CURL_ERROR_SIZE];
};

static void transfer_free(struct http_transfer *t)
{
    curl_multi_remove_handle(t->http->multi, t->curl);
    curl_easy_cleanup(t->curl);
    curl_slist_free_all(t->headers);
    json_object_put(t->response.headers);
    buf_release(&t->response.body);
    free(t->body);
    free(t);
}

static void finish(struct http_transfer *t, CURLcode code)
{
    struct http_response *r = &t->response;
    const char *url = NULL, *address = NULL, *redirect = NULL;

    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &redirect);
    r->url = url;
    if (curl_easy_getinfo(t->curl, CURLINFO_PRIMARY_IP, &address) == CURLE_OK)
        r->address = address;
    r->redirect = redirect;
    r->duration_ms = clock_mono_ms() - t->begun_ms;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && r->truncated && r->status)) {
        r->err = RS_OK;
    } else if (t->unwanted) {
        r->err = RS_CLOSED;
        snprintf(r->message, sizeof r->message, "no more was wanted");
    } else if (t->refused[0]) {
        r->err = RS_DENIED;
        snprintf(r->message, sizeof r->message,
                 "%s is a private or local address; runner.http_private = allow lets workflows reach such", t->refused);
    } else if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
        r->err = RS_INVALID;
        snprintf(r->message, sizeof r->message, "%s",
                 code == CURLE_URL_MALFORMAT ? "not a valid URL" : "only http and https URLs can be requested");
    } else {
        r->err = RS_IO;
        snprintf(r->message, sizeof r->message, "%s", t->curl_error[0] ? t->curl_error : curl_easy_strerror(code));
    }
    t->fn(t->ctx, r);
    transfer_free(t);
}

static void collect(struct http *http)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(http->multi, &left))) {
        struct http_transfer *t;
        if (msg->msg != CURLMSG_DONE)
            continue;
        CURLcode code = msg->data.result; /* msg dies with the handle */
        curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
        finish(t, code);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sock *sock = poll->data;
    struct http *http = sock->http;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0, running;

    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    curl_multi_socket_action(http->multi, sock->fd, flags, &running);
    collect(http);
}

static void on_timer(uv_timer_t *timer)
{
    struct http *http = timer->data;
    int running;
    curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(http);
}

static int on_timer_wanted(CURLM *multi, long ms, void *ctx)
{
    struct http *http = ctx;
    (void)multi;
    if (ms < 0)
        uv_timer_stop(&http->timer);
    else
        uv_timer_start(&http->timer, on_timer, (uint64_t)ms, 0);
    return 0;
}

static void on_sock_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket_wanted(CURL *curl, curl_socket_t fd, int what, void *ctx, void *sock_ctx)
{
    struct http *http = ctx;
    struct sock *sock = sock_ctx;

    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        if (sock) {
            curl_multi_assign(http->multi, fd, NULL);
            uv_poll_stop(&sock->poll);
            uv_close((uv_handle_t *)&sock->poll, on_sock_closed);
        }
        return 0;
    }
    if (!sock) {
        sock = calloc(1, sizeof *sock);
        if (!sock || uv_poll_init_socket(http->loop, &sock->poll, fd) != 0) {
            free(sock);
            return -1;
        }
        sock->http = http;
        sock->fd = fd;
        sock->poll.data = sock;
        curl_multi_assign(http->multi, fd, sock);
    }
    uv_poll_start(&sock->poll, (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
                  on_poll);
    return 0;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_transfer *t = ctx;

    (void)purpose;
    if (!t->allow_private && !netaddr_is_public(&address->addr)) {
        struct sockaddr_in6 v6;
        struct sockaddr_in v4;
        if (address->family == AF_INET6) {
            memcpy(&v6, &address->addr, sizeof v6);
            inet_ntop(AF_INET6, &v6.sin6_addr, t->refused, sizeof t->refused);
        } else {
            memcpy(&v4, &address->addr, sizeof v4);
            inet_ntop(AF_INET, &v4.sin_addr, t->refused, sizeof t->refused);
        }
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct http_transfer *t = ctx;
    size_t len = size * n, room = t->response.body.max - t->response.body.len;
    long status = 0;

    if (t->on_data && curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status >= 200 &&
        status <= 299) {
        t->unwanted = !t->on_data(t->ctx, data, len);
        return t->unwanted ? 0 : len;
    }
    if (len > room) {
        t->response.truncated = true;
        buf_append(&t->response.body, data, room);
        return 0; /* nothing more is wanted: ends the transfer with CURLE_WRITE_ERROR */
    }
    return buf_append(&t->response.body, data, len) == RS_OK ? len : 0;
}

static void add_header(struct json_object *headers, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    char name[128];
    size_t n = colon ? (size_t)(colon - line) : 0;

    if (n == 0 || n >= sizeof name)
        return;
    for (size_t i = 0; i < n; i++)
        name[i] = (unsigned char)line[i] < 0x80 ? (char)tolower((unsigned char)line[i]) : '?';
    name[n] = '\0';
    const char *value = colon + 1, *end = line + len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && strchr("\r\n \t", end[-1]))
        end--;
    struct buf text;
    const char *before = json_get_string(headers, name, NULL);
    buf_init(&text, HTTP_HEADERS_MAX * 4);
    if (before) {
        buf_puts(&text, before);
        buf_puts(&text, ", ");
    }
    for (; value < end; value++)
        buf_putc(&text, (unsigned char)*value < 0x80 && *value ? *value : '?');
    json_set_string(headers, name, text.data ? text.data : "");
    buf_release(&text);
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    struct http_transfer *t = ctx;
    size_t len = size * n;

    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        /* A redirect's or an interim answer's headers are over. */
        json_object_put(t->response.headers);
        t->response.headers = json_object_new_object();
        t->header_bytes = 0;
    } else if ((t->header_bytes += len) <= HTTP_HEADERS_MAX) {
        add_header(t->response.headers, data, len);
    }
    return len;
}

/* Names and values come from templates: a line break in one would add headers, or a request, of somebody else's. */
static enum rs_err take_headers(struct http_transfer *t, struct json_object *headers, struct fault *fault)
{
    if (!headers)
        return RS_OK;
    json_object_object_foreach(headers, name, value)
    {
        const char *text = value ? json_object_get_string(value) : "";
        struct buf line;
        if (!*name || strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") !=
                          strlen(name))
            return fault_set(fault, RS_INVALID, "\"%.64s\" is no header name", name);
        if (strpbrk(text, "\r\n"))
            return fault_set(fault, RS_INVALID, "the header %.64s holds a line break", name);
        buf_init(&line, HTTP_HEADERS_MAX);
        buf_printf(&line, *text ? "%s: %s" : "%s;", name, text);
        struct curl_slist *more = line.err ? NULL : curl_slist_append(t->headers, line.data);
        buf_release(&line);
        if (!more)
            return fault_set(fault, RS_LIMIT, "the header %.64s is too long", name);
        t->headers = more;
    }
    return RS_OK;
}

/* With the first transfer: most runs have none. */
static enum rs_err open_multi(struct http *http, struct fault *fault)
{
    if (http->multi)
        return RS_OK;
    enum rs_err err = curl_load(fault);
    if (err)
        return err;
    if (!(http->multi = curl_multi_init()))
        return fault_set(fault, RS_NOMEM, "out of memory");
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
    return RS_OK;
}

enum rs_err http_start(struct http *http, const struct http_request *request, http_fn *fn, void *ctx,
                       struct http_transfer **ret, struct fault *fault)
{
    enum rs_err err = open_multi(http, fault);
    if (err)
        return err;
    struct http_transfer *t = calloc(1, sizeof *t);

    if (!t || !(t->curl = curl_easy_init())) {
        free(t);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    t->http = http;
    t->fn = fn;
    t->ctx = ctx;
    t->on_data = request->on_data;
    t->allow_private = request->allow_private;
    t->begun_ms = clock_mono_ms();
    t->response.headers = json_object_new_object();
    buf_init(&t->response.body, request->max_bytes ? request->max_bytes : HTTP_BODY_MAX);
    /* libcurl's wish to be asked to go on (Expect) costs a second with servers that do not know it. */
    if (!(t->headers = curl_slist_append(NULL, "Expect:"))) {
        err = fault_set(fault, RS_NOMEM, "out of memory");
        goto fail;
    }
    if ((err = take_headers(t, request->headers, fault)))
        goto fail;
    curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->curl, CURLOPT_URL, request->url);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_USERAGENT, "runspool/" PACKAGE_VERSION);
    curl_easy_setopt(t->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS);
    curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, request->follow ? 1L : 0L);
    if (request->insecure) {
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(t->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, (long)HTTP_REDIRECTS_MAX);
    curl_easy_setopt(t->curl, CURLOPT_ERRORBUFFER, t->curl_error);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(t->curl, CURLOPT_OPENSOCKETDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, t);
    /* A connection made for one request may not be one that another is not allowed to make. */
    curl_easy_setopt(t->curl, CURLOPT_FRESH_CONNECT, request->reuse ? 0L : 1L);
    curl_easy_setopt(t->curl, CURLOPT_FORBID_REUSE, request->reuse ? 0L : 1L);
    curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
    if (request->body) {
        t->body = malloc(request->body_len + 1);
        if (!t->body) {
            err = fault_set(fault, RS_NOMEM, "out of memory");
            goto fail;
        }
        memcpy(t->body, request->body, request->body_len);
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, t->body);
    } else if (request->method && strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, "");
    }
    if (request->method && strcmp(request->method, "HEAD") == 0)
        curl_easy_setopt(t->curl, CURLOPT_NOBODY, 1L);
    else if (request->method && strcmp(request->method, "POST") == 0)
        curl_easy_setopt(t->curl, CURLOPT_POST, 1L); /* a redirect may turn it into GET; not so a custom one */
    else if (request->method && (request->body || strcmp(request->method, "GET") != 0))
        curl_easy_setopt(t->curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
    CURLMcode code = curl_multi_add_handle(http->multi, t->curl);
    if (code == CURLM_OK) {
        *ret = t;
        return RS_OK;
    }
    err = fault_set(fault, RS_NOMEM, "%s", curl_multi_strerror(code));
fail:
    transfer_free(t);
    return err;
}

void http_abort(struct http_transfer *transfer)
{
    transfer_free(transfer);
}

enum rs_err http_new(uv_loop_t *loop, struct http **ret, struct fault *fault)
{
    struct http *http = calloc(1, sizeof *http);

    if (!http)
        return fault_set(fault, RS_NOMEM, "out of memory");
    http->loop = loop;
    uv_timer_init(loop, &http->timer);
    http->timer.data = http;
    *ret = http;
    return RS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    if (http->multi)
        curl_multi_cleanup(http->multi);
    uv_close((uv_handle_t *)&http->timer, on_closed);
}
