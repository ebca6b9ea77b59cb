/* split - cuts a text into passages of a size that can be shown and quoted: at headings, else between paragraphs, else
 * between lines. Pure but for its memory; any thread. */
#ifndef RUNSPOOL_INDEX_SPLIT_H
#define RUNSPOOL_INDEX_SPLIT_H

#include "base/buf.h"

#define SPLIT_GOOD 1200       /* bytes of a passage: from here on the end of a paragraph ends it */
#define SPLIT_MAX 2400        /* and the end of a line */
#define SPLIT_TITLE_MAX 512   /* bytes of a title */
#define SPLIT_PASSAGES_MAX 20000 /* of one text; the rest is left out */

enum split_kind { SPLIT_TEXT, SPLIT_MARKDOWN, SPLIT_HTML };
/* split_fn - title: the headings above, outermost first ("Guide > Install"), "" without any. line: where the text begins,
 * from 1. Both texts are valid UTF-8, NUL-terminated and borrowed. Not RS_OK: ends the splitting with it. */
typedef enum rs_err split_fn(void *ctx, const char *title, long line, const char *text, size_t len);
/* split_kind_of - by the name's ending. */
enum split_kind split_kind_of(const char *path);
/* split_text - text: valid UTF-8 without NUL. Returns: RS_OK; what fn gave; RS_LIMIT or RS_NOMEM (HTML that cannot be read).
 */
enum rs_err split_text(enum split_kind kind, const char *text, size_t len, split_fn *fn, void *ctx) RS_MUST_CHECK;

#endif
