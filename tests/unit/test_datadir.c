#include "conf/datadir.h"
#include "unit.h"
#include <sys/stat.h>
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

START_TEST(creates_folders_shared_by_the_group)
{
    static const char *const folders[] = {"", "run", "log", "runs", "pending", "keys"};
    char root[PATH_MAX], path[PATH_MAX];
    struct datadir dd = {0};
    struct fault fault = {0};
    unit_path(root, tmp, "a/b/");
    ck_assert_msg(datadir_open(&dd, root, true, NULL, &fault) == RS_OK, "%s", fault.message);
    ck_assert_str_eq(dd.root, unit_path(path, tmp, "a/b"));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        struct stat st;
        ck_assert_int_eq(stat(datadir_path(&dd, path, "%s", folders[i]), &st), 0);
        ck_assert_uint_eq(st.st_mode & 07777, 02770);
    }
    datadir_release(&dd);
    ck_assert_ok(datadir_open(&dd, root, false, NULL, &fault));
    datadir_release(&dd);
    datadir_release(&dd);
    datadir_release(NULL);
}
END_TEST

START_TEST(missing_directory_says_how_to_make_one)
{
    char root[PATH_MAX];
    struct datadir dd = {0};
    struct fault fault = {0};
    ck_assert_int_eq(datadir_open(&dd, unit_path(root, tmp, "none"), false, NULL, &fault), RS_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(fault.message, "runspool up"));
    ck_assert_ptr_nonnull(strstr(fault.message, root));
}
END_TEST

START_TEST(reads_its_config_and_environment)
{
    struct datadir dd = {0};
    struct fault fault = {0};
    unit_write(tmp, "runspool.conf", "runner.max_runs = 9\n");
    setenv("RUNSPOOL_DATA", tmp, 1);
    ck_assert_ok(datadir_open(&dd, NULL, false, NULL, &fault));
    ck_assert_str_eq(dd.root, tmp);
    ck_assert_int_eq(config_number(dd.config, "runner.max_runs"), 9);
    char path[PATH_MAX], want[PATH_MAX];
    ck_assert_str_eq(datadir_path(&dd, path, DATADIR_RUN_WORK, "r_1"), unit_path(want, tmp, "runs/r_1/work"));
    datadir_release(&dd);
    unit_write(tmp, "runspool.conf", "nonsense = 9\n");
    ck_assert_int_eq(datadir_open(&dd, NULL, false, NULL, &fault), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "runspool.conf:1: unknown"));
}
END_TEST

START_TEST(refuses_a_path_too_long_for_sockets)
{
    char root[PATH_MAX], name[101];
    struct datadir dd = {0};
    struct fault fault = {0};
    memset(name, 'x', 100);
    name[100] = '\0';
    ck_assert_int_eq(datadir_open(&dd, unit_path(root, tmp, name), true, NULL, &fault), RS_INVALID);
    ck_assert_ptr_nonnull(strstr(fault.message, "too long"));
}
END_TEST

START_TEST(finds_programs)
{
    char path[PATH_MAX], want[PATH_MAX];
    struct fault fault = {0};
    unit_write(tmp, "runspool-bridge", "#!/bin/sh\n");
    setenv("RUNSPOOL_PROGRAMS", tmp, 1);
    unit_path(want, tmp, "runspool-bridge");
    ck_assert_int_eq(chmod(want, 0755), 0);
    ck_assert_ok(program_path("runspool-bridge", path, &fault));
    ck_assert_str_eq(path, want);
    ck_assert_int_eq(program_path("no-such-program", path, &fault), RS_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(fault.message, "no-such-program"));
    ck_assert_ptr_nonnull(strstr(fault.message, RUNSPOOL_SBIN_DIR));
    /* This test runs in the build tree, so the examples are those of the source. */
    ck_assert_ok(program_data_path("examples", path, &fault));
    ck_assert_str_eq(path, RUNSPOOL_SOURCE_DIR "/examples");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("datadir");
    TCase *t = tcase_create("datadir");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, creates_folders_shared_by_the_group);
    tcase_add_test(t, missing_directory_says_how_to_make_one);
    tcase_add_test(t, reads_its_config_and_environment);
    tcase_add_test(t, refuses_a_path_too_long_for_sockets);
    tcase_add_test(t, finds_programs);
    suite_add_tcase(s, t);
    return s;
}
UNIT_MAIN(suite)
