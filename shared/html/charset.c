#include "html/charset.h"
#include "base/utf8.h"
#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Labels whose encoding has another name for iconv, or is taken for a larger one. */
static const struct {
    const char *label, *name;
} labels[] = {
    {"utf-8", "UTF-8"},
    {"utf8", "UTF-8"},
    {"unicode-1-1-utf-8", "UTF-8"},
    {"iso-8859-1", "WINDOWS-1252"},
    {"iso8859-1", "WINDOWS-1252"},
    {"iso_8859-1", "WINDOWS-1252"},
    {"latin1", "WINDOWS-1252"},
    {"latin-1", "WINDOWS-1252"},
    {"l1", "WINDOWS-1252"},
    {"ascii", "WINDOWS-1252"},
    {"us-ascii", "WINDOWS-1252"},
    {"cp1252", "WINDOWS-1252"},
    {"x-cp1252", "WINDOWS-1252"},
    {"iso-8859-9", "WINDOWS-1254"},
    {"latin5", "WINDOWS-1254"},
    {"iso-8859-11", "WINDOWS-874"},
    {"tis-620", "WINDOWS-874"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"x-gbk", "GB18030"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"x-sjis", "CP932"},
    {"euc-kr", "UHC"},
    {"ks_c_5601-1987", "UHC"},
    {"big5", "BIG5-HKSCS"},
    {"utf-16", "UTF-16LE"},
};

/* The encoding a label means; false: it means none. */
static bool label_name(const char *label, size_t len, char name[CHARSET_NAME_MAX + 1])
{
    while (len > 0 && strchr(" \t\r\n\f\"'", *label))
        label++, len--;
    size_t n = 0;
    while (n < len && (isalnum((unsigned char)label[n]) || strchr("._:-", label[n])))
        n++;
    if (n == 0 || n > CHARSET_NAME_MAX)
        return false;
    memcpy(name, label, n);
    name[n] = '\0';
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcasecmp(name, labels[i].label) == 0)
            strcpy(name, labels[i].name);
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return false;
    iconv_close(cd);
    return true;
}

/* The place behind word in text, without regard to case. */
static const char *behind(const char *text, const char *end, const char *word)
{
    size_t n = strlen(word);
    for (; (size_t)(end - text) >= n; text++)
        if (strncasecmp(text, word, n) == 0)
            return text + n;
    return NULL;
}

/* The value behind "charset" or "encoding" and "=". */
static bool value_name(const char *text, const char *end, const char *word, char name[CHARSET_NAME_MAX + 1])
{
    const char *p = text;
    while ((p = behind(p, end, word))) {
        while (p < end && isspace((unsigned char)*p))
            p++;
        if (p < end && *p == '=')
            return label_name(p + 1, (size_t)(end - p - 1), name);
    }
    return false;
}

static bool declared_inside(const char *body, size_t len, char name[CHARSET_NAME_MAX + 1])
{
    const char *end = body + (len < CHARSET_PRESCAN ? len : CHARSET_PRESCAN), *p = body;
    bool found = false;

    if (len > 5 && memcmp(body, "<?xml", 5) == 0) {
        const char *close = memchr(body, '>', (size_t)(end - body));
        found = close && value_name(body, close, "encoding", name);
    }
    while (!found && (p = behind(p, end, "<meta"))) {
        const char *close = memchr(p, '>', (size_t)(end - p));
        found = value_name(p, close ? close : end, "charset", name);
    }
    /* What could be read as ASCII so far is no UTF-16, whatever it says. */
    if (found && strncasecmp(name, "UTF-16", 6) == 0)
        strcpy(name, "UTF-8");
    return found;
}

const char *charset_find(const char *body, size_t len, const char *content_type, char name[CHARSET_NAME_MAX + 1],
                         size_t *ret_skip)
{
    *ret_skip = 0;
    if (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
        *ret_skip = 3;
        return strcpy(name, "UTF-8");
    }
    if (len >= 2 && (memcmp(body, "\xff\xfe", 2) == 0 || memcmp(body, "\xfe\xff", 2) == 0)) {
        *ret_skip = 2;
        return strcpy(name, body[0] == '\xff' ? "UTF-16LE" : "UTF-16BE");
    }
    if (content_type && value_name(content_type, content_type + strlen(content_type), "charset", name))
        return name;
    if (declared_inside(body, len, name))
        return name;
    return strcpy(name, utf8_valid(body, len) ? "UTF-8" : "WINDOWS-1252");
}

/* UTF-8 that may be none. */
static enum rs_err scrub(const char *text, size_t len, struct buf *out)
{
    size_t at = 0, good = 0; /* text[good..at) is good and not yet appended */

    while (at < len) {
        size_t n = text[at] == '\0' ? 0 : utf8_char(text + at, len - at);
        if (n > 0) {
            at += n;
            continue;
        }
        buf_append(out, text + good, at - good);
        buf_puts(out, REPLACEMENT);
        good = ++at;
    }
    return buf_append(out, text + good, at - good);
}

enum rs_err charset_to_utf8(const char *body, size_t len, const char *content_type, struct buf *out)
{
    char name[CHARSET_NAME_MAX + 1], chunk[8192], *in;
    size_t skip, left;
    iconv_t cd;

    charset_find(body, len, content_type, name, &skip);
    if (strcmp(name, "UTF-8") == 0)
        return scrub(body + skip, len - skip, out);
    cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1)
        return scrub(body + skip, len - skip, out);
    in = (char *)body + skip;
    left = len - skip;
    while (left > 0 && !out->err) {
        char *to = chunk;
        size_t room = sizeof chunk;
        size_t rc = iconv(cd, &in, &left, &to, &room);
        int why = rc == (size_t)-1 ? errno : 0;
        /* iconv passes NUL on, and of some encodings what is no scalar value. */
        (void)scrub(chunk, (size_t)(to - chunk), out);
        if (why == EILSEQ || why == EINVAL) {
            buf_puts(out, REPLACEMENT);
            in++, left--;
        }
    }
    iconv_close(cd);
    return out->err;
}
