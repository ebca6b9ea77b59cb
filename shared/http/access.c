#include "http/access.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct address {
    unsigned char bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
};

/* An IPv4 or IPv6 address in text, perhaps in brackets; *ret_v4 (may be NULL) tells which. */
static bool parse_address(const char *text, size_t len, struct address *ret, bool *ret_v4)
{
    static const unsigned char v4_prefix[12] = {[10] = 0xFF, [11] = 0xFF};
    char copy[INET6_ADDRSTRLEN];
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    bool v4 = inet_pton(AF_INET, copy, ret->bytes + 12) == 1;
    if (v4)
        memcpy(ret->bytes, v4_prefix, sizeof v4_prefix);
    if (ret_v4)
        *ret_v4 = v4;
    return v4 || inet_pton(AF_INET6, copy, ret->bytes) == 1;
}

static bool same_network(const struct address *a, const struct address *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(a->bytes, b->bytes, (size_t)whole) != 0)
        return false;
    return rest == 0 || (a->bytes[whole] >> (8 - rest)) == (b->bytes[whole] >> (8 - rest));
}

/* The number behind the slash of a network; -1 when it is none, which is no network then and not all of them. */
static int parse_bits(const char *text, size_t len)
{
    if (len == 0 || len > 3 || strspn(text, "0123456789") < len)
        return -1;
    return atoi(text);
}

static bool is_loopback(const char *text, size_t len)
{
    static const struct address v4 = {{[10] = 0xFF, [11] = 0xFF, [12] = 127}}, v6 = {{[15] = 1}};
    struct address a;
    return parse_address(text, len, &a, NULL) && (same_network(&a, &v4, 104) || same_network(&a, &v6, 128));
}

/* Is the address, or a network "10.0.0.0/8" that holds it, in trusted_proxies? */
static bool is_trusted(const struct config *config, const char *peer)
{
    const char *list = config_text(config, "trusted_proxies");
    struct address address, network;
    if (!list || !parse_address(peer, strlen(peer), &address, NULL))
        return false;
    while (*list) {
        list += strspn(list, ", \t");
        size_t len = strcspn(list, ", \t"), name = strcspn(list, "/, \t");
        bool v4;
        if (parse_address(list, name, &network, &v4)) {
            int width = v4 ? 32 : 128;
            int bits = name < len ? parse_bits(list + name + 1, len - name - 1) : width;
            if (bits >= 0 && bits <= width && same_network(&address, &network, bits + 128 - width))
                return true;
        }
        list += len;
    }
    return false;
}

static bool is_local(const char *peer)
{
    return strncmp(peer, "unix", 4) == 0 || is_loopback(peer, strlen(peer));
}

bool access_trusts(const struct config *config, const char *peer)
{
    return peer && (is_local(peer) || is_trusted(config, peer));
}

/* Does the client sit on this machine? Of X-Forwarded-For the last hop is vouched for by the proxy next to us; where that
 * is a trusted proxy itself, so is the hop before it, and so on. That a proxy on a loopback address is believed without
 * being configured does no harm: it can only make a local client a remote one. */
static bool client_is_local(const struct config *config, const struct access_request *request)
{
    const char *peer = request->peer, *list = request->forwarded_for;
    bool local = false;
    if (!access_trusts(config, peer))
        return false;
    if (!list)
        return is_local(peer);
    for (size_t from, end = strlen(list) + 1; end > 0; end = from) {
        char hop[INET6_ADDRSTRLEN + 3] = "";
        for (from = end - 1; from > 0 && list[from - 1] != ',';)
            from--;
        const char *at = list + from + strspn(list + from, " \t");
        size_t len = strcspn(at, " \t,");
        if (len < sizeof hop)
            memcpy(hop, at, len);
        local = is_loopback(hop, strlen(hop));
        if (!local && !is_trusted(config, hop))
            return false;
    }
    return local;
}

/* "host:port" of a URL or origin: borrowed, NULL when it has no scheme. */
static const char *authority_of(const char *url, size_t *ret_len)
{
    const char *p = url ? strstr(url, "://") : NULL;
    if (!p)
        return NULL;
    p += 3;
    *ret_len = strcspn(p, "/?#");
    return p;
}

/* Length of the host in "host:port" or "[::1]:port". */
static size_t host_len(const char *authority, size_t len)
{
    if (len && authority[0] == '[') {
        const char *end = memchr(authority, ']', len);
        return end ? (size_t)(end - authority) + 1 : len;
    }
    const char *colon = memchr(authority, ':', len);
    return colon ? (size_t)(colon - authority) : len;
}

