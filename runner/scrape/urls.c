#include "runner/scrape/urls.h"
#include "base/curl.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The byte that "%41" stands for, -1 when it stands for none. */
static int percent_byte(const char *text)
{
    char digits[3] = {0};

    if (text[0] != '%' || !isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
        return -1;
    memcpy(digits, text + 1, 2);
    return (int)strtol(digits, NULL, 16);
}

/* Percent encoding in its one form (RFC 3986, section 6.2.2): what needs none has none, digits are upper case, and
 * bytes that may not stand in an address are encoded. false: no room. */
static bool put_encoded(char out[URL_TEXT_MAX + 1], size_t *n, const char *text)
{
    for (; *text; text++) {
        int c = percent_byte(text);
        bool encode;
        if (c >= 0) {
            encode = !(isalnum(c) && c < 0x80) && !(c && strchr("-._~", c));
            text += 2;
        } else {
            c = (unsigned char)*text;
            encode = c <= 0x20 || c >= 0x7f || strchr("%\"<>\\^`{|}", c);
        }
        if (*n + 3 > URL_TEXT_MAX)
            return false;
        if (encode)
            *n += (size_t)sprintf(out + *n, "%%%02X", c);
        else
            out[(*n)++] = (char)c;
    }
    out[*n] = '\0';
    return true;
}

static char *part(CURLU *u, CURLUPart what, unsigned flags)
{
    char *text = NULL;
    return curl_url_get(u, what, &text, flags) == CURLUE_OK ? text : NULL;
}

static enum rs_err normalise(CURLU *u, char out[URL_TEXT_MAX + 1])
{
    char *scheme = part(u, CURLUPART_SCHEME, 0), *host = part(u, CURLUPART_HOST, 0);
    char *port = part(u, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT), *path = part(u, CURLUPART_PATH, 0);
    char *query = part(u, CURLUPART_QUERY, 0);
    enum rs_err err = RS_INVALID;
    size_t n;

    if (!scheme || !host || !*host || (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0))
        goto out;
    err = RS_LIMIT;
    if (strlen(host) + 32 > URL_TEXT_MAX)
        goto out;
    n = (size_t)sprintf(out, "%s://%s", scheme, host);
    if (out[n - 1] == '.') /* the root of the DNS, said aloud */
        out[--n] = '\0';
    if (port)
        n += (size_t)snprintf(out + n, 8, ":%s", port);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)tolower((unsigned char)out[i]);
    if (!put_encoded(out, &n, path && *path ? path : "/"))
        goto out;
    if (query && *query) {
        if (n + 1 > URL_TEXT_MAX)
            goto out;
        out[n++] = '?';
        if (!put_encoded(out, &n, query))
            goto out;
    }
    err = RS_OK;
out:
    if (err)
        *out = '\0';
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(path);
    curl_free(query);
    return err;
}

enum rs_err url_resolve(const char *base, const char *reference, char out[URL_TEXT_MAX + 1])
{
    /* libcurl refuses some characters that browsers encode. */
    const unsigned flags = CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME;
    char text[URL_TEXT_MAX + 1];
    size_t n = 0;
    enum rs_err err = RS_INVALID;
    CURLU *u;

