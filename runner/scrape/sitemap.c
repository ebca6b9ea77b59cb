#include "runner/scrape/sitemap.h"
#include "runner/scrape/urls.h"
#include <ctype.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define CHUNK 65536

struct reader {
    sitemap_fn *fn;
    void *ctx;
    xmlParserCtxt *parser; /* NULL: text, or not yet known */
    bool begun, text, stopped, refused;
    bool root_seen, index, in_entry, in_loc;
    char space[256];            /* the root's namespace: <image:loc> is of another */
    char loc[URL_TEXT_MAX + 1]; /* of <loc>, or the line */
    size_t len;
    bool too_long;
    size_t n_urls, n_bytes;
};

static void give(struct reader *r)
{
    size_t from = 0;

    while (r->len > 0 && isspace((unsigned char)r->loc[r->len - 1]))
        r->len--;
    r->loc[r->len] = '\0';
    while (isspace((unsigned char)r->loc[from]))
        from++;
    if (r->loc[from] && !r->too_long && !r->stopped) {
        r->stopped = !r->fn(r->ctx, r->loc + from, r->index) || ++r->n_urls >= SITEMAP_URLS_MAX;
    }
    r->len = 0;
    r->too_long = false;
}

static void add(struct reader *r, const char *text, size_t len)
{
    if (r->len + len > URL_TEXT_MAX) {
        r->too_long = true;
        return;
    }
    memcpy(r->loc + r->len, text, len);
    r->len += len;
}

/* --- XML --- */

static bool named(const xmlChar *name, const char *want)
{
    return strcmp((const char *)name, want) == 0;
}

static void on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns,
                     const xmlChar **ns, int n_attributes, int n_default, const xmlChar **attributes)
{
    struct reader *r = ctx;

    (void)prefix, (void)n_ns, (void)ns, (void)n_attributes, (void)n_default, (void)attributes;
    if (!r->root_seen) {
        r->root_seen = true;
        snprintf(r->space, sizeof r->space, "%s", uri ? (const char *)uri : "");
        r->index = named(name, "sitemapindex");
        if (!r->index && !named(name, "urlset")) {
            r->refused = true;
            xmlStopParser(r->parser);
        }
    } else if (named(name, r->index ? "sitemap" : "url")) {
        r->in_entry = true;
    } else if (r->in_entry && named(name, "loc") && strcmp(uri ? (const char *)uri : "", r->space) == 0) {
        r->in_loc = true;
        r->len = 0;
        r->too_long = false;
    }
}

static void on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *r = ctx;

    (void)prefix;
    if (r->in_loc && named(name, "loc") && strcmp(uri ? (const char *)uri : "", r->space) == 0) {
        r->in_loc = false;
        give(r);
        if (r->stopped)
            xmlStopParser(r->parser);
    } else if (named(name, r->index ? "sitemap" : "url")) {
        r->in_entry = false;
    }
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct reader *r = ctx;
    if (r->in_loc)
        add(r, (const char *)text, (size_t)len);
}

/* A document type could declare entities that grow without end; no sitemap has one. */
static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    struct reader *r = ctx;
    (void)name, (void)id, (void)system;
    r->refused = true;
    xmlStopParser(r->parser);
}

static void on_error(void *ctx, xmlErrorPtr error)
{
    (void)ctx, (void)error; /* the result says it */
}

static enum rs_err begin_xml(struct reader *r, struct fault *fault)
{
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .internalSubset = on_doctype,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .serror = on_error,
    };
    r->parser = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
    if (!r->parser)
        return fault_set(fault, RS_NOMEM, "out of memory");
    xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    return RS_OK;
}

/* --- bytes --- */

static void feed_lines(struct reader *r, const char *text, size_t len)
{
    for (size_t i = 0; i < len && !r->stopped; i++) {
        if (text[i] == '\n' || text[i] == '\r')
            give(r);
        else if (text[i] != '\0')
            add(r, text + i, 1);
    }
}

/* Some more of the uncompressed sitemap. */
static enum rs_err feed(struct reader *r, const char *text, size_t len, struct fault *fault)
{
    enum rs_err err = RS_OK;

    if ((r->n_bytes += len) > SITEMAP_BYTES_MAX)
        return fault_set(fault, RS_LIMIT, "the sitemap is larger than %d bytes", SITEMAP_BYTES_MAX);
    if (!r->begun) {
        if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
            text += 3, len -= 3;
        size_t white = 0;
        while (white < len && isspace((unsigned char)text[white]))
            white++;
        text += white, len -= white;
        if (len == 0)
            return RS_OK;
        r->begun = true;
        r->text = *text != '<';
        if (!r->text)
            err = begin_xml(r, fault);
    }
    if (!err && r->text)
        feed_lines(r, text, len);
    else if (!err && !r->stopped && !r->refused)
        xmlParseChunk(r->parser, text, (int)len, 0);
    return err;
}

static enum rs_err feed_gzip(struct reader *r, const char *body, size_t len, const atomic_bool *stop,
                             struct fault *fault)
{
    static _Thread_local unsigned char out[CHUNK];
    z_stream z = {.next_in = (unsigned char *)body, .avail_in = (unsigned)len};
    enum rs_err err = RS_OK;
    int rc = Z_OK;

    if (inflateInit2(&z, 15 + 16) != Z_OK)
        return fault_set(fault, RS_NOMEM, "out of memory");
    while (!err && rc == Z_OK && !r->stopped && !r->refused) {
        z.next_out = out;
        z.avail_out = sizeof out;
        rc = inflate(&z, Z_NO_FLUSH);
        err = feed(r, (const char *)out, sizeof out - z.avail_out, fault);
        if (!err && stop && atomic_load(stop))
            err = fault_set(fault, RS_CLOSED, "cancelled");
    }
    if (!err && rc != Z_OK && rc != Z_STREAM_END && r->n_urls == 0)
        err = fault_set(fault, RS_INVALID, "the sitemap is broken gzip");
    inflateEnd(&z);
    return err;
}

enum rs_err sitemap_read(const char *body, size_t len, const atomic_bool *stop, sitemap_fn *fn, void *ctx,
                         struct fault *fault)
{
    struct reader r = {.fn = fn, .ctx = ctx};
    enum rs_err err = RS_OK;

    if (len > 2 && memcmp(body, "\x1f\x8b", 2) == 0) {
        err = feed_gzip(&r, body, len, stop, fault);
    } else {
        for (size_t at = 0; at < len && !err && !r.stopped && !r.refused; at += CHUNK) {
            err = feed(&r, body + at, len - at < CHUNK ? len - at : CHUNK, fault);
            if (!err && stop && atomic_load(stop))
                err = fault_set(fault, RS_CLOSED, "cancelled");
        }
    }
    if (!err && r.text)
        give(&r);
    if (!err && r.parser && !r.stopped && !r.refused)
        xmlParseChunk(r.parser, "", 0, 1);
    if (!err && r.n_urls == 0 && (r.refused || (!r.root_seen && !r.text)))
        err = fault_set(fault, RS_INVALID, "there is no sitemap");
    if (r.parser)
        xmlFreeParserCtxt(r.parser);
    return err;
}
