/* definition - workflow definitions that come from outside: every problem found, told at once. */
#ifndef RUNSPOOL_FCGI_DEFINITION_H
#define RUNSPOOL_FCGI_DEFINITION_H

#include "routes.h"

/* definition_check - graph, then jq. RS_UNPROCESSABLE with call->errors; RS_TIMEOUT, RS_IO: jq could not be checked. */
enum rs_err definition_check(struct call *call, struct json_object *definition, struct fault *fault) RS_MUST_CHECK;
/* definition_strip - a saved record without what saving added to it: the definition. Owned by the caller. */
struct json_object *definition_strip(struct json_object *record);

#endif
