#include "runner/retry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number(struct json_object *retry, const char *name, double otherwise)
{
    struct json_object *value = json_get(retry, name);
    return value ? json_object_get_double(value) : otherwise;
}

/* One item of `on`: an HTTP status (503), a class of them ("5xx"), an exit status ("exit:75"), an error code. */
static bool names(struct json_object *item, const struct retry_failure *failure)
{
    int64_t status = json_get_int(failure->output, "status", 0);

    if (json_object_is_type(item, json_type_int))
        return status == json_object_get_int64(item);
    const char *word = json_object_get_string(item);
    if (strlen(word) == 3 && strcmp(word + 1, "xx") == 0)
        return status / 100 == word[0] - '0';
    if (strncmp(word, "exit:", 5) == 0)
        return json_get_int(failure->output, "exitCode", -1) == strtoll(word + 5, NULL, 10);
    return strcmp(word, failure->code) == 0;
}

bool retry_wanted(struct json_object *retry, const struct retry_failure *failure)
{
    struct json_object *on = json_get_array(retry, "on");

    if (failure->attempt >= json_get_int(retry, "attempts", 1))
        return false;
    if (!on)
        return !failure->final;
    for (size_t i = 0; i < json_object_array_length(on); i++)
        if (names(json_object_array_get_idx(on, i), failure))
            return true;
    return false;
}

double retry_pause_ms(struct json_object *retry, int attempt, double random)
{
    double pause = number(retry, "backoffMs", RETRY_BACKOFF_MS), factor = number(retry, "factor", RETRY_FACTOR),
           max = number(retry, "maxBackoffMs", RETRY_MAX_MS);

    if (max > RETRY_MAX_MS)
        max = RETRY_MAX_MS;
    for (int i = 1; i < attempt && pause < max; i++)
        pause *= factor;
    pause += pause * number(retry, "jitter", 0) * (2 * random - 1);
    return pause > max ? max : pause;
}
