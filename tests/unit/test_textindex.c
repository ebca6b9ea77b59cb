/* Texts cut into passages, folders brought into an index and looked through. */
#include "index/ignore.h"
#include "index/split.h"
#include "index/textindex.h"
#include "unit.h"
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static char shown[65536];
static size_t n_shown;

static enum rs_err on_passage(void *ctx, const char *title, long line, const char *text, size_t len)
{
    (void)ctx;
    ck_assert_uint_eq(strlen(text), len);
    ck_assert_uint_le(len, 2 * SPLIT_MAX);
    n_shown += (size_t)snprintf(shown + n_shown, sizeof shown - n_shown, "%ld[%s]%s|", line, title, text);
    return RS_OK;
}

static const char *split(enum split_kind kind, const char *text)
{
    n_shown = 0;
    shown[0] = '\0';
    ck_assert_ok(split_text(kind, text, strlen(text), on_passage, NULL));
    return shown;
}

START_TEST(test_markdown)
{
    ck_assert_str_eq(split(SPLIT_MARKDOWN, "# Guide\n\nHello\nworld\n\n## Install ##\n```sh\n# no "
                                           "heading\n```\nafter\n\n### Deep\nx\n## Next\n\n    code\n"),
                     "3[Guide]Hello\nworld|7[Guide > Install]```sh\n# no heading\n```\nafter|13[Guide > Install > "
                     "Deep]x|16[Guide > Next]    code|");
    ck_assert_str_eq(split(SPLIT_MARKDOWN, "Title\n=====\ntext\n\nSub\n---\nmore\n#no\n####### no\n"),
                     "3[Title]text|7[Title > Sub]more\n#no\n####### no|");
    ck_assert_str_eq(split(SPLIT_MARKDOWN, "# Empty\n# Full\nx"), "3[Full]x|");
    ck_assert_str_eq(split(SPLIT_MARKDOWN, ""), "");
    ck_assert_str_eq(split(SPLIT_MARKDOWN, "\r\n\r\n"), "");
    ck_assert_str_eq(split(SPLIT_TEXT, "\n\n# a\n  b\n"), "3[]# a\n  b|");
    ck_assert_str_eq(split(SPLIT_HTML, "<title>T</title><h1>One</h1><p>a<p>b<h2>Two</h2>\n<p>c"),
                     "1[One]a\nb|2[One > Two]c|");
    ck_assert_str_eq(split(SPLIT_HTML, "<title>T</title><p>a"), "1[T]a|");
    ck_assert_str_eq(split(SPLIT_HTML, ""), "");
}
END_TEST

START_TEST(test_sizes)
{
    /* Paragraphs are kept whole where they fit; every byte that is no space is in one passage, once. */
    char text[60000], *p = text;
    for (int i = 0; i < 400; i++)
        p += sprintf(p, "%s%d%s", i % 9 == 0 ? "\n" : "", i,
                     i % 50 == 49 ? " long \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 " : " some words of a line of text\n");
    for (int i = 0; i < 9000; i++)
        p += sprintf(p, "\xc3\xa9");
    const char *out = split(SPLIT_TEXT, text);
    for (int i = 0; i < 400; i++) {
        char word[16];
        snprintf(word, sizeof word, "%d some", i);
        if (i % 50 != 49)
            ck_assert_msg(strstr(out, word) != NULL, "%d is missing", i);
    }
    size_t letters = 0;
    for (const char *at = out; (at = strstr(at, "\xc3\xa9")); at += 2)
        letters++;
    ck_assert_uint_eq(letters, 9000 + 8 * 4);
    ck_assert_int_eq(split_kind_of("a/b.MD"), SPLIT_MARKDOWN);
    ck_assert_int_eq(split_kind_of("a.b/c"), SPLIT_TEXT);
    ck_assert_int_eq(split_kind_of("x.htm"), SPLIT_HTML);
}
END_TEST

