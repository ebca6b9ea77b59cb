/* Encodings, HTML within bounds, its text, and sitemaps. */
#include "html/charset.h"
#include "html/html.h"
#include "runner/scrape/sitemap.h"
#include "unit.h"
#include <zlib.h>

static void check_charset(const char *body, size_t len, const char *type, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    ck_assert_ok(charset_to_utf8(body, len, type, &out));
    ck_assert_str_eq(out.data ? out.data : "", want);
    buf_release(&out);
}
#define CHARSET(body, type, want) check_charset(body, sizeof(body) - 1, type, want)

START_TEST(test_charsets)
{
    CHARSET("caf\xc3\xa9", NULL, "caf\xc3\xa9");
    CHARSET("caf\xe9", NULL, "caf\xc3\xa9");
    CHARSET("caf\xe9", "text/html; charset=ISO-8859-1", "caf\xc3\xa9");
    CHARSET("\x80 \x93x\x94", "text/html; charset=\"latin1\"", "\xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d");
    CHARSET("caf\xc3\xa9", "text/html;charset=utf-8", "caf\xc3\xa9");
    CHARSET("caf\xe9!", "text/html; charset=utf-8", "caf\xef\xbf\xbd!");
    CHARSET("\xef\xbb\xbf"
            "caf\xc3\xa9",
            "text/html; charset=latin1", "caf\xc3\xa9"); /* the mark decides */
    CHARSET("\xff\xfe"
            "a\0\xe9\0",
            NULL, "a\xc3\xa9");
    CHARSET("\xfe\xff"
            "\0a\0\xe9",
            NULL, "a\xc3\xa9");
    CHARSET("<meta charset=windows-1251>\xe4\xe0", NULL, "<meta charset=windows-1251>\xd0\xb4\xd0\xb0");
    CHARSET("<META http-equiv=content-type content='text/html; charset=KOI8-R'>\xc4", NULL,
            "<META http-equiv=content-type content='text/html; charset=KOI8-R'>\xd0\xb4");
    CHARSET("<?xml version='1.0' encoding='iso-8859-1'?>\xe9", NULL,
            "<?xml version='1.0' encoding='iso-8859-1'?>\xc3\xa9");
    CHARSET("<meta charset=utf-16>caf\xc3\xa9", NULL, "<meta charset=utf-16>caf\xc3\xa9");
    CHARSET("caf\xe9", "text/html; charset=nonsense", "caf\xc3\xa9");
    CHARSET("\x83\x65", "text/html; charset=shift_jis", "\xe3\x83\x86");
    CHARSET("\x83", "text/html; charset=shift_jis", "\xef\xbf\xbd");
    CHARSET("a\0b", NULL,
            "a\xef\xbf\xbd"
            "b");
    CHARSET("", NULL, "");
}
END_TEST

struct blocks {
    char text[4096];
    size_t n;
};

static void on_block(void *ctx, int level, long line, const char *text, size_t len)
{
    struct blocks *blocks = ctx;
    blocks->n += (size_t)snprintf(blocks->text + blocks->n, sizeof blocks->text - blocks->n, "%ld/%d:%.*s|", line,
                                  level, (int)len, text);
}

static const char *text_of(const char *html)
{
    static struct blocks blocks;
    struct fault fault = {0};
    htmlDocPtr doc;
    blocks.n = 0;
    blocks.text[0] = '\0';
    ck_assert_msg(html_parse(html, strlen(html), NULL, &doc, &fault) == RS_OK, "%s", fault.message);
    html_text(xmlDocGetRootElement(doc), on_block, &blocks);
    xmlFreeDoc(doc);
    return blocks.text;
}

START_TEST(test_text)
{
    ck_assert_str_eq(text_of("<title>no</title><h1> A  <b>b</b>\n</h1>\n<p>one\n two<p>three"),
                     "1/1:A b|3/0:one two|4/0:three|");
    ck_assert_str_eq(text_of("x<script>no()</script>y<style>no</style><noscript>no</noscript>z"), "1/0:xyz|");
    ck_assert_str_eq(text_of("<pre>a\n  b</pre><ul><li>1<li>2</ul>"), "1/0:a\n  b|2/0:1|2/0:2|");
    ck_assert_str_eq(text_of("<table><tr><td>a<td>b</table>c<br>d"), "1/0:a|1/0:b|1/0:c|1/0:d|");
    ck_assert_str_eq(text_of("&lt;p&gt; &amp;&eacute;"), "1/0:<p> &\xc3\xa9|");
    ck_assert_str_eq(text_of("<h2>x<div>y</div></h2>z"), "1/2:x|1/2:y|1/0:z|");
}
END_TEST

