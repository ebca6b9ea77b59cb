#include "http/route_info.h"

const struct route_info route_infos[] = {
#define API_ROUTE(method, pattern, handler, description, scope, done) {method, pattern, description, scope},
#define HOOK_ROUTE(method, pattern, handler, description, scope, done) {method, pattern, description, scope},
#include "http/route_rows.h"
};
const unsigned n_route_infos = sizeof route_infos / sizeof *route_infos;
