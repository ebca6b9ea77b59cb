/* line - the codec of spool lines (one JSON object per line, Unix socket DIR/spool.sock). Pure functions, any thread.
 *   {"stream":"run:r_1","type":"log","data":{...}}             an event
 *   {"n":7,...,"oid":812,"time":1763737445123}                 numbered; state events carry their outbox id
 *   {"hello":1,"producer":"NAME","ack":true}                   asks for acknowledgements
 * Answers: {"hello":1,"lastSeq":N}  {"ack":N}  {"error":"...","n":N} */
#ifndef RUNSPOOL_EVENT_LINE_H
#define RUNSPOOL_EVENT_LINE_H

#include "base/buf.h"
#include "base/id.h"
#include "event/event.h"
#include "event/stream.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_ANSWER_MAX 4096 /* bytes of an answer */

enum line_kind { LINE_EVENT, LINE_HELLO };
struct line {
    enum line_kind kind;
    int64_t n;        /* 0: not numbered */
    int64_t oid;      /* 0: none */
    int64_t time_ms;  /* 0: the receiver's clock */
    char stream[STREAM_MAX];
    char type[EVENT_TYPE_MAX + 1];
    const char *data; /* borrowed from the text given: the object as it came, checked to be JSON */
    size_t data_len;
    char producer[ID_MAX + 1]; /* LINE_HELLO */
    bool ack;                  /* LINE_HELLO */
};
/* line_parse - decode and check one line (without its newline). Every byte is validated: what passes is safe to store.
 * Returns: RS_OK; RS_INVALID (bad JSON or UTF-8, unknown member types, bad stream or type, data not an object;
 * n is set in *ret when it could be read), RS_LIMIT (over EVENT_LINE_MAX or deeper than JSON_DEPTH_MAX). Does not
 * allocate per event where it can be avoided. */
enum rs_err line_parse(const char *text, size_t len, struct line *ret, struct fault *fault) RS_MUST_CHECK;
/* line_put_event - append one event line with its newline (newlines between tokens of data become spaces). n, oid, time_ms: 0 leaves the member out. */
enum rs_err line_put_event(struct buf *out, int64_t n, int64_t oid, int64_t time_ms, const char *stream,
                           const char *type, const char *data, size_t data_len);
enum rs_err line_put_hello(struct buf *out, const char *producer);
/* An answer of the bridge. */
struct line_answer {
    int64_t ack;        /* everything up to this number is handled (from "ack" or "lastSeq"), else -1 */
    bool hello;         /* the answer to a hello */
    int64_t refused;    /* the number of a line that was refused, 0: not said */
    char error[256];    /* why, cut to fit; "" for none */
};
/* line_parse_answer - decode one answer, without its newline. Returns: RS_OK, RS_INVALID, RS_NOMEM. */
enum rs_err line_parse_answer(const char *text, size_t len, struct line_answer *ret) RS_MUST_CHECK;

#endif
