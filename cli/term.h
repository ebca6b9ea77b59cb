/* term - what the terminal can do: colours, width, and text measured and cut for it. Main thread. */
#ifndef RUNSPOOL_CLI_TERM_H
#define RUNSPOOL_CLI_TERM_H

#include "base/buf.h"
#include <stdbool.h>
#include <stdint.h>

enum term_color { TERM_PLAIN, TERM_BOLD, TERM_DIM, TERM_RED, TERM_GREEN, TERM_AMBER, TERM_BLUE };

struct term {
    int fd;
    bool live;  /* a terminal that can be redrawn */
    bool color; /* live, and NO_COLOR is not set */
    bool utf8;  /* the locale can show the symbols */
};
/* term_init - look at fd and the environment (TERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG). */
void term_init(struct term *term, int fd);
/* term_size - columns and rows now (80 x 24 when unknown). ret_rows may be NULL. */
int term_columns(const struct term *term, int *ret_rows);
/* term_on, term_off - the escape sequence that starts a colour and the one that ends it, "" without colours. */
const char *term_on(const struct term *term, enum term_color color);
const char *term_off(const struct term *term);

/* term_width - columns that UTF-8 text takes; escape sequences take none. */
int term_width(const char *text);
/* term_put_fit - append text cut to at most `columns` (with an ellipsis when cut) and, when pad, filled up with blanks.
 * Escape sequences are kept when colours are on, else dropped; other control characters become blanks. */
enum rs_err term_put_fit(struct buf *out, const struct term *term, const char *text, int columns, bool pad);

/* term_put_age - how long ago: "now", "12 s", "5 min", "3 h", "2 d". */
enum rs_err term_put_age(struct buf *out, int64_t ms);

/* How a run's or a node's status word looks: a shape as well as a colour. */
struct term_state {
    const char *status, *symbol, *ascii;
    enum term_color color;
};
const struct term_state *term_state(const char *status); /* never NULL */

#endif
