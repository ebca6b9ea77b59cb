/* html - HTML of any origin as a libxml2 tree, with bounds on depth and time; and its text. Any thread, one document a
 * thread; html_init once before there are several. */
#ifndef RUNSPOOL_HTML_HTML_H
#define RUNSPOOL_HTML_HTML_H

#include "base/buf.h"
#include <libxml/HTMLparser.h>
#include <stdatomic.h>
#include <stdbool.h>

#define HTML_DEPTH_MAX 2000     /* elements in each other */
#define HTML_ATTRIBUTES_MAX 500 /* of one tag */
#define HTML_TAGS_MAX 500000     /* of one document, so its tree has at most some 200 MB */
#define HTML_CPU_MS 2000        /* of parsing one document */

/* html_init - prepare libxml2 for use by several threads. */
void html_init(void);
/* html_parse - text: valid UTF-8 without NUL, but for one behind it; what it says of its encoding is not looked at. Nothing is loaded from
 * anywhere, no entity is read from outside. stop (may be NULL): becomes true when the result is no longer wanted.
 * *ret: owned (xmlFreeDoc); never without a root element.
 * Returns: RS_OK, also for HTML that is broken; RS_NOT_FOUND (there is no element in it), RS_LIMIT (too deep, too
 * many tags or attributes, or it takes too long), RS_CLOSED (stopped), RS_NOMEM. */
enum rs_err html_parse(const char *text, size_t len, const atomic_bool *stop, htmlDocPtr *ret, struct fault *fault)
    RS_MUST_CHECK;

/* html_text - what people read below a node, block by block: a heading (level 1 to 6), or a paragraph, list item, cell
 * or the like (level 0); <pre> keeps its line breaks, else white space is one space. Scripts, styles and the head are
 * left out. line: where the block begins in the source, from 1. text: borrowed for the call, not empty, valid UTF-8.
 * A block is cut at HTML_BLOCK_MAX bytes into several. */
#define HTML_BLOCK_MAX 65536
typedef void html_block_fn(void *ctx, int level, long line, const char *text, size_t len);
void html_text(const xmlNode *node, html_block_fn *fn, void *ctx);
/* html_title - append the document's <title>, white space collapsed. Returns out->err. */
enum rs_err html_title(xmlDoc *doc, struct buf *out);
/* html_put_collapsed - append text with each run of white space as one space, none at the ends. */
enum rs_err html_put_collapsed(struct buf *out, const char *text, size_t len);

#endif
