/* css - CSS selectors (Selectors Level 4, the part that makes sense for extraction) as XPath 1.0. Pure function, any
 * thread.
 *
 * Understood: type, *, .class, #id, [a], [a=v] [a~=v] [a|=v] [a^=v] [a$=v] [a*=v] [a!=v] (each with the flag i), the
 * combinators descendant, >, +, ~, comma lists, escapes, comments, and :first-child, :last-child, :only-child,
 * :nth-child(an+b), :nth-last-child(), :first-of-type, :last-of-type, :only-of-type, :nth-of-type(),
 * :nth-last-of-type() (with a type), :empty, :root, :not(compound list), :is(), :where(), :has(list of
 * compounds, each after a combinator or not),
 * :contains("text"). At the end of a selector ::text (its own text nodes) or ::attr(name). Type and attribute names are
 * made lower case, as the HTML parser does. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_CSS_H
#define RUNSPOOL_RUNNER_SCRAPE_CSS_H

#include "base/buf.h"

#define CSS_TEXT_MAX 4096   /* bytes of a selector */
#define CSS_XPATH_MAX 65536 /* bytes of what it becomes */
#define CSS_LIST_MAX 50     /* alternatives by comma */
#define CSS_DEPTH_MAX 8     /* :not(:is(...)) nested */

/* css_to_xpath - append the XPath expression that gives what css selects among the context node and its descendants; as
 * with querySelectorAll, what stands to the left of the last combinator may be outside of it.
 * Returns: RS_OK; RS_INVALID (message says at which byte), RS_LIMIT; out is then unspecified. */
enum rs_err css_to_xpath(const char *css, struct buf *out, struct fault *fault) RS_MUST_CHECK;

#endif
