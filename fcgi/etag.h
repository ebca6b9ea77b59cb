/* etag - the version of a document as its entity tag (RFC 9110, section 8.8.3): "7". */
#ifndef RUNSPOOL_FCGI_ETAG_H
#define RUNSPOOL_FCGI_ETAG_H

#include "routes.h"
#include <stdint.h>

/* etag_answer - the document with its version as ETag. Takes the document. */
enum rs_err etag_answer(struct call *call, int status, struct json_object *document, int64_t version) RS_MUST_CHECK;
/* etag_if_match - what If-Match asks for: 0 nothing, -1 that there is one (*), else the version. RS_PRECONDITION: not one of
 * our tags. */
enum rs_err etag_if_match(struct call *call, int64_t *ret_version, struct fault *fault) RS_MUST_CHECK;

#endif
