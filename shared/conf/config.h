/* config - runspool.conf (`key = value` lines, # comments) and one const table of every setting.
 * Priority: option (--set key=value), environment (RUNSPOOL_KEY, dots as underscores), file, default.
 * The table also drives `runspool config`, --help of settings and the man page check. */
#ifndef RUNSPOOL_CONF_CONFIG_H
#define RUNSPOOL_CONF_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

enum config_type { CONFIG_TEXT, CONFIG_WORD /* one of choices */, CONFIG_COUNT, CONFIG_BYTES /* 64k, 10M, 1G */,
                   CONFIG_MILLISECONDS /* 250ms, 30s, 5m, 2h, 7d */, CONFIG_BOOL /* yes|no */, CONFIG_LIST /* by comma */ };

/* One row a setting; `key` may hold one `<name>` part, as in "hooks.<source>.secret". */
struct config_setting {
    const char *key;
    enum config_type type;
    const char *fallback; /* default, in file syntax; NULL: unset */
    const char *choices;  /* CONFIG_WORD: "none|jwt" */
    int64_t min, max;     /* of the numeric types, in their base unit; 0,0: no check */
    bool secret;          /* `runspool config` prints *** */
    const char *help;     /* one line */
};
extern const struct config_setting config_settings[];
extern const unsigned config_n_settings;

struct config; /* immutable after config_load; any thread may read */

/* config_load - read the file (a missing one is as an empty one), environment and overrides.
 * overrides: "key=value" strings, NULL-terminated; may be NULL.
 * Returns: RS_OK; RS_INVALID with fault "FILE:LINE: ..." (unknown key, bad value, duplicate key); RS_IO.
 * *ret: owned by the caller (config_free). */
enum rs_err config_load(const char *file, const char *const *overrides, struct config **ret, struct fault *fault)
    RS_MUST_CHECK;
void config_free(struct config *config); /* NULL is fine */

/* Readers by key ("runner.shell", "hooks.github.secret"). An unknown key is our bug (assertion).
 * config_text: borrowed, NULL when unset. */
const char *config_text(const struct config *config, const char *key);
int64_t config_number(const struct config *config, const char *key); /* count, bytes, ms; 0 when unset */
bool config_bool(const struct config *config, const char *key);
bool config_is(const struct config *config, const char *key, const char *word); /* text equal to word */
/* config_list_has - does the CONFIG_LIST hold word? */
bool config_list_has(const struct config *config, const char *key, const char *word);

/* config_each - call `take` for each <name> of a setting like "assistant.models.<intent>" that has a value. */
void config_each(const struct config *config, const char *pattern, void (*take)(void *ctx, const char *name, const char *text),
                 void *ctx);

/* config_where - where a setting was given, to begin an error with: "FILE:LINE", "--set auth", "environment variable ...",
 * "default". Returns where. */
#define CONFIG_WHERE_MAX 1024
char *config_where(const struct config *config, const char *key, char where[CONFIG_WHERE_MAX]);

/* config_print - every setting in force as `key = value` lines (unset ones as `# key =`), secrets as ***. */
enum rs_err config_print(const struct config *config, struct buf *out);
/* config_print_json - the same as one JSON object {key: {"value","source","help"}}. */
enum rs_err config_print_json(const struct config *config, struct buf *out);

#endif
