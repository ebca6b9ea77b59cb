/* A request as a web server hands it over, without one: lines NAME=value are its variables, an empty line ends them, the
 * rest is the body. What is accepted has a path of our own and a body within its bounds. */
#include "fcgi/request.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLES_MAX 32
#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct input {
    char *names[VARIABLES_MAX], *values[VARIABLES_MAX];
    int n;
    const char *body;
    size_t left;
};

static const char *get_param(const struct exchange *ex, const char *name)
{
    const struct input *in = ex->ctx;
    for (int i = 0; i < in->n; i++)
        if (strcmp(in->names[i], name) == 0)
            return in->values[i];
    return NULL;
}

/* In pieces, as a socket gives it. */
static ssize_t read_body(struct exchange *ex, char *out, size_t len)
{
    struct input *in = ex->ctx;
    size_t n = in->left < len ? in->left : len;
    if (n > 100)
        n = 100;
    memcpy(out, in->body, n);
    in->body += n;
    in->left -= n;
    return (ssize_t)n;
}

static void read_variables(struct input *in, char *text, size_t len)
{
    char *at = text, *newline;
    while ((newline = memchr(at, '\n', (size_t)(text + len - at))) && newline != at) {
        *newline = '\0';
        char *equals = strchr(at, '=');
        if (equals && in->n < VARIABLES_MAX) {
            *equals = '\0';
            in->names[in->n] = at;
            in->values[in->n++] = equals + 1;
        }
        at = newline + 1;
    }
    in->body = newline ? newline + 1 : at;
    in->left = (size_t)(text + len - in->body);
}

static void ask(struct exchange *ex, const struct config *config)
{
    struct input *in = ex->ctx;
    struct request request;
    struct fault fault = {0};
    struct json_object *json = NULL;
    struct buf body;
    size_t sent = in->left;
    int limit = 0;
    enum rs_err err = request_init(&request, ex, config, "/api", &fault);
    if (err) {
        assert(fault.code == err && *fault.message);
        request_release(&request);
        return;
    }
    assert(strncmp(request.path, "/api", 4) == 0 && (request.path[4] == '/' || request.path[4] == '\0'));
    assert(strlen(request.prefix) < REQUEST_PATH_MAX);
    if (request_limit(&request, 50, 500, &limit, &fault) == RS_OK)
        assert(limit >= 1 && limit <= 500);
    if (request_body(&request, BODY_MAX, &body, &fault) == RS_OK) {
        assert(body.len <= BODY_MAX && body.len <= sent);
        if (request_parse_json(&request, &body, &json, &fault) == RS_OK)
            assert(!json || json_object_is_type(json, json_type_object));
    }
    json_object_put(json);
    buf_release(&body);
    request_release(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct config *configs[2];
    static const char *const public_url[] = {"public_url=https://example.org/base/", NULL};
    struct fault fault;
    if (!configs[0])
        assert(config_load("/nonexistent", NULL, &configs[0], &fault) == RS_OK &&
               config_load("/nonexistent", public_url, &configs[1], &fault) == RS_OK);
    for (int i = 0; i < 4; i++) {
        char *text = malloc(len + 1);
        assert(text);
        memcpy(text, bytes, len);
        text[len] = '\0';
        struct input in = {.n = 0};
        read_variables(&in, text, len);
        struct exchange ex = {.param = get_param, .read = read_body, .has_end = i & 1, .ctx = &in};
        ask(&ex, configs[i >> 1]);
        free(text);
    }
    return 0;
}
