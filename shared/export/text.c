#include "export/text.h"

#include "base/clock.h"
#include "base/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESC '\033'
#define OPEN_DEPTH 2   /* a tree starts open so deep, */
#define OPEN_MEMBERS 12 /* where it has no more members than this */

struct style {
    bool bold, faint, italic, underline, inverse, strike;
    int fg, bg; /* of 256; -1: as it is */
};

static const struct style plain_style = {.fg = -1, .bg = -1};

static int cube_level(int value)
{
    return value < 48 ? 0 : value < 115 ? 1 : value > 255 ? 5 : (value - 35) / 40;
}

/* 38 and 48: "5;N" or "2;R;G;B" behind them. Returns how many numbers that took. */
static int extended_color(const int *codes, int n, int *ret)
{
    if (n >= 2 && codes[0] == 5) {
        *ret = codes[1] & 255;
        return 2;
    }
    if (n >= 4 && codes[0] == 2) {
        *ret = 16 + 36 * cube_level(codes[1]) + 6 * cube_level(codes[2]) + cube_level(codes[3]);
        return 4;
    }
    return 0;
}

static void apply_style(struct style *style, const int *codes, int n)
{
    for (int i = 0; i < n; i++) {
        int code = codes[i];
        switch (code) {
        case 0: *style = plain_style; break;
        case 1: style->bold = true; break;
        case 2: style->faint = true; break;
        case 3: style->italic = true; break;
        case 4: style->underline = true; break;
        case 7: style->inverse = true; break;
        case 9: style->strike = true; break;
        case 22: style->bold = style->faint = false; break;
        case 23: style->italic = false; break;
        case 24: style->underline = false; break;
        case 27: style->inverse = false; break;
        case 29: style->strike = false; break;
        case 38: i += extended_color(codes + i + 1, n - i - 1, &style->fg); break;
        case 39: style->fg = -1; break;
        case 48: i += extended_color(codes + i + 1, n - i - 1, &style->bg); break;
        case 49: style->bg = -1; break;
        default:
            if (code >= 30 && code <= 37)
                style->fg = code - 30;
            else if (code >= 90 && code <= 97)
                style->fg = code - 82;
            else if (code >= 40 && code <= 47)
                style->bg = code - 40;
            else if (code >= 100 && code <= 107)
                style->bg = code - 92;
        }
    }
}

static bool is_plain(const struct style *style)
{
    return style->fg < 0 && style->bg < 0 && !style->bold && !style->faint && !style->italic && !style->underline && !style->inverse &&
           !style->strike;
}

static void open_span(struct buf *out, const struct style *style)
{
    buf_puts(out, "<span class=\"");
    if (style->fg >= 0)
        buf_printf(out, "f%d ", style->fg);
    if (style->bg >= 0)
        buf_printf(out, "g%d ", style->bg);
    buf_printf(out, "%s%s%s%s%s%s\">", style->bold ? "a-bold " : "", style->faint ? "a-faint " : "",
               style->italic ? "a-italic " : "", style->underline ? "a-underline " : "", style->inverse ? "a-inverse " : "",
               style->strike ? "a-strike " : "");
}

/* The bytes of the escape sequence that text begins with. CSI ... m: its numbers into codes, else *ret_n is -1. */
static size_t sequence(const char *text, size_t len, int codes[16], int *ret_n)
{
    size_t i = 2;
    *ret_n = -1;
    if (len < 2)
        return len;
    if (text[1] == '[') {
        int n = 0, code = 0;
        for (; i < len && text[i] >= 0x20 && text[i] < 0x40; i++) {
            if (text[i] >= '0' && text[i] <= '9')
                code = code < 10000 ? code * 10 + (text[i] - '0') : code;
            else if (n < 15)
                codes[n++] = code, code = 0;
        }
        codes[n++] = code;
        if (i < len && text[i] == 'm')
            *ret_n = n;
        return i < len && (unsigned char)text[i] < 0x80 ? i + 1 : i;
    }
    if (text[1] == ']') {
        for (; i < len; i++)
            if (text[i] == '\a')
                return i + 1;
            else if (text[i] == ESC)
                return i + 1 < len && text[i + 1] == '\\' ? i + 2 : i;
        return len;
    }
    return (unsigned char)text[1] < 0x80 ? 2 : 1;
}