static bool equal_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

/* A page of another site whose name was made to resolve to 127.0.0.1 sends that name as Host: refuse it. */
static bool host_is_ours(const struct config *config, const char *host)
{
    static const char local[] = "localhost", below[] = ".localhost";
    size_t len = host_len(host, strlen(host)), public_len;
    if (equal_text(host, len, local, sizeof local - 1) || is_loopback(host, len))
        return true;
    if (len > sizeof below - 1 && strncasecmp(host + len - (sizeof below - 1), below, sizeof below - 1) == 0)
        return true;
    const char *public = authority_of(config_text(config, "public_url"), &public_len);
    return public && equal_text(host, len, public, host_len(public, public_len));
}

/* Of this instance: the Host that was asked, or public_url. */
static bool origin_is_ours(const struct config *config, const struct access_request *request)
{
    size_t len, public_len;
    const char *authority = authority_of(request->origin, &len);
    if (!authority)
        return false; /* "null": a sandboxed or local page */
    if (request->host && equal_text(authority, len, request->host, strlen(request->host)))
        return true;
    const char *public_url = config_text(config, "public_url");
    const char *public = authority_of(public_url, &public_len);
    return public && equal_text(request->origin, (size_t)(authority - request->origin) + len, public_url,
                                (size_t)(public - public_url) + public_len);
}

bool access_same_origin(const struct config *config, const struct access_request *request)
{
    const char *site = request->fetch_site;
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    return !request->origin || origin_is_ours(config, request);
}

bool access_is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

/* Without tokens, being on this machine is what lets one in. */
static enum rs_err check_place(const struct config *config, const struct access_request *request, struct fault *fault)
{
    if (!client_is_local(config, request))
        return fault_set(fault, RS_DENIED,
                         "without authentication only clients on this machine are served; set auth.none_public = yes to "
                         "serve all");
    if (request->host && !host_is_ours(config, request->host))
        return fault_set(fault, RS_DENIED,
                         "Host \"%.200s\" is not this machine's; set public_url to the address browsers use",
                         request->host);
    return RS_OK;
}

enum rs_err access_check(const struct config *config, const struct access_request *request, struct fault *fault)
{
    enum rs_err err = RS_OK;
    if (config_is(config, "auth", "none") && !config_bool(config, "auth.none_public"))
        err = check_place(config, request, fault);
    if (!err && request->origin && (request->websocket || !access_is_safe(request->method)) &&
        !access_cors_origin(config, request->origin) && !origin_is_ours(config, request))
        err = fault_set(fault, RS_DENIED, "origin \"%.200s\" is not allowed; add it to cors.origins", request->origin);
    return err;
}

const char *access_cors_origin(const struct config *config, const char *origin)
{
    if (!origin)
        return NULL;
    if (config_list_has(config, "cors.origins", origin))
        return origin;
    return config_list_has(config, "cors.origins", "*") ? "*" : NULL;
}

static const char *const scope_names[] = {
    [SCOPE_NONE] = "none", [SCOPE_VIEWER] = "viewer", [SCOPE_OPERATOR] = "operator", [SCOPE_EDITOR] = "editor",
    [SCOPE_ADMIN] = "admin",
};

enum access_scope access_scope_find(const char *name)
{
    for (enum access_scope scope = SCOPE_VIEWER; scope <= SCOPE_ADMIN; scope++)
        if (strcmp(scope_names[scope], name) == 0)
            return scope;
    return SCOPE_NONE;
}

const char *access_scope_name(enum access_scope scope)
{
    return scope_names[scope];
}

enum rs_err access_allows(const struct access *access, const char *scope, struct fault *fault)
{
    if (scope && !*scope)
        return RS_OK;
    enum access_scope least = scope ? access_scope_find(scope) : SCOPE_VIEWER;
    assert(least != SCOPE_NONE); /* a table of ours is wrong */
    if (access->scope >= least)
        return RS_OK;
    return fault_set(fault, RS_DENIED, "this needs the scope %s", scope_names[least]);
}

/* Is word one of those in the list, which are separated by single blanks? */
static bool words_have(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *p = list; len > 0 && (p = strstr(p, word)); p += len)
        if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
            return true;
    return false;
}

bool access_has_crew(const struct access *access, const char *crew_id)
{
    return !access->crews || words_have(access->crews, crew_id);
}

bool access_has_stream(const struct access *access, const char *stream)
{
    return !access->streams || words_have(access->streams, stream);
}

void access_release(struct access *access)
{
    if (!access)
        return;
    free(access->crews);
    free(access->streams);
    *access = (struct access){0};
}
