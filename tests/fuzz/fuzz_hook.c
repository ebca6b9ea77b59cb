/* fuzz_hook - headers and bodies of webhooks. The first lines are the headers, the rest is the body; what is proven has an id
 * that can be shown, what is not has a reason. */
#include "model/hook.h"
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1790000000000)
#define SECRET "secret"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

/* The next line, or NULL for an empty one. */
static const char *line(char **at)
{
    char *start = *at, *end = strchr(start, '\n');
    if (end) {
        *end = '\0';
        *at = end + 1;
    } else {
        *at = start + strlen(start);
    }
    return *start ? start : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1), *at = text;
    struct hook_request r;
    struct hook_proof proof;
    struct fault fault = {0};
    const char *reason = NULL;

    check(text != NULL);
    memcpy(text, bytes, len);
    text[len] = '\0';
    r.github_signature = line(&at);
    r.github_event = line(&at);
    r.github_delivery = line(&at);
    r.signature = line(&at);
    r.timestamp = line(&at);
    r.event = line(&at);
    r.delivery = line(&at);
    r.body = at;
    r.len = strlen(at);
    if (hook_verify(SECRET, &r, NOW_MS, &proof, &reason, &fault) == RS_OK) {
        check(proof.delivery[0] != '\0' && strlen(proof.signature) == 64);
        for (const char *p = proof.delivery; *p; p++)
            check(*p >= 0x20 && *p <= 0x7E);
    } else {
        check(reason != NULL && fault.message[0] != '\0');
    }
    free(text);
    return 0;
}