    *out = '\0';
    reference += strspn(reference, " \t\r\n\f");
    /* Tabs and line breaks inside are ignored (WHATWG URL, 4.4); a fragment is nobody's business but the browser's. */
    for (; *reference && *reference != '#'; reference++) {
        if (strchr("\t\r\n", *reference))
            continue;
        if (n == URL_TEXT_MAX)
            return RS_LIMIT;
        text[n++] = *reference;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    if (!(u = curl_url()))
        return RS_NOMEM;
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    bool absolute = scheme > 0 && isalpha((unsigned char)*text) && text[scheme] == ':';
    if (!base && !absolute)
        goto out;
    if (absolute && strncasecmp(text, "http:", 5) != 0 && strncasecmp(text, "https:", 6) != 0)
        goto out;
    if (base && !absolute && curl_url_set(u, CURLUPART_URL, base, flags) != CURLUE_OK)
        goto out;
    /* An empty reference is the page itself; libcurl calls it an error. */
    if (*text && curl_url_set(u, CURLUPART_URL, text, flags) != CURLUE_OK)
        goto out;
    err = normalise(u, out);
out:
    curl_url_cleanup(u);
    return err;
}

static const char *behind_scheme(const char *url)
{
    const char *colon = strstr(url, "://");
    return colon ? colon + 3 : url;
}

const char *url_path(const char *url)
{
    const char *path = strpbrk(behind_scheme(url), "/?");
    return path ? path : "/";
}

void url_origin(const char *url, char out[URL_TEXT_MAX + 1])
{
    const char *host = behind_scheme(url);
    snprintf(out, URL_TEXT_MAX + 1, "%.*s", (int)((size_t)(host - url) + strcspn(host, "/?")), url);
}

void url_host(const char *url, char out[URL_TEXT_MAX + 1])
{
    const char *host = behind_scheme(url);
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
    snprintf(out, URL_TEXT_MAX + 1, "%.*s", (int)n, host);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void url_key(const char *url, char out[URL_TEXT_MAX + 1])
{
    char *parameters[URL_TEXT_MAX / 2 + 1], text[URL_TEXT_MAX + 1], *save = NULL;
    size_t n = 0, at = strcspn(url, "?");

    snprintf(out, URL_TEXT_MAX + 1, "%.*s", (int)at, url);
    if (url[at] != '?')
        return;
    snprintf(text, sizeof text, "%s", url + at + 1);
    for (char *p = strtok_r(text, "&", &save); p; p = strtok_r(NULL, "&", &save))
        parameters[n++] = p;
    qsort(parameters, n, sizeof *parameters, compare);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, URL_TEXT_MAX + 1 - at, "%c%s", i ? '&' : '?', parameters[i]);
}

bool url_matches(const char *pattern, const char *url)
{
    const char *text = *pattern == '/' ? url_path(url) : url, *star = NULL, *retry = NULL;

    /* Of several stars only the last one may have to give back. */
    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = text;
        } else if (*pattern == *text) {
            pattern++, text++;
        } else if (star) {
            pattern = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool url_host_allowed(const char *allowed, const char *host)
{
    size_t n = strlen(allowed), len = strlen(host);

    if (strncmp(allowed, "*.", 2) != 0)
        return strcasecmp(allowed, host) == 0;
    return strcasecmp(allowed + 2, host) == 0 || (len >= n && strcasecmp(host + len - (n - 1), allowed + 1) == 0);
}

bool url_is_trap(const char *url)
{
    const char *p = url_path(url), *segments[URL_SEGMENTS_MAX];
    size_t lengths[URL_SEGMENTS_MAX];
    int n = 0, parameters = 0;

    while (*p == '/') {
        size_t len = strcspn(++p, "/?");
        int same = 0;
        for (int i = 0; i < n; i++)
            same += lengths[i] == len && memcmp(segments[i], p, len) == 0;
        if (n == URL_SEGMENTS_MAX || same >= URL_REPEATS_MAX)
            return true;
        segments[n] = p;
        lengths[n++] = len;
        p += len;
    }
    for (; *p; p++)
        parameters += *p == '&' || *p == '?';
    return parameters > URL_PARAMETERS_MAX;
}

bool url_is_file(const char *url)
{
    static const char endings[] =
        " png jpg jpeg gif webp avif svg ico bmp tif tiff mp3 ogg oga wav flac m4a aac mp4 webm mkv avi mov wmv ogv "
        "pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub zip gz tgz bz2 xz zst 7z rar tar deb rpm dmg iso exe msi "
        "apk jar bin css js mjs map json xml rss atom woff woff2 ttf otf eot wasm ";
    const char *path = url_path(url);
    char ending[12] = " ";
    size_t len = strcspn(path, "?"), n = 0;

    while (n < len && path[len - 1 - n] != '.' && path[len - 1 - n] != '/')
        n++;
    if (n == 0 || n == len || path[len - 1 - n] != '.' || n > sizeof ending - 3)
        return false;
    for (size_t i = 0; i < n; i++)
        ending[i + 1] = (char)tolower((unsigned char)path[len - n + i]);
    memcpy(ending + n + 1, " ", 2);
    return strstr(endings, ending) != NULL;
}
