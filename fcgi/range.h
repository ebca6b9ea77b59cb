/* range - what part of a file is asked for (RFC 9110, sections 13 and 14). Pure functions, any thread. */
#ifndef RUNSPOOL_FCGI_RANGE_H
#define RUNSPOOL_FCGI_RANGE_H

#include <stdbool.h>
#include <sys/stat.h>

#define RANGE_ETAG_MAX 64
#define RANGE_DATE_MAX 40

enum range_answer {
    RANGE_WHOLE,         /* 200: none is asked for, several are, or it cannot be understood */
    RANGE_PART,          /* 206 */
    RANGE_UNSATISFIABLE, /* 416 */
};
/* range_parse - header: Range, may be NULL; first, len: of the part. */
enum range_answer range_parse(const char *header, long long bytes, long long *ret_first, long long *ret_len);
/* range_etag - a strong tag: it changes with the file. range_date - Last-Modified. Both return out. */
const char *range_etag(const struct stat *st, char out[RANGE_ETAG_MAX]);
const char *range_date(const struct stat *st, char out[RANGE_DATE_MAX]);
/* range_has_etag - is it in the list of If-None-Match ("*" counts)? Weak tags match as well there. */
bool range_has_etag(const char *list, const char *etag);

#endif
