#include "runner/scrape/csslex.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX 10000

void csslex_init(struct csslex *lex, const char *css, size_t len)
{
    memset(lex, 0, sizeof *lex);
    lex->css = css;
    lex->len = len;
}

static int at(const struct csslex *lex, size_t offset)
{
    return lex->pos + offset < lex->len ? (unsigned char)lex->css[lex->pos + offset] : -1;
}

static void bad(struct csslex *lex, const char *why)
{
    lex->token = CSSLEX_BAD;
    lex->error = why;
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_ident(int c)
{
    return c >= 0x80 || c == '_' || c == '-' || (c > 0 && isalnum(c));
}

static bool put(struct csslex *lex, size_t *n, const char *bytes, size_t len)
{
    if (*n + len > CSSLEX_TEXT_MAX) {
        bad(lex, "a name or text is too long");
        return false;
    }
    memcpy(lex->text + *n, bytes, len);
    *n += len;
    return true;
}

/* A code point as UTF-8; what is none becomes U+FFFD. */
static bool put_code(struct csslex *lex, size_t *n, unsigned long code)
{
    char out[4];

    /* What XML, and so XPath, has no character for, is none here either. */
    if ((code < 0x20 && !(code == '\t' || code == '\n' || code == '\r')) || code > 0x10ffff ||
        (code >= 0xd800 && code <= 0xdfff) || code == 0xfffe || code == 0xffff)
        code = 0xfffd;
    if (code < 0x80) {
        out[0] = (char)code;
        return put(lex, n, out, 1);
    }
    int len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (int i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3f));
    out[0] = (char)((len == 2 ? 0xc0 : len == 3 ? 0xe0 : 0xf0) | code);
    return put(lex, n, out, (size_t)len);
}

/* Behind a backslash. */
static bool take_escape(struct csslex *lex, size_t *n)
{
    unsigned long code = 0;
    int digits = 0;

    if (at(lex, 0) < 0) {
        bad(lex, "it ends with a backslash");
        return false;
    }
    while (digits < 6 && at(lex, 0) > 0 && isxdigit(at(lex, 0))) {
        int c = at(lex, 0);
        code = code * 16 + (unsigned long)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
        lex->pos++;
        digits++;
    }
    if (digits > 0) {
        if (is_space(at(lex, 0)))
            lex->pos++;
        return put_code(lex, n, code);
    }
    char c = lex->css[lex->pos++];
    return put(lex, n, &c, 1);
}

/* An identifier at the position into text. false: there is none, or it is bad. */
static bool take_ident(struct csslex *lex)
{
    size_t n = 0;
    int c = at(lex, 0);

    if (!(is_ident(c) || c == '\\') || (c > 0 && isdigit(c)) ||
        (c == '-' && !is_ident(at(lex, 1)) && at(lex, 1) != '\\')) {
        bad(lex, "a name is missing");
        return false;
    }
    while (is_ident(c = at(lex, 0)) || c == '\\') {
        lex->pos++;
        char byte = (char)c;
        if (c == '\\' ? !take_escape(lex, &n) : !put(lex, &n, &byte, 1))
            return false;
    }
    lex->text[n] = '\0';
    return true;
}

static void take_string(struct csslex *lex)
{
    int quote = at(lex, 0), c;
    size_t n = 0;

    lex->pos++;
    while ((c = at(lex, 0)) != quote) {
        if (c <= 0) {
            bad(lex, "a string is not closed");
            return;
        }
        lex->pos++;
        char byte = (char)c;
        if (c == '\\' && at(lex, 0) == '\n')
            lex->pos++;
        else if (c == '\\' ? !take_escape(lex, &n) : !put(lex, &n, &byte, 1))
            return;
    }
    lex->pos++;
    lex->text[n] = '\0';
    lex->token = CSSLEX_STRING;
}

/* White space and comments; false: none. */
static bool take_space(struct csslex *lex)
{
    size_t from = lex->pos;

    for (;;) {
        if (is_space(at(lex, 0))) {
            lex->pos++;
        } else if (at(lex, 0) == '/' && at(lex, 1) == '*') {
            const char *end = memmem(lex->css + lex->pos + 2, lex->len - lex->pos - 2, "*/", 2);
            lex->pos = end ? (size_t)(end - lex->css) + 2 : lex->len;
        } else {
            return lex->pos > from;
        }
    }
}

