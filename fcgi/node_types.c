/* The kinds of nodes there are: /api/node-types. */
#include "model/kind_schema.h"

#include "api.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Strong validator of the body (RFC 9110, section 8.8.3). */
static void put_etag(const struct buf *body, char etag[40])
{
    unsigned char hash[16];
    char hex[2 * sizeof hash + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)body->data, body->len, NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    snprintf(etag, 40, "\"%s\"", hex);
}

static bool still_valid(const char *if_none_match, const char *etag)
{
    return if_none_match && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag));
}

enum rs_err node_types_list(struct call *call, struct fault *fault)
{
    struct json_object *answer = json_object_new_object(), *items = json_object_new_array();
    char etag[40];
    (void)fault;
    for (unsigned i = 0; i < n_kinds; i++)
        json_object_array_add(items, kind_describe(&kinds[i]));
    json_set(answer, "items", items);
    json_set(answer, "next", NULL);
    enum rs_err err = response_json(call->response, 200, answer);
    json_object_put(answer);
    if (err)
        return err;
    put_etag(&call->response->body, etag);
    response_header(call->response, "ETag", etag);
    call->response->cache = "private, no-cache";
    if (still_valid(request_header(call->request, "HTTP_IF_NONE_MATCH"), etag)) {
        call->response->status = 304;
        buf_clear(&call->response->body);
    }
    return RS_OK;
}
