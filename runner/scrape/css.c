#include "runner/scrape/css.h"
#include "runner/scrape/csspath.h"
#include "runner/scrape/csssimple.h"
#include <string.h>
#include <strings.h>

/* ::text or ::attr(name) at the end. */
static enum rs_err parse_element(struct css_parser *p)
{
    if (p->lex.token == CSSLEX_ELEMENT && strcasecmp(p->lex.text, "text") == 0) {
        buf_puts(p->out, "/text()");
    } else if (p->lex.token == CSSLEX_ELEMENT_FN && strcasecmp(p->lex.text, "attr") == 0) {
        csslex_next(&p->lex);
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_IDENT)
            return css_unexpected(p, "the name of an attribute");
        css_lower(p->lex.text);
        buf_putc(p->out, '/');
        xpath_put_attribute(p->out, p->lex.text);
        csslex_next(&p->lex);
        csslex_space(&p->lex);
        if (p->lex.token != CSSLEX_CLOSE)
            return css_unexpected(p, "a closing bracket");
    } else {
        return fault_set(p->fault, RS_INVALID,
                         "the selector is wrong at byte %zu: only ::text and ::attr(name) are known", p->lex.start);
    }
    csslex_next(&p->lex);
    return RS_OK;
}

/* Compound selectors with combinators, as a node test with predicates: what stands to the left becomes a condition of
 * what stands to the right, looked for in the reverse direction. So libxml2 walks the page once, and stops at the first
 * ancestor or sibling that fits, instead of merging sets of nodes in quadratic time. suffix: gets what ::text and
 * ::attr() become. */
static enum rs_err parse_complex(struct css_parser *p, struct buf *suffix)
{
    struct buf *to = p->out, left, step;
    const char *axis = NULL; /* from the next compound to the one before */
    enum rs_err err = RS_OK;

    buf_init(&left, CSS_XPATH_MAX);
    csslex_space(&p->lex);
    while (!err) {
        buf_init(&step, CSS_XPATH_MAX);
        p->out = &step;
        err = css_parse_step(p, true);
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
                err = css_unexpected(p, "the end of the selector");
            break;
        } else if (space) {
            axis = "ancestor::";
        } else {
            err = css_unexpected(p, "the end of the selector");
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
    struct css_parser p = {.fault = fault};
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
        err = css_unexpected(&p, "the end of the selector");
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
