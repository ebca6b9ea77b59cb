#include "runner/scrape/csssimple.h"
#include "runner/scrape/css.h"
#include "runner/scrape/csspath.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static enum rs_err parse_relative_list(struct css_parser *p);
static enum rs_err parse_condition_list(struct css_parser *p);

enum rs_err css_unexpected(struct css_parser *p, const char *wanted)
{
    if (p->lex.error)
        return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: %s", p->lex.start, p->lex.error);
    return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: %s is missing", p->lex.start, wanted);
}

/* --- pseudo-classes --- */

static enum rs_err need_type(struct css_parser *p, const char *type)
{
    if (*type)
        return RS_OK;
    return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: -of-type needs a type before it",
                     p->lex.start);
}

/* What stands in the brackets of :nth-...(); the lexer is behind the opening one. */
static enum rs_err put_nth_of(struct css_parser *p, bool last, const char *type)
{
    char siblings[CSSLEX_TEXT_MAX + 32];
    int a, b;

    if (!csslex_nth(&p->lex, &a, &b))
        return css_unexpected(p, "an+b, odd or even");
    snprintf(siblings, sizeof siblings, "%s-sibling::%s", last ? "following" : "preceding", type);
    xpath_put_nth(p->out, siblings, a, b);
    return RS_OK;
}

static enum rs_err put_contains(struct css_parser *p)
{
    csslex_next(&p->lex);
    if (p->lex.token != CSSLEX_STRING && p->lex.token != CSSLEX_IDENT)
        return css_unexpected(p, "the text of :contains");
    buf_puts(p->out, "contains(.,");
    xpath_put_literal(p->out, p->lex.text);
    buf_putc(p->out, ')');
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    return p->lex.token == CSSLEX_CLOSE ? RS_OK : css_unexpected(p, "a closing bracket");
}

/* The part of a functional pseudo-class behind its "("; ends at its ")". */
static enum rs_err parse_function(struct css_parser *p, const char *name, const char *type)
{
    enum rs_err err;

    if (++p->depth > CSS_DEPTH_MAX)
        return fault_set(p->fault, RS_LIMIT, "the selector is nested more than %d deep", CSS_DEPTH_MAX);
    if (strcmp(name, "not") == 0 || strcmp(name, "is") == 0 || strcmp(name, "where") == 0) {
        buf_puts(p->out, *name == 'n' ? "not(" : "(");
        csslex_next(&p->lex);
        err = parse_condition_list(p);
        buf_putc(p->out, ')');
    } else if (strcmp(name, "has") == 0) {
        buf_puts(p->out, "(");
        csslex_next(&p->lex);
        err = parse_relative_list(p);
        buf_putc(p->out, ')');
    } else if (strcmp(name, "contains") == 0) {
        err = put_contains(p);
    } else if (strcmp(name, "nth-child") == 0 || strcmp(name, "nth-last-child") == 0) {
        err = put_nth_of(p, name[4] == 'l', "*");
    } else if (strcmp(name, "nth-of-type") == 0 || strcmp(name, "nth-last-of-type") == 0) {
        err = need_type(p, type);
        if (!err)
            err = put_nth_of(p, name[4] == 'l', type);
    } else {
        return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: :%.40s() is not known", p->lex.start,
                         name);
    }
    p->depth--;
    if (!err && p->lex.token != CSSLEX_CLOSE)
        return css_unexpected(p, "a closing bracket");
    return err;
}

static enum rs_err put_plain_pseudo(struct css_parser *p, const char *name, const char *type)
{
    static const struct {
        const char *name, *xpath;
    } plain[] = {
        {"first-child", "not(preceding-sibling::*[1])"},
        {"last-child", "not(following-sibling::*[1])"},
        {"only-child", "not(preceding-sibling::*[1] or following-sibling::*[1])"},
        {"empty", "not(*[1] or text()[1])"},
        {"root", "not(parent::*)"},
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(name, plain[i].name) == 0)
            return buf_puts(p->out, plain[i].xpath);
    bool first = strcmp(name, "first-of-type") == 0, last = strcmp(name, "last-of-type") == 0;
    if (first || last || strcmp(name, "only-of-type") == 0) {
        enum rs_err err = need_type(p, type);
        if (err)
            return err;
        if (first || last)
            return buf_printf(p->out, "not(%s-sibling::%s[1])", first ? "preceding" : "following", type);
        return buf_printf(p->out, "not(preceding-sibling::%s[1] or following-sibling::%s[1])", type, type);
    }
    return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: :%.40s is not known", p->lex.start,
                     name);
}

/* --- compound selectors --- */

static enum rs_err parse_attribute(struct css_parser *p)
{
    char name[CSSLEX_TEXT_MAX + 1], value[CSSLEX_TEXT_MAX + 1], op;

    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token != CSSLEX_IDENT)
        return css_unexpected(p, "the name of an attribute");
    snprintf(name, sizeof name, "%s", p->lex.text);
    css_lower(name);
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token == CSSLEX_CLOSE_SQUARE) {
        xpath_put_attribute(p->out, name);
        return RS_OK;
    }
    if (p->lex.token != CSSLEX_MATCH)
        return css_unexpected(p, "an operator such as = or ]");
    op = p->lex.op;
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token != CSSLEX_IDENT && p->lex.token != CSSLEX_STRING)
        return css_unexpected(p, "the value of an attribute");
    snprintf(value, sizeof value, "%s", p->lex.text);
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    bool flag = p->lex.token == CSSLEX_IDENT && strcasecmp(p->lex.text, "i") == 0;
    if (flag) {
        csslex_next(&p->lex);
        csslex_space(&p->lex);
    }
    xpath_put_match(p->out, op, name, value, flag);
    return p->lex.token == CSSLEX_CLOSE_SQUARE ? RS_OK : css_unexpected(p, "]");
}

