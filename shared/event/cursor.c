/* cursor - text form of places in the log. */
#include "event/cursor.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN 8 /* hex digits of a topic's state after the dot */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Eight hex digits are a hash, also when all are decimal: parts never have more than three. */
static bool is_hash(const char *s)
{
    return strlen(s) == HASH_LEN && strspn(s, "0123456789abcdefABCDEF") == HASH_LEN;
}

/* Digits at *s up to max. Returns false without digits or beyond max; *s is left after them. */
static bool take_number(const char **s, int64_t max, int64_t *ret)
{
    int64_t n = 0;
    const char *p = *s;

    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) {
        int digit = *p - '0';
        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *s = p;
    *ret = n;
    return true;
}

enum rs_err cursor_parse(const char *text, struct cursor *ret)
{
    struct cursor cursor = {.kind = CURSOR_AT};
    int64_t part = 0;

    if (!text) {
        *ret = (struct cursor){.kind = CURSOR_NONE};
        return RS_OK;
    }
    if (strcmp(text, "start") == 0 || strcmp(text, "now") == 0) {
        *ret = (struct cursor){.kind = *text == 's' ? CURSOR_START : CURSOR_NOW};
        return RS_OK;
    }
    if (!take_number(&text, INT64_MAX, &cursor.id))
        return RS_INVALID;
    if (*text == '.') {
        text++;
        cursor.hashed = is_hash(text);
        if (cursor.hashed) {
            cursor.hash = (uint32_t)strtoul(text, NULL, 16);
            text += HASH_LEN;
        } else if (!take_number(&text, CURSOR_PART_MAX, &part)) {
            return RS_INVALID;
        }
    }
    if (*text)
        return RS_INVALID;
    cursor.part = (int)part;
    *ret = cursor;
    return RS_OK;
}

char *cursor_format(int64_t id, int part, char text[CURSOR_TEXT_MAX])
{
    if (part == 0)
        snprintf(text, CURSOR_TEXT_MAX, "%" PRId64, id);
    else
        snprintf(text, CURSOR_TEXT_MAX, "%" PRId64 ".%d", id, part);
    return text;
}

char *cursor_format_hash(int64_t id, uint32_t hash, char text[CURSOR_TEXT_MAX])
{
    snprintf(text, CURSOR_TEXT_MAX, "%" PRId64 ".%08" PRIx32, id, hash);
    return text;
}
