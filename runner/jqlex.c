#include "runner/jqlex.h"
#include "base/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jqlex_init(struct jqlex *lex, const char *text, size_t len)
{
    *lex = (struct jqlex){.text = text, .len = len};
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
    return is_name_start(c) || (c >= '0' && c <= '9');
}

static enum jqlex_token bad(struct jqlex *lex, const char *error)
{
    lex->error = error;
    lex->pos = lex->len;
    return JQLEX_BAD;
}

static bool push(struct jqlex *lex, char c)
{
    if (lex->depth == JQLEX_DEPTH_MAX)
        return false;
    lex->open[lex->depth++] = c;
    return true;
}

/* Inside a string: to its closing quote, or to the bracket of the next interpolation. */
static enum jqlex_token string_rest(struct jqlex *lex)
{
    while (lex->pos < lex->len) {
        char c = lex->text[lex->pos++];
        if (c == '"') {
            lex->in_string = false;
            return JQLEX_STRING;
        }
        if (c != '\\')
            continue;
        if (lex->pos == lex->len)
            break;
        if (lex->text[lex->pos++] == '(') {
            lex->in_string = false;
            return push(lex, '"') ? JQLEX_STRING : bad(lex, "nested too deeply");
        }
    }
    return bad(lex, "a string is not closed");
}

static void skip_blank(struct jqlex *lex)
{
    while (lex->pos < lex->len) {
        char c = lex->text[lex->pos];
        if (c == '#') {
            const char *nl = memchr(lex->text + lex->pos, '\n', lex->len - lex->pos);
            lex->pos = nl ? (size_t)(nl - lex->text) : lex->len;
        } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
            lex->pos++;
        } else {
            return;
        }
    }
}

static void take_name(struct jqlex *lex)
{
    for (;;) {
        while (lex->pos < lex->len && is_name(lex->text[lex->pos]))
            lex->pos++;
        if (lex->pos + 2 < lex->len && lex->text[lex->pos] == ':' && lex->text[lex->pos + 1] == ':' &&
            is_name_start(lex->text[lex->pos + 2]))
            lex->pos += 2;
        else
            return;
    }
}

static enum jqlex_token close_bracket(struct jqlex *lex, char c)
{
    char want = c == ')' ? '(' : c == ']' ? '[' : '{';
    if (lex->depth == 0)
        return bad(lex, "a closing bracket has no opening one");
    char top = lex->open[--lex->depth];
    if (top == '"' && c == ')')
        lex->in_string = true;
    else if (top != want)
        return bad(lex, "a closing bracket does not match the opening one");
    return JQLEX_OTHER;
}

enum jqlex_token jqlex_next(struct jqlex *lex)
{
    if (lex->error)
        return JQLEX_BAD;
    if (lex->in_string) {
        lex->start = lex->pos;
        return string_rest(lex);
    }
    skip_blank(lex);
    lex->start = lex->pos;
    if (lex->pos == lex->len)
        return lex->depth ? bad(lex, "a bracket is not closed") : JQLEX_END;

    const char *p = lex->text + lex->pos;
    size_t left = lex->len - lex->pos;
    switch (*p) {
    case '"':
        lex->pos++;
        lex->in_string = true;
        return string_rest(lex);
    case '(':
    case '[':
    case '{':
        lex->pos++;
        return push(lex, *p) ? JQLEX_OTHER : bad(lex, "nested too deeply");
    case '}':
        if (lex->depth == 0 && left >= 2 && p[1] == '}') {
            lex->pos += 2;
            return JQLEX_CLOSE;
        }
        /* fall through */
    case ')':
    case ']':
        lex->pos++;
        return close_bracket(lex, *p);
    case '.':
    case '$':
        lex->pos++;
        if (left < 2 || !is_name_start(p[1]))
            return JQLEX_OTHER;
        take_name(lex);
        return *p == '.' ? JQLEX_FIELD : JQLEX_VAR;
    default:
        if (is_name_start(*p)) {
            take_name(lex);
            return JQLEX_NAME;
        }
        lex->pos++;
        return JQLEX_OTHER;
    }
}

static bool is_one_of(const char *s, size_t len, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == len && memcmp(s, *words, len) == 0)
            return true;
    return false;
}

