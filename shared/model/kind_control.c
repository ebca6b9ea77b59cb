/* Settings and outputs of the kinds of group control. */
#include "model/kind_settings.h"

const struct kind_setting expression_settings[] = {
    {"expression", SETTING_JQ, .required = true, .help = "jq over {input, nodes, session, env}."},
    KIND_END,
};

const struct kind_output transform_outputs[] = {
    {"", "any", "What the expression gives."},
    KIND_END,
};

const struct kind_output condition_outputs[] = {
    {"", "boolean", "Was it anything but null and false?"},
    KIND_END,
};
