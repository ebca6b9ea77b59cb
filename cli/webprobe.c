#include "cli/webprobe.h"
#include "base/clock.h"
#include "base/curl.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REQUEST_MAX 8192
#define CONNECT_MS 10000L

static bool wait_for(curl_socket_t fd, short events, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = until - clock_mono_ms();
    return left > 0 && poll(&p, 1, (int)left) > 0;
}

static bool send_all(CURL *curl, curl_socket_t fd, const char *text, size_t len, int64_t until)
{
    while (len > 0) {
        size_t n = 0;
        CURLcode code = curl_easy_send(curl, text, len, &n);
        if (code == CURLE_AGAIN && wait_for(fd, POLLOUT, until))
            continue;
        if (code != CURLE_OK)
            return false;
        text += n;
        len -= n;
    }
    return true;
}

/* Is what was wanted there? */
static bool look(struct webprobe *p, const struct webprobe_request *request)
{
    const char *end = strstr(p->text, "\r\n\r\n");
    if (!end || sscanf(p->text, "HTTP/%*s %d", &p->status) != 1)
        return false;
    p->body = end + 4;
    /* It may be compressed, with zero bytes in it. */
    p->found = !request->until || memmem(p->body, (size_t)(p->text + p->len - p->body), request->until, strlen(request->until));
    return p->found;
}

static void receive(CURL *curl, curl_socket_t fd, const struct webprobe_request *request, int64_t until, struct webprobe *p)
{
    while (p->len < sizeof p->text - 1 && !look(p, request)) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(curl, p->text + p->len, sizeof p->text - 1 - p->len, &n);
        if (code == CURLE_AGAIN) {
            if (!wait_for(fd, POLLIN, until))
                return;
            continue;
        }
        if (code != CURLE_OK || n == 0) {
            p->ended = true;
            return;
        }
        p->len += n;
        p->text[p->len] = '\0';
    }
}

enum rs_err webprobe_ask(const char *base, const struct webprobe_request *request, struct webprobe *ret, struct fault *fault)
{
    char text[REQUEST_MAX];
    curl_socket_t fd = CURL_SOCKET_BAD;
    const char *authority = strstr(base, "://");
    enum rs_err err = curl_load(fault);
    if (err != RS_OK)
        return err;
    if (!authority || (strncasecmp(base, "http:", 5) != 0 && strncasecmp(base, "https:", 6) != 0))
        return fault_set(fault, RS_INVALID, "\"%.200s\" is no http or https address", base);
    authority += 3;
    int host = (int)strcspn(authority, "/?#"), prefix = (int)strcspn(authority + host, "?#");
    while (prefix > 0 && authority[host + prefix - 1] == '/')
        prefix--;
    int len = snprintf(text, sizeof text, "GET %.*s%s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: runspool-doctor\r\n%s\r\n", prefix,
                       authority + host, request->path, host, authority, request->headers ? request->headers : "");
    if (len >= (int)sizeof text)
        return fault_set(fault, RS_LIMIT, "the address is too long");
    *ret = (struct webprobe){.body = ""};
    CURL *curl = curl_easy_init();
    if (!curl)
        return fault_set(fault, RS_NOMEM, "out of memory");
    curl_easy_setopt(curl, CURLOPT_URL, base);
    curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L); /* HTTP/1.1 is what is spoken */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_ACTIVESOCKET, &fd);
    if (code != CURLE_OK) {
        err = fault_set(fault, code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ? RS_CLOSED : RS_INVALID,
                        "cannot connect to %.200s: %s", base, curl_easy_strerror(code));
    } else {
        int64_t began = clock_mono_ms(), until = began + request->timeout_ms;
        if (send_all(curl, fd, text, (size_t)len, until))
            receive(curl, fd, request, until, ret);
        ret->took_ms = clock_mono_ms() - began;
    }
    curl_easy_cleanup(curl);
    return err;
}

const char *webprobe_header(const struct webprobe *probe, const char *name, char out[PROBE_HEADER_MAX])
{
    size_t len = strlen(name);
    const char *line = probe->text;
    out[0] = '\0';
    while ((line = strstr(line, "\r\n")) && line + 2 < probe->body) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 1 + strspn(line + len + 1, " \t");
            snprintf(out, PROBE_HEADER_MAX, "%.*s", (int)strcspn(value, "\r\n"), value);
            break;
        }
    }
    return out;
}
