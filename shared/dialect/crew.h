/* crew - what the crew monitor's endpoints share. */
#ifndef RUNSPOOL_DIALECT_CREW_H
#define RUNSPOOL_DIALECT_CREW_H

#include "dialect/dialect.h"
#include <json-c/json.h>

/* crew_of_event - the crew that an event is about: its home's, else the one it names. NULL: none. Borrowed from both. */
const char *crew_of_event(const struct event *ev, struct json_object *data);

#endif
