#include "runner/assist/text.h"
#include "base/utf8.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* The code point of a whole valid character of n bytes. */
static unsigned decode(const char *s, size_t n)
{
    static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    unsigned c = (unsigned char)s[0] & mask[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)s[i] & 0x3F);
    return c;
}

static bool is_invisible(unsigned c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c < 0xA0) || c == 0x200B || c == 0x2060 ||
           c == 0xFEFF || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_space(unsigned c)
{
    return c == ' ' || c == '\t' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

enum rs_err text_normalize(const char *text, size_t len, struct buf *out, int *ret_removed)
{
    size_t spaces = 0, newlines = 0, start = out->len;

    *ret_removed = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = utf8_char(text + at, len - at);
        unsigned c = n ? decode(text + at, n) : 0;
        n = n ? n : 1;
        if (c == '\r') {
            n = at + 1 < len && text[at + 1] == '\n' ? 2 : 1;
            c = '\n';
        } else if (c == 0x2028 || c == 0x2029) {
            c = '\n';
        }
        if (is_invisible(c)) {
            ++*ret_removed;
        } else if (c == '\n') {
            newlines++;
            spaces = 0;
        } else if (is_space(c)) {
            spaces++;
        } else {
            if (out->len > start && newlines > 0)
                buf_puts(out, newlines > 1 ? "\n\n" : "\n");
            /* Spaces at a line's beginning may be meant: code. Those before everything are not. */
            for (; out->len > start && spaces > 0; spaces--)
                buf_putc(out, ' ');
            spaces = newlines = 0;
            buf_append(out, text + at, n);
        }
    }
    return out->err;
}

int text_words(const char *text)
{
    int n = 0;
    bool inside = false;
    for (; *text; text++) {
        bool space = isspace((unsigned char)*text);
        n += !space && !inside;
        inside = !space;
    }
    return n;
}

static bool has_url(struct json_object *urls, const char *url, size_t len)
{
    for (size_t i = 0; i < json_object_array_length(urls); i++) {
        const char *other = json_object_get_string(json_object_array_get_idx(urls, i));
        if (strlen(other) == len && memcmp(other, url, len) == 0)
            return true;
    }
    return false;
}

/* A bracket at an address's end is of it when its partner is. */
static bool is_lone_bracket(const char *text, size_t len)
{
    char close = text[len - 1], open = close == ')' ? '(' : close == ']' ? '[' : 0;
    int n = 0;
    for (size_t i = 0; open && i < len; i++)
        n += (text[i] == open) - (text[i] == close);
    return open && n < 0;
}

struct json_object *text_urls(const char *text)
{
    struct json_object *urls = json_object_new_array();

    for (const char *at = text; *at && json_object_array_length(urls) < TEXT_URLS_MAX;) {
        size_t scheme = strncasecmp(at, "https://", 8) == 0 ? 8 : strncasecmp(at, "http://", 7) == 0 ? 7 : 0;
        if (!scheme || (at > text && isalnum((unsigned char)at[-1]))) {
            at++;
            continue;
        }
        size_t len = strcspn(at, " \t\r\n<>\"`{}|\\^");
        while (len > scheme && (strchr(".,;:!?'*_", at[len - 1]) || is_lone_bracket(at, len)))
            len--;
        if (len > scheme && !has_url(urls, at, len))
            json_object_array_add(urls, json_object_new_string_len(at, (int)len));
        at += len;
    }
    return urls;
}

/* Bytes of characters beyond ASCII count as letters: words of any language are whole. */
static bool is_letter(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

bool text_has_phrase(const char *text, const char *phrase)
{
    size_t len = strlen(phrase);
    bool open = len > 0 && phrase[len - 1] == '*';

    len -= open;
    if (len == 0)
        return false;
    for (const char *at = text; *at; at++)
        if (strncasecmp(at, phrase, len) == 0 && (at == text || !is_letter(at[-1]) || !is_letter(*phrase)) &&
            (open || !is_letter(at[len]) || !is_letter(phrase[len - 1])))
            return true;
    return false;
}

double text_score(const char *text, struct json_object *keywords)
{
    double score = 0;
    int n = 0;

    if (!json_object_is_type(keywords, json_type_object))
        return 0;
    json_object_object_foreach(keywords, phrase, weight)
    {
        if (n++ < TEXT_SCORES_MAX && text_has_phrase(text, phrase))
            score += json_object_get_double(weight);
    }
    return score;
}
