/* intent - what somebody wants, by weighted keywords. Pure; any thread. */
#ifndef RUNSPOOL_RUNNER_ASSIST_INTENT_H
#define RUNSPOOL_RUNNER_ASSIST_INTENT_H

#include "base/json.h"

/* intent_by_rules - score text by each intent's keywords. intents: {name: {keywords: {phrase: weight}, description?}},
 * the first of them counts when nothing fits. Returns {intent, confidence, scores:{name: number}}, owned by the caller;
 * confidence is the winner's part of all positive scores, 0 when nothing fits; of equals the first wins. NULL: there
 * are no intents. */
struct json_object *intent_by_rules(const char *text, struct json_object *intents);
/* intent_schema - the JSON Schema of a model's verdict: {intent: one of the names, confidence: 0 to 1}. Owned. */
struct json_object *intent_schema(struct json_object *intents);
/* intent_instructions - what a model is told to do, owned by the caller (a JSON string). */
struct json_object *intent_instructions(struct json_object *intents);

#endif
