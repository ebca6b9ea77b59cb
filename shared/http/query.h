/* query - paths and query strings (RFC 3986, HTML form encoding of spaces). Pure functions, any thread. */
#ifndef RUNSPOOL_HTTP_QUERY_H
#define RUNSPOOL_HTTP_QUERY_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define QUERY_PARAMS_MAX 1100 /* a thousand streams and some */
#define QUERY_TEXT_MAX (256 * 1024)

struct query { /* decoded parameters, in order */
    struct { char *name, *value; } *params;
    int n_params;
    char *storage;
};
/* query_parse - decode "a=1&b=%20"; NULL is "". RS_INVALID (bad %, NUL, bad UTF-8), RS_LIMIT. Free: query_release. */
enum rs_err query_parse(const char *text, struct query *ret, struct fault *fault) RS_MUST_CHECK;
void query_release(struct query *q);
/* query_get - the first value of name, or NULL; borrowed. query_next - the value after *index (start with 0). */
const char *query_get(const struct query *q, const char *name);
const char *query_next(const struct query *q, const char *name, int *index);

/* path_decode - percent-decode a path into out. RS_INVALID: bad %, an encoded NUL or '/'; RS_LIMIT: out is too small. */
enum rs_err path_decode(const char *path, char *out, size_t out_size) RS_MUST_CHECK;

#define PATH_PARAMS_MAX 3
struct path_params { struct { char name[32]; char value[130]; } at[PATH_PARAMS_MAX]; int n; };
/* path_match - does a decoded path match a pattern such as "/api/runs/{id}/logs"? A {name} takes one whole segment of
 * any text (id_valid is the caller's check); a value over 129 bytes is cut there, so that id_valid refuses it. */
bool path_match(const char *pattern, const char *path, struct path_params *ret);
const char *path_param(const struct path_params *params, const char *name); /* NULL: no such */

#endif
