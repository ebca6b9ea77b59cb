#include "index/split.h"
#include "html/html.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LEVELS 6

struct splitter {
    split_fn *fn;
    void *ctx;
    enum rs_err err; /* sticky */
    int n;
    struct buf text;
    long line; /* where text begins */
    char headings[LEVELS][SPLIT_TITLE_MAX / 4 + 1];
};

/* The largest length up to max at which the text can be cut between characters. */
static size_t cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

static void flush(struct splitter *s)
{
    char title[SPLIT_TITLE_MAX * 2] = "";
    size_t n = 0, from = 0;

    while (s->text.len > 0 && isspace((unsigned char)s->text.data[s->text.len - 1]))
        s->text.data[--s->text.len] = '\0';
    /* Blank lines before it; the indentation of its first line stays. */
    for (size_t i = 0; i < s->text.len && isspace((unsigned char)s->text.data[i]); i++) {
        if (s->text.data[i] == '\n') {
            from = i + 1;
            s->line++;
        }
    }
    for (int i = 0; i < LEVELS; i++)
        if (s->headings[i][0])
            n += (size_t)snprintf(title + n, sizeof title - n, "%s%s", n ? " > " : "", s->headings[i]);
    if (s->text.len > from && !s->err && s->n++ < SPLIT_PASSAGES_MAX)
        s->err = s->fn(s->ctx, title, s->line, s->text.data + from, s->text.len - from);
    buf_clear(&s->text);
}

static void heading(struct splitter *s, int level, const char *text, size_t len)
{
    char *to = s->headings[level - 1];

    flush(s);
    for (int i = level - 1; i < LEVELS; i++)
        s->headings[i][0] = '\0';
    len = cut(text, len, sizeof s->headings[0] - 1);
    memcpy(to, text, len);
    to[len] = '\0';
}

/* A line, or a block of HTML, with its newline. */
static void add(struct splitter *s, long line, const char *text, size_t len)
{
    while (len > 0) {
        if (s->text.len > 0 && s->text.len + len > SPLIT_MAX)
            flush(s);
        if (s->text.len == 0)
            s->line = line;
        size_t n = cut(text, len, SPLIT_MAX);
        /* A longer line is cut between words, where there are some. */
        for (size_t back = n; n < len && back > n / 2; back--) {
            if (isspace((unsigned char)text[back - 1])) {
                n = back;
                break;
            }
        }
        buf_append(&s->text, text, n);
        text += n;
        len -= n;
    }
}

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isspace((unsigned char)line[i]))
            return false;
    return true;
}

/* --- Markdown (CommonMark 0.30: ATX and setext headings, fenced code) --- */

/* "## Title ##": its level and text; 0: it is none. */
static int atx(const char *line, size_t len, const char **ret, size_t *ret_len)
{
    size_t at = 0, level = 0;

    while (at < len && at < 3 && line[at] == ' ')
        at++;
    while (at < len && line[at] == '#')
        at++, level++;
    if (level == 0 || level > LEVELS || (at < len && line[at] != ' ' && line[at] != '\t'))
        return 0;
    while (at < len && isspace((unsigned char)line[at]))
        at++;
    while (len > at && isspace((unsigned char)line[len - 1]))
        len--;
    size_t end = len;
    while (end > at && line[end - 1] == '#')
        end--;
    if (end == at || line[end - 1] == ' ')
        len = end;
    while (len > at && isspace((unsigned char)line[len - 1]))
        len--;
    *ret = line + at;
    *ret_len = len - at;
    return (int)level;
}

/* "====" or "----" below a line of text: 1 or 2. */
static int underline(const char *line, size_t len)
{
    while (len > 0 && isspace((unsigned char)line[len - 1]))
        len--;
    if (len < 2 || (*line != '=' && *line != '-'))
        return 0;
    for (size_t i = 1; i < len; i++)
        if (line[i] != *line)
            return 0;
    return *line == '=' ? 1 : 2;
}

