/* instance - a data directory of its own for a test, as `runspool up` would make it, and removing it. */
#ifndef RUNSPOOL_TESTS_INSTANCE_H
#define RUNSPOOL_TESTS_INSTANCE_H

#include "conf/datadir.h"
#include "tests/unit/unit.h"

static inline void instance_open(struct datadir *dd, const char *const *overrides)
{
    char root[PATH_MAX];
    struct fault fault = {RS_OK, ""};

    unit_tmpdir(root);
    ck_assert_msg(datadir_open(dd, root, true, overrides, &fault) == RS_OK, "%s", fault.message);
}

static inline void instance_close(struct datadir *dd)
{
    char root[PATH_MAX];

    snprintf(root, sizeof root, "%s", dd->root);
    datadir_release(dd);
    unit_rmdir(root);
}

#endif
