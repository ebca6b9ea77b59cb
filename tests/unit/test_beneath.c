/* Files of a run's folder that nothing leads out of, with openat2 and without it; queries and forms. */
#include "runner/beneath.h"
#include "runner/urltext.h"
#include "unit.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static char root[PATH_MAX], outside[PATH_MAX], dir[PATH_MAX];

static char *in(char path[PATH_MAX], const char *folder, const char *name)
{
    ck_assert_int_lt(snprintf(path, PATH_MAX, "%s/%s", folder, name), PATH_MAX);
    return path;
}

static void setup(void)
{
    char a[PATH_MAX], b[PATH_MAX];

    unit_tmpdir(dir);
    in(root, dir, "root");
    in(outside, dir, "outside");
    ck_assert_int_eq(mkdir(root, 0700), 0);
    ck_assert_int_eq(mkdir(outside, 0700), 0);
    ck_assert_ok(beneath_write(outside, "file", "secret", 6, 0600, NULL));
    ck_assert_ok(beneath_write(root, "a/b/file", "inner", 5, 0600, NULL));
    ck_assert_int_eq(symlink(in(a, outside, "file"), in(b, root, "link")), 0);
    ck_assert_int_eq(symlink(outside, in(b, root, "folder")), 0);
    ck_assert_int_eq(symlink("../../outside", in(b, root, "a/up")), 0);
    ck_assert_int_eq(symlink("a/b", in(b, root, "inner")), 0);
    ck_assert_int_eq(mkfifo(in(b, root, "pipe"), 0600), 0);
}

static void teardown(void)
{
    unit_rmdir(dir);
}

/* What kernels before 5.6, and some containers, say. */
static void forbid_openat2(int err)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    ck_assert_int_eq(syscall(SYS_openat2, AT_FDCWD, ".", NULL, 0), -1);
    ck_assert_int_eq(errno, err);
}

static enum rs_err reads(const char *path, const char *want)
{
    struct fault fault;
    struct stat st;
    char *text = NULL;
    size_t len;
    enum rs_err err = beneath_read(root, path, 100, &text, &len, &st, &fault);

    if (!err)
        ck_assert_str_eq(text, want);
    else
        ck_assert_str_ne(fault.message, "");
    free(text);
    return err;
}

/* _i: 0 as the machine is, else the error that openat2 gives. */
START_TEST(test_nothing_leads_out)
{
    static const char *const bad[] = {"link",
                                      "folder/file",
                                      "a/up/file",
                                      "../outside/file",
                                      "a/../../outside/file",
                                      "/etc/passwd",
                                      "pipe",
                                      "a",
                                      "",
                                      ".",
                                      "..",
                                      "a\nb",
                                      "a/up",
                                      "folder"};
    char path[PATH_MAX], *text = NULL;
    struct fault fault;
    struct stat st;
    size_t len;

    if (_i)
        forbid_openat2(_i);
    ck_assert_ok(reads("a/b/file", "inner"));
    ck_assert_ok(reads("/a/b/file" + 1, "inner"));
    ck_assert_ok(reads(in(path, root, "a/b/file"), "inner"));
    ck_assert_int_eq(reads("a/none", ""), RS_NOT_FOUND);
    ck_assert_int_eq(reads("inner/file", "inner"), _i ? RS_INVALID : RS_OK); /* a link that stays inside */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(reads(bad[i], "") == RS_INVALID, "%s was read", bad[i]);
        int fd;
        if (strcmp(bad[i], "a\nb") != 0)
            ck_assert_msg(beneath_create(root, bad[i], O_TRUNC, 0600, &fd, &fault) != RS_OK, "%s was opened", bad[i]);
    }
    ck_assert_int_eq(beneath_write(root, "folder/new", "x", 1, 0600, &fault), RS_INVALID);
    ck_assert_int_eq(beneath_write(root, "a/up/new", "x", 1, 0600, &fault), RS_INVALID);
    ck_assert_int_eq(beneath_write(root, "../new", "x", 1, 0600, &fault), RS_INVALID);
    ck_assert_ok(beneath_write(root, "link", "mine", 4, 0600, &fault)); /* in the link's place */
    ck_assert_ok(reads("link", "mine"));
    ck_assert_ok(beneath_read(outside, "file", 100, &text, &len, &st, &fault));
    ck_assert_str_eq(text, "secret");
    free(text);
    ck_assert_int_ne(access(in(path, outside, "new"), F_OK), 0);
}
END_TEST

START_TEST(test_rename_and_remove)
{
    struct fault fault;

    ck_assert_ok(beneath_rename(root, "a/b/file", "a/b/other", &fault));
    ck_assert_ok(reads("a/b/other", "inner"));
    ck_assert_int_eq(beneath_rename(root, "a/b/other", "a/b/..", &fault), RS_INVALID);
    ck_assert_ok(beneath_rename(root, "a/b/other", NULL, &fault));
    ck_assert_int_eq(reads("a/b/other", ""), RS_NOT_FOUND);
}
END_TEST

static void with_query(const char *url, const char *json, const char *want)
{
    struct json_object *fields = NULL;
    struct buf out;

    ck_assert_ok(json_parse(json, strlen(json), 1000, &fields, NULL));
    buf_init(&out, 1000);
    ck_assert_ok(urltext_with_query(&out, url, fields));
    ck_assert_str_eq(out.data, want);
    buf_release(&out);
    json_object_put(fields);
}

START_TEST(test_queries)
{
    with_query("http://h/p", "{}", "http://h/p");
    with_query("http://h/p", "null", "http://h/p");
    with_query("http://h/p", "{\"a\":\"1 2\"}", "http://h/p?a=1+2");
    with_query("http://h/p?x=1#f?g", "{\"a\":true}", "http://h/p?x=1&a=true#f?g");
    with_query("http://h/p?", "{\"a\":[1,\"b\"],\"n\":null}", "http://h/p?a=1&a=b");
    with_query("http://h/p?x&", "{\"\xc3\xa9&\":\"=%\"}", "http://h/p?x&%C3%A9%26=%3D%25");
    with_query("http://h", "{\"o\":{\"k\":1}}", "http://h?o=%7B%22k%22%3A1%7D");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("beneath");
    TCase *tc = tcase_create("beneath");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_rename_and_remove);
    tcase_add_test(tc, test_queries);
    tcase_add_loop_test(tc, test_nothing_leads_out, 0, 1);
    tcase_add_loop_test(tc, test_nothing_leads_out, EPERM, EPERM + 1);
    tcase_add_loop_test(tc, test_nothing_leads_out, ENOSYS, ENOSYS + 1);
    suite_add_tcase(s, tc);
    return s;
}
UNIT_MAIN(suite)
