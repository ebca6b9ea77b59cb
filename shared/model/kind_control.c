/* Settings of the kinds of group control. */
#include "model/kind_settings.h"

const struct kind_setting expression_settings[] = {
    {"expression", SETTING_JQ, .required = true, .help = "jq over {input, nodes, session, env}."},
    KIND_END,
};
