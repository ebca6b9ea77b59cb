/* fuzz_cron - cron expressions of any text. What is accepted is due at whole minutes that rise, and that fit. */
#include "model/cron.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    struct fault fault = {0};
    struct tz *utc = NULL;
    struct cron cron;
    int64_t t = INT64_C(1790000000000), next;

    check(text != NULL && tz_load("UTC", &utc, &fault) == RS_OK);
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (cron_parse(text, &cron, &fault) != RS_OK) {
        check(fault.message[0] != '\0');
    } else {
        check(cron.minutes != 0 && cron.hours != 0 && cron.months != 0 && cron.weekdays != 0);
        for (int i = 0; i < 5; i++, t = next) {
            check(cron_next(&cron, utc, t, &next) == RS_OK); /* what never comes was refused */
            check(next > t && next % 60000 == 0 && cron_fits(&cron, next / 1000));
        }
    }
    tz_free(utc);
    free(text);
    return 0;
}
