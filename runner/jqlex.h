/* jqlex - jq's lexing rules (jq 1.6, src/lexer.l), as far as they are needed to tell where a program ends and which
 * words it uses: strings with interpolation, comments, brackets, names. Pure functions, any thread, any bytes. */
#ifndef RUNSPOOL_RUNNER_JQLEX_H
#define RUNSPOOL_RUNNER_JQLEX_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define JQLEX_DEPTH_MAX 64  /* nesting of brackets and interpolations */
#define JQLEX_BLAME_MAX 160 /* bytes of a program that a message shows */

enum jqlex_token {
    JQLEX_END,    /* end of the text; every bracket and string is closed */
    JQLEX_BAD,    /* a wrong or missing closing bracket, an open string, too deep: see jqlex_error */
    JQLEX_NAME,   /* identifier or keyword, also namespaced (a::b) */
    JQLEX_FIELD,  /* .name */
    JQLEX_VAR,    /* $name, without white space between */
    JQLEX_STRING, /* a piece of a string's text, quotes included where they are */
    JQLEX_OTHER,  /* one byte of anything else */
    JQLEX_CLOSE,  /* `}}` where no bracket is open: the end of a template */
};

struct jqlex {
    const char *text;
    size_t len, pos;            /* pos: behind the last token */
    size_t start;               /* where the last token began */
    char open[JQLEX_DEPTH_MAX]; /* what is open: ( [ { or " for a string's interpolation */
    int depth;
    bool in_string;
    const char *error; /* after JQLEX_BAD: words, static storage */
};

/* jqlex_init - text is borrowed for as long as lex is used. */
void jqlex_init(struct jqlex *lex, const char *text, size_t len);
/* jqlex_next - the next token; white space and comments are passed over. After JQLEX_END or JQLEX_BAD it stays there.
 */
enum jqlex_token jqlex_next(struct jqlex *lex);

/* jqlex_check - may this program run here? Refuses what would read files or our environment (import, include,
 * modulemeta, $ENV, $__loc__), `$secrets` in any other form than `$secrets.NAME`, and text that does not close what it
 * opens. Returns: RS_OK, or RS_INVALID with the reason. */
enum rs_err jqlex_check(const char *program, size_t len, struct fault *fault) RS_MUST_CHECK;

/* jqlex_secret - the next `$secrets.NAME` of a program that jqlex_check has let pass; lex: begun by jqlex_init. Returns the
 * name, *ret_len letters of it, or NULL: there is no further one. */
const char *jqlex_secret(struct jqlex *lex, size_t *ret_len);

/* jqlex_blame - append to the fault's message which program it is about: ", in `TEXT`", of a long one the part that counts
 * (the line that the message names by "(line N)", else the first that is not empty). Returns: the fault's code. */
enum rs_err jqlex_blame(struct fault *fault, const char *program, size_t len);

#endif
