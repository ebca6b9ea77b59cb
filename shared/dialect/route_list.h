/* route_list - all that can be called: REST, webhooks, and each live endpoint on each of its doors, with what was counted of it.
 * Made from the rows of the programs (http/route_info.h) and of endpoints[]. Any thread. */
#ifndef RUNSPOOL_DIALECT_ROUTE_LIST_H
#define RUNSPOOL_DIALECT_ROUTE_LIST_H

#include "base/err.h"
#include "conf/datadir.h"
#include <json-c/json.h>

/* route_list - array of {method,path,description,calls,errors,p50_ms,p95_ms,last_called}; p50_ms, p95_ms and last_called are null
 * where there was no call. Where the counters cannot be read all are zero. *ret: owned. RS_NOMEM. Blocks on the disk. */
enum rs_err route_list(const struct datadir *dd, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* route_list_shown - the same as it was at most ROUTE_LIST_SHOWN_MS ago: all programs tell one figure, which stays so long
 * (DIR/run/routes.json). For who asks again and again: asking is a call, too. */
#define ROUTE_LIST_SHOWN_MS 10000
enum rs_err route_list_shown(const struct datadir *dd, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
