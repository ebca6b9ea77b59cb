/* charset - text of the web as UTF-8: which encoding it has (WHATWG Encoding and the HTML standard's sniffing, in
 * short), and the conversion. Pure functions, any thread. */
#ifndef RUNSPOOL_HTML_CHARSET_H
#define RUNSPOOL_HTML_CHARSET_H

#include "base/buf.h"

#define CHARSET_NAME_MAX 40
#define CHARSET_PRESCAN 4096 /* bytes in which a <meta charset> or an XML declaration is looked for */

/* charset_find - the encoding of a body, as iconv calls it: a byte order mark, else the charset of the Content-Type
 * header (NULL: none), else what <meta> or <?xml encoding?> say, else UTF-8 when it is valid, else windows-1252.
 * latin-1 and ASCII are windows-1252, as in every browser. *ret_skip: bytes of the byte order mark. Returns name. */
const char *charset_find(const char *body, size_t len, const char *content_type, char name[CHARSET_NAME_MAX + 1],
                         size_t *ret_skip);
/* charset_to_utf8 - append the body as valid UTF-8 without NUL; what is no character becomes U+FFFD.
 * Returns: RS_OK; out's error (RS_LIMIT, RS_NOMEM). */
enum rs_err charset_to_utf8(const char *body, size_t len, const char *content_type, struct buf *out) RS_MUST_CHECK;

#endif
