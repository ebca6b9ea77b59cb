/* fuzz_line - spool lines of any bytes. What is accepted must be what json_parse accepts too, and must come back the
 * same when written as a line and read again. */
#include "base/json.h"
#include "event/line.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_event(const struct line *line)
{
    struct json_object *data = NULL;
    struct line again;
    struct buf out;

    check(json_parse(line->data, line->data_len, EVENT_DATA_MAX, &data, NULL) == RS_OK);
    check(json_object_is_type(data, json_type_object));
    json_object_put(data);
    buf_init(&out, EVENT_LINE_MAX + 4096);
    check(line_put_event(&out, line->n, line->oid, line->time_ms, line->stream, line->type, line->data,
                         line->data_len) == RS_OK);
    check(memchr(out.data, '\n', out.len) == out.data + out.len - 1);
    if (out.len - 1 <= EVENT_LINE_MAX) {
        check(line_parse(out.data, out.len - 1, &again, NULL) == RS_OK);
        check(again.n == line->n && again.oid == line->oid && again.time_ms == line->time_ms);
        check(strcmp(again.stream, line->stream) == 0 && strcmp(again.type, line->type) == 0);
        check(again.data_len == line->data_len);
    }
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct line_answer answer;
    struct line line;

    if (line_parse((const char *)bytes, len, &line, NULL) == RS_OK) {
        if (line.kind == LINE_EVENT)
            check_event(&line);
        else
            check(id_valid(line.producer));
    }
    if (line_parse_answer((const char *)bytes, len, &answer) == RS_OK)
        check(memchr(answer.error, '\0', sizeof answer.error) != NULL);
    return 0;
}
