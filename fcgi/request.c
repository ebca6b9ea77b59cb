#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Does s begin with the root ("/api") as a whole segment? */
static bool starts_root(const char *s, const char *root)
{
    size_t len = strlen(root);
    return strncmp(s, root, len) == 0 && (s[len] == '/' || s[len] == '\0');
}

/* Where our part of a full path begins: after the prefix of public_url, else at the first root in it. NULL: nowhere. */
static const char *find_root(const char *path, const char *root, const char *public_url)
{
    const char *authority = public_url ? strstr(public_url, "://") : NULL;
    if (authority) {
        const char *base = strchrnul(authority + 3, '/');
        size_t len = strlen(base);
        while (len > 0 && base[len - 1] == '/')
            len--;
        if (strncmp(path, base, len) == 0 && starts_root(path + len, root))
            return path + len;
    }
    for (const char *p = path; (p = strstr(p, root)); p++)
        if (starts_root(p, root))
            return p;
    return NULL;
}

/* Where the web server says our part begins: SCRIPT_NAME is "/base/api" or "/base/api/poll" and PATH_INFO the rest.
 * Without PATH_INFO it may be all of the path (nginx), which says nothing. */
static const char *installed_at(const char *full, const char *script, const char *info)
{
    static const char *const ends[] = {"/api", "/api/poll", "/hooks"};
    size_t len = script ? strlen(script) : 0;
    if (!len || !info || !*info || strncmp(full, script, len) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t n = strlen(ends[i]);
        if (len >= n && strcmp(script + len - n, ends[i]) == 0)
            return full + len - n;
    }
    return NULL;
}

/* The path as the web server has split it: SCRIPT_NAME + PATH_INFO are decoded already, REQUEST_URI is not.
 * Where it does not
 * say where we are installed (a CGI script has a name of its own), that is found in the address. */
static enum rs_err find_path(struct request *request, const char *root, const char *public_url, struct fault *fault)
{
    struct exchange *ex = request->exchange;
    const char *script = ex->param(ex, "SCRIPT_NAME"), *info = ex->param(ex, "PATH_INFO");
    const char *uri = ex->param(ex, "REQUEST_URI");
    char full[REQUEST_PATH_MAX];
    int n;
    if (uri && *uri == '/') {
        char raw[REQUEST_PATH_MAX];
        n = snprintf(raw, sizeof raw, "%.*s", (int)strnlen(uri, sizeof raw), uri);
        raw[strcspn(raw, "?")] = '\0';
        if ((size_t)n >= sizeof raw && !strchr(uri, '?'))
            return fault_set(fault, RS_INVALID, "the path is too long");
        if (path_decode(raw, full, sizeof full))
            return fault_set(fault, RS_INVALID, "the path is not properly encoded");
    } else {
        n = snprintf(full, sizeof full, "%s%s", script ? script : "", info ? info : "");
        if (n < 0 || (size_t)n >= sizeof full)
            return fault_set(fault, RS_INVALID, "the path is too long");
    }
    const char *from = installed_at(full, script, info);
    if (!from || !starts_root(from, root))
        from = find_root(full, root, public_url);
    if (!from)
        return fault_set(fault, RS_NOT_FOUND, "there is nothing here; GET /api lists what there is");
    snprintf(request->path, sizeof request->path, "%s", from);
    snprintf(request->prefix, sizeof request->prefix, "%.*s", (int)(from - full), full);
    return RS_OK;
}

/* A proxy that strips a sub-path says so in X-Forwarded-Prefix. It goes into addresses that browsers follow, so only
 * plain paths pass. */
static bool prefix_is_plain(const char *prefix)
{
    size_t plain = strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~/-");
    return prefix[0] == '/' && prefix[1] != '/' && prefix[plain] == '\0' && plain < 200;
}

static void set_prefix(struct request *request, const struct config *config)
{
    const char *public_url = config_text(config, "public_url");
    const char *forwarded = request_header(request, "HTTP_X_FORWARDED_PREFIX");
    const char *authority = public_url ? strstr(public_url, "://") : NULL;
    if (authority)
        snprintf(request->prefix, sizeof request->prefix, "%s", strchrnul(authority + 3, '/'));
    else if (forwarded && prefix_is_plain(forwarded) && access_trusts(config, request->access.peer))
        snprintf(request->prefix, sizeof request->prefix, "%s", forwarded);
    size_t len = strlen(request->prefix);
    while (len > 0 && request->prefix[len - 1] == '/')
        request->prefix[--len] = '\0';
}

