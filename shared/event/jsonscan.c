/* jsonscan - a strict JSON checker over bytes: no recursion, no allocation, eight plain bytes of a string at a time. */
#include "event/jsonscan.h"
#include "base/json.h"
#include "base/utf8.h"
#include <stdint.h>
#include <string.h>

_Static_assert(JSON_DEPTH_MAX <= 64, "nesting is kept in one 64-bit word");

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

void jsonscan_space(struct jsonscan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

bool jsonscan_take(struct jsonscan *scan, char c)
{
    if (scan->at >= scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* Does a word hold a byte that is not plain: below 0x20, above 0x7f, '"' or '\\'? May be wrong only towards yes. */
static bool has_special(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    uint64_t quote = w ^ (ones * '"'), back = w ^ (ones * '\\');

    return ((w - ones * 0x20) | (quote - ones) | (back - ones) | w) & highs;
}

/* After a backslash. */
static bool take_escape(struct jsonscan *scan)
{
    if (scan->at >= scan->end)
        return false;
    if (*scan->at == 'u') {
        if (scan->end - scan->at < 5)
            return false;
        for (int i = 1; i <= 4; i++) {
            if (!is_hex(scan->at[i]))
                return false;
        }
        scan->at += 5;
        return true;
    }
    if (*scan->at == '\0' || !strchr("\"\\/bfnrt", *scan->at))
        return false;
    scan->at++;
    return true;
}

enum rs_err jsonscan_string(struct jsonscan *scan, bool *ret_escaped)
{
    bool escaped = false;

    if (!jsonscan_take(scan, '"'))
        return RS_INVALID;
    for (;;) {
        unsigned char c;
        uint64_t word;

        while (scan->end - scan->at >= 8) {
            memcpy(&word, scan->at, 8);
            if (has_special(word))
                break;
            scan->at += 8;
        }
        while (scan->at < scan->end && (c = (unsigned char)*scan->at) >= 0x20 && c < 0x80 && c != '"' && c != '\\')
            scan->at++;
        if (scan->at >= scan->end)
            return RS_INVALID;
        c = (unsigned char)*scan->at;
        if (c == '"') {
            scan->at++;
            if (ret_escaped)
                *ret_escaped = escaped;
            return RS_OK;
        }
        if (c == '\\') {
            escaped = true;
            scan->at++;
            if (!take_escape(scan))
                return RS_INVALID;
        } else {
            size_t n = c < 0x20 ? 0 : utf8_char(scan->at, (size_t)(scan->end - scan->at));
            if (n == 0)
                return RS_INVALID;
            scan->at += n;
        }
    }
}

static bool take_digits(struct jsonscan *scan)
{
    const char *from = scan->at;

    while (scan->at < scan->end && is_digit(*scan->at))
        scan->at++;
    return scan->at > from;
}

static bool take_number(struct jsonscan *scan)
{
    jsonscan_take(scan, '-');
    if (!jsonscan_take(scan, '0') && !take_digits(scan))
        return false;
    if (jsonscan_take(scan, '.') && !take_digits(scan))
        return false;
    if (scan->at < scan->end && (*scan->at == 'e' || *scan->at == 'E')) {
        scan->at++;
        if (!jsonscan_take(scan, '+'))
            jsonscan_take(scan, '-');
        if (!take_digits(scan))
            return false;
    }
    return true;
}

static bool take_word(struct jsonscan *scan, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0)
        return false;
    scan->at += len;
    return true;
}

static enum rs_err take_scalar(struct jsonscan *scan)
{
    bool ok;

    if (scan->at >= scan->end)
        return RS_INVALID;
    switch (*scan->at) {
    case '"':
        return jsonscan_string(scan, NULL);
    case 't':
        ok = take_word(scan, "true");
        break;
    case 'f':
        ok = take_word(scan, "false");
        break;
    case 'n':
        ok = take_word(scan, "null");
        break;
    default:
        ok = take_number(scan);
        break;
    }
    return ok ? RS_OK : RS_INVALID;
}

/* A member's name and colon, up to its value. */
static enum rs_err take_name(struct jsonscan *scan)
{
    enum rs_err err = jsonscan_string(scan, NULL);

    if (err)
        return err;
    jsonscan_space(scan);
    if (!jsonscan_take(scan, ':'))
        return RS_INVALID;
    jsonscan_space(scan);
    return RS_OK;
}

enum rs_err jsonscan_value(struct jsonscan *scan)
{
    uint64_t objects = 0; /* a bit a level, the innermost lowest: 1 object, 0 array */
    unsigned depth = 0;
    enum rs_err err;

    for (;;) {
        bool empty = false;

        if (scan->at < scan->end && (*scan->at == '{' || *scan->at == '[')) {
            bool object = *scan->at == '{';
            if (depth == JSON_DEPTH_MAX)
                return RS_LIMIT;
            scan->at++;
            objects = objects << 1 | object;
            depth++;
            jsonscan_space(scan);
            empty = scan->at < scan->end && *scan->at == (object ? '}' : ']');
            if (!empty) {
                if (object && (err = take_name(scan)))
                    return err;
                continue;
            }
        } else if ((err = take_scalar(scan))) {
            return err;
        }
        /* A value has ended, or an empty container is about to: close what closes, up to the next value. */
        for (;; empty = false) {
            if (depth == 0)
                return RS_OK;
            jsonscan_space(scan);
            if (jsonscan_take(scan, objects & 1 ? '}' : ']')) {
                objects >>= 1;
                depth--;
                continue;
            }
            if (empty || !jsonscan_take(scan, ','))
                return RS_INVALID;
            jsonscan_space(scan);
            if ((objects & 1) && (err = take_name(scan)))
                return err;
            break;
        }
    }
}

enum rs_err jsonscan_object(const char *text, size_t len)
{
    struct jsonscan scan = {text, text + len};
    enum rs_err err;

    jsonscan_space(&scan);
    if (scan.at >= scan.end || *scan.at != '{')
        return RS_INVALID;
    err = jsonscan_value(&scan);
    if (err)
        return err;
    jsonscan_space(&scan);
    return scan.at == scan.end ? RS_OK : RS_INVALID;
}

static unsigned hex_value(char c)
{
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

bool jsonscan_text(const char *raw, size_t len, bool escaped, char *out, size_t max)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    size_t n = 0;

    if (!escaped) {
        if (len > max)
            return false;
        memcpy(out, raw, len);
        out[len] = '\0';
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        char c = raw[i];
        if (c == '\\') {
            const char *known;
            c = raw[++i];
            if (c == 'u') {
                unsigned code = hex_value(raw[i + 1]) << 12 | hex_value(raw[i + 2]) << 8 | hex_value(raw[i + 3]) << 4 |
                                hex_value(raw[i + 4]);
                if (code == 0 || code > 0x7f)
                    return false;
                c = (char)code;
                i += 4;
            } else if ((known = strchr(from, c))) {
                c = to[known - from];
            }
        }
        if (n == max)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}
