/* What a scrape takes from a page and how it is filed; several threads at it at once. */
#include "html/html.h"
#include "runner/scrape/itemfile.h"
#include "runner/scrape/page.h"
#include "unit.h"
#include <pthread.h>
#include <unistd.h>

static struct scrape_settings *settings(const char *json)
{
    struct json_object *data = json_tokener_parse(json);
    struct scrape_settings *made = NULL;
    struct fault fault = {0};
    ck_assert_ptr_nonnull(data);
    ck_assert_msg(scrape_settings_new(data, "node", &made, &fault) == RS_OK, "%s", fault.message);
    json_object_put(data);
    return made;
}

/* Items as JSON, next and links, by "|". */
static const char *read_page(const struct scrape_settings *s, const char *type, const char *body)
{
    static _Thread_local char out[8192];
    struct fault fault = {0};
    struct page page;
    size_t n;
    if (page_read(s, "http://h/dir/page", type, body, strlen(body), NULL, &page, &fault) != RS_OK) {
        snprintf(out, sizeof out, "!%s", fault.message);
    } else {
        n = (size_t)snprintf(out, sizeof out, "%s|%s", json_text(page.items, NULL), page.next ? page.next : "");
        for (size_t i = 0; i < page.n_links; i++)
            n += (size_t)snprintf(out + n, sizeof out - n, "|%s", page.links[i]);
    }
    page_release(&page);
    return out;
}

static const char page[] =
    "<base href='/base/'><ul><li id=one><b>A <s>B</s></b><i>1</i><i> </i><i>2</i><u>EUR 3,50</u><a href=x#y>l</a>"
    "<li><b></b><a class=next href='?p=2'>n</a></ul><area href=/z><a>none</a><a href='mailto:x'>m</a>";

START_TEST(test_items_and_links)
{
    struct scrape_settings *s = settings("{\"url\":\"http://h/"
                                         "\",\"follow\":true,\"next\":\"a.next\",\"item\":\"li\",\"fields\":{\"t\":\"b:"
                                         ":text\",\"all\":{\"select\":\"i\",\"list\":true},"
                                         "\"n\":{\"select\":\"u\",\"type\":\"number\"},\"h\":{\"select\":\"b\","
                                         "\"type\":\"html\"},\"l\":{\"select\":\"a\",\"type\":\"url\"},"
                                         "\"x\":\"(count(.//i))\",\"self\":\"::attr(id)\",\"u\":\"::url\"}}");
    ck_assert_str_eq(read_page(s, "text/html", page),
                     "[{\"t\":\"A\",\"all\":[\"1\",\"2\"],\"n\":3.5,\"h\":\"<b>A "
                     "<s>B</s></b>\",\"l\":\"http://h/base/x\",\"x\":3.0,\"self\":\"one\",\"u\":\"http://h/dir/page\"},"
                     "{\"t\":null,\"all\":[],\"n\":null,\"h\":\"<b></b>\",\"l\":\"http://h/base/"
                     "?p=2\",\"x\":0.0,\"self\":null,\"u\":\"http://h/dir/page\"}]"
                     "|http://h/base/?p=2|http://h/base/x|http://h/base/?p=2|http://h/z");
    ck_assert_str_eq(read_page(s, "image/png", page), "!image/png is no page");
    ck_assert_str_eq(read_page(s, NULL, ""), "!the page has no content");
    scrape_settings_free(s);

    s = settings("{\"url\":\"http://h/\"}");
    ck_assert_str_eq(
        read_page(s, "text/html; charset=latin1", "<title> T </title><body>caf\xe9<script>x</script> <p>y"),
        "[{\"url\":\"http://h/dir/page\",\"title\":\"T\",\"text\":\"caf\xc3\xa9 y\"}]|");
    scrape_settings_free(s);

    /* The page is the item, unless it has nothing of it. */
    s = settings("{\"url\":\"http://h/\",\"fields\":{\"a\":\"h1\",\"u\":\"::url\"}}");
    ck_assert_str_eq(read_page(s, NULL, "<h1>x</h1>"), "[{\"a\":\"x\",\"u\":\"http://h/dir/page\"}]|");
    ck_assert_str_eq(read_page(s, NULL, "<h2>x</h2><a href=y>z</a>"), "[]|");
    scrape_settings_free(s);

    /* An expression that would take for ever is ended. */
    s = settings("{\"url\":\"http://h/\",\"fields\":{\"a\":\"//p[count(preceding::p) > count(following::p)]\"}}");
    char *many = malloc(400000 + 1);
    for (int i = 0; i < 100000; i++)
        memcpy(many + 4 * i, "<p>x", 5);
    ck_assert_str_eq(read_page(s, NULL, many), "!the selectors take too long on this page");
    free(many);
    scrape_settings_free(s);
}
END_TEST