START_TEST(test_bounds)
{
    struct fault fault;
    htmlDocPtr doc;
    size_t max = 4000000;
    char *text = malloc(max + 64);
    static const char *const units[] = {"<div>", "<p a=1 b=2>", "<!-- -",          "<",
                                        "</x>",  "&#x41;",      "<table><tr><td>", " a=1"};

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t n = strlen(units[i]), len = i == 7 ? (size_t)sprintf(text, "<p ") : 0;
        while (len < max / (i == 1 ? 8 : 1))
            len += (size_t)sprintf(text + len, "%s", units[i]);
        (void)n;
        enum rs_err err = html_parse(text, len, NULL, &doc, &fault);
        ck_assert_msg(err == RS_OK || err == RS_LIMIT || err == RS_NOT_FOUND, "%s: %s", units[i], fault.message);
        if (i == 0 || i == 7)
            ck_assert_int_eq(err, RS_LIMIT);
        if (err == RS_OK)
            xmlFreeDoc(doc);
    }
    atomic_bool stop = true;
    memset(text, 'x', max);
    text[max] = '\0';
    ck_assert_int_eq(html_parse(text, max, &stop, &doc, &fault), RS_CLOSED);
    free(text);
    ck_assert_int_eq(html_parse("", 0, NULL, &doc, &fault), RS_NOT_FOUND);
    /* Scripts are no tags, however many spaces they have. */
    char script[8192] = "<script>if (a <b";
    for (size_t n = strlen(script); n < sizeof script - 20; n += 2)
        memcpy(script + n, " x", 3);
    strcat(script, "</script><p>y");
    ck_assert_str_eq(text_of(script), "1/0:y|");
}
END_TEST

static bool on_url(void *ctx, const char *url, bool index)
{
    struct blocks *blocks = ctx;
    blocks->n +=
        (size_t)snprintf(blocks->text + blocks->n, sizeof blocks->text - blocks->n, "%s%s|", index ? "+" : "", url);
    return strcmp(url, "stop") != 0;
}

static const char *sitemap_n(const char *text, size_t len)
{
    static struct blocks blocks;
    struct fault fault = {0};
    blocks.n = 0;
    blocks.text[0] = '\0';
    if (sitemap_read(text, len, NULL, on_url, &blocks, &fault) != RS_OK)
        snprintf(blocks.text, sizeof blocks.text, "!%s", fault.message);
    return blocks.text;
}

static const char *sitemap(const char *text)
{
    return sitemap_n(text, strlen(text));
}

START_TEST(test_sitemaps)
{
    ck_assert_str_eq(
        sitemap(
            "<urlset><url><loc> a&amp;b </loc><x><loc>no</loc></x></url><url><loc><![CDATA[c]]></loc></url></urlset>"),
        "a&b|no|c|");
    ck_assert_str_eq(
        sitemap("<?xml version='1.0'?>\n<s:urlset xmlns:s='u' xmlns:i='v'><s:url><s:loc>a</s:loc></s:url></s:urlset>"),
        "a|");
    ck_assert_str_eq(
        sitemap(
            "<urlset xmlns='u' xmlns:i='v'><url><loc>a</loc><i:image><i:loc>picture</i:loc></i:image></url></urlset>"),
        "a|");
    ck_assert_str_eq(sitemap("\xef\xbb\xbf <sitemapindex><sitemap><loc>m</loc></sitemap></sitemapindex>"), "+m|");
    ck_assert_str_eq(sitemap("one\r\n two \n\nthree"), "one|two|three|");
    ck_assert_str_eq(sitemap("<urlset><url><loc>a</loc></url><url><loc>b"), "a|"); /* what there is of it */
    ck_assert_str_eq(sitemap("<urlset><url><loc>stop</loc></url><url><loc>b</loc></url></urlset>"), "stop|");
    ck_assert_str_eq(sitemap("<html><body>x"), "!there is no sitemap");
    ck_assert_str_eq(sitemap(""), "!there is no sitemap");
    ck_assert_str_eq(sitemap("<!DOCTYPE x [<!ENTITY a 'b'>]><urlset><url><loc>&a;</loc></url></urlset>"),
                     "!there is no sitemap");
    ck_assert_str_eq(sitemap_n("\x1f\x8bnonsense", 10), "!the sitemap is broken gzip");

    static const char plain[] = "<urlset><url><loc>packed</loc></url></urlset>";
    unsigned char packed[256];
    z_stream z = {.next_in = (unsigned char *)plain,
                  .avail_in = sizeof plain - 1,
                  .next_out = packed,
                  .avail_out = sizeof packed};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t len = sizeof packed - z.avail_out;
    deflateEnd(&z);
    ck_assert_str_eq(sitemap_n((char *)packed, len), "packed|");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("html");
    TCase *tc = tcase_create("html");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, html_init, NULL);
    tcase_add_test(tc, test_charsets);
    tcase_add_test(tc, test_text);
    tcase_add_test(tc, test_bounds);
    tcase_add_test(tc, test_sitemaps);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
