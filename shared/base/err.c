#include "base/err.h"

#include "base/utf8.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int http;
} errs[RS_N_ERRS] = {
    [RS_OK] = {"ok", 200},
    [RS_INVALID] = {"invalid", 400},
    [RS_UNAUTHENTICATED] = {"unauthenticated", 401},
    [RS_DENIED] = {"denied", 403},
    [RS_NOT_FOUND] = {"not_found", 404},
    [RS_METHOD] = {"method_not_allowed", 405},
    [RS_CONFLICT] = {"conflict", 409},
    [RS_OCCUPIED] = {"busy", 409},
    [RS_PRECONDITION] = {"precondition", 412},
    [RS_LIMIT] = {"limit", 413},
    [RS_MEDIA_TYPE] = {"media_type", 415},
    [RS_UNPROCESSABLE] = {"unprocessable", 422},
    [RS_UPGRADE] = {"upgrade_required", 426},
    [RS_BUSY] = {"busy", 503},
    [RS_TIMEOUT] = {"timeout", 504},
    [RS_CLOSED] = {"closed", 502},
    [RS_VERSION] = {"version", 500},
    [RS_IO] = {"io", 500},
    [RS_NOMEM] = {"out_of_memory", 503},
};

/* Cut a text that snprintf truncated in the middle of a UTF-8 sequence back to whole characters. */
static void trim_partial_char(char *s)
{
    size_t len = strlen(s), lead = len;
    while (lead > 0 && ((unsigned char)s[lead - 1] & 0xC0) == 0x80)
        lead--;
    if (lead == 0)
        return;
    unsigned char c = (unsigned char)s[lead - 1];
    size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    if (len - (lead - 1) < want)
        s[lead - 1] = '\0';
}

enum rs_err fault_set(struct fault *fault, enum rs_err code, const char *fmt, ...)
{
    if (!fault)
        return code;
    fault->code = code;
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(fault->message, sizeof fault->message, fmt, args);
    va_end(args);
    if (len < 0)
        fault->message[0] = '\0';
    else if ((size_t)len >= sizeof fault->message)
        trim_partial_char(fault->message);
    utf8_repair(fault->message); /* "%.200s" cuts characters too */
    for (char *p = fault->message; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
    return code;
}

const char *rs_err_name(enum rs_err err)
{
    assert((unsigned)err < RS_N_ERRS);
    return errs[err].name;
}

int rs_err_http(enum rs_err err)
{
    assert((unsigned)err < RS_N_ERRS);
    return errs[err].http;
}
