/* csssimple - simple and compound selectors as node tests and predicates: the parts between the combinators. Used by
 * css.c. Any thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_CSSSIMPLE_H
#define RUNSPOOL_RUNNER_SCRAPE_CSSSIMPLE_H

#include "base/buf.h"
#include "runner/scrape/csslex.h"

struct css_parser {
    struct csslex lex;
    struct buf *out;
    struct fault *fault;
    int depth; /* of functions in each other */
};
/* css_unexpected - RS_INVALID: at this byte `wanted` is missing, or what the lexer says is wrong. */
enum rs_err css_unexpected(struct css_parser *p, const char *wanted);
/* css_parse_step - append a compound selector as a node test and predicates; the token is its first one, and then the
 * one behind it. element: ::text or ::attr may follow, so that nothing need stand there. */
enum rs_err css_parse_step(struct css_parser *p, bool element) RS_MUST_CHECK;

#endif
