/* Pages and sitemaps of any bytes, as a scrape and the text index read them. */
#include "base/utf8.h"
#include "html/charset.h"
#include "html/html.h"
#include "index/split.h"
#include "runner/scrape/page.h"
#include "runner/scrape/sitemap.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool on_url(void *ctx, const char *url, bool index)
{
    (void)ctx;
    (void)index;
    char out[URL_TEXT_MAX + 1], again[URL_TEXT_MAX + 1], key[URL_TEXT_MAX + 1];

    if (url_resolve("http://example.org/a/b?c", url, out) == RS_OK) {
        /* Normal already. */
        if (url_resolve(NULL, out, again) != RS_OK || strcmp(out, again) != 0)
            abort();
        url_key(out, key);
        url_host(out, again);
        (void)url_is_trap(out);
        (void)url_is_file(out);
    }
    return true;
}

static enum rs_err on_passage(void *ctx, const char *title, long line, const char *text, size_t len)
{
    (void)ctx;
    if (!utf8_valid(title, strlen(title)) || !utf8_valid(text, len) || line < 1 || len == 0)
        abort();
    return RS_OK;
}

static struct scrape_settings *settings(void)
{
    static const char data[] =
        "{\"url\":\"http://example.org/\",\"follow\":true,\"next\":\"a[rel=next]\",\"item\":\"p, li, td\","
        "\"fields\":{\"t\":\"::text\",\"l\":{\"select\":\"a::attr(href)\",\"list\":true,\"type\":\"url\"},"
        "\"n\":{\"select\":\".//"
        "b\",\"type\":\"number\"},\"h\":{\"select\":\"*:not(p)\",\"type\":\"html\"},\"u\":\"::url\"}}";
    struct scrape_settings *made;
    struct json_object *json;
    struct fault fault;

    if (json_parse(data, sizeof data - 1, sizeof data, &json, &fault) != RS_OK ||
        scrape_settings_new(json, "fuzz", &made, &fault) != RS_OK)
        abort();
    json_object_put(json);
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct scrape_settings *with;
    const char *body = (const char *)bytes;
    struct fault fault = {0};
    struct page page;
    struct buf text;

    if (!with)
        with = settings();
    if (sitemap_read(body, len, NULL, on_url, NULL, &fault) != RS_OK && !*fault.message)
        abort();
    if (page_read(with, "http://example.org/x", NULL, body, len, NULL, &page, &fault) == RS_OK) {
        for (size_t i = 0; i < page.n_links; i++)
            (void)on_url(NULL, page.links[i], false);
        const char *items = json_text(page.items, NULL);
        if (!utf8_valid(items, strlen(items)))
            abort();
    }
    page_release(&page);
    buf_init(&text, 4 * len + 16);
    if (charset_to_utf8(body, len, NULL, &text) == RS_OK) {
        if (!utf8_valid(text.data ? text.data : "", text.len))
            abort();
        for (int kind = SPLIT_TEXT; kind <= SPLIT_HTML; kind++)
            if (split_text((enum split_kind)kind, text.data ? text.data : "", text.len, on_passage, NULL) == RS_NOMEM)
                abort();
    }
    buf_release(&text);
    return 0;
}
