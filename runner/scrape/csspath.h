/* csspath - the pieces of XPath 1.0 that simple CSS selectors become. Each is a boolean expression of the context node,
 * unless said otherwise. Errors stay in the buffer. Any thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_CSSPATH_H
#define RUNSPOOL_RUNNER_SCRAPE_CSSPATH_H

#include "base/buf.h"
#include <stdbool.h>

/* css_lower - ASCII letters in place. */
void css_lower(char *text);
/* xpath_is_name - may it stand as a node test? */
bool xpath_is_name(const char *name);
/* xpath_put_literal - a string. */
void xpath_put_literal(struct buf *out, const char *text);
/* xpath_put_attribute - the attribute node. */
void xpath_put_attribute(struct buf *out, const char *name);
/* xpath_put_words - is value one of the attribute's words? fold: without regard to the case of ASCII letters. */
void xpath_put_words(struct buf *out, const char *name, const char *value, bool fold);
/* xpath_put_match - [name OP value]; op: '=' or the first character of ~= |= ^= $= *= !=. fold makes value lower case. */
void xpath_put_match(struct buf *out, char op, const char *name, char *value, bool fold);
/* xpath_put_nth - is the place among siblings (an XPath step from the node) an+b for a whole n >= 0? */
void xpath_put_nth(struct buf *out, const char *siblings, int a, int b);

#endif
