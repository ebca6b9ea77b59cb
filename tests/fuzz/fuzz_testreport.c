/* Reports of tests, of any bytes, in each format: what is told of them is JSON, bounded, and counts nothing twice. */
#include "runner/testreport.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    for (int format = TESTREPORT_AUTO; format <= TESTREPORT_PYTEST; format++) {
        struct testreport report;
        struct json_object *again = NULL;
        struct fault fault;
        size_t n;

        testreport_init(&report, (enum testreport_format)format);
        if (testreport_file(&report, (const char *)bytes, len, &fault) == RS_OK)
            testreport_end(&report);
        struct json_object *out = testreport_json(&report);
        const char *text = json_text(out, &n);
        if (json_parse(text, n, 4 * 1024 * 1024, &again, &fault) != RS_OK ||
            json_object_array_length(json_get_array(again, "failures")) > TESTREPORT_FAILURES_MAX ||
            json_get_int(again, "passed", -1) < 0 || json_get_int(again, "failed", -1) < 0 ||
            json_get_int(again, "total", -1) < 0)
            abort();
        json_object_put(again);
        json_object_put(out);
        testreport_release(&report);
    }
    return 0;
}