/* The fence that a line opens or closes: its character, 0: none. */
static char fence(const char *line, size_t len)
{
    size_t at = 0;
    while (at < len && at < 3 && line[at] == ' ')
        at++;
    if (len - at < 3 || (line[at] != '`' && line[at] != '~'))
        return 0;
    return line[at + 1] == line[at] && line[at + 2] == line[at] ? line[at] : 0;
}

static void lines(struct splitter *s, const char *text, size_t len, bool markdown)
{
    const char *end = text + len;
    char fenced = 0;
    long line = 1;

    for (const char *next; text < end && !s->err; text = next, line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text)), *title;
        size_t n = (size_t)((stop ? stop : end) - text), title_len;
        next = stop ? stop + 1 : end;
        char mark = markdown ? fence(text, n) : 0;
        int level = markdown && !fenced ? atx(text, n, &title, &title_len) : 0;
        if (mark && (!fenced || mark == fenced)) {
            fenced = fenced ? 0 : mark;
        } else if (level) {
            heading(s, level, title, title_len);
            continue;
        } else if (markdown && !fenced && !is_blank(text, n) && next < end) {
            const char *below = memchr(next, '\n', (size_t)(end - next));
            bool follows_blank = s->text.len == 0 || s->text.data[s->text.len - 1] != '\n' ||
                                 (s->text.len > 1 && s->text.data[s->text.len - 2] == '\n');
            level = follows_blank ? underline(next, (size_t)((below ? below : end) - next)) : 0;
            if (level) {
                heading(s, level, text, n - (n > 0 && text[n - 1] == '\r'));
                next = below ? below + 1 : end;
                line++;
                continue;
            }
        }
        if (is_blank(text, n) && s->text.len >= SPLIT_GOOD && !fenced)
            flush(s);
        else
            add(s, line, text, (size_t)(next - text));
    }
}

/* --- HTML --- */

static void on_block(void *ctx, int level, long line, const char *text, size_t len)
{
    struct splitter *s = ctx;

    if (level > 0) {
        heading(s, level, text, len);
        return;
    }
    if (s->text.len >= SPLIT_GOOD)
        flush(s);
    add(s, line, text, len);
    buf_putc(&s->text, '\n');
}

static enum rs_err html(struct splitter *s, const char *text, size_t len)
{
    struct buf title;
    htmlDocPtr doc;
    struct fault fault;
    enum rs_err err = html_parse(text, len, NULL, &doc, &fault);

    if (err)
        return err == RS_NOT_FOUND ? RS_OK : err;
    buf_init(&title, HTML_BLOCK_MAX);
    (void)html_title(doc, &title);
    if (title.len > 0)
        heading(s, 1, title.data, title.len);
    buf_release(&title);
    html_text(xmlDocGetRootElement(doc), on_block, s);
    xmlFreeDoc(doc);
    return RS_OK;
}

enum split_kind split_kind_of(const char *path)
{
    const char *dot = strrchr(path, '.');

    if (!dot || strchr(dot, '/'))
        return SPLIT_TEXT;
    if (strcasecmp(dot, ".md") == 0 || strcasecmp(dot, ".markdown") == 0)
        return SPLIT_MARKDOWN;
    if (strcasecmp(dot, ".html") == 0 || strcasecmp(dot, ".htm") == 0 || strcasecmp(dot, ".xhtml") == 0)
        return SPLIT_HTML;
    return SPLIT_TEXT;
}

enum rs_err split_text(enum split_kind kind, const char *text, size_t len, split_fn *fn, void *ctx)
{
    struct splitter s = {.fn = fn, .ctx = ctx};
    enum rs_err err = RS_OK;

    buf_init(&s.text, 2 * SPLIT_MAX + HTML_BLOCK_MAX);
    if (kind == SPLIT_HTML)
        err = html(&s, text, len);
    else
        lines(&s, text, len, kind == SPLIT_MARKDOWN);
    flush(&s);
    buf_release(&s.text);
    return err ? err : s.err;
}
