#include "html/html.h"
#include "base/clock.h"
#include <ctype.h>
#include <libxml/parserInternals.h>
#include <string.h>
#include <strings.h>

#define CHUNK 16384

void html_init(void)
{
    xmlInitParser();
    xmlParserMaxDepth = HTML_DEPTH_MAX; /* its own 256 is less than old pages with forgotten end tags need */
}

/* Behind the end tag of an element whose contents are no markup. */
static const char *behind_raw(const char *p, const char *end, const char *name)
{
    size_t n = strlen(name);

    while ((p = memmem(p, (size_t)(end - p), "</", 2)) && strncasecmp(p + 2, name, n) != 0)
        p += 2;
    return p ? p : end;
}

/* libxml2 compares each attribute of a tag with all before it, which no limit of time can interrupt. So their number is
 * looked at first, as libxml2 would see it. The text ends with a NUL. */
static enum rs_err check_tags(const char *p, const char *end, struct fault *fault)
{
    int n_tags = 0;

    while ((p = memchr(p, '<', (size_t)(end - p)))) {
        const char *name = ++p;
        int n = 0;
        if (++n_tags > HTML_TAGS_MAX)
            return fault_set(fault, RS_LIMIT, "the page has more than %d tags", HTML_TAGS_MAX);
        if (strncmp(p, "!--", 3) == 0) {
            const char *close = memmem(p, (size_t)(end - p), "-->", 3);
            p = close ? close : end;
            continue;
        }
        if (!isalpha((unsigned char)*p))
            continue;
        while (p < end && *p != '>') {
            if (*p == '=') {
                do
                    p++;
                while (isspace((unsigned char)*p));
                const char *close = *p == '"' || *p == '\'' ? memchr(p + 1, *p, (size_t)(end - p - 1)) : NULL;
                if (*p == '"' || *p == '\'')
                    p = close ? close + 1 : end;
                n++;
            } else {
                n += isspace((unsigned char)*p) && !isspace((unsigned char)p[1]);
                p++;
            }
            if (n > 2 * HTML_ATTRIBUTES_MAX)
                return fault_set(fault, RS_LIMIT, "a tag of the page has more than %d attributes", HTML_ATTRIBUTES_MAX);
        }
        if (strncasecmp(name, "script", 6) == 0)
            p = behind_raw(p, end, "script");
        else if (strncasecmp(name, "style", 5) == 0)
            p = behind_raw(p, end, "style");
    }
    return RS_OK;
}

enum rs_err html_parse(const char *text, size_t len, const atomic_bool *stop, htmlDocPtr *ret, struct fault *fault)
{
    enum rs_err err = RS_OK;
    int64_t begun = clock_cpu_us();
    htmlParserCtxtPtr parser = htmlCreatePushParserCtxt(NULL, NULL, NULL, 0, NULL, XML_CHAR_ENCODING_UTF8);

    if (!parser)
        return fault_set(fault, RS_NOMEM, "out of memory");
    err = check_tags(text, text + len, fault);
    parser->linenumbers = 1;
    htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                   HTML_PARSE_IGNORE_ENC);
    for (size_t at = 0; at < len && !err;) {
        size_t n = len - at < CHUNK ? len - at : CHUNK;
        htmlParseChunk(parser, text + at, (int)n, 0);
        at += n;
        if (parser->lastError.code != XML_ERR_OK && parser->nameNr > HTML_DEPTH_MAX)
            err = fault_set(fault, RS_LIMIT, "the page is nested more than %d deep", HTML_DEPTH_MAX);
        else if (clock_cpu_us() - begun > HTML_CPU_MS * 1000)
            err = fault_set(fault, RS_LIMIT, "the page takes longer than %d ms to read", HTML_CPU_MS);
        else if (stop && atomic_load(stop))
            err = fault_set(fault, RS_CLOSED, "cancelled");
    }
    if (!err)
        htmlParseChunk(parser, "", 0, 1);
    if (!err && (!parser->myDoc || !xmlDocGetRootElement(parser->myDoc)))
        err = fault_set(fault, RS_NOT_FOUND, "the page has no content");
    if (!err)
        *ret = parser->myDoc;
    else
        xmlFreeDoc(parser->myDoc);
    parser->myDoc = NULL;
    htmlFreeParserCtxt(parser);
    return err;
}

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum rs_err html_put_collapsed(struct buf *out, const char *text, size_t len)
{
    bool first = true;

    for (size_t at = 0; at < len && !out->err;) {
        while (at < len && is_white(text[at]))
            at++;
        size_t from = at;
        while (at < len && !is_white(text[at]))
            at++;
        if (at == from)
            break;
        if (!first)
            buf_putc(out, ' ');
        buf_append(out, text + from, at - from);
        first = false;
    }
    return out->err;
}

/* --- text --- */

struct walk {
    html_block_fn *fn;
    void *ctx;
    struct buf block;
    int level;
    long line;
    bool space, pre;
};

static bool is_one_of(const xmlNode *node, const char *const *names)
{
    for (; *names; names++)
        if (strcasecmp((const char *)node->name, *names) == 0)
            return true;
    return false;
}

