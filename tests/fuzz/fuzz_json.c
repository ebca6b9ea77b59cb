/* JSON from outside: the parser and the scanner, which builds nothing, agree on what an object is; what was parsed is
 * the same when it was written and parsed again. */
#include "base/json.h"
#include "event/jsonscan.h"
#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct json_object *value = NULL, *again = NULL;
    struct fault fault = {0};
    size_t written_len;
    enum rs_err err = json_parse(text, len, JSON_BODY_MAX, &value, &fault);
    if (err) {
        assert(fault.code == err && *fault.message && !value);
        assert(err == RS_LIMIT || jsonscan_object(text, len) != RS_OK);
        return 0;
    }
    assert((jsonscan_object(text, len) == RS_OK) == json_object_is_type(value, json_type_object));
    const char *written = json_text(value, &written_len);
    assert(json_parse(written, written_len, 8 * JSON_BODY_MAX, &again, NULL) == RS_OK);
    assert(json_object_equal(value, again));
    json_object_put(again);
    json_object_put(value);
    return 0;
}
