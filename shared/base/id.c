#include "base/id.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

bool id_valid_n(const char *s, size_t len)
{
    if (!s || len == 0 || len > ID_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = s[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
              c == '-'))
            return false;
    }
    return !(len == 1 && s[0] == '.') && !(len == 2 && s[0] == '.' && s[1] == '.');
}

bool id_valid(const char *s)
{
    return s && id_valid_n(s, strnlen(s, ID_MAX + 1));
}

enum { ID_RANDOM_CHARS = 16, ID_PREFIX_MAX = 16 };

/* getrandom gives up to 256 bytes whole, once the kernel's pool is up; only a signal before that interrupts it. */
static void random_bytes(unsigned char *out, size_t len)
{
    ssize_t n;
    do
        n = getrandom(out, len, 0);
    while (n < 0 && errno == EINTR);
    assert(n == (ssize_t)len);
}

char *id_new(const char *prefix, char out[ID_MAX + 1])
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    enum { BASE = sizeof alphabet - 1, FAIR = 256 - 256 % BASE };
    size_t at = strlen(prefix), end = at + ID_RANDOM_CHARS;
    assert(at <= ID_PREFIX_MAX);
    memcpy(out, prefix, at);
    while (at < end) {
        unsigned char bytes[2 * ID_RANDOM_CHARS];
        random_bytes(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes && at < end; i++)
            if (bytes[i] < FAIR) /* the rest would make some characters likelier */
                out[at++] = alphabet[bytes[i] % BASE];
    }
    out[at] = '\0';
    return out;
}
