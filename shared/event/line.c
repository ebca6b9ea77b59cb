/* line - spool lines. The hot path of the bridge: one pass over the bytes, nothing allocated. */
#include "event/line.h"
#include "base/json.h"
#include "event/jsonscan.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIME_MAX_MS INT64_C(253402300799999) /* the last millisecond of year 9999: what RFC 3339 can say */
#define MEMBER_NAME_MAX 15
#define HELLO_VERSION 1

enum member { M_N, M_OID, M_TIME, M_STREAM, M_TYPE, M_DATA, M_HELLO, M_PRODUCER, M_ACK, N_MEMBERS };
static const char *const member_names[N_MEMBERS] = {"n",    "oid",   "time",     "stream", "type",
                                                    "data", "hello", "producer", "ack"};

/* A member's value as it came. */
struct span {
    const char *at; /* NULL: absent */
    size_t len;
    bool escaped;   /* of a string */
};

static int member_find(const char *raw, size_t len, bool escaped)
{
    char name[MEMBER_NAME_MAX + 1];

    if (!jsonscan_text(raw, len, escaped, name, MEMBER_NAME_MAX))
        return N_MEMBERS;
    for (int m = 0; m < N_MEMBERS; m++) {
        if (strcmp(name, member_names[m]) == 0)
            return m;
    }
    return N_MEMBERS;
}

