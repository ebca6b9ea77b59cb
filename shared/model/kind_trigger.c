/* Settings and outputs of the kinds of group trigger. */
#include "model/kind_settings.h"

const struct kind_output manual_outputs[] = {
    {"", "object", "The run's input, with the parameters' defaults filled in."},
    KIND_END,
};
