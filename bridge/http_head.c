#include "bridge/http_head.h"
#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 15 /* of a body: no two programs take that for different numbers */

static bool is_token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool slice_is(struct slice s, const char *text)
{
    return s.at && s.len == strlen(text) && strncasecmp(s.at, text, s.len) == 0;
}

bool slice_copy(struct slice s, char *out, size_t out_size)
{
    if (!s.at || s.len >= out_size) {
        out[0] = 0;
        return false;
    }
    memcpy(out, s.at, s.len);
    out[s.len] = 0;
    return true;
}

/* METHOD SP target SP HTTP/1.x; only the origin form of the target. */
static bool parse_request_line(const char *line, size_t len, struct http_head *head)
{
    const char *end = line + len, *p = line;
    while (p < end && is_token_char((unsigned char)*p))
        p++;
    head->method = (struct slice){line, (size_t)(p - line)};
    if (head->method.len == 0 || head->method.len > 16 || p == end || *p != ' ')
        return false;
    const char *target = ++p;
    while (p < end && (unsigned char)*p > ' ' && (unsigned char)*p < 0x7f)
        p++;
    if (p == target || *target != '/' || p == end || *p != ' ')
        return false;
    size_t target_len = (size_t)(p - target);
    const char *mark = memchr(target, '?', target_len);
    head->path = (struct slice){target, mark ? (size_t)(mark - target) : target_len};
    head->query = mark ? (struct slice){mark + 1, (size_t)(p - mark - 1)} : (struct slice){NULL, 0};
    p++;
    if (end - p != 8 || memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1'))
        return false;
    head->minor = p[7] - '0';
    return true;
}

static bool parse_header(const char *line, size_t len, struct http_head *head)
{
    const char *end = line + len, *p = line;
    while (p < end && is_token_char((unsigned char)*p))
        p++;
    if (p == line || p == end || *p != ':')
        return false; /* also refuses folded lines and a space before the colon */
    struct slice name = {line, (size_t)(p - line)};
    for (p++; p < end && (*p == ' ' || *p == '\t'); p++) {
    }
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (const char *c = p; c < end; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    head->headers[head->n_headers].name = name;
    head->headers[head->n_headers].value = (struct slice){p, (size_t)(end - p)};
    head->n_headers++;
    return true;
}

static bool is_number(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return s.len > 0 && s.len <= LENGTH_DIGITS_MAX;
}

/* Where its body ends, if it has one, is said once, and by one means; so is the host (RFC 9112, sections 3.2, 6.1 to 6.3). */
static bool is_clear(const struct http_head *head)
{
    int n_lengths = 0, n_codings = 0, n_hosts = 0;
    for (int i = 0; i < head->n_headers; i++) {
        if (slice_is(head->headers[i].name, "content-length")) {
            n_lengths++;
            if (!is_number(head->headers[i].value))
                return false;
        }
        n_codings += slice_is(head->headers[i].name, "transfer-encoding");
        n_hosts += slice_is(head->headers[i].name, "host");
    }
    return n_hosts <= 1 && n_lengths + n_codings <= 1 && (n_codings == 0 || head->minor == 1);
}

enum http_head_result http_head_parse(const char *text, size_t len, struct http_head *ret)
{
    struct http_head head = {0};
    size_t start = 0;
    bool have_request = false;
    if (len > 0 && !is_token_char((unsigned char)text[0]))
        return HTTP_HEAD_BAD; /* a TLS handshake, a stray empty line */
    for (;;) {
        size_t most = len < HTTP_HEAD_MAX ? len : HTTP_HEAD_MAX;
        const char *newline = start < most ? memchr(text + start, '\n', most - start) : NULL;
        if (!newline)
            return len >= HTTP_HEAD_MAX ? HTTP_HEAD_TOO_LONG : HTTP_HEAD_INCOMPLETE;
        size_t line_len = (size_t)(newline - text) - start;
        if (line_len == 0 || text[start + line_len - 1] != '\r')
            return HTTP_HEAD_BAD;
        const char *line = text + start;
        line_len--;
        start = (size_t)(newline - text) + 1;
        if (!have_request) {
            if (!parse_request_line(line, line_len, &head))
                return HTTP_HEAD_BAD;
            have_request = true;
        } else if (line_len == 0) {
            head.len = start;
            if (!is_clear(&head))
                return HTTP_HEAD_BAD;
            *ret = head;
            return HTTP_HEAD_OK;
        } else if (head.n_headers == HTTP_HEADERS_MAX) {
            return HTTP_HEAD_TOO_LONG;
        } else if (!parse_header(line, line_len, &head)) {
            return HTTP_HEAD_BAD;
        }
    }
}

struct slice http_head_get(const struct http_head *head, const char *name)
{
    for (int i = 0; i < head->n_headers; i++)
        if (slice_is(head->headers[i].name, name))
            return head->headers[i].value;
    return (struct slice){NULL, 0};
}

bool http_head_join(const struct http_head *head, const char *name, char *out, size_t out_size)
{
    size_t len = 0;
    bool first = true;
    out[0] = 0;
    for (int i = 0; i < head->n_headers; i++) {
        struct slice value = head->headers[i].value;
        if (!slice_is(head->headers[i].name, name))
            continue;
        if (len + value.len + 1 >= out_size) {
            out[0] = 0;
            return false;
        }
        if (!first)
            out[len++] = ',';
        first = false;
        memcpy(out + len, value.at, value.len);
        len += value.len;
        out[len] = 0;
    }
    return true;
}

static bool list_has(struct slice list, const char *token)
{
    const char *p = list.at, *end = list.at + list.len;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma ? comma : end;
        const char *a = p, *b = stop;
        while (a < b && (*a == ' ' || *a == '\t'))
            a++;
        while (b > a && (b[-1] == ' ' || b[-1] == '\t'))
            b--;
        if (slice_is((struct slice){a, (size_t)(b - a)}, token))
            return true;
        p = comma ? comma + 1 : end;
    }
    return false;
}

bool http_head_has_token(const struct http_head *head, const char *name, const char *token)
{
    for (int i = 0; i < head->n_headers; i++)
        if (slice_is(head->headers[i].name, name) && list_has(head->headers[i].value, token))
            return true;
    return false;
}

bool http_head_is_websocket(const struct http_head *head)
{
    return head->minor == 1 && head->method.len == 3 && memcmp(head->method.at, "GET", 3) == 0 &&
           http_head_has_token(head, "upgrade", "websocket") && http_head_has_token(head, "connection", "upgrade");
}
