/* fuzz_tz - time zone files of any bytes. What is accepted answers for every moment, with spans that hold it. */
#include "base/tz.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const int64_t moments[] = {-10000000000, -1, 0, 1, 1790000000, 4000000000, 200000000000};
    struct tz *tz = NULL;

    if (tz_parse(bytes, len, &tz, NULL) != RS_OK)
        return 0;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        struct tz_span span = tz_span_at(tz, moments[i]);
        check(span.start <= moments[i] && moments[i] < span.end);
        (void)tz_to_utc(tz, moments[i], NULL);
    }
    tz_free(tz);
    return 0;
}
