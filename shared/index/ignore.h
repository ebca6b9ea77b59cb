/* ignore - which files of a folder are left out, as .gitignore files say (gitignore(5)). One thread. */
#ifndef RUNSPOOL_INDEX_IGNORE_H
#define RUNSPOOL_INDEX_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#define IGNORE_RULES_MAX 10000
#define IGNORE_FILE_MAX 65536 /* bytes of one .gitignore */

struct ignore_rule;
struct ignore {
    struct ignore_rule *rules;
    size_t n, cap;
};
/* A zeroed ignore ignores nothing. ignore_add - the patterns of a .gitignore in the folder `folder` ("" for the root,
 * else without a slash at its end). Without memory, or over the limits, some are left out. */
void ignore_add(struct ignore *ignore, const char *folder, const char *text, size_t len);
/* ignore_truncate - forget the rules added since there were n: those of a folder that is done. */
void ignore_truncate(struct ignore *ignore, size_t n);
/* ignore_matches - path: below the root, without a slash at its ends. */
bool ignore_matches(const struct ignore *ignore, const char *path, bool is_folder);
void ignore_release(struct ignore *ignore);

#endif