enum rs_err jqlex_check(const char *program, size_t len, struct fault *fault)
{
    static const char *const names[] = {"import", "include", "modulemeta", "get_search_list", NULL};
    static const char *const vars[] = {"ENV", "__loc__", "__prog_args", NULL}, *const secrets[] = {"secrets", NULL};
    struct jqlex lex;
    bool after_dollar = false, after_secrets = false;

    if (memchr(program, 0, len))
        return fault_set(fault, RS_INVALID, "the jq text holds a NUL byte");
    jqlex_init(&lex, program, len);
    for (;;) {
        enum jqlex_token t = jqlex_next(&lex);
        const char *word = lex.text + lex.start;
        size_t n = lex.pos - lex.start;
        if (after_secrets && t != JQLEX_FIELD)
            return fault_set(fault, RS_INVALID, "jq: a secret is taken as `$secrets.NAME`, and `$secrets` is no name for "
                                                "anything else");
        if (t == JQLEX_END)
            return RS_OK;
        if (t == JQLEX_BAD)
            return fault_set(fault, RS_INVALID, "jq: %s", lex.error);
        if (t == JQLEX_CLOSE)
            return fault_set(fault, RS_INVALID, "jq: a closing bracket has no opening one");
        /* jq lets white space stand between $ and the name. */
        if (t == JQLEX_VAR)
            word++, n--;
        if ((t == JQLEX_VAR || (t == JQLEX_NAME && after_dollar)) && is_one_of(word, n, vars))
            return fault_set(fault, RS_INVALID, "jq: $%.*s is not available in workflows", (int)n, word);
        if (t == JQLEX_NAME && !after_dollar && is_one_of(word, n, names))
            return fault_set(fault, RS_INVALID, "jq: `%.*s` is not available in workflows", (int)n, word);
        after_secrets = (t == JQLEX_VAR || (t == JQLEX_NAME && after_dollar)) && is_one_of(word, n, secrets);
        after_dollar = t == JQLEX_OTHER && *word == '$';
    }
}

const char *jqlex_secret(struct jqlex *lex, size_t *ret_len)
{
    bool after_secrets = false, after_dollar = false;

    for (;;) {
        enum jqlex_token t = jqlex_next(lex);
        const char *word = lex->text + lex->start;
        size_t n = lex->pos - lex->start;
        if (t == JQLEX_END || t == JQLEX_BAD || t == JQLEX_CLOSE)
            return NULL;
        if (t == JQLEX_FIELD && after_secrets) {
            *ret_len = n - 1;
            return word + 1;
        }
        after_secrets = (t == JQLEX_VAR && n == 8 && memcmp(word, "$secrets", 8) == 0) ||
                        (t == JQLEX_NAME && after_dollar && n == 7 && memcmp(word, "secrets", 7) == 0);
        after_dollar = t == JQLEX_OTHER && *word == '$';
    }
}

/* Line n, from 1, without white space around it; n 0: the first that is not empty. */
static const char *line_of(const char *text, size_t len, long n, size_t *ret_len)
{
    const char *end = text + len, *stop;

    for (long at = 1; text < end; at++, text = stop + 1) {
        stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        const char *from = text, *to = stop;
        while (from < to && strchr(" \t\r", *from))
            from++;
        while (to > from && strchr(" \t\r", to[-1]))
            to--;
        if (n == at || (n == 0 && to > from)) {
            *ret_len = (size_t)(to - from);
            return from;
        }
    }
    *ret_len = 0;
    return end;
}

enum rs_err jqlex_blame(struct fault *fault, const char *program, size_t len)
{
    const char *named = strstr(fault->message, "(line ");
    size_t used = strlen(fault->message), n;
    const char *line = line_of(program, len, named ? strtol(named + 6, NULL, 10) : 0, &n);
    bool cut = n > JQLEX_BLAME_MAX;

    if (n > 0)
        snprintf(fault->message + used, sizeof fault->message - used, ", in `%.*s%s`", cut ? JQLEX_BLAME_MAX : (int)n,
                 line, cut ? "..." : "");
    utf8_repair(fault->message); /* it may have been cut anywhere */
    return fault->code;
}
