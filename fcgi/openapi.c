/* GET /api/openapi.json: the description of this interface. */
#include "api.h"

static const unsigned char document[] = {
#include "fcgi/openapi.inc"
};

enum rs_err openapi_get(struct call *call, struct fault *fault)
{
    (void)fault;
    return buf_append(&call->response->body, document, sizeof document);
}