static void *reader(void *ctx)
{
    for (int i = 0; i < 200; i++) {
        const char *out = read_page(ctx, "text/html", page);
        ck_assert_msg(strncmp(out, "[{\"t\":\"A\"", 9) == 0, "%s", out);
    }
    return NULL;
}

START_TEST(test_threads)
{
    struct scrape_settings *s =
        settings("{\"url\":\"http://h/"
                 "\",\"follow\":true,\"next\":\"a.next\",\"item\":\"li\",\"fields\":{\"t\":\"b::text\",\"n\":{"
                 "\"select\":\"u\",\"type\":\"number\"},"
                 "\"h\":{\"select\":\"b\",\"type\":\"html\"},\"l\":{\"select\":\"a\",\"type\":\"url\"}}}");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, reader, s), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    scrape_settings_free(s);
}
END_TEST

START_TEST(test_files)
{
    static const struct {
        const char *data, *file, *text;
    } cases[] = {
        {"{\"url\":\"http://h/\",\"fields\":{\"a\":\"x\",\"b,c\":\"y\"}}", "node.jsonl",
         "{\"a\":\"1\\n\",\"b,c\":[true,null]}\n{\"a\":null,\"b,c\":\" \\\"x\\\"\"}\n"},
        {"{\"url\":\"http://h/\",\"format\":\"csv\",\"fields\":{\"a\":\"x\",\"b,c\":\"y\"}}", "node.csv",
         "a,\"b,c\"\r\n\"1\n\",\"[true,null]\"\r\n,\" \"\"x\"\"\"\r\n"},
        {"{\"url\":\"http://h/\",\"artifact\":\"my.CSV\"}", "my.CSV", "url,title,text\r\n,,\r\n,,\r\n"},
    };
    struct fault fault = {0};
    char folder[PATH_MAX], path[PATH_MAX], *text;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scrape_settings *s = settings(cases[i].data);
        struct json_object *one = json_tokener_parse("{\"a\":\"1\\n\",\"b,c\":[true,null]}"),
                           *two = json_tokener_parse("{\"a\":null,\"b,c\":\" \\\"x\\\"\"}");
        struct itemfile file;
        unit_tmpdir(folder);
        ck_assert_ok(itemfile_open(&file, s, folder, 1000, &fault));
        ck_assert_ok(itemfile_add(&file, one, &fault));
        ck_assert_ok(itemfile_add(&file, two, &fault));
        ck_assert_int_ne(access(unit_path(path, folder, cases[i].file), F_OK), 0); /* not before it is whole */
        ck_assert_ok(itemfile_close(&file, &fault));
        itemfile_abort(&file);
        ck_assert_ok(file_read(path, 4096, &text, NULL, &fault));
        ck_assert_str_eq(text, cases[i].text);
        free(text);
        /* Too large, or given up: nothing is left, and what was there stays. */
        ck_assert_ok(itemfile_open(&file, s, folder, 40, &fault));
        enum rs_err err = RS_OK;
        for (int k = 0; k < 20 && !err; k++)
            err = itemfile_add(&file, one, &fault);
        ck_assert_int_eq(err, RS_LIMIT);
        itemfile_abort(&file);
        ck_assert_int_eq(access(path, F_OK), 0);
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(rmdir(folder), 0);
        json_object_put(one);
        json_object_put(two);
        scrape_settings_free(s);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("scrape_page");
    TCase *tc = tcase_create("page");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_items_and_links);
    tcase_add_test(tc, test_threads);
    tcase_add_test(tc, test_files);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