static bool is_left_out(const xmlNode *node)
{
    static const char *const names[] = {"script",   "style", "noscript", "template", "head",
                                        "textarea", "svg",   "iframe",   "object",   NULL};
    return is_one_of(node, names);
}

static bool is_block(const xmlNode *node)
{
    static const char *const names[] = {
        "address", "article", "aside", "blockquote", "body",   "br",     "caption",    "center",  "dd",
        "details", "dialog",  "div",   "dl",         "dt",     "figure", "figcaption", "footer",  "form",
        "h1",      "h2",      "h3",    "h4",         "h5",     "h6",     "header",     "hr",      "html",
        "li",      "main",    "nav",   "ol",         "option", "p",      "pre",        "section", "summary",
        "table",   "tbody",   "td",    "tfoot",      "th",     "thead",  "tr",         "ul",      NULL};
    return is_one_of(node, names);
}

static void flush(struct walk *walk)
{
    while (walk->block.len > 0 && is_white(walk->block.data[walk->block.len - 1]))
        walk->block.data[--walk->block.len] = '\0';
    if (walk->block.len > 0)
        walk->fn(walk->ctx, walk->level, walk->line, walk->block.data, walk->block.len);
    buf_clear(&walk->block);
    walk->space = false;
}

/* The source line where a text begins. What libxml2 keeps is where it ended, or where its beginning of 1,000 bytes did;
 * but where a start tag ended is known. */
static long first_line(const xmlNode *node, const char *at)
{
    const char *text = (const char *)node->content;
    long before = 0, all = 0, from = xmlGetLineNo(node->parent ? node->parent : node);

    for (const char *p = text; *p; p++) {
        all += *p == '\n';
        before += *p == '\n' && p < at;
    }
    long line = node->prev ? xmlGetLineNo(node) - all + before : from + before;
    return line > from ? line : from > 0 ? from : 1;
}

static void take_text(struct walk *walk, const xmlNode *node)
{
    const char *text = (const char *)node->content;

    for (; text && *text; text++) {
        bool white = is_white(*text);
        if (walk->block.len == 0 && white)
            continue;
        if (walk->block.len == 0)
            walk->line = first_line(node, text);
        /* Between characters only. */
        if (walk->block.len >= HTML_BLOCK_MAX - 8 && (white || ((unsigned char)*text & 0xc0) != 0x80)) {
            flush(walk);
            walk->line = first_line(node, text);
        }
        if (white && !walk->pre) {
            walk->space = true;
            continue;
        }
        if (walk->space && walk->block.len > 0)
            buf_putc(&walk->block, ' ');
        walk->space = false;
        buf_putc(&walk->block, *text);
    }
}

static void enter(struct walk *walk, const xmlNode *node)
{
    const char *name = (const char *)node->name;

    if (!is_block(node))
        return;
    flush(walk);
    if ((name[0] | 0x20) == 'h' && name[1] >= '1' && name[1] <= '6' && !name[2])
        walk->level = name[1] - '0';
    else if (strcasecmp(name, "pre") == 0)
        walk->pre = true;
}

static void leave(struct walk *walk, const xmlNode *node)
{
    const char *name = (const char *)node->name;

    if (node->type != XML_ELEMENT_NODE || !is_block(node))
        return;
    flush(walk);
    if ((name[0] | 0x20) == 'h' && name[1] >= '1' && name[1] <= '6' && !name[2])
        walk->level = 0;
    else if (strcasecmp(name, "pre") == 0)
        walk->pre = false;
}

void html_text(const xmlNode *node, html_block_fn *fn, void *ctx)
{
    struct walk walk = {.fn = fn, .ctx = ctx, .line = 1};
    const xmlNode *at = node;

    /* Without recursion: the tree may be deep. */
    buf_init(&walk.block, HTML_BLOCK_MAX);
    while (at) {
        const xmlNode *below = NULL;
        if (at->type == XML_ELEMENT_NODE && !is_left_out(at)) {
            enter(&walk, at);
            below = at->children;
        } else if (at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) {
            take_text(&walk, at);
        }
        if (below) {
            at = below;
            continue;
        }
        while (at != node && !at->next) {
            leave(&walk, at);
            at = at->parent;
        }
        leave(&walk, at);
        at = at == node ? NULL : at->next;
    }
    flush(&walk);
    buf_release(&walk.block);
}

enum rs_err html_title(xmlDoc *doc, struct buf *out)
{
    const xmlNode *root = xmlDocGetRootElement(doc), *head = root ? root->children : NULL;

    while (head && strcasecmp((const char *)(head->name ? head->name : BAD_CAST ""), "head") != 0)
        head = head->next;
    for (const xmlNode *at = head ? head->children : NULL; at; at = at->next) {
        if (at->type != XML_ELEMENT_NODE || strcasecmp((const char *)at->name, "title") != 0)
            continue;
        xmlChar *text = xmlNodeGetContent(at);
        if (text)
            (void)html_put_collapsed(out, (const char *)text, strlen((const char *)text));
        xmlFree(text);
        break;
    }
    return out->err;
}
