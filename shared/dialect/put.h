/* put - members of messages, appended as JSON text: each begins with the comma after the member before it.
 * Errors stick to the buffer. Pure functions, any thread. */
#ifndef RUNSPOOL_DIALECT_PUT_H
#define RUNSPOOL_DIALECT_PUT_H

#include "base/buf.h"
#include "dialect/dialect.h"
#include <json-c/json.h>

/* put_begin - start the next message of out with {"type":TYPE,"id":ID; the caller appends members and closes it by
 * put_end. Returns the buffer to write to. */
struct buf *put_begin(struct dialect_out *out, const char *type);
enum rs_err put_end(struct dialect_out *out);

void put_text(struct buf *out, const char *name, const char *value); /* NULL: null */
void put_int(struct buf *out, const char *name, int64_t value);
void put_seconds(struct buf *out, const char *name, int64_t ms);              /* a number of seconds, three decimals */
void put_time(struct buf *out, const char *name, int64_t wall_ms);            /* RFC 3339 */
void put_value(struct buf *out, const char *name, struct json_object *value); /* NULL: null */

/* error_text - what a dialect shows of a record's error: its `message` ({code,message,nodeId?}) or the text itself;
 * fallback when there is neither. Borrowed from error. */
const char *error_text(struct json_object *error, const char *fallback);

#endif
