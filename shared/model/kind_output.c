/* Settings and outputs of the kinds of group output. */
#include "model/kind_settings.h"

const struct kind_setting result_settings[] = {
    {"value", SETTING_ANY, .help = "The run's output."},
    KIND_END,
};

const struct kind_output result_outputs[] = {
    {"", "any", "The value."},
    KIND_END,
};

const struct kind_setting file_settings[] = {
    {"path", SETTING_TEXT, .required = true, .help = "Name among the run's artifacts."},
    {"content", SETTING_ANY, .required = true, .help = "A string as it is, anything else as JSON."},
    {"mediaType", SETTING_TEXT, .help = "Default: by the name's ending."},
    KIND_END,
};

const struct kind_output file_outputs[] = {
    {"path", "string", "Name among the run's artifacts."},
    {"bytes", "integer", "Its size."},
    {"mediaType", "string", "What it was given, or what its name's ending says."},
    KIND_END,
};
