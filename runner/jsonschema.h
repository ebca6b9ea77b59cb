/* jsonschema - does a value fit a JSON Schema? The part of draft 2020-12 that models are asked with: type, enum, const,
 * properties, required, additionalProperties, items, prefixItems, min/max of lengths, items, properties and numbers,
 * multipleOf, uniqueItems, allOf, anyOf, oneOf, not, and $ref within the schema ("#/$defs/x"). Other words (title,
 * description, format, pattern, ...) are no condition here. Any thread. */
#ifndef RUNSPOOL_RUNNER_JSONSCHEMA_H
#define RUNSPOOL_RUNNER_JSONSCHEMA_H

#include "base/err.h"
#include "base/json.h"

#define JSONSCHEMA_DEPTH_MAX 64     /* of value and references together */
#define JSONSCHEMA_STEPS_MAX 100000 /* schemas looked at; anyOf in anyOf grows fast */

/* jsonschema_check - RS_OK; RS_INVALID with what is wrong and where ("at /items/0: must be a string"); RS_LIMIT: deeper
 * or longer than the maxima, RS_UNPROCESSABLE: a $ref leads nowhere. schema and value: NULL is JSON null. */
enum rs_err jsonschema_check(struct json_object *schema, struct json_object *value, struct fault *fault) RS_MUST_CHECK;

#endif
