#include "etag.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rs_err etag_answer(struct call *call, int status, struct json_object *document, int64_t version)
{
    char tag[32];
    snprintf(tag, sizeof tag, "\"%lld\"", (long long)version);
    response_header(call->response, "ETag", tag);
    enum rs_err err = response_json(call->response, status, document);
    json_object_put(document);
    return err;
}

enum rs_err etag_if_match(struct call *call, int64_t *ret_version, struct fault *fault)
{
    const char *text = request_header(call->request, "HTTP_IF_MATCH");
    char *end;
    if (!text)
        return RS_OK;
    if (strcmp(text, "*") == 0) {
        *ret_version = -1;
        return RS_OK;
    }
    errno = 0;
    long long version = *text == '"' ? strtoll(text + 1, &end, 10) : 0;
    if (version < 1 || errno || strcmp(end, "\"") != 0)
        return fault_set(fault, RS_PRECONDITION, "If-Match holds no ETag of this document");
    *ret_version = version;
    return RS_OK;
}
