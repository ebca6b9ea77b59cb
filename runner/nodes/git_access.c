#include "runner/nodes/git_access.h"
#include "runner/beneath.h"
#include "runner/netaddr.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE "/info/refs?service=git-upload-pack" /* what git asks for first, of a smart server and of files alike */
#define PROBE_BODY_MAX (64 * 1024 * 1024)

struct git_access_state {
    struct git_access *access; /* NULL: nobody wants to know any more */
    struct execution *x;
    git_access_fn *done;
    void *ctx;
    struct http_transfer *transfer;
    uv_getaddrinfo_t resolve;
    size_t bytes;
};

/* --- the address --- */

static bool is_short_ssh(const char *url)
{
    size_t n = strcspn(url, ":/");
    return url[n] == ':' && strncmp(url + n, "://", 3) != 0;
}

/* user@host:path; what can be wrong with it, ssh says. */
static enum rs_err parse_short(struct git_access *access, const char *url, struct fault *fault)
{
    const char *at = strchr(url, '@'), *host = at && at < strchr(url, ':') ? at + 1 : url;
    size_t len = *host == '[' ? strcspn(host, "]") : strcspn(host, ":");

    if (*host == '[')
        host++, len -= len > 0;
    if (len == 0 || len >= sizeof access->host || *host == '-')
        return fault_set(fault, RS_INVALID, "\"%.200s\" is no address of a repository", url);
    memcpy(access->host, host, len);
    access->host[len] = '\0';
    access->way = GIT_SSH;
    access->port = 22;
    return (access->url = strdup(url)) ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
}

static bool take_part(CURLU *url, CURLUPart part, char *out, size_t size)
{
    char *text = NULL;
    bool fits = true;

    out[0] = '\0';
    if (curl_url_get(url, part, &text,
                     part == CURLUPART_USER || part == CURLUPART_PASSWORD ? CURLU_URLDECODE : CURLU_DEFAULT_PORT) ==
        CURLUE_OK) {
        fits = strlen(text) < size;
        snprintf(out, size, "%s", text);
    }
    curl_free(text);
    return fits;
}

static enum rs_err parse_url(struct git_access *access, CURLU *parts, const char *url, struct fault *fault)
{
    char scheme[16], port[16], host[GIT_HOST_MAX], *text = NULL;

    if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        !take_part(parts, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !take_part(parts, CURLUPART_HOST, host, sizeof host) || !take_part(parts, CURLUPART_PORT, port, sizeof port) ||
        !take_part(parts, CURLUPART_USER, access->user, sizeof access->user) ||
        !take_part(parts, CURLUPART_PASSWORD, access->token, sizeof access->token) || host[0] == '\0' || host[0] == '-')
        return fault_set(fault, RS_INVALID, "the address of the repository is not valid");
    access->way = strcmp(scheme, "ssh") == 0 ? GIT_SSH : GIT_HTTP;
    access->port = access->way == GIT_SSH && !*port ? 22 : atoi(port);
    for (char *p = host; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    snprintf(access->origin, sizeof access->origin, "%s://%s:%d/", scheme, host, access->port);
    size_t len = strlen(host);
    bool v6 = host[0] == '[' && len > 2;
    memcpy(access->host, host + v6, len + 1 - v6);
    if (v6)
        access->host[len - 2] = '\0';
    curl_url_set(parts, CURLUPART_PASSWORD, NULL, 0);
    if (access->way == GIT_HTTP)
        curl_url_set(parts, CURLUPART_USER, NULL, 0);
    else
        access->user[0] = access->token[0] = '\0';
    if (curl_url_get(parts, CURLUPART_URL, &text, 0) == CURLUE_OK)
        access->url = strdup(text);
    curl_free(text);
    return access->url ? RS_OK : fault_set(fault, RS_NOMEM, "out of memory");
}

enum rs_err git_access_parse(struct git_access *access, const struct node *node, const char *url, struct fault *fault)
{
    const char *user = json_get_string(node->data, "username", NULL),
               *token = json_get_string(node->data, "token", NULL);
    enum rs_err err;