/* One simple selector but a type, as a condition of the context node; the token is its first. Ends behind it. */
static enum rs_err parse_simple(struct css_parser *p, const char *type)
{
    char name[CSSLEX_TEXT_MAX + 1];
    enum rs_err err = RS_OK;

    switch (p->lex.token) {
    case CSSLEX_CLASS:
        xpath_put_words(p->out, "class", p->lex.text, false);
        break;
    case CSSLEX_HASH:
        xpath_put_match(p->out, '=', "id", p->lex.text, false);
        break;
    case CSSLEX_OPEN_SQUARE:
        err = parse_attribute(p);
        break;
    case CSSLEX_FUNCTION:
        snprintf(name, sizeof name, "%s", p->lex.text);
        css_lower(name);
        err = parse_function(p, name, type);
        break;
    default:
        snprintf(name, sizeof name, "%s", p->lex.text);
        css_lower(name);
        err = put_plain_pseudo(p, name, type);
    }
    if (!err)
        csslex_next(&p->lex);
    return err;
}

static bool begins_simple(enum csslex_token token)
{
    return token == CSSLEX_CLASS || token == CSSLEX_HASH || token == CSSLEX_OPEN_SQUARE || token == CSSLEX_FUNCTION ||
           token == CSSLEX_PSEUDO;
}

/* A type selector or *, if there is one; *ret_any: something stood there. type: "" for none and *. */
static void take_type(struct css_parser *p, char type[CSSLEX_TEXT_MAX + 1], bool *ret_any)
{
    *type = '\0';
    *ret_any = p->lex.token == CSSLEX_IDENT || p->lex.token == CSSLEX_STAR;
    if (p->lex.token == CSSLEX_IDENT) {
        snprintf(type, CSSLEX_TEXT_MAX + 1, "%s", p->lex.text);
        css_lower(type);
    }
    if (*ret_any)
        csslex_next(&p->lex);
}

enum rs_err css_parse_step(struct css_parser *p, bool element)
{
    char type[CSSLEX_TEXT_MAX + 1];
    bool any;
    enum rs_err err = RS_OK;

    take_type(p, type, &any);
    if (*type && !xpath_is_name(type)) {
        buf_puts(p->out, "*[name()=");
        xpath_put_literal(p->out, type);
        buf_putc(p->out, ']');
        *type = '\0';
    } else {
        buf_puts(p->out, *type ? type : "*");
    }
    element &= p->lex.token == CSSLEX_ELEMENT || p->lex.token == CSSLEX_ELEMENT_FN;
    if (!any && !element && !begins_simple(p->lex.token))
        return css_unexpected(p, "a selector");
    while (!err && begins_simple(p->lex.token)) {
        buf_putc(p->out, '[');
        err = parse_simple(p, type);
        buf_putc(p->out, ']');
    }
    return err;
}

/* Compound selectors, by comma, as one condition of the context node; ends at the token behind. */
static enum rs_err parse_condition_list(struct css_parser *p)
{
    char type[CSSLEX_TEXT_MAX + 1];
    enum rs_err err = RS_OK;

    for (bool first = true; !err; first = false) {
        bool any;
        csslex_space(&p->lex);
        buf_puts(p->out, first ? "(" : " or (");
        take_type(p, type, &any);
        if (!any && !begins_simple(p->lex.token))
            return css_unexpected(p, "a selector without combinators");
        if (*type && xpath_is_name(type)) {
            buf_printf(p->out, "self::%s", type);
        } else if (*type) {
            buf_puts(p->out, "name()=");
            xpath_put_literal(p->out, type);
            *type = '\0';
        } else if (any) {
            buf_puts(p->out, "true()");
        }
        for (bool more = any; !err && begins_simple(p->lex.token); more = true) {
            buf_puts(p->out, more ? " and (" : "(");
            err = parse_simple(p, type);
            buf_putc(p->out, ')');
        }
        buf_putc(p->out, ')');
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_COMMA)
            break;
        csslex_next(&p->lex);
    }
    return err;
}

/* What :has() takes: compound selectors by comma, each after a combinator or not. */
static enum rs_err parse_relative_list(struct css_parser *p)
{
    enum rs_err err;

    for (bool first = true;; first = false) {
        const char *axis = "descendant::";
        csslex_space(&p->lex);
        if (p->lex.token == CSSLEX_COMBINATOR) {
            axis = p->lex.op == '>'   ? "child::"
                   : p->lex.op == '+' ? "following-sibling::*[1]/self::"
                                      : "following-sibling::";
            csslex_next(&p->lex);
            csslex_space(&p->lex);
        }
        buf_puts(p->out, first ? "" : " or ");
        buf_puts(p->out, axis);
        if ((err = css_parse_step(p, false)))
            return err;
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_COMMA)
            return RS_OK;
        csslex_next(&p->lex);
    }
}
