#include "range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define BYTES_MAX 100000000000000000LL

/* Digits only; -1 without one. */
static long long number(const char **at)
{
    long long n = -1;
    for (; **at >= '0' && **at <= '9'; ++*at) {
        n = (n < 0 ? 0 : n) * 10 + (**at - '0');
        if (n > BYTES_MAX)
            n = BYTES_MAX; /* beyond every file */
    }
    return n;
}

enum range_answer range_parse(const char *header, long long bytes, long long *ret_first, long long *ret_len)
{
    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    const char *at = header + 6 + strspn(header + 6, " ");
    long long first = number(&at);
    if (*at++ != '-')
        return RANGE_WHOLE;
    long long last = number(&at);
    at += strspn(at, " ");
    if (*at || (first < 0 && last < 0) || (first >= 0 && last >= 0 && last < first))
        return RANGE_WHOLE;
    if (first < 0) { /* the last so many */
        if (last == 0 || bytes == 0)
            return RANGE_UNSATISFIABLE;
        first = last < bytes ? bytes - last : 0;
        last = bytes - 1;
    }
    if (first >= bytes)
        return RANGE_UNSATISFIABLE;
    if (last < 0 || last >= bytes)
        last = bytes - 1;
    *ret_first = first;
    *ret_len = last - first + 1;
    return RANGE_PART;
}

const char *range_etag(const struct stat *st, char out[RANGE_ETAG_MAX])
{
    snprintf(out, RANGE_ETAG_MAX, "\"%llx-%llx-%llx\"", (unsigned long long)st->st_ino, (unsigned long long)st->st_size,
             (unsigned long long)st->st_mtim.tv_sec * 1000000000ULL + (unsigned long long)st->st_mtim.tv_nsec);
    return out;
}

const char *range_date(const struct stat *st, char out[RANGE_DATE_MAX])
{
    struct tm tm;
    /* The programs never set a locale, so the names are English. */
    if (strftime(out, RANGE_DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&st->st_mtim.tv_sec, &tm)) == 0)
        out[0] = '\0';
    return out;
}

bool range_has_etag(const char *list, const char *etag)
{
    size_t len = strlen(etag);
    if (list && strcmp(list, "*") == 0)
        return true;
    for (const char *at = list; at && (at = strstr(at, etag)); at += len)
        if (strchr(", ", at[len]) && (at == list || strchr(", /", at[-1]))) /* the NUL counts; W/"..." */
            return true;
    return false;
}