START_TEST(test_ignore)
{
    static const struct {
        const char *path;
        bool folder, ignored;
    } cases[] = {
        {"a.o", false, true},          {"x/y/a.o", false, true},       {"keep.o", false, false},
        {"build", true, true},         {"build", false, false},        {"x/build", true, true},
        {"top", false, true},          {"x/top", false, false},        {"doc/x.txt", false, true},
        {"doc/y/x.txt", false, false}, {"any/deep/cache", true, true}, {"cache", true, true},
        {"logs/a/b", false, true},     {"logs", true, false},          {"a/1/2/z", false, true},
        {"a/z", false, true},          {"b/z", false, false},          {"sub/only", false, true},
        {"only", false, false},        {"#hash", false, true},         {"f1", false, true},
        {"fx", false, false},
    };
    static const char text[] =
        "# comment\n*.o\n!keep.o\nbuild/\n/top  \ndoc/*.txt\n**/cache\nlogs/**\na/**/z\n\\#hash\nf[0-9]\r\n\n/\n";
    struct ignore ignore = {0};
    ignore_add(&ignore, "", text, sizeof text - 1);
    size_t n = ignore.n;
    ignore_add(&ignore, "sub", "only\n", 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(ignore_matches(&ignore, cases[i].path, cases[i].folder) == cases[i].ignored, "%s", cases[i].path);
    ignore_truncate(&ignore, n);
    ck_assert(!ignore_matches(&ignore, "sub/only", false));
    ignore_release(&ignore);
}
END_TEST

static char folder[PATH_MAX], data[PATH_MAX];
static struct datadir dd;
static struct textindex *all;

static void set_up(void)
{
    struct fault fault = {0};
    unit_tmpdir(folder);
    unit_tmpdir(data);
    ck_assert_msg(datadir_open(&dd, data, true, NULL, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_eq(textindex_open(&dd, false, &all, &fault), RS_NOT_FOUND);
    ck_assert_msg(textindex_open(&dd, true, &all, &fault) == RS_OK, "%s", fault.message);
}

static void tear_down(void)
{
    textindex_close(all);
    datadir_release(&dd);
    unit_rmdir(folder);
    unit_rmdir(data);
}

static struct textindex_progress update(const char *name)
{
    struct textindex_progress progress;
    struct fault fault = {0};
    ck_assert_msg(textindex_update(all, name, folder, NULL, NULL, &progress, &fault) == RS_OK, "%s", fault.message);
    return progress;
}

/* "path:line path:line" of what is found. */
static const char *found(const char *query, const char *name)
{
    static char out[4096];
    struct json_object *list;
    struct fault fault = {0};
    size_t n = 0;
    out[0] = '\0';
    if (textindex_search(all, query, name, 10, &list, &fault) != RS_OK) {
        snprintf(out, sizeof out, "!%s", fault.message);
        return out;
    }
    double last = 1e9;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *p = json_object_array_get_idx(list, i);
        double score = json_object_get_double(json_get(p, "score"));
        ck_assert(score <= last);
        last = score;
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s:%d", i ? " " : "", json_get_string(p, "path", "?"),
                              (int)json_get_int(p, "line", 0));
    }
    json_object_put(list);
    return out;
}

START_TEST(test_incremental)
{
    char path[PATH_MAX];
    ck_assert_int_eq(mkdir(unit_path(path, folder, "sub"), 0700), 0);
    ck_assert_int_eq(mkdir(unit_path(path, folder, ".git"), 0700), 0);
    ck_assert_int_eq(mkdir(unit_path(path, folder, "out"), 0700), 0);
    unit_write(folder, "guide.md", "# Guide\nAbout things.\n## Installing\nRun the setup programs.\n");
    unit_write(folder, "sub/page.html", "<title>Page</title><p>Un caf\xc3\xa9 noir<p>setup");
    unit_write(folder, "main.c", "int run_create(void)\n{\n    return 0;\n}\n");
    unit_write(folder, ".git/config", "setup");
    unit_write(folder, ".gitignore", "out/\n*.tmp\n");
    unit_write(folder, "out/x.txt", "setup");
    unit_write(folder, "y.tmp", "setup");
    FILE *f = fopen(unit_path(path, folder, "binary"), "w");
    fwrite("setup\0\1\2", 1, 8, f);
    fclose(f);
    ck_assert_int_eq(symlink("/etc/passwd", unit_path(path, folder, "link")), 0);

    struct textindex_progress p = update("docs");
    ck_assert_int_eq(p.added, 3);
    ck_assert_int_eq(p.left_out, 1);
    ck_assert_int_eq(p.files, 3);
    ck_assert_str_eq(found("installed program", NULL), "guide.md:4"); /* basic forms, and the heading */
    ck_assert_str_eq(found("CAFE", "docs"), "sub/page.html:1");
    ck_assert_str_eq(found("run_create", NULL), "main.c:1");
    ck_assert_str_eq(found("what is the guide?", NULL), "guide.md:2 guide.md:4");
    ck_assert_str_eq(found("passwd root", NULL), "");

    p = update("docs");
    ck_assert_int_eq(p.unchanged, 3);
    ck_assert_int_eq(p.added + p.changed + p.removed + p.passages, 0);
    /* The same text at another time is not written again; another one is; what is gone leaves. */
    struct timeval times[2] = {{1000, 0}, {1000, 0}};
    ck_assert_int_eq(utimes(unit_path(path, folder, "main.c"), times), 0);
    unit_write(folder, "guide.md", "# Guide\nElephants.\n");
    ck_assert_int_eq(unlink(unit_path(path, folder, "sub/page.html")), 0);
    p = update("docs");
    ck_assert_int_eq(p.unchanged, 1);
    ck_assert_int_eq(p.changed, 1);
    ck_assert_int_eq(p.removed, 1);
    ck_assert_str_eq(found("setup cafe", NULL), "");
    ck_assert_str_eq(found("elephant", NULL), "guide.md:2");
    /* A second index beside it; the first one's name is its own. */
    struct fault fault;
    ck_assert_int_eq(textindex_update(all, "docs", data, NULL, NULL, &p, &fault), RS_CONFLICT);
    update("copy");
    ck_assert_str_eq(found("elephant", NULL), "guide.md:2 guide.md:2");
    ck_assert_str_eq(found("elephant", "copy"), "guide.md:2");
    ck_assert_str_eq(found("elephant", "other"), "!there is no index \"other\"; there is copy, docs");
    struct json_object *list;
    ck_assert_ok(textindex_list(all, &list, &fault));
    ck_assert_uint_eq(json_object_array_length(list), 2);
    ck_assert_int_eq(json_get_int(json_object_array_get_idx(list, 0), "files", 0), 2);
    json_object_put(list);
    ck_assert_ok(textindex_remove(all, "docs", &fault));
    ck_assert_int_eq(textindex_remove(all, "docs", &fault), RS_NOT_FOUND);
    ck_assert_str_eq(found("elephant", NULL), "guide.md:2");
    ck_assert_int_eq(textindex_update(all, "a/b", folder, NULL, NULL, &p, &fault), RS_INVALID);
    ck_assert_int_eq(textindex_update(all, "gone", "/nonexistent", NULL, NULL, &p, &fault), RS_NOT_FOUND);
}
END_TEST

/* Whatever a person types is a query. */
START_TEST(test_any_query)
{
    static const char *const queries[] = {
        "",    "\"", "\"\"",     "\"a",     "a\"b\"c\"", "AND",       "a AND",         "NOT x", "(",
        "a*",  "^a", "title:x",  "{a b}:c", "a + b",     "NEAR(",     "'; DROP TABLE", "-",     "--",
        "a-b", "\\", "\xc3\xa9", "\xff",    "\x01",      "a.b,c:d/e", "* * *"};
    unit_write(folder, "a.txt", "a b c AND NOT x NEAR title drop table");
    update("q");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        ck_assert_msg(found(queries[i], "q")[0] != '!', "%s: %s", queries[i], found(queries[i], "q"));
    ck_assert_str_eq(found("\"not x\"", "q"), "a.txt:1");
    ck_assert_str_eq(found("\"x not\"", "q"), "");
    ck_assert_str_eq(found("the a", "q"), "a.txt:1"); /* nothing but stop words */
    char *longer = malloc(100001);
    for (int i = 0; i < 100000; i++)
        longer[i] = "ab \"("[i % 5];
    longer[100000] = '\0';
    ck_assert_msg(found(longer, "q")[0] != '!', "%s", found(longer, "q"));
    free(longer);
}
END_TEST

static struct textindex *other;
static int n_seen;

static bool on_progress(void *ctx, const struct textindex_progress *progress)
{
    (void)ctx;
    struct json_object *list;
    struct fault fault = {0};
    /* A reader at every step: it sees what was there before, or more, and never waits. */
    ck_assert_msg(textindex_search(other, "common", NULL, 100, &list, &fault) == RS_OK, "%s", fault.message);
    ck_assert_int_ge((int)json_object_array_length(list), 1);
    json_object_put(list);
    return ++n_seen < 700 || progress->files < 700;
}

START_TEST(test_readers_while_writing)
{
    struct fault fault = {0};
    struct textindex_progress p;
    unit_write(folder, "first.txt", "common");
    update("w");
    ck_assert_ok(textindex_open(&dd, false, &other, &fault));
    for (int i = 0; i < 800; i++) {
        char name[32];
        snprintf(name, sizeof name, "f%d.txt", i);
        unit_write(folder, name, "common text");
    }
    /* Ended in the middle: what was done stays, nothing is missing. */
    ck_assert_int_eq(textindex_update(all, "w", folder, on_progress, NULL, &p, &fault), RS_CLOSED);
    ck_assert_int_ge(n_seen, 700);
    p = update("w");
    ck_assert_int_eq(p.files, 801);
    ck_assert_int_ge((int)p.unchanged, 700);
    textindex_close(other);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("textindex");
    TCase *tc = tcase_create("split");
    tcase_add_test(tc, test_markdown);
    tcase_add_test(tc, test_sizes);
    tcase_add_test(tc, test_ignore);
    suite_add_tcase(s, tc);
    tc = tcase_create("index");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, test_incremental);
    tcase_add_test(tc, test_any_query);
    tcase_add_test(tc, test_readers_while_writing);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
