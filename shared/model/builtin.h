/* builtin - workflows that are there without having been saved. One that is saved under the same id takes its place until
 * it is deleted. Pure; any thread. */
#ifndef RUNSPOOL_MODEL_BUILTIN_H
#define RUNSPOOL_MODEL_BUILTIN_H

#include "base/json.h"

/* builtin_id - the ids, from 0 on; NULL: there are no more. */
const char *builtin_id(unsigned i);
/* builtin_workflow - its definition, owned by the caller; NULL: there is none of that id. */
struct json_object *builtin_workflow(const char *id);

#endif
