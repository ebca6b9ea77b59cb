#include "conf/value.h"

#include "base/utf8.h"
#include <ctype.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};
static const struct unit byte_units[] = {{"", 1},        {"k", 1 << 10}, {"K", 1 << 10}, {"m", 1 << 20},
                                         {"M", 1 << 20}, {"g", 1 << 30}, {"G", 1 << 30}, {NULL, 0}};
static const struct unit time_units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                         {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

/* Digits and one of the units, without overflow. */
static bool parse_number(const char *text, const struct unit *units, int64_t *ret)
{
    int64_t n = 0;
    const char *p = text;
    for (; isdigit((unsigned char)*p); p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return false;
    if (p == text)
        return false;
    for (; units->name; units++)
        if (strcmp(p, units->name) == 0)
            return !__builtin_mul_overflow(n, units->factor, ret);
    return false;
}

bool value_word_in(const char *text, char sep, const char *word)
{
    size_t len = strlen(word);
    while (*text) {
        const char *end = strchrnul(text, sep);
        const char *from = text, *to = end;
        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        if ((size_t)(to - from) == len && memcmp(from, word, len) == 0)
            return true;
        text = *end ? end + 1 : end;
    }
    return false;
}

static enum rs_err parse_bounded(const struct config_setting *setting, const char *text, const struct unit *units,
                                 const char *hint, int64_t *ret, struct fault *fault)
{
    int64_t n;
    if (!parse_number(text, units, &n))
        return fault_set(fault, RS_INVALID, "%s must be %s, not \"%.100s\"", setting->key, hint, text);
    if ((setting->min || setting->max) && (n < setting->min || n > setting->max))
        return fault_set(fault, RS_INVALID, "%s = %.100s is out of bounds (%lld to %lld)", setting->key, text,
                         (long long)setting->min, (long long)setting->max);
    *ret = n;
    return RS_OK;
}

enum rs_err value_parse(const struct config_setting *setting, const char *text, int64_t *ret_number,
                        struct fault *fault)
{
    if (!utf8_valid(text, strlen(text)))
        return fault_set(fault, RS_INVALID, "%s is not UTF-8", setting->key);
    for (const char *p = text; *p; p++)
        if (iscntrl((unsigned char)*p))
            return fault_set(fault, RS_INVALID, "%s holds control characters", setting->key);
    *ret_number = 0;
    switch (setting->type) {
    case CONFIG_TEXT:
    case CONFIG_LIST:
        return RS_OK;
    case CONFIG_WORD:
        if (!*text || !value_word_in(setting->choices, '|', text))
            return fault_set(fault, RS_INVALID, "%s must be one of %s, not \"%.100s\"", setting->key, setting->choices,
                             text);
        return RS_OK;
    case CONFIG_BOOL:
        if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
            return fault_set(fault, RS_INVALID, "%s must be yes or no, not \"%.100s\"", setting->key, text);
        *ret_number = text[0] == 'y';
        return RS_OK;
    case CONFIG_COUNT:
        return parse_bounded(setting, text, no_units, "a number", ret_number, fault);
    case CONFIG_BYTES:
        return parse_bounded(setting, text, byte_units, "bytes (4096, 64k, 10M, 1G)", ret_number, fault);
    case CONFIG_MILLISECONDS:
        return parse_bounded(setting, text, time_units, "a time with its unit (250ms, 30s, 5m, 2h, 7d)", ret_number,
                             fault);
    }
    return fault_set(fault, RS_INVALID, "%s has no type", setting->key);
}
