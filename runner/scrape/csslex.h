/* csslex - the tokens of a CSS selector (CSS Syntax Level 3, section 4). Pure, any thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_CSSLEX_H
#define RUNSPOOL_RUNNER_SCRAPE_CSSLEX_H

#include <stdbool.h>
#include <stddef.h>

#define CSSLEX_TEXT_MAX 512 /* bytes of one name or string */

enum csslex_token {
    CSSLEX_END,
    CSSLEX_BAD,          /* error says why */
    CSSLEX_SPACE,        /* white space and comments */
    CSSLEX_IDENT,        /* text */
    CSSLEX_STRING,       /* text, without its quotes */
    CSSLEX_STAR,
    CSSLEX_HASH,         /* #text */
    CSSLEX_CLASS,        /* .text */
    CSSLEX_PSEUDO,       /* :text */
    CSSLEX_FUNCTION,     /* :text( */
    CSSLEX_ELEMENT,      /* ::text */
    CSSLEX_ELEMENT_FN,   /* ::text( */
    CSSLEX_OPEN_SQUARE,
    CSSLEX_CLOSE_SQUARE,
    CSSLEX_CLOSE,        /* ) */
    CSSLEX_COMMA,
    CSSLEX_COMBINATOR,   /* op: > + ~ */
    CSSLEX_MATCH,        /* op: '=' or the first of ~= |= ^= $= *= != */
};
struct csslex {
    const char *css;
    size_t len, pos;
    enum csslex_token token; /* the current one */
    size_t start;            /* where it begins */
    char op;
    char text[CSSLEX_TEXT_MAX + 1]; /* escapes resolved; NUL-terminated, valid UTF-8 as far as the selector is */
    const char *error;
};
void csslex_init(struct csslex *lex, const char *css, size_t len);
void csslex_next(struct csslex *lex);
/* csslex_space - pass over white space, if the token is some. */
void csslex_space(struct csslex *lex);
/* csslex_nth - read "an+b", "odd" or "even" up to the closing bracket, which is then the token. The lexer stands behind
 * the opening one. a and b are within +-10000. false: it is something else. */
bool csslex_nth(struct csslex *lex, int *ret_a, int *ret_b);

#endif
