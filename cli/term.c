#include "cli/term.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

static const char *const colors[] = {
    [TERM_PLAIN] = "",         [TERM_BOLD] = "\033[1m",   [TERM_DIM] = "\033[2m",   [TERM_RED] = "\033[31m",
    [TERM_GREEN] = "\033[32m", [TERM_AMBER] = "\033[33m", [TERM_BLUE] = "\033[34m",
};

static const struct term_state states[] = {
    {"pending", "○", ".", TERM_DIM},   {"queued", "○", "o", TERM_DIM},    {"running", "◐", ">", TERM_BLUE},
    {"waiting", "⧗", "w", TERM_AMBER}, {"success", "✓", "+", TERM_GREEN}, {"error", "✗", "x", TERM_RED},
    {"skipped", "–", "-", TERM_DIM},   {"cancelled", "⊘", "/", TERM_DIM}, {"paused", "‖", "=", TERM_AMBER},
};

void term_init(struct term *term, int fd)
{
    const char *name = getenv("TERM"), *no_color = getenv("NO_COLOR");
    const char *locale = getenv("LC_ALL");
    if (!locale || !*locale)
        locale = getenv("LC_CTYPE");
    if (!locale || !*locale)
        locale = getenv("LANG");
    term->fd = fd;
    term->live = isatty(fd) && name && *name && strcmp(name, "dumb") != 0;
    term->color = term->live && !(no_color && *no_color);
    term->utf8 = locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

int term_columns(const struct term *term, int *ret_rows)
{
    struct winsize size = {0};
    if (ioctl(term->fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    if (ret_rows)
        *ret_rows = size.ws_row ? size.ws_row : 24;
    return size.ws_col;
}

const char *term_on(const struct term *term, enum term_color color)
{
    return term->color ? colors[color] : "";
}

const char *term_off(const struct term *term)
{
    return term->color ? "\033[0m" : "";
}

/* The length of the escape sequence at s (ECMA-48: CSI, OSC, or two bytes), 0 when there is none. */
static size_t escape_length(const char *s)
{
    size_t n = 2;
    if (s[0] != '\033' || !s[1])
        return s[0] == '\033';
    if (s[1] == '[') {
        while (s[n] && !(s[n] >= 0x40 && s[n] <= 0x7e))
            n++;
        return s[n] ? n + 1 : n;
    }
    if (s[1] == ']') {
        while (s[n] && s[n] != '\a' && s[n] != '\033')
            n++;
        return s[n] == '\033' && s[n + 1] == '\\' ? n + 2 : s[n] ? n + 1 : n;
    }
    return n;
}

/* One character at s: its bytes and its columns. Bytes that are not UTF-8 count as one column each. */
static size_t character(const char *s, int *ret_columns)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc0 ? 2 : 1;
    wchar_t c = u[0] < 0x80 ? u[0] : u[0] & (0xff >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80) {
            *ret_columns = 1;
            return 1;
        }
        c = (wchar_t)((c << 6) | (u[i] & 0x3f));
    }
    int width = u[0] < 0x80 ? 1 : wcwidth(c);
    *ret_columns = width < 0 ? 1 : width;
    return n;
}

int term_width(const char *text)
{
    int width = 0, columns;
    while (*text) {
        size_t n = escape_length(text);
        if (!n) {
            n = character(text, &columns);
            width += columns;
        }
        text += n;
    }
    return width;
}

enum rs_err term_put_fit(struct buf *out, const struct term *term, const char *text, int columns, bool pad)
{
    int room = columns, total = term_width(text), width;
    bool cut = total > columns, colored = false;
    if (columns <= 0)
        return out->err;
    if (cut)
        room--;
    while (*text) {
        size_t n = escape_length(text);
        if (n) {
            /* Only colours: a tool's cursor movements would wreck the display. */
            if (term->color && text[1] == '[' && text[n - 1] == 'm') {
                buf_append(out, text, n);
                colored = true;
            }
            text += n;
            continue;
        }
        n = character(text, &width);
        if (width > room)
            break;
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            buf_putc(out, ' ');
        else
            buf_append(out, text, n);
        room -= width;
        text += n;
    }
    if (colored)
        buf_puts(out, term_off(term));
    if (cut)
        buf_puts(out, term->utf8 ? "…" : "~");
    for (; pad && room > 0; room--)
        buf_putc(out, ' ');
    return out->err;
}

enum rs_err term_put_age(struct buf *out, int64_t ms)
{
    if (ms < 1000)
        return buf_puts(out, "now");
    if (ms < 60 * 1000)
        return buf_printf(out, "%d s", (int)(ms / 1000));
    if (ms < 3600 * 1000)
        return buf_printf(out, "%d min", (int)(ms / 60000));
    if (ms < 48 * 3600 * 1000LL)
        return buf_printf(out, "%d h", (int)(ms / 3600000));
    return buf_printf(out, "%lld d", (long long)(ms / 86400000));
}

const struct term_state *term_state(const char *status)
{
    for (unsigned i = 0; status && i < sizeof(states) / sizeof(*states); i++)
        if (strcmp(states[i].status, status) == 0)
            return &states[i];
    return &states[0];
}
