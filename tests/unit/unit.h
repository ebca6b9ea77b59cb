/* unit - what every unit test program shares: main, a temporary folder, reading and writing small files. */
#ifndef RUNSPOOL_TESTS_UNIT_H
#define RUNSPOOL_TESTS_UNIT_H

#include "base/file.h"
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UNIT_MAIN(suite_fn) - run the suite; TAP goes to stdout (CK_TAP_LOG_FILE_NAME=- of automake's driver, or by default).
 * Check runs each test in a process of its own; CK_FORK=no keeps them in one, for a debugger. */
#define UNIT_MAIN(suite_fn)                                                                                            \
    int main(void) {                                                                                                   \
        SRunner *sr = srunner_create(suite_fn());                                                                      \
        srunner_set_tap(sr, "-");                                                                                      \
        srunner_run_all(sr, CK_SILENT);                                                                                \
        int failed = srunner_ntests_failed(sr);                                                                        \
        srunner_free(sr);                                                                                              \
        return failed == 0 ? 0 : 1;                                                                                    \
    }

/* unit_tmpdir - a new empty folder, absolute; unit_rmdir removes it with its contents. */
static inline char *unit_tmpdir(char path[PATH_MAX]) {
    const char *base = getenv("TMPDIR");
    snprintf(path, PATH_MAX, "%s/runspool-unit-XXXXXX", base && *base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(path));
    return path;
}

static inline void unit_rmdir(const char *path) {
    struct fault fault = {0};
    ck_assert_msg(file_remove_tree(path, &fault) == RS_OK, "%s", fault.message);
}

/* unit_path - folder/name into path. */
static inline char *unit_path(char path[PATH_MAX], const char *folder, const char *name) {
    ck_assert_int_lt(snprintf(path, PATH_MAX, "%s/%s", folder, name), PATH_MAX);
    return path;
}

/* unit_write - make folder/name with this text. */
static inline void unit_write(const char *folder, const char *name, const char *text) {
    char path[PATH_MAX];
    FILE *f = fopen(unit_path(path, folder, name), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

#define ck_assert_ok(expr) ck_assert_int_eq((expr), RS_OK)

#endif
