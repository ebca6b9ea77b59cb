/* up - what `runspool up` sets up before its loop, in parts that can be tested. */
#ifndef RUNSPOOL_CLI_UP_H
#define RUNSPOOL_CLI_UP_H

#include "base/buf.h"
#include "conf/datadir.h"

#define CONF_TEXT_MAX 65536

/* conf_default_text - a runspool.conf that says every setting, its meaning and its default, all commented out. Pure. */
enum rs_err conf_default_text(struct buf *out) RS_MUST_CHECK;
/* setting_variable - "runner.shell=allow" into name "RUNSPOOL_RUNNER_SHELL", value "allow" (borrowed from setting).
 * RS_INVALID without "=" or with a name that does not fit. Pure. */
enum rs_err setting_variable(const char *setting, char name[128], const char **ret_value) RS_MUST_CHECK;
/* conf_check - what the parts would stumble over when they start: keys of tokens. Blocks on the disk. */
enum rs_err conf_check(const struct datadir *dd, struct fault *fault) RS_MUST_CHECK;

#endif
