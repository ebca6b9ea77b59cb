/* workflow_row - what a saved workflow has beside its definition. Only shared/model/workflow*.c includes this. */
#ifndef RUNSPOOL_MODEL_WORKFLOW_ROW_H
#define RUNSPOOL_MODEL_WORKFLOW_ROW_H

#include "base/json.h"

/* workflow_summary - {name,description?,crewId?,nodeCount,params}: what a list shows, kept apart so that it need not read
 * definitions. Owned; NULL: no memory. */
struct json_object *workflow_summary(struct json_object *definition, const char *id);

#endif
