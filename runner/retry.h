/* retry - a node's setting `retry`: whether a failed attempt is followed by another one, and after which pause.
 * Threads: any. Nothing blocks. */
#ifndef RUNSPOOL_RUNNER_RETRY_H
#define RUNSPOOL_RUNNER_RETRY_H

#include "base/json.h"
#include <stdbool.h>

#define RETRY_BACKOFF_MS 1000           /* default of retry.backoffMs */
#define RETRY_FACTOR 2.0                /* default of retry.factor */
#define RETRY_MAX_MS (60 * 60 * 1000.0) /* default of retry.maxBackoffMs, and the longest pause there is */

/* How an attempt failed. All borrowed. */
struct retry_failure {
    int attempt;                /* which one it was, from 1 */
    const char *code;           /* timeout, exit, ... */
    struct json_object *output; /* what it gave all the same: its `status` and `exitCode` are looked at; may be NULL */
    bool final;                 /* the same again would not help */
};
/* retry_wanted - retry: the setting, may be NULL. With `on` only what that names is tried again, even what is final; without,
 * everything that is not. */
bool retry_wanted(struct json_object *retry, const struct retry_failure *failure);
/* retry_pause_ms - the pause behind attempt (from 1): backoffMs * factor^(attempt-1), varied by up to +-jitter of itself, at
 * most maxBackoffMs. random: 0 up to 1. */
double retry_pause_ms(struct json_object *retry, int attempt, double random);

#endif
