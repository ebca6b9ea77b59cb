/* kind_settings - the settings of the kinds, by group: kind_trigger.c, kind_agent.c and so on define them, kind.c lists
 * the kinds. Only kind.c includes this besides them. */
#ifndef RUNSPOOL_MODEL_KIND_SETTINGS_H
#define RUNSPOOL_MODEL_KIND_SETTINGS_H

#include "model/kind.h"

#define KIND_DAY_MS (24 * 60 * 60 * 1000LL)
#define KIND_END {.name = NULL}

/* Each ends with name NULL. */
/* kind_tool.c */
extern const struct kind_setting shell_settings[];
extern const struct kind_setting git_clone_settings[];
extern const struct kind_setting http_request_settings[];
/* kind_control.c */
extern const struct kind_setting expression_settings[];
/* kind_output.c */
extern const struct kind_setting result_settings[];
extern const struct kind_setting file_settings[];

#endif
