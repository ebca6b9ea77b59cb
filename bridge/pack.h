/* pack - JSON as MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) and back. Objects become maps with
 * their members in order, text becomes str; integers of up to 64 bits are integers of the shortest form, all other numbers
 * float 64. Pure functions, any thread. */
#ifndef RUNSPOOL_BRIDGE_PACK_H
#define RUNSPOOL_BRIDGE_PACK_H

#include "base/buf.h"
#include "base/json.h"

#define PACK_DEPTH_MAX (2 * JSON_DEPTH_MAX) /* nesting of what is packed: messages hold data that may be nested as deep as any */

/* pack_json - append one JSON value. RS_INVALID (no JSON), RS_LIMIT, RS_NOMEM; then out is of no use any more. */
enum rs_err pack_json(struct buf *out, const char *json, size_t len) RS_MUST_CHECK;
/* pack_read - exactly one value, of untrusted bytes: what JSON cannot say (binary, extensions, keys that are no text, NaN),
 * bad UTF-8, a NUL in text, or nesting over JSON_DEPTH_MAX is RS_INVALID. *ret: owned by the caller; NULL for nil. */
enum rs_err pack_read(const char *bytes, size_t len, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;

#endif
