#include "base/utf8.h"

#include <string.h>

size_t utf8_char(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (n == 0 || len < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] > 0x9F) || (c == 0xF0 && s[1] < 0x90) ||
        (c == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

bool utf8_valid(const char *s, size_t len)
{
    while (len > 0) {
        size_t n = utf8_char(s, len);
        if (n == 0)
            return false;
        s += n;
        len -= n;
    }
    return true;
}

void utf8_repair(char *text)
{
    size_t len = strlen(text), at = 0;
    while (at < len) {
        size_t n = utf8_char(text + at, len - at);
        if (n == 0)
            text[at] = '?';
        at += n ? n : 1;
    }
}
