#include "conf/redis_address.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379
#define DATABASE_MAX 100000

static bool copy(char *to, size_t size, const char *from, size_t len)
{
    if (len >= size)
        return false;
    memcpy(to, from, len);
    to[len] = '\0';
    return true;
}

/* A whole number up to most that takes all of the text. */
static bool number(const char *text, size_t len, int most, int *ret)
{
    int n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9' || n > most)
            return false;
        n = n * 10 + (text[i] - '0');
    }
    *ret = n;
    return len > 0 && n <= most;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What %xx stands for (RFC 3986, section 2.1), in place. A NUL, or half of one, is refused. */
static bool decode(char *text)
{
    char *to = text;
    for (; *text; text++) {
        if (*text != '%') {
            *to++ = *text;
            continue;
        }
        int high = hex(text[1]), low = high < 0 ? -1 : hex(text[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high << 4 | low);
        text += 2;
    }
    *to = '\0';
    return true;
}

/* [USER]:PASSWORD */
static bool take_login(const char *text, size_t len, struct redis_address *a)
{
    const char *colon = memchr(text, ':', len);
    size_t user_len = colon ? (size_t)(colon - text) : 0;
    return colon && copy(a->user, sizeof a->user, text, user_len) &&
           copy(a->password, sizeof a->password, colon + 1, len - user_len - 1) && decode(a->user) && decode(a->password);
}

/* HOST[:PORT][/DB], an IPv6 address in brackets. */
static bool take_place(const char *text, struct redis_address *a)
{
    const char *slash = strchr(text, '/'), *end = slash ? slash : text + strlen(text);
    const char *bracket = *text == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
    const char *from = bracket ? bracket + 1 : text, *colon = memchr(from, ':', (size_t)(end - from));
    const char *host_end = bracket ? bracket : colon ? colon : end;
    if (bracket)
        text++;
    a->port = DEFAULT_PORT;
    return host_end > text && copy(a->host, sizeof a->host, text, (size_t)(host_end - text)) &&
           (!colon || number(colon + 1, (size_t)(end - colon - 1), 65535, &a->port)) && a->port > 0 &&
           (!slash || slash[1] == '\0' || number(slash + 1, strlen(slash + 1), DATABASE_MAX, &a->database));
}

enum rs_err redis_address_parse(const char *url, struct redis_address *ret, struct fault *fault)
{
    static const char scheme[] = "redis://";
    *ret = (struct redis_address){0};
    if (strncmp(url, "unix:/", 6) == 0 && copy(ret->host, sizeof ret->host, url + 5, strlen(url + 5)))
        return RS_OK;
    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        const char *rest = url + sizeof scheme - 1, *at = strrchr(rest, '@');
        if ((!at || take_login(rest, (size_t)(at - rest), ret)) && take_place(at ? at + 1 : rest, ret))
            return RS_OK;
    }
    return fault_set(fault, RS_INVALID, "redis.url must be redis://[USER:PASSWORD@]HOST[:PORT][/DB] or unix:/PATH");
}