    if (is_short_ssh(url)) {
        err = parse_short(access, url, fault);
    } else {
        CURLU *parts = curl_url();
        err = parts ? parse_url(access, parts, url, fault) : fault_set(fault, RS_NOMEM, "out of memory");
        curl_url_cleanup(parts);
    }
    if (err)
        return err;
    if (token && *token && access->way == GIT_SSH)
        return fault_set(fault, RS_INVALID, "`token` is for http and https; for ssh there is `sshKey`");
    if (json_get_string(node->data, "sshKey", NULL) && access->way == GIT_HTTP)
        return fault_set(fault, RS_INVALID, "`sshKey` is for ssh; for http and https there is `token`");
    if ((user && strlen(user) >= sizeof access->user) || (token && strlen(token) >= sizeof access->token))
        return fault_set(fault, RS_LIMIT, "username or token is longer than %d bytes", GIT_LOGIN_MAX - 1);
    if (token && *token) {
        snprintf(access->token, sizeof access->token, "%s", token);
        /* What the big hosts take for any token. */
        snprintf(access->user, sizeof access->user, "%s",
                 user && *user     ? user
                 : access->user[0] ? access->user
                                   : "x-access-token");
    }
    if (strchr(access->user, ':') || strpbrk(access->user, "\r\n") || strpbrk(access->token, "\r\n"))
        return fault_set(fault, RS_INVALID, "a username holds no colon, and neither it nor a token a line break");
    return RS_OK;
}

void git_access_release(struct git_access *access)
{
    git_access_abort(access);
    free(access->url);
    access->url = NULL;
    if (access->key_file[0])
        unlink(access->key_file);
    access->key_file[0] = '\0';
    sodium_memzero(access->token, sizeof access->token);
}

/* "Authorization: Basic ..." or "" without a login. */
static void login_header(const struct git_access *access, const char *prefix, char *out, size_t size)
{
    char plain[2 * GIT_LOGIN_MAX];
    int n = snprintf(plain, sizeof plain, "%s:%s", access->user, access->token), at = 0;

    out[0] = '\0';
    if (!access->token[0])
        return;
    at = snprintf(out, size, "%s", prefix);
    sodium_bin2base64(out + at, size - (size_t)at, (const unsigned char *)plain, (size_t)n,
                      sodium_base64_VARIANT_ORIGINAL);
    sodium_memzero(plain, sizeof plain);
}

/* --- the check --- */

static void told(struct git_access_state *state, const struct fault *fault)
{
    git_access_fn *done = state->done;
    void *ctx = state->ctx;

    state->access->state = NULL;
    free(state);
    done(ctx, fault);
}

static bool on_data(void *ctx, const char *data, size_t len)
{
    struct git_access_state *state = ctx;
    (void)data;
    return (state->bytes += len) <= PROBE_BODY_MAX;
}

/* Where the first answer came from is where all else goes: what it is pinned to. */
static enum rs_err take_answer(struct git_access *access, const struct http_response *response, struct fault *fault)
{
    const char *end = response->url ? strstr(response->url, PROBE) : NULL;
    char *url = NULL, origin[sizeof access->origin];

    if (response->err)
        return fault_set(fault, response->err, "%s", response->message);
    if (!response->address || !*response->address)
        return fault_set(fault, RS_IO, "%s was not reached", access->host);
    if (!end || end[strlen(PROBE)])
        return fault_set(fault, RS_IO, "%s leads to what is no address of a repository", access->origin);
    if (!(url = strndup(response->url, (size_t)(end - response->url))))
        return fault_set(fault, RS_NOMEM, "out of memory");
    struct git_access moved = {.url = NULL};
    CURLU *parts = curl_url();
    enum rs_err err = parts ? parse_url(&moved, parts, url, fault) : fault_set(fault, RS_NOMEM, "out of memory");
    curl_url_cleanup(parts);
    free(url);
    if (err)
        return err;
    snprintf(origin, sizeof origin, "%s", access->origin);
    free(access->url);
    access->url = moved.url;
    snprintf(access->host, sizeof access->host, "%s", moved.host);
    snprintf(access->origin, sizeof access->origin, "%s", moved.origin);
    access->port = moved.port;
    snprintf(access->pin, sizeof access->pin, "%s", response->address);
    if (strcmp(origin, access->origin) != 0)
        access->token[0] = '\0'; /* not to somebody else */
    return RS_OK;
}

static void on_response(void *ctx, struct http_response *response)
{
    struct git_access_state *state = ctx;
    struct fault fault = {0};

    if (take_answer(state->access, response, &fault) == RS_OK)
        fault.code = RS_OK;
    told(state, &fault);
}

static enum rs_err probe(struct git_access_state *state, struct fault *fault)
{
    struct git_access *access = state->access;
    char url[4096], login[4 * GIT_LOGIN_MAX];
    size_t len = strlen(access->url);

