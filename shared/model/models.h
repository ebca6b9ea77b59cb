/* models - which model answers: a list in the order of preference, probed against what the endpoint has. Pure; any
 * thread. */
#ifndef RUNSPOOL_MODEL_MODELS_H
#define RUNSPOOL_MODEL_MODELS_H

#include "base/json.h"

#define MODELS_MAX 64

/* models_add - append the names of a list by commas (NULL: none) to candidates, each {model, source} once. */
void models_add(struct json_object *candidates, const char *list, const char *source);
/* models_available - the ids of an answer of /v1/models, an array of strings, owned; NULL: it is no such answer. */
struct json_object *models_available(struct json_object *answer);
/* models_same - does a configured name mean this one of the endpoint? One without a tag fits the same with `:latest`. */
bool models_same(const char *name, const char *available);
/* models_choose - note in each candidate `available` (true, false; absent when available is NULL: not known), and give
 * the first that is, or with nothing known the first. NULL: none.
 * Borrowed from candidates. */
const char *models_choose(struct json_object *candidates, struct json_object *available);

#endif