enum rs_err request_init(struct request *request, struct exchange *ex, const struct config *config, const char *root,
                         struct fault *fault)
{
    *request = (struct request){.exchange = ex};
    request->method = ex->param(ex, "REQUEST_METHOD");
    if (!request->method)
        request->method = "GET";
    request->access = (struct access_request){
        .method = request->method,
        .peer = ex->param(ex, "REMOTE_ADDR"),
        .forwarded_for = ex->param(ex, "HTTP_X_FORWARDED_FOR"),
        .host = ex->param(ex, "HTTP_HOST"),
        .origin = ex->param(ex, "HTTP_ORIGIN"),
        .fetch_site = ex->param(ex, "HTTP_SEC_FETCH_SITE"),
        .authorization = ex->param(ex, "HTTP_AUTHORIZATION"),
        .cookie = ex->param(ex, "HTTP_COOKIE"),
        .path = request->path,
        .query = &request->query,
    };
    if (!request->access.authorization) /* what an internal redirect of Apache makes of it */
        request->access.authorization = ex->param(ex, "REDIRECT_HTTP_AUTHORIZATION");
    enum rs_err err = find_path(request, root, config_text(config, "public_url"), fault);
    if (err)
        return err;
    set_prefix(request, config);
    return query_parse(ex->param(ex, "QUERY_STRING"), &request->query, fault);
}

void request_release(struct request *request)
{
    query_release(&request->query);
}

const char *request_header(const struct request *request, const char *name)
{
    return request->exchange->param(request->exchange, name);
}

/* CONTENT_LENGTH: -1 when absent, -2 when it is no number. */
static long long content_length(const struct request *request)
{
    const char *text = request_header(request, "CONTENT_LENGTH");
    if (!text || !*text)
        return -1;
    size_t digits = strspn(text, "0123456789");
    return text[digits] || digits > 15 ? -2 : atoll(text);
}

/* The web server may drop our answer while it is still busy sending us the body. */
static void drain(struct request *request, long long left)
{
    char scrap[8192];
    if (left < 0 || left > REQUEST_DRAIN_MAX)
        left = REQUEST_DRAIN_MAX;
    while (left > 0) {
        ssize_t n = request->exchange->read(request->exchange, scrap,
                                            left < (long long)sizeof scrap ? (size_t)left : sizeof scrap);
        if (n <= 0)
            return;
        left -= n;
    }
}

enum rs_err request_body(struct request *request, size_t max, struct buf *out, struct fault *fault)
{
    buf_init(out, max);
    long long length = content_length(request);
    if (length == -2)
        return fault_set(fault, RS_INVALID, "Content-Length is not a number");
    if (length > (long long)max) {
        drain(request, length);
        return fault_set(fault, RS_LIMIT, "the body is larger than %zu bytes", max);
    }
    if (length < 0 && !request->exchange->has_end)
        return RS_OK;
    while (length < 0 || out->len < (size_t)length) {
        char part[8192];
        size_t want = length < 0 || (size_t)length - out->len > sizeof part ? sizeof part : (size_t)length - out->len;
        ssize_t n = request->exchange->read(request->exchange, part, want);
        if (n < 0 || (n == 0 && length >= 0))
            return fault_set(fault, RS_INVALID, "the body ends after %zu bytes", out->len);
        if (n == 0)
            break;
        enum rs_err err = buf_append(out, part, (size_t)n);
        if (err == RS_LIMIT) {
            drain(request, -1);
            return fault_set(fault, RS_LIMIT, "the body is larger than %zu bytes", max);
        }
        if (err)
            return fault_set(fault, err, "out of memory");
    }
    return RS_OK;
}

static bool is_type(const char *type, const char *wanted)
{
    size_t len = strlen(wanted);
    if (!type || strncasecmp(type, wanted, len) != 0)
        return false;
    type += len;
    type += strspn(type, " \t");
    return *type == '\0' || *type == ';';
}

enum rs_err request_parse_json(const struct request *request, const struct buf *body, struct json_object **ret,
                               struct fault *fault)
{
    struct json_object *value = NULL;
    if (body->len == 0) {
        *ret = NULL;
        return RS_OK;
    }
    const char *type = request_header(request, "CONTENT_TYPE");
    bool patch = strcmp(request->method, "PATCH") == 0;
    if (!is_type(type, "application/json") && !(patch && is_type(type, "application/merge-patch+json")))
        return fault_set(fault, RS_MEDIA_TYPE, "the body must be application/json%s",
                         patch ? " or application/merge-patch+json" : "");
    enum rs_err err = json_parse(body->data, body->len, JSON_BODY_MAX, &value, fault);
    if (err)
        return err;
    if (!json_object_is_type(value, json_type_object)) {
        json_object_put(value);
        return fault_set(fault, RS_UNPROCESSABLE, "the body must be a JSON object");
    }
    *ret = value;
    return RS_OK;
}

enum rs_err request_limit(const struct request *request, int fallback, int max, int *ret, struct fault *fault)
{
    const char *text = query_get(&request->query, "limit");
    if (!text) {
        *ret = fallback;
        return RS_OK;
    }
    size_t digits = strspn(text, "0123456789");
    int n = digits > 0 && digits < 9 && text[digits] == '\0' ? atoi(text) : 0;
    if (n < 1 || n > max)
        return fault_set(fault, RS_INVALID, "limit must be a number from 1 to %d", max);
    *ret = n;
    return RS_OK;
}
