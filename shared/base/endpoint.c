#include "base/endpoint.h"
#include "base/curl.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SECRET_MIN 4

/* Where the path begins, "" when there is none; NULL: not http or https. */
static const char *path_of(const char *base)
{
    size_t scheme = strncasecmp(base, "http://", 7) == 0 ? 7 : strncasecmp(base, "https://", 8) == 0 ? 8 : 0;
    if (!scheme || !base[scheme] || base[scheme] == '/')
        return NULL;
    return base + scheme + strcspn(base + scheme, "/?#");
}

enum rs_err endpoint_url(const char *base, const char *call, char ret[ENDPOINT_URL_MAX], struct fault *fault)
{
    static const char whole[] = "/chat/completions";
    const char *path = path_of(base);
    char url[ENDPOINT_URL_MAX];

    if (!path)
        return fault_set(fault, RS_INVALID, "the address of a model endpoint begins with http:// or https://");
    size_t len = (size_t)(path - base) + strcspn(path, "?#");
    while (len > 0 && base[len - 1] == '/')
        len--;
    if (len >= sizeof whole - 1 && strncmp(base + len - (sizeof whole - 1), whole, sizeof whole - 1) == 0)
        len -= sizeof whole - 1;
    bool bare = len <= (size_t)(path - base);
    int n = snprintf(url, sizeof url, "%.*s%s/%s", (int)len, base, bare ? "/v1" : "", call);
    if (len > ENDPOINT_URL_MAX || n < 0 || (size_t)n >= sizeof url)
        return fault_set(fault, RS_INVALID, "the address of the model endpoint is too long");
    memcpy(ret, url, (size_t)n + 1);
    return RS_OK;
}

char *endpoint_shown(const char *base, char out[ENDPOINT_SHOWN_MAX])
{
    const char *path = path_of(base);
    if (!path) {
        snprintf(out, ENDPOINT_SHOWN_MAX, "%s", "(no valid address)");
        return out;
    }
    const char *host = strstr(base, "//") + 2, *at = host;
    for (const char *p = host; p < path; p++)
        if (*p == '@')
            at = p + 1;
    snprintf(out, ENDPOINT_SHOWN_MAX, "%.*s%.*s", (int)(host - base), base,
             (int)(path - at + (long)strcspn(path, "?#")), at);
    return out;
}

void endpoint_hide(char *text, const char *secret)
{
    size_t len = secret ? strlen(secret) : 0;
    if (len < SECRET_MIN)
        return;
    for (char *at = text; (at = strstr(at, secret)); at += 3) {
        memcpy(at, "***", 3);
        memmove(at + 3, at + len, strlen(at + len) + 1);
    }
}

int64_t endpoint_retry_after_ms(const char *value, int64_t now_ms)
{
    int64_t ms;
    if (!value || !*value)
        return -1;
    size_t digits = strspn(value, "0123456789");
    if (digits > 0 && value[digits] == '\0') {
        ms = digits > 9 ? INT64_MAX : strtoll(value, NULL, 10) * 1000;
    } else {
        time_t when = curl_getdate(value, NULL);
        if (when == -1)
            return -1;
        ms = (int64_t)when * 1000 - now_ms;
    }
    if (ms < 0)
        ms = 0;
    return ms > ENDPOINT_RETRY_AFTER_MAX_S * INT64_C(1000) ? ENDPOINT_RETRY_AFTER_MAX_S * INT64_C(1000) : ms;
}
