#include "runner/scrape/css.h"
#include "runner/scrape/csslex.h"
#include "runner/scrape/csspath.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct parser {
    struct csslex lex;
    struct buf *out;
    struct fault *fault;
    int depth;
};

static enum rs_err parse_relative_list(struct parser *p);
static enum rs_err parse_condition_list(struct parser *p);

static enum rs_err unexpected(struct parser *p, const char *wanted)
{
    if (p->lex.error)
        return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: %s", p->lex.start, p->lex.error);
    return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: %s is missing", p->lex.start, wanted);
}

/* --- pseudo-classes --- */

static enum rs_err need_type(struct parser *p, const char *type)
{
    if (*type)
        return RS_OK;
    return fault_set(p->fault, RS_INVALID, "the selector is wrong at byte %zu: -of-type needs a type before it",
                     p->lex.start);
}

/* What stands in the brackets of :nth-...(); the lexer is behind the opening one. */
static enum rs_err put_nth_of(struct parser *p, bool last, const char *type)
{
    char siblings[CSSLEX_TEXT_MAX + 32];
    int a, b;

    if (!csslex_nth(&p->lex, &a, &b))
        return unexpected(p, "an+b, odd or even");
    snprintf(siblings, sizeof siblings, "%s-sibling::%s", last ? "following" : "preceding", type);
    xpath_put_nth(p->out, siblings, a, b);
    return RS_OK;
}

static enum rs_err put_contains(struct parser *p)
{
    csslex_next(&p->lex);
    if (p->lex.token != CSSLEX_STRING && p->lex.token != CSSLEX_IDENT)
        return unexpected(p, "the text of :contains");
    buf_puts(p->out, "contains(.,");
    xpath_put_literal(p->out, p->lex.text);
    buf_putc(p->out, ')');
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    return p->lex.token == CSSLEX_CLOSE ? RS_OK : unexpected(p, "a closing bracket");
}

/* The part of a functional pseudo-class behind its "("; ends at its ")". */
static enum rs_err parse_function(struct parser *p, const char *name, const char *type)
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
        return unexpected(p, "a closing bracket");
    return err;
}

static enum rs_err put_plain_pseudo(struct parser *p, const char *name, const char *type)
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

static enum rs_err parse_attribute(struct parser *p)
{
    char name[CSSLEX_TEXT_MAX + 1], value[CSSLEX_TEXT_MAX + 1], op;

    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token != CSSLEX_IDENT)
        return unexpected(p, "the name of an attribute");
    snprintf(name, sizeof name, "%s", p->lex.text);
    css_lower(name);
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token == CSSLEX_CLOSE_SQUARE) {
        xpath_put_attribute(p->out, name);
        return RS_OK;
    }
    if (p->lex.token != CSSLEX_MATCH)
        return unexpected(p, "an operator such as = or ]");
    op = p->lex.op;
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    if (p->lex.token != CSSLEX_IDENT && p->lex.token != CSSLEX_STRING)
        return unexpected(p, "the value of an attribute");
    snprintf(value, sizeof value, "%s", p->lex.text);
    csslex_next(&p->lex);
    csslex_space(&p->lex);
    bool flag = p->lex.token == CSSLEX_IDENT && strcasecmp(p->lex.text, "i") == 0;
    if (flag) {
        csslex_next(&p->lex);
        csslex_space(&p->lex);
    }
    xpath_put_match(p->out, op, name, value, flag);
    return p->lex.token == CSSLEX_CLOSE_SQUARE ? RS_OK : unexpected(p, "]");
}

/* One simple selector but a type, as a condition of the context node; the token is its first. Ends behind it. */
static enum rs_err parse_simple(struct parser *p, const char *type)
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
static void take_type(struct parser *p, char type[CSSLEX_TEXT_MAX + 1], bool *ret_any)
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

/* A compound selector as a node test and predicates. element: ::text or ::attr may follow, so that nothing need stand
 * there. */
static enum rs_err parse_step(struct parser *p, bool element)
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
        return unexpected(p, "a selector");
    while (!err && begins_simple(p->lex.token)) {
        buf_putc(p->out, '[');
        err = parse_simple(p, type);
        buf_putc(p->out, ']');
    }
    return err;
}

/* Compound selectors, by comma, as one condition of the context node; ends at the token behind. */
static enum rs_err parse_condition_list(struct parser *p)
{
    char type[CSSLEX_TEXT_MAX + 1];
    enum rs_err err = RS_OK;

    for (bool first = true; !err; first = false) {
        bool any;
        csslex_space(&p->lex);
        buf_puts(p->out, first ? "(" : " or (");
        take_type(p, type, &any);
        if (!any && !begins_simple(p->lex.token))
            return unexpected(p, "a selector without combinators");
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

/* ::text or ::attr(name) at the end. */
static enum rs_err parse_element(struct parser *p)
{
    if (p->lex.token == CSSLEX_ELEMENT && strcasecmp(p->lex.text, "text") == 0) {
        buf_puts(p->out, "/text()");
    } else if (p->lex.token == CSSLEX_ELEMENT_FN && strcasecmp(p->lex.text, "attr") == 0) {
        csslex_next(&p->lex);
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_IDENT)
            return unexpected(p, "the name of an attribute");
        css_lower(p->lex.text);
        buf_putc(p->out, '/');
        xpath_put_attribute(p->out, p->lex.text);
        csslex_next(&p->lex);
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_CLOSE)
            return unexpected(p, "a closing bracket");
    } else {
        return fault_set(p->fault, RS_INVALID,
                         "the selector is wrong at byte %zu: only ::text and ::attr(name) are known", p->lex.start);
    }
    csslex_next(&p->lex);
    return RS_OK;
}

