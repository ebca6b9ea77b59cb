/* Query strings and paths of any bytes (up to a NUL). What is decoded is text, not longer than what was sent, and
 * holds no NUL; a parameter of a path is one segment of it. */
#include "http/query.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ask_query(const char *text, size_t len)
{
    struct query query;
    struct fault fault = {0};
    size_t used = 0;
    if (query_parse(text, &query, &fault) != RS_OK) {
        assert(fault.code != RS_OK && *fault.message);
        return;
    }
    assert(query.n_params <= QUERY_PARAMS_MAX);
    for (int i = 0; i < query.n_params; i++) {
        const char *name = query.params[i].name, *value = query.params[i].value;
        assert(utf8_valid(name, strlen(name)) && utf8_valid(value, strlen(value)));
        assert(query_get(&query, name) != NULL);
        used += strlen(name) + strlen(value);
    }
    assert(used <= len);
    query_release(&query);
}

static void ask_path(const char *text, size_t len)
{
    static const char *const patterns[] = {
        "/", "/api/runs", "/api/runs/{id}", "/api/runs/{id}/logs", "/api/runs/{id}/nodes/{node}/artifacts/{name}",
    };
    size_t size = len + 1;
    char *path = malloc(size);
    assert(path);
    if (path_decode(text, path, size) == RS_OK) {
        size_t n = strlen(path);
        assert(n <= len);
        for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
            struct path_params params = {0};
            if (!path_match(patterns[i], path, &params))
                continue;
            assert(params.n >= 0 && params.n <= PATH_PARAMS_MAX);
            for (int k = 0; k < params.n; k++) {
                assert(path_param(&params, params.at[k].name) != NULL);
                assert(!strchr(params.at[k].value, '/') && strstr(path, params.at[k].value));
            }
        }
        if (n > 1) /* out that is too small is said, not overrun */
            assert(path_decode(text, path, n) == RS_LIMIT);
    }
    free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    assert(text);
    memcpy(text, bytes, len);
    text[len] = '\0';
    ask_query(text, strlen(text));
    ask_path(text, strlen(text));
    free(text);
    return 0;
}
