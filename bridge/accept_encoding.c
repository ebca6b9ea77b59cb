#include "bridge/accept_encoding.h"
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t");
}

/* "0" to "1" with up to three decimals, as thousandths. NULL: it is no weight. */
static const char *read_weight(const char *s, int *ret)
{
    if (*s != '0' && *s != '1')
        return NULL;
    *ret = (*s++ - '0') * 1000;
    if (*s == '.')
        for (int unit = 100; *++s >= '0' && *s <= '9'; unit /= 10) {
            if (unit == 0)
                return NULL;
            *ret += (*s - '0') * unit;
        }
    return *ret <= 1000 ? s : NULL;
}

/* One coding with its weight, up to the comma or the end. NULL: it cannot be read. */
static const char *read_coding(struct accept_encoding *a, const char *s)
{
    static const struct {
        const char *name;
        size_t member;
    } codings[] = {
        {"gzip", offsetof(struct accept_encoding, gzip)},
        {"x-gzip", offsetof(struct accept_encoding, gzip)}, /* RFC 9110, section 8.4.1.3 */
        {"identity", offsetof(struct accept_encoding, identity)},
        {"*", offsetof(struct accept_encoding, other)},
    };
    const char *name = s = skip_space(s);
    int weight = 1000;
    size_t len = strcspn(s, " \t;,");
    s = skip_space(s + len);
    if (*s == ';') {
        s = skip_space(s + 1);
        if ((*s != 'q' && *s != 'Q') || s[1] != '=')
            return NULL;
        s = read_weight(s + 2, &weight);
        if (!s)
            return NULL;
        s = skip_space(s);
    }
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        if (len == strlen(codings[i].name) && strncasecmp(name, codings[i].name, len) == 0)
            *(int *)((char *)a + codings[i].member) = weight + 1;
    return *s == ',' || *s == '\0' ? s : NULL;
}

void accept_encoding_read(struct accept_encoding *a, const char *value)
{
    const char *s = read_coding(a, value);
    while (s && *s)
        s = read_coding(a, s + 1);
    a->wrong |= !s;
}

bool accept_encoding_gzip(const struct accept_encoding *a)
{
    int gzip = a->gzip ? a->gzip : a->other;
    return !a->wrong && gzip > 1 && gzip >= a->identity;
}
