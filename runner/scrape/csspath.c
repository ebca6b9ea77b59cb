#include "runner/scrape/csspath.h"
#include "runner/scrape/csslex.h"
#include <stdio.h>
#include <string.h>

/* A string literal; XPath 1.0 knows no escapes. */
void xpath_put_literal(struct buf *out, const char *text)
{
    if (!strchr(text, '\'')) {
        buf_printf(out, "'%s'", text);
        return;
    }
    buf_puts(out, "concat(''");
    while (*text) {
        size_t n = strcspn(text, "'");
        if (n > 0)
            buf_printf(out, ",'%.*s'", (int)n, text);
        text += n;
        for (; *text == '\''; text++)
            buf_puts(out, ",\"'\"");
    }
    buf_putc(out, ')');
}

bool xpath_is_name(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    return *name && strchr(first, *name) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-.0123456789") == strlen(name);
}

void css_lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
}

void xpath_put_attribute(struct buf *out, const char *name)
{
    if (xpath_is_name(name)) {
        buf_printf(out, "@%s", name);
        return;
    }
    buf_puts(out, "@*[name()=");
    xpath_put_literal(out, name);
    buf_putc(out, ']');
}

static void put_folded(struct buf *out, const char *name, bool fold)
{
    if (fold)
        buf_puts(out, "translate(");
    xpath_put_attribute(out, name);
    if (fold)
        buf_puts(out, ",'ABCDEFGHIJKLMNOPQRSTUVWXYZ','abcdefghijklmnopqrstuvwxyz')");
}

void xpath_put_words(struct buf *out, const char *name, const char *value, bool fold)
{
    char spaced[CSSLEX_TEXT_MAX + 3];
    snprintf(spaced, sizeof spaced, " %s ", value);
    buf_puts(out, "contains(concat(' ',normalize-space(");
    put_folded(out, name, fold);
    buf_puts(out, "),' '),");
    xpath_put_literal(out, spaced);
    buf_putc(out, ')');
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void xpath_put_match(struct buf *out, char op, const char *name, char *value, bool fold)
{
    if (fold)
        css_lower(value);
    if (strchr("~^$*", op) && (!*value || (op == '~' && strpbrk(value, " \t\n\r\f")))) {
        buf_puts(out, "false()"); /* as the specification says of empty values */
        return;
    }
    switch (op) {
    case '~':
        xpath_put_words(out, name, value, fold);
        return;
    case '|':
        buf_putc(out, '(');
        put_folded(out, name, fold);
        buf_putc(out, '=');
        xpath_put_literal(out, value);
        buf_puts(out, " or starts-with(");
        put_folded(out, name, fold);
        buf_puts(out, ",concat(");
        xpath_put_literal(out, value);
        buf_puts(out, ",'-')))");
        return;
    case '^':
    case '*':
        buf_puts(out, op == '^' ? "starts-with(" : "contains(");
        put_folded(out, name, fold);
        buf_putc(out, ',');
        xpath_put_literal(out, value);
        buf_putc(out, ')');
        return;
    case '$':
        buf_puts(out, "substring(");
        put_folded(out, name, fold);
        buf_puts(out, ",string-length(");
        xpath_put_attribute(out, name);
        buf_printf(out, ")-%zu)=", characters(value) - 1);
        xpath_put_literal(out, value);
        return;
    case '!':
        buf_puts(out, "not(");
        put_folded(out, name, fold);
        buf_putc(out, '=');
        xpath_put_literal(out, value);
        buf_putc(out, ')');
        return;
    default:
        put_folded(out, name, fold);
        buf_putc(out, '=');
        xpath_put_literal(out, value);
    }
}

/* Is the place counted from 0 by count(siblings) an+b - 1 for an n >= 0? */
void xpath_put_nth(struct buf *out, const char *siblings, int a, int b)
{
    if (a == 0) {
        /* Without counting all of them: libxml2 stops at the b-th. */
        if (b < 1)
            buf_puts(out, "false()");
        else if (b == 1)
            buf_printf(out, "not(%s[1])", siblings);
        else
            buf_printf(out, "%s[%d] and not(%s[%d])", siblings, b - 1, siblings, b);
        return;
    }
    buf_printf(out, "(count(%s)+1)%s%d", siblings, a > 0 ? ">=" : "<=", b);
    if (a != 1 && a != -1)
        buf_printf(out, " and ((count(%s)+1)-(%d)) mod %d=0", siblings, b, a > 0 ? a : -a);
}
