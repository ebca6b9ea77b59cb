/* price - what a model's tokens cost. Pure; any thread. */
#ifndef RUNSPOOL_RUNNER_PRICE_H
#define RUNSPOOL_RUNNER_PRICE_H

#include "base/err.h"
#include "base/json.h"
#include <stdbool.h>

struct price {
    bool known;
    double input, output; /* US dollars for a million tokens, which is millionths of a dollar for one */
};
/* price_of_table - look a model up in the text of setting model.prices: "gpt-4o*=2.5/10, local-*=0/0", shell patterns,
 * the first that fits counts. table NULL: empty. RS_INVALID: an entry is of another form (message quotes it). */
enum rs_err price_of_table(const char *table, const char *model, struct price *ret, struct fault *fault) RS_MUST_CHECK;
/* price_of_json - {input, output}, as a node's own setting gives it; not known when object is NULL. */
struct price price_of_json(struct json_object *object);
/* price_cost - millionths of a US dollar, rounded up. */
int64_t price_cost(const struct price *price, int64_t prompt_tokens, int64_t completion_tokens);

#endif
