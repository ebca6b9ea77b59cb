#include "base/file.h"
#include "unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char tmp[PATH_MAX];

static void setup(void)
{
    unit_tmpdir(tmp);
}

static void teardown(void)
{
    unit_rmdir(tmp);
}

static int entries(const char *folder)
{
    DIR *d = opendir(folder);
    ck_assert_ptr_nonnull(d);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

START_TEST(write_then_read)
{
    char path[PATH_MAX], *data = NULL;
    size_t len = 0;
    unit_path(path, tmp, "f");
    ck_assert_ok(file_write(path, "a\0b", 3, 0640, NULL));
    ck_assert_ok(file_read(path, 3, &data, &len, NULL));
    ck_assert_uint_eq(len, 3);
    ck_assert_mem_eq(data, "a\0b", 4);
    free(data);
    ck_assert_ok(file_write(path, "second", 6, 0600, NULL));
    ck_assert_ok(file_read(path, 100, &data, NULL, NULL));
    ck_assert_str_eq(data, "second");
    free(data);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0600);
    ck_assert_int_eq(entries(tmp), 1); /* no temporary file left */
}
END_TEST

START_TEST(read_is_bounded)
{
    char path[PATH_MAX], *data = NULL;
    char *big = calloc(1, 100000);
    memset(big, 'x', 100000);
    unit_path(path, tmp, "f");
    ck_assert_ok(file_write(path, big, 100000, 0600, NULL));
    ck_assert_int_eq(file_read(path, 99999, &data, NULL, NULL), RS_LIMIT);
    ck_assert_ptr_null(data);
    size_t len;
    ck_assert_ok(file_read(path, 100000, &data, &len, NULL));
    ck_assert_uint_eq(len, 100000);
    ck_assert_mem_eq(data, big, 100000);
    free(data);
    free(big);
}
END_TEST

START_TEST(missing_file_is_not_found)
{
    char path[PATH_MAX], *data = NULL;
    struct fault fault = {0};
    ck_assert_int_eq(file_read(unit_path(path, tmp, "none"), 10, &data, NULL, &fault), RS_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(fault.message, path));
    ck_assert_int_eq(file_write(unit_path(path, tmp, "no/such"), "", 0, 0600, NULL), RS_NOT_FOUND);
}
END_TEST

START_TEST(empty_file)
{
    char path[PATH_MAX], *data = NULL;
    size_t len = 9;
    ck_assert_ok(file_write(unit_path(path, tmp, "e"), "", 0, 0600, NULL));
    ck_assert_ok(file_read(path, 0, &data, &len, NULL));
    ck_assert_uint_eq(len, 0);
    ck_assert_str_eq(data, "");
    free(data);
}
END_TEST

/* A record lock of SQLite's kind is lost when any descriptor of its file is closed. */
START_TEST(create_leaves_existing_files_and_their_locks_alone)
{
    char path[PATH_MAX];
    struct stat st;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    unit_path(path, tmp, "db");
    ck_assert_ok(file_create(path, 0640, NULL));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    ck_assert_int_eq(entries(tmp), 1);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
    ck_assert_ok(file_create(path, 0640, NULL));
    pid_t child = fork();
    if (child == 0) {
        int other = open(path, O_RDWR);
        _exit(fcntl(other, F_SETLK, &lock) == 0 ? 1 : 0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    close(fd);
    ck_assert_int_eq(file_create(unit_path(path, tmp, "none/db"), 0640, NULL), RS_NOT_FOUND);
}
END_TEST

START_TEST(mkdir_makes_parents_and_accepts_existing)
{
    char path[PATH_MAX];
    struct stat st;
    unit_path(path, tmp, "a/b/c");
    ck_assert_ok(file_mkdir(path, 02770, NULL));
    ck_assert_ok(file_mkdir(path, 02770, NULL));
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert(S_ISDIR(st.st_mode));
    ck_assert_uint_eq(st.st_mode & S_ISGID, S_ISGID);
    unit_write(tmp, "file", "x");
    ck_assert_int_ne(file_mkdir(unit_path(path, tmp, "file"), 0700, NULL), RS_OK);
    ck_assert_int_ne(file_mkdir(unit_path(path, tmp, "file/x"), 0700, NULL), RS_OK);
}
END_TEST

START_TEST(remove_tree_does_not_follow_links)
{
    char keep[PATH_MAX], tree[PATH_MAX], path[PATH_MAX];
    ck_assert_ok(file_mkdir(unit_path(keep, tmp, "keep"), 0700, NULL));
    unit_write(keep, "precious", "x");
    ck_assert_ok(file_mkdir(unit_path(path, tmp, "tree/sub/deep"), 0700, NULL));
    unit_path(tree, tmp, "tree");
    unit_write(path, "f", "x");
    ck_assert_int_eq(symlink(keep, unit_path(path, tree, "link")), 0);
    ck_assert_ok(file_remove_tree(tree, NULL));
    ck_assert_int_ne(access(tree, F_OK), 0);
    ck_assert_int_eq(access(unit_path(path, keep, "precious"), F_OK), 0);
    ck_assert_ok(file_remove_tree(tree, NULL)); /* missing is fine */
}
END_TEST

START_TEST(remove_beneath_follows_no_link_on_the_way)
{
    char path[PATH_MAX];
    struct fault fault;
    ck_assert_ok(file_mkdir(unit_path(path, tmp, "keep/data"), 0700, NULL));
    ck_assert_ok(file_mkdir(unit_path(path, tmp, "root/a/b/c"), 0700, NULL));
    unit_path(path, tmp, "root/a/link");
    ck_assert_int_eq(symlink("../../keep", path), 0);
    unit_path(path, tmp, "root");
    ck_assert_int_eq(file_remove_beneath(path, "a/link/data", &fault), RS_INVALID);
    ck_assert_int_eq(file_remove_beneath(path, "../keep", &fault), RS_INVALID);
    ck_assert_int_eq(file_remove_beneath(path, "a/..", &fault), RS_INVALID);
    ck_assert_int_ne(file_remove_beneath(path, "a/link", &fault), RS_OK);
    ck_assert_ok(file_remove_beneath(path, "", &fault));
    ck_assert_ok(file_remove_beneath(path, "/./", &fault));
    ck_assert_ok(file_remove_beneath(path, "none/at/all", &fault));
    ck_assert_int_eq(access(unit_path(path, tmp, "keep/data"), F_OK), 0);
    ck_assert_int_eq(access(unit_path(path, tmp, "root/a/b/c"), F_OK), 0);
    ck_assert_ok(file_remove_beneath(unit_path(path, tmp, "root"), "/a/./b/", &fault));
    ck_assert_int_ne(access(unit_path(path, tmp, "root/a/b"), F_OK), 0);
    ck_assert_int_eq(access(unit_path(path, tmp, "root/a"), F_OK), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("file");
    TCase *t = tcase_create("file");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, write_then_read);
    tcase_add_test(t, read_is_bounded);
    tcase_add_test(t, missing_file_is_not_found);
    tcase_add_test(t, empty_file);
    tcase_add_test(t, create_leaves_existing_files_and_their_locks_alone);
    tcase_add_test(t, mkdir_makes_parents_and_accepts_existing);
    tcase_add_test(t, remove_tree_does_not_follow_links);
    tcase_add_test(t, remove_beneath_follows_no_link_on_the_way);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
