/* value - the syntax of a setting's value, by type. Pure functions, any thread. */
#ifndef RUNSPOOL_CONF_VALUE_H
#define RUNSPOOL_CONF_VALUE_H

#include "conf/config.h"

/* value_parse - check text against the setting's type, choices and bounds. *ret_number: the number of numeric types
 * in their base unit, 1 or 0 of CONFIG_BOOL, else 0. Returns: RS_OK; RS_INVALID with what would be right. */
enum rs_err value_parse(const struct config_setting *setting, const char *text, int64_t *ret_number,
                        struct fault *fault) RS_MUST_CHECK;
/* value_word_in - is word one of those in text, which are separated by sep and perhaps blanks? */
bool value_word_in(const char *text, char sep, const char *word);

#endif