/* What :has() takes: compound selectors by comma, each after a combinator or not. */
static enum rs_err parse_relative_list(struct parser *p)
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
        if ((err = parse_step(p, false)))
            return err;
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_COMMA)
            return RS_OK;
        csslex_next(&p->lex);
    }
}

/* Compound selectors with combinators, as a node test with predicates: what stands to the left becomes a condition of
 * what stands to the right, looked for in the reverse direction. So libxml2 walks the page once, and stops at the first
 * ancestor or sibling that fits, instead of merging sets of nodes in quadratic time. suffix: gets what ::text and
 * ::attr() become. */
static enum rs_err parse_complex(struct parser *p, struct buf *suffix)
{
    struct buf *to = p->out, left, step;
    const char *axis = NULL; /* from the next compound to the one before */
    enum rs_err err = RS_OK;

    buf_init(&left, CSS_XPATH_MAX);
    csslex_space(&p->lex);
    while (!err) {
        buf_init(&step, CSS_XPATH_MAX);
        p->out = &step;
        err = parse_step(p, true);
        if (axis)
            buf_printf(&step, "[%s%s]", axis, left.data ? left.data : "");
        buf_release(&left);
        left = step;
        bool space = p->lex.token == CSSLEX_SPACE;
        csslex_space(&p->lex);
        enum csslex_token token = p->lex.token;
        if (err || token == CSSLEX_END || token == CSSLEX_COMMA)
            break;
        if (token == CSSLEX_COMBINATOR) {
            axis = p->lex.op == '>'   ? "parent::"
                   : p->lex.op == '+' ? "preceding-sibling::*[1]/self::"
                                      : "preceding-sibling::";
            csslex_next(&p->lex);
            csslex_space(&p->lex);
        } else if (!space && (token == CSSLEX_ELEMENT || token == CSSLEX_ELEMENT_FN)) {
            p->out = suffix;
            err = parse_element(p);
            csslex_space(&p->lex);
            if (!err && p->lex.token != CSSLEX_END && p->lex.token != CSSLEX_COMMA)
                err = unexpected(p, "the end of the selector");
            break;
        } else if (space) {
            axis = "ancestor::";
        } else {
            err = unexpected(p, "the end of the selector");
        }
    }
    if (!err && (left.err || suffix->err))
        err = fault_set(p->fault, RS_LIMIT, "the selector is too long as XPath");
    if (!err)
        buf_append(to, left.data, left.len);
    p->out = to;
    buf_release(&left);
    return err;
}

struct alternative {
    struct buf path, suffix;
};

/* One walk for all alternatives that give the same of their elements; else a union. */
static void put_alternatives(struct buf *out, const struct alternative *list, int n)
{
    bool same = true;

    for (int i = 1; i < n; i++)
        same &=
            strcmp(list[i].suffix.data ? list[i].suffix.data : "", list[0].suffix.data ? list[0].suffix.data : "") == 0;
    for (int i = 0; i < n; i++) {
        if (same && n > 1)
            buf_puts(out, i ? " or self::" : "descendant-or-self::*[self::");
        else
            buf_puts(out, i ? "|descendant-or-self::" : "descendant-or-self::");
        buf_puts(out, list[i].path.data);
        if (same && n > 1 && i == n - 1)
            buf_putc(out, ']');
        if (list[i].suffix.data && (!same || i == n - 1))
            buf_puts(out, list[i].suffix.data);
    }
}

enum rs_err css_to_xpath(const char *css, struct buf *out, struct fault *fault)
{
    struct parser p = {.fault = fault};
    struct alternative list[CSS_LIST_MAX];
    size_t len = strnlen(css, CSS_TEXT_MAX + 1);
    enum rs_err err = RS_OK;
    int n = 0;

    if (len > CSS_TEXT_MAX)
        return fault_set(fault, RS_LIMIT, "a selector may have %d bytes", CSS_TEXT_MAX);
    csslex_init(&p.lex, css, len);
    csslex_next(&p.lex);
    while (!err) {
        if (n == CSS_LIST_MAX) {
            err = fault_set(fault, RS_LIMIT, "a selector may have %d alternatives", CSS_LIST_MAX);
            break;
        }
        buf_init(&list[n].path, CSS_XPATH_MAX);
        buf_init(&list[n].suffix, CSS_XPATH_MAX);
        p.out = &list[n].path;
        err = parse_complex(&p, &list[n++].suffix);
        if (p.lex.token != CSSLEX_COMMA)
            break;
        csslex_next(&p.lex);
    }
    if (!err && p.lex.token != CSSLEX_END)
        err = unexpected(&p, "the end of the selector");
    if (!err)
        put_alternatives(out, list, n);
    if (!err && out->err)
        err = fault_set(fault, out->err, "the selector is too long as XPath");
    for (int i = 0; i < n; i++) {
        buf_release(&list[i].path);
        buf_release(&list[i].suffix);
    }
    return err;
}