    while (len > 0 && access->url[len - 1] == '/')
        len--;
    if (snprintf(url, sizeof url, "%.*s%s", (int)len, access->url, PROBE) >= (int)sizeof url)
        return fault_set(fault, RS_LIMIT, "the address of the repository is too long");
    struct json_object *headers = json_object_new_object();
    login_header(access, "Basic ", login, sizeof login);
    if (login[0])
        json_set_string(headers, "Authorization", login);
    struct http_request request = {.url = url, .follow = true, .headers = headers, .on_data = on_data};
    enum rs_err err = http_start(state->x->http, &request, on_response, state, &state->transfer, fault);
    json_object_put(headers);
    sodium_memzero(login, sizeof login);
    return err;
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct git_access_state *state = request->data;
    struct git_access *access = state->access;
    struct fault fault = {0};

    if (!access) {
        uv_freeaddrinfo(found);
        free(state);
        return;
    }
    if (status != 0 || !found)
        fault_set(&fault, RS_IO, "%s: %s", access->host, status ? uv_strerror(status) : "no address");
    for (const struct addrinfo *a = found; a && !fault.code; a = a->ai_next) {
        char text[INET6_ADDRSTRLEN] = "";
        getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
        if (!netaddr_is_public(a->ai_addr))
            fault_set(&fault, RS_DENIED,
                      "%s is a private or local address; runner.http_private = allow lets workflows reach such", text);
        else if (a == found)
            snprintf(access->pin, sizeof access->pin, "%s", text);
    }
    uv_freeaddrinfo(found);
    told(state, &fault);
}

enum rs_err git_access_check(struct git_access *access, struct execution *x, git_access_fn *done, void *ctx,
                             struct fault *fault)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct git_access_state *state = calloc(1, sizeof *state);
    enum rs_err err = RS_OK;

    if (!state)
        return fault_set(fault, RS_NOMEM, "out of memory");
    *state = (struct git_access_state){.access = access, .x = x, .done = done, .ctx = ctx};
    state->resolve.data = state;
    if (access->way == GIT_HTTP)
        err = probe(state, fault);
    else if (uv_getaddrinfo(&x->loop, &state->resolve, on_resolved, access->host, NULL, &hints) != 0)
        err = fault_set(fault, RS_IO, "%s cannot be resolved", access->host);
    if (err)
        free(state);
    else
        access->state = state;
    return err;
}

void git_access_abort(struct git_access *access)
{
    struct git_access_state *state = access->state;

    if (!state)
        return;
    access->state = NULL;
    if (state->transfer) {
        http_abort(state->transfer);
        free(state);
    } else {
        state->access = NULL; /* on_resolved comes in any case, and frees it */
        uv_cancel((uv_req_t *)&state->resolve);
    }
}

/* --- the environment --- */

struct configs {
    struct tool *tool;
    int n;
};

static enum rs_err config(struct configs *configs, const char *key, const char *value, struct fault *fault)
{
    char name[64];

    snprintf(name, sizeof name, "GIT_CONFIG_KEY_%d", configs->n);
    enum rs_err err = tool_env(configs->tool, name, key, fault);
    snprintf(name, sizeof name, "GIT_CONFIG_VALUE_%d", configs->n);
    if (!err)
        err = tool_env(configs->tool, name, value, fault);
    configs->n++;
    return err;
}

static enum rs_err http_env(struct git_access *access, struct tool *tool, bool strict, struct fault *fault)
{
    struct configs configs = {.tool = tool};
    char key[GIT_HOST_MAX + 64], login[4 * GIT_LOGIN_MAX], pin[2 * GIT_HOST_MAX + 192], number[16];
    enum rs_err err = config(&configs, "credential.helper", "", fault);

