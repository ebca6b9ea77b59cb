/* kind - the table of node kinds: what exists, in which group, with which settings. It drives validation here and the
 * docs; runner/nodes/ holds the function of each (a test holds the two together). */
#ifndef RUNSPOOL_MODEL_KIND_H
#define RUNSPOOL_MODEL_KIND_H

#include <stdbool.h>

enum setting_type { SETTING_TEXT, SETTING_JQ /* program text, no template */, SETTING_NUMBER, SETTING_BOOL,
                    SETTING_ARGV /* array of strings */, SETTING_OBJECT, SETTING_ANY, SETTING_WORD /* one of choices */ };
struct kind_setting {
    const char *name;
    enum setting_type type;
    bool required;
    const char *choices; /* SETTING_WORD: "get|post" */
    const char *help;    /* one line */
};
struct kind {
    const char *name;    /* data.kind: "shell" */
    const char *group;   /* node's type: trigger, agent, tool, control, output */
    const char *label;   /* for people: "Shell command" */
    const char *help;    /* one line */
    const struct kind_setting *settings; /* ends with name NULL; every kind also takes the common ones */
};
extern const struct kind kinds[];
extern const unsigned n_kinds;
/* Settings every kind takes: label, timeoutMs, retry {attempts,backoffMs,factor}, continueOnError, onInterrupted, toolId. */
extern const struct kind_setting kind_common_settings[];
/* kind_find - by data.kind; NULL when unknown. */
const struct kind *kind_find(const char *name);

#endif
