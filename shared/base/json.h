/* json - bounds and shortcuts over json-c. No global state: any thread, one object per thread. */
#ifndef RUNSPOOL_BASE_JSON_H
#define RUNSPOOL_BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64             /* nesting; deeper is RS_INVALID */
#define JSON_BODY_MAX (1024 * 1024)   /* bytes of a request body or a definition */

/* json_parse - parse exactly one JSON value (RFC 8259, UTF-8 checked, nothing after it but white space).
 * max: bytes; longer is RS_LIMIT. *ret: owned by the caller (json_object_put); NULL for JSON `null`.
 * Returns: RS_OK; RS_INVALID (bad JSON, too deep, NUL or bad UTF-8; message says where), RS_LIMIT, RS_NOMEM. */
enum rs_err json_parse(const char *text, size_t len, size_t max, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;

/* Getters: `object` may be NULL or of another type; then, and when the member is missing, null or of another
 * type, they return the fallback; so does a string that holds a NUL. Strings and objects are borrowed from object. */
const char *json_get_string(struct json_object *object, const char *key, const char *fallback);
int64_t json_get_int(struct json_object *object, const char *key, int64_t fallback);
bool json_get_bool(struct json_object *object, const char *key, bool fallback);
struct json_object *json_get(struct json_object *object, const char *key); /* NULL: missing or null */
struct json_object *json_get_array(struct json_object *object, const char *key);  /* NULL unless an array */

/* Setters: take ownership of nothing but `value`; value NULL stores JSON null; text NULL stores nothing. */
void json_set(struct json_object *object, const char *key, struct json_object *value);
void json_set_string(struct json_object *object, const char *key, const char *text);
void json_set_int(struct json_object *object, const char *key, int64_t n);
void json_set_bool(struct json_object *object, const char *key, bool b);
/* json_set_time - wall_ms as RFC 3339; wall_ms 0 stores nothing. */
void json_set_time(struct json_object *object, const char *key, int64_t wall_ms);

/* json_merge - a merge patch (RFC 7396, section 2): each member of patch replaces the one of target, objects are merged, null
 * takes a member away. Both are objects; target is changed in place and shares values with patch from then on. */
void json_merge(struct json_object *target, struct json_object *patch);

/* json_text - compact text, borrowed from the object until its next change or put ("null" for NULL).
 * Slashes are not escaped. *ret_len may be NULL. */
const char *json_text(struct json_object *value, size_t *ret_len);

#endif