static void take_named(struct csslex *lex, enum csslex_token plain, enum csslex_token function)
{
    if (!take_ident(lex))
        return;
    lex->token = plain;
    if (function != plain && at(lex, 0) == '(') {
        lex->pos++;
        lex->token = function;
    }
}

void csslex_next(struct csslex *lex)
{
    int c;

    lex->start = lex->pos;
    if (lex->token == CSSLEX_BAD)
        return;
    if (take_space(lex)) {
        lex->token = CSSLEX_SPACE;
        return;
    }
    c = at(lex, 0);
    if (c > 0 && strchr("~|^$*!", c) && at(lex, 1) == '=') {
        lex->op = (char)c;
        lex->pos += 2;
        lex->token = CSSLEX_MATCH;
        return;
    }
    switch (c) {
    case -1:
        lex->token = CSSLEX_END;
        return;
    case '"':
    case '\'':
        take_string(lex);
        return;
    case '=':
    case '>':
    case '+':
    case '~':
        lex->op = (char)c;
        lex->token = c == '=' ? CSSLEX_MATCH : CSSLEX_COMBINATOR;
        break;
    case '*':
        lex->token = CSSLEX_STAR;
        break;
    case '[':
        lex->token = CSSLEX_OPEN_SQUARE;
        break;
    case ']':
        lex->token = CSSLEX_CLOSE_SQUARE;
        break;
    case ')':
        lex->token = CSSLEX_CLOSE;
        break;
    case ',':
        lex->token = CSSLEX_COMMA;
        break;
    case '#':
        lex->pos++;
        take_named(lex, CSSLEX_HASH, CSSLEX_HASH);
        return;
    case '.':
        lex->pos++;
        take_named(lex, CSSLEX_CLASS, CSSLEX_CLASS);
        return;
    case ':':
        lex->pos++;
        if (at(lex, 0) != ':') {
            take_named(lex, CSSLEX_PSEUDO, CSSLEX_FUNCTION);
            return;
        }
        lex->pos++;
        take_named(lex, CSSLEX_ELEMENT, CSSLEX_ELEMENT_FN);
        return;
    default:
        if (is_ident(c) || c == '\\')
            take_named(lex, CSSLEX_IDENT, CSSLEX_IDENT);
        else
            bad(lex, "a character that means nothing here");
        return;
    }
    lex->pos++;
}

void csslex_space(struct csslex *lex)
{
    if (lex->token == CSSLEX_SPACE)
        csslex_next(lex);
}

static bool take_number(const char **p, int *ret)
{
    int n = 0;

    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); (*p)++)
        n = n > NUMBER_MAX ? n : n * 10 + (**p - '0');
    *ret = n > NUMBER_MAX ? NUMBER_MAX : n;
    return true;
}

/* "an+b" without spaces, lower case. */
static bool parse_nth(const char *p, int *ret_a, int *ret_b)
{
    int sign = 1, n = 1;
    bool number;

    *ret_a = *ret_b = 0;
    if (strcmp(p, "odd") == 0 || strcmp(p, "even") == 0) {
        *ret_a = 2;
        *ret_b = *p == 'o';
        return true;
    }
    if (*p == '+' || *p == '-')
        sign = *p++ == '-' ? -1 : 1;
    number = take_number(&p, &n);
    if (*p != 'n') {
        *ret_b = sign * n;
        return number && !*p;
    }
    *ret_a = sign * n;
    if (!*++p)
        return true;
    if (*p != '+' && *p != '-')
        return false;
    sign = *p++ == '-' ? -1 : 1;
    number = take_number(&p, &n);
    *ret_b = sign * n;
    return number && !*p;
}

bool csslex_nth(struct csslex *lex, int *ret_a, int *ret_b)
{
    char text[32];
    size_t n = 0;
    int c;

    for (lex->start = lex->pos; (c = at(lex, 0)) != ')'; lex->pos++) {
        if (c <= 0 || n + 1 >= sizeof text)
            return false;
        if (!is_space(c))
            text[n++] = (char)tolower(c);
    }
    text[n] = '\0';
    csslex_next(lex); /* the closing bracket */
    return parse_nth(text, ret_a, ret_b);
}
