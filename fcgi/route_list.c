/* What can be called, and how often it was: GET /api/routes. */
#include "api.h"
#include "topics.h"

enum rs_err routes_get(struct call *call, struct fault *fault)
{
    return topic_answer(call, &topic_routes, fault);
}