/* A whole number from 0 to max; absent is 0. */
static bool span_number(const struct span *span, int64_t max, int64_t *ret)
{
    int64_t n = 0;

    for (size_t i = 0; span->at && i < span->len; i++) {
        int digit = span->at[i] - '0';
        if (digit < 0 || digit > 9 || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *ret = n;
    return true;
}

static bool span_text(const struct span *span, char *out, size_t max)
{
    if (!span->at || span->len < 2 || *span->at != '"')
        return false;
    return jsonscan_text(span->at + 1, span->len - 2, span->escaped, out, max);
}

static bool span_is(const struct span *span, const char *word)
{
    return span->at && span->len == strlen(word) && memcmp(span->at, word, span->len) == 0;
}

/* One member into its span. An unknown one is checked and skipped. */
static enum rs_err take_member(struct jsonscan *scan, struct span spans[N_MEMBERS], struct line *ret,
                               struct fault *fault)
{
    const char *name = scan->at;
    struct span value = {NULL, 0, false};
    bool escaped;
    enum rs_err err = jsonscan_string(scan, &escaped);
    int member;

    if (err)
        return err;
    member = member_find(name + 1, (size_t)(scan->at - name) - 2, escaped);
    jsonscan_space(scan);
    if (!jsonscan_take(scan, ':'))
        return RS_INVALID;
    jsonscan_space(scan);
    value.at = scan->at;
    err = scan->at < scan->end && *scan->at == '"' ? jsonscan_string(scan, &value.escaped) : jsonscan_value(scan);
    if (err)
        return err;
    value.len = (size_t)(scan->at - value.at);
    if (member == N_MEMBERS)
        return RS_OK;
    if (spans[member].at)
        return fault_set(fault, RS_INVALID, "member '%s' is there twice", member_names[member]);
    spans[member] = value;
    /* Read at once, so that an error found later in the line can be answered with its number. */
    if (member == M_N && (!span_number(&value, INT64_MAX, &ret->n) || ret->n == 0)) {
        ret->n = 0;
        return fault_set(fault, RS_INVALID, "'n' is not a whole number from 1");
    }
    return RS_OK;
}

static enum rs_err take_object(struct jsonscan *scan, struct span spans[N_MEMBERS], struct line *ret,
                               struct fault *fault)
{
    enum rs_err err;

    jsonscan_space(scan);
    if (!jsonscan_take(scan, '{'))
        return RS_INVALID;
    jsonscan_space(scan);
    if (!jsonscan_take(scan, '}')) {
        do {
            jsonscan_space(scan);
            err = take_member(scan, spans, ret, fault);
            if (err)
                return err;
            jsonscan_space(scan);
        } while (jsonscan_take(scan, ','));
        if (!jsonscan_take(scan, '}'))
            return RS_INVALID;
    }
    jsonscan_space(scan);
    return scan->at == scan->end ? RS_OK : RS_INVALID;
}

static enum rs_err check_hello(const struct span spans[N_MEMBERS], struct line *ret, struct fault *fault)
{
    int64_t version;

    ret->kind = LINE_HELLO;
    if (!span_number(&spans[M_HELLO], INT32_MAX, &version) || version != HELLO_VERSION)
        return fault_set(fault, RS_INVALID, "'hello' is not %d, the version spoken here", HELLO_VERSION);
    if (!span_text(&spans[M_PRODUCER], ret->producer, ID_MAX) || !id_valid(ret->producer))
        return fault_set(fault, RS_INVALID, "'producer' is not an id ([A-Za-z0-9._-]{1,128})");
    ret->ack = span_is(&spans[M_ACK], "true");
    if (spans[M_ACK].at && !ret->ack && !span_is(&spans[M_ACK], "false"))
        return fault_set(fault, RS_INVALID, "'ack' is not true or false");
    return RS_OK;
}

static enum rs_err check_event(const struct span spans[N_MEMBERS], struct line *ret, struct fault *fault)
{
    ret->kind = LINE_EVENT;
    if (!span_text(&spans[M_STREAM], ret->stream, STREAM_MAX - 1))
        return fault_set(fault, RS_INVALID, "'stream' is missing or not a stream's name");
    if (stream_check_home(ret->stream, fault))
        return RS_INVALID;
    if (!span_text(&spans[M_TYPE], ret->type, EVENT_TYPE_MAX) || !event_type_valid(ret->type, strlen(ret->type)))
        return fault_set(fault, RS_INVALID, "'type' is missing or not of the form [a-z]+(.[a-z_]+)?");
    if (!span_number(&spans[M_OID], INT64_MAX, &ret->oid))
        return fault_set(fault, RS_INVALID, "'oid' is not a whole number");
    if (!span_number(&spans[M_TIME], TIME_MAX_MS, &ret->time_ms))
        return fault_set(fault, RS_INVALID, "'time' is not in whole milliseconds since 1970");
    if (!spans[M_DATA].at) {
        ret->data = "{}";
        ret->data_len = 2;
        return RS_OK;
    }
    if (*spans[M_DATA].at != '{')
        return fault_set(fault, RS_INVALID, "'data' is not an object");
    if (spans[M_DATA].len > EVENT_DATA_MAX)
        return fault_set(fault, RS_LIMIT, "'data' has more than %d bytes", EVENT_DATA_MAX);
    ret->data = spans[M_DATA].at;
    ret->data_len = spans[M_DATA].len;
    return RS_OK;
}

enum rs_err line_parse(const char *text, size_t len, struct line *ret, struct fault *fault)
{
    struct span spans[N_MEMBERS] = {{NULL, 0, false}};
    struct jsonscan scan = {text, text + len};
    struct fault found = {RS_OK, ""};
    enum rs_err err;

    ret->kind = LINE_EVENT;
    ret->n = ret->oid = ret->time_ms = 0;
    ret->stream[0] = ret->type[0] = ret->producer[0] = '\0';
    ret->data = NULL;
    ret->data_len = 0;
    ret->ack = false;
    if (len > EVENT_LINE_MAX)
        return fault_set(fault, RS_LIMIT, "line has more than %d bytes", EVENT_LINE_MAX);
    err = take_object(&scan, spans, ret, &found);
    if (!err)
        return spans[M_HELLO].at ? check_hello(spans, ret, fault) : check_event(spans, ret, fault);
    if (found.code)
        return fault_set(fault, found.code, "%s", found.message);
    if (err == RS_LIMIT)
        return fault_set(fault, RS_LIMIT, "JSON is nested deeper than %d", JSON_DEPTH_MAX);
    return fault_set(fault, RS_INVALID, "not one JSON object in UTF-8: wrong at byte %zu", (size_t)(scan.at - text));
}

static void put_number(struct buf *out, const char *name, int64_t n)
{
    if (n > 0)
        buf_printf(out, "\"%s\":%" PRId64 ",", name, n);
}

enum rs_err line_put_event(struct buf *out, int64_t n, int64_t oid, int64_t time_ms, const char *stream,
                           const char *type, const char *data, size_t data_len)
{
    size_t start = out->len, at;

    buf_putc(out, '{');
    put_number(out, "n", n);
    put_number(out, "oid", oid);
    put_number(out, "time", time_ms);
    buf_puts(out, "\"stream\":");
    buf_put_json(out, stream, strlen(stream));
    buf_puts(out, ",\"type\":");
    buf_put_json(out, type, strlen(type));
    buf_puts(out, ",\"data\":");
    at = out->len;
    buf_append(out, data, data_len);
    if (buf_puts(out, "}\n")) {
        /* Half a line would spoil the next one. */
        if (out->data && out->len > start) {
            out->len = start;
            out->data[start] = '\0';
        }
        return out->err;
    }
    for (char *p; (p = memchr(out->data + at, '\n', data_len)); at = (size_t)(p - out->data) + 1) {
        data_len -= (size_t)(p - out->data) + 1 - at;
        *p = ' ';
    }
    return RS_OK;
}

enum rs_err line_put_hello(struct buf *out, const char *producer)
{
    buf_printf(out, "{\"hello\":%d,\"producer\":", HELLO_VERSION);
    buf_put_json(out, producer, strlen(producer));
    return buf_puts(out, ",\"ack\":true}\n");
}

enum rs_err line_parse_answer(const char *text, size_t len, struct line_answer *ret)
{
    struct line_answer answer = {.ack = -1};
    struct json_object *object = NULL;
    const char *error;
    enum rs_err err = json_parse(text, len, LINE_ANSWER_MAX, &object, NULL);

    if (err)
        return err == RS_NOMEM ? err : RS_INVALID;
    answer.hello = json_get_int(object, "hello", 0) == HELLO_VERSION;
    answer.ack = json_get_int(object, answer.hello ? "lastSeq" : "ack", -1);
    error = json_get_string(object, "error", NULL);
    if (error) {
        answer.refused = json_get_int(object, "n", 0);
        snprintf(answer.error, sizeof answer.error, "%s", error);
    }
    json_object_put(object);
    if (answer.ack < 0 && !error)
        return RS_INVALID;
    *ret = answer;
    return RS_OK;
}
