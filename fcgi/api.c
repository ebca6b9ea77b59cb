#include "api.h"

#include "gateway.h"

static const struct route routes[] = {
#define API_ROUTE(method, pattern, handler, description, scope, done) {method, pattern, handler, description, scope, done},
#define HOOK_ROUTE(...)
#include "http/route_rows.h"
};

const struct program api_program = {
    .name = "api.fcgi",
    .description = "Runspool's REST interface",
    .routes = routes,
    .n_routes = sizeof routes / sizeof *routes,
    .any_text = "/api/workflows/import",
};

int main(int argc, char **argv)
{
    return gateway_main(&api_program, argc, argv);
}