static void put_char(struct buf *out, const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;
    if (n == 1) {
        if (c == '<')
            buf_puts(out, "&lt;");
        else if (c == '>')
            buf_puts(out, "&gt;");
        else if (c == '&')
            buf_puts(out, "&amp;");
        else if (c == '"')
            buf_puts(out, "&quot;");
        else if (c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n')
            buf_putc(out, (char)c);
        return;
    }
    unsigned char d = (unsigned char)s[1], e = n > 2 ? (unsigned char)s[2] : 0;
    if (n == 2 && c == 0xc2 && d < 0xa0)
        return; /* C1 controls */
    if (n == 3 && c == 0xe2 && ((d == 0x80 && e >= 0xaa && e <= 0xae) || (d == 0x81 && e >= 0xa6 && e <= 0xa9)))
        buf_printf(out, "[U+%04X]", (unsigned)((c & 15) << 12 | (d & 63) << 6 | (e & 63)));
    else
        buf_append(out, s, n);
}

enum rs_err text_put(struct buf *out, const char *text, size_t len, bool colors)
{
    struct style style = plain_style;
    bool open = false;
    for (size_t i = 0; i < len && !out->err;) {
        if (text[i] == ESC) {
            int codes[16], n;
            i += sequence(text + i, len - i, codes, &n);
            if (!colors || n < 0)
                continue;
            apply_style(&style, codes, n);
            if (open)
                buf_puts(out, "</span>");
            if ((open = !is_plain(&style)))
                open_span(out, &style);
            continue;
        }
        size_t n = utf8_char(text + i, len - i);
        put_char(out, n ? text + i : "\xef\xbf\xbd", n ? n : 3);
        i += n ? n : 1;
    }
    if (open)
        buf_puts(out, "</span>");
    return out->err;
}

enum rs_err text_puts(struct buf *out, const char *text)
{
    return text ? text_put(out, text, strlen(text), false) : out->err;
}

enum rs_err text_line(struct buf *out, const char *text, size_t len)
{
    while (len > 0 && text[len - 1] == '\r')
        len--;
    const char *over = len ? memrchr(text, '\r', len) : NULL;
    if (over) {
        len -= (size_t)(over + 1 - text);
        text = over + 1;
    }
    return text_put(out, text, len, true);
}

static void put_value(struct buf *out, struct json_object *value, int depth);

static void put_entry(struct buf *out, const char *name, size_t index, struct json_object *value, int depth)
{
    bool list = json_object_is_type(value, json_type_array), object = json_object_is_type(value, json_type_object);
    size_t n = list ? json_object_array_length(value) : object ? (size_t)json_object_object_length(value) : 0;
    if (n)
        buf_printf(out, "<details%s><summary>", depth < OPEN_DEPTH && n <= OPEN_MEMBERS ? " open" : "");
    else
        buf_puts(out, "<div>");
    buf_puts(out, "<b>");
    if (name)
        text_puts(out, name);
    else
        buf_printf(out, "%zu", index);
    buf_puts(out, "</b>: ");
    if (!list && !object) {
        put_value(out, value, depth);
        buf_puts(out, "</div>");
    } else {
        buf_printf(out, list ? "[%zu]" : "{%zu}", n);
        buf_puts(out, n ? "</summary>" : "</div>");
        if (n) {
            put_value(out, value, depth + 1);
            buf_puts(out, "</details>");
        }
    }
}

/* depth: at most JSON_DEPTH_MAX, as what was parsed. */
static void put_value(struct buf *out, struct json_object *value, int depth)
{
    switch (json_object_get_type(value)) {
    case json_type_object: {
        json_object_object_foreach(value, name, member)
            put_entry(out, name, 0, member, depth);
        break;
    }
    case json_type_array:
        for (size_t i = 0; i < json_object_array_length(value); i++)
            put_entry(out, NULL, i, json_object_array_get_idx(value, i), depth);
        break;
    case json_type_string:
        buf_puts(out, "<span dir=\"auto\">");
        text_put(out, json_object_get_string(value), (size_t)json_object_get_string_len(value), false);
        buf_puts(out, "</span>");
        break;
    default:
        buf_puts(out, "<i>");
        text_puts(out, json_text(value, NULL));
        buf_puts(out, "</i>");
    }
}

enum rs_err text_json(struct buf *out, struct json_object *value)
{
    bool empty = !value || (json_object_is_type(value, json_type_object) && json_object_object_length(value) == 0) ||
                 (json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0);
    if (empty)
        return buf_puts(out, "<p class=\"faint\">Empty</p>");
    buf_puts(out, "<div class=\"json\">");
    put_value(out, value, 0);
    return buf_puts(out, "</div>");
}

enum rs_err text_count(struct buf *out, int64_t n, const char *one, const char *many)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < len; i++) {
        buf_putc(out, digits[i]);
        if ((len - i) % 3 == 1 && i + 1 < len && digits[i] != '-')
            buf_putc(out, ',');
    }
    return buf_printf(out, " %s", n == 1 ? one : many);
}

enum rs_err text_bytes(struct buf *out, int64_t n)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double value = (double)n;
    int unit = -1;
    if (n < 1000)
        return buf_printf(out, "%d B", (int)n);
    for (; (value >= 999.5 || unit < 0) && unit < 3; unit++)
        value /= 1000;
    return buf_printf(out, "%.*f %s", value < 10 ? 1 : 0, value, units[unit]);
}

enum rs_err text_moment(struct buf *out, int64_t wall_ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_format(wall_ms, text);
    return buf_printf(out, "<time datetime=\"%s\">%.10s %.8s UTC</time>", text, text, text + 11);
}
