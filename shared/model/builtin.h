/* builtin - workflows that are there without having been saved. One that is saved under the same id takes its place until
 * it is deleted. Pure; any thread. */
#ifndef RUNSPOOL_MODEL_BUILTIN_H
#define RUNSPOOL_MODEL_BUILTIN_H

#include "base/json.h"

/* builtin_workflow - its definition, owned by the caller; NULL: there is none of that id. */
struct json_object *builtin_workflow(const char *id);

#endif