    login_header(access, "Authorization: Basic ", login, sizeof login);
    if (!err && login[0]) {
        snprintf(key, sizeof key, "http.%s.extraHeader", access->origin);
        err = config(&configs, key, login, fault);
    }
    sodium_memzero(login, sizeof login);
    if (!err && strict)
        err = config(&configs, "http.followRedirects", "false", fault);
    if (!err && strict)
        err = config(&configs, "http.proxy", "", fault);
    if (!err && access->pin[0]) {
        bool v6 = strchr(access->pin, ':') != NULL;
        snprintf(pin, sizeof pin, "%s:%d:%s%s%s", access->host, access->port, v6 ? "[" : "", access->pin,
                 v6 ? "]" : "");
        err = config(&configs, "http.curloptResolve", pin, fault);
    }
    snprintf(number, sizeof number, "%d", configs.n);
    return err ? err : tool_env(tool, "GIT_CONFIG_COUNT", number, fault);
}

/* The command goes through a shell, so only words that we or the address check have made are in it. */
static enum rs_err ssh_env(struct git_access *access, struct tool *tool, bool strict, struct fault *fault)
{
    struct node *node = tool->node;
    const char *key = json_get_string(node->data, "sshKey", NULL),
               *hosts = json_get_string(node->data, "knownHosts", NULL);
    char name[NODE_TAG_MAX + 32], tag[NODE_TAG_MAX], command[1024];
    enum rs_err err = RS_OK;
    int fd = -1, n;

    n = snprintf(command, sizeof command, "ssh -oBatchMode=yes");
    if (strict)
        n += snprintf(command + n, sizeof command - (size_t)n, " -Fnone");
    if (access->pin[0])
        n += snprintf(command + n, sizeof command - (size_t)n, " -oHostName=%s -oHostKeyAlias='%s'", access->pin,
                      access->host);
    if (strpbrk(access->host, "'\\ \t\n"))
        return fault_set(fault, RS_INVALID, "the host's name is not valid");
    if (hosts && *hosts) {
        snprintf(name, sizeof name, ".ssh-hosts-%s", node_tag(node, tag));
        if ((err = beneath_write(node->x->work, name, hosts, strlen(hosts), 0600, fault)))
            return err;
        n += snprintf(command + n, sizeof command - (size_t)n,
                      " -oStrictHostKeyChecking=yes -oUserKnownHostsFile=\"$HOME/%s\"", name);
    } else {
        n += snprintf(command + n, sizeof command - (size_t)n,
                      " -oStrictHostKeyChecking=accept-new -oUserKnownHostsFile=\"$HOME/.ssh-hosts\"");
    }
    if (key && *key) {
        size_t len = strlen(key);
        if (len > GIT_KEY_MAX)
            return fault_set(fault, RS_LIMIT, "`sshKey` is longer than %d bytes", GIT_KEY_MAX);
        snprintf(name, sizeof name, ".ssh-key-%s", node_tag(node, tag));
        if (snprintf(access->key_file, sizeof access->key_file, "%s/%s", node->x->work, name) >=
            (int)sizeof access->key_file) {
            access->key_file[0] = '\0';
            return fault_set(fault, RS_INVALID, "the path is too long");
        }
        unlink(access->key_file);
        if ((err = beneath_create(node->x->work, name, O_EXCL, 0600, &fd, fault)))
            return err;
        err = beneath_write_all(fd, key, len, fault);
        if (!err && key[len - 1] != '\n')
            err = beneath_write_all(fd, "\n", 1, fault); /* ssh takes no key without */
        close(fd);
        n += snprintf(command + n, sizeof command - (size_t)n, " -oIdentitiesOnly=yes -i \"$HOME/%s\"", name);
    }
    if (n >= (int)sizeof command)
        return fault_set(fault, RS_LIMIT, "the host's name is too long");
    return err ? err : tool_env(tool, "GIT_SSH_COMMAND", command, fault);
}

enum rs_err git_access_env(struct git_access *access, struct tool *tool, bool strict, struct fault *fault)
{
    enum rs_err err = tool_env(tool, "GIT_ALLOW_PROTOCOL", access->way == GIT_HTTP ? "https:http" : "ssh", fault);

    /* What other nodes have put into the work folder, which is HOME, is no configuration of ours. */
    if (!err)
        err = tool_env(tool, "GIT_CONFIG_GLOBAL", "/dev/null", fault);
    if (!err && strict)
        err = tool_env(tool, "GIT_CONFIG_NOSYSTEM", "1", fault);
    if (err)
        return err;
    return access->way == GIT_HTTP ? http_env(access, tool, strict, fault) : ssh_env(access, tool, strict, fault);
}
