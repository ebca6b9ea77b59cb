#include "runner/price.h"
#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 256

/* A number that is not negative; *end behind it, NULL: none. */
static double number(const char *text, const char **end)
{
    char *stop;
    double value = isdigit((unsigned char)*text) || *text == '.' ? strtod(text, &stop) : -1;
    *end = value >= 0 && isfinite(value) ? stop : NULL;
    return value;
}

static bool entry_parse(char *entry, char **ret_pattern, struct price *ret)
{
    char *equals = strrchr(entry, '=');
    const char *at;
    if (!equals || equals == entry)
        return false;
    *equals = '\0';
    ret->input = number(equals + 1, &at);
    if (!at || *at != '/')
        return false;
    ret->output = number(at + 1, &at);
    if (!at || *at)
        return false;
    ret->known = true;
    *ret_pattern = entry;
    return true;
}

enum rs_err price_of_table(const char *table, const char *model, struct price *ret, struct fault *fault)
{
    char entry[ENTRY_MAX], *pattern;

    *ret = (struct price){0};
    for (const char *at = table ? table : ""; *at;) {
        struct price price;
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ","), used = len;
        while (used > 0 && (at[used - 1] == ' ' || at[used - 1] == '\t'))
            used--;
        if (used > 0) {
            bool fits = used < sizeof entry;
            if (fits)
                snprintf(entry, sizeof entry, "%.*s", (int)used, at);
            if (!fits || !entry_parse(entry, &pattern, &price))
                return fault_set(fault, RS_INVALID, "model.prices: \"%.*s\" is not of the form MODEL=INPUT/OUTPUT",
                                 used < 64 ? (int)used : 64, at);
            if (!ret->known && fnmatch(pattern, model, 0) == 0)
                *ret = price;
        }
        at += len;
    }
    return RS_OK;
}

struct price price_of_json(struct json_object *object)
{
    struct json_object *input = json_get(object, "input"), *output = json_get(object, "output");
    return (struct price){.known = object != NULL,
                          .input = input ? json_object_get_double(input) : 0,
                          .output = output ? json_object_get_double(output) : 0};
}

int64_t price_cost(const struct price *price, int64_t prompt_tokens, int64_t completion_tokens)
{
    double cost = ceil((double)prompt_tokens * price->input + (double)completion_tokens * price->output - 1e-6);
    return cost <= 0 ? 0 : cost > 9e15 ? INT64_C(9000000000000000) : (int64_t)cost;
}
