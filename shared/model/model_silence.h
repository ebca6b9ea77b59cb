/* model_silence - that the endpoint of models (setting model.url) gave no answer, for all programs of an instance: while it
 * is silent they do not all wait for it, but one asks again every MODEL_SILENCE_MS. Kept in a file of the data directory;
 * where that cannot be written, each asks. Any thread. */
#ifndef RUNSPOOL_MODEL_MODEL_SILENCE_H
#define RUNSPOOL_MODEL_MODEL_SILENCE_H

#include "base/err.h"
#include "conf/datadir.h"
#include <stdbool.h>

#define MODEL_SILENCE_MS 10000

/* model_silence_lasts - is it known to be silent, with nobody's turn to ask? Then *ret_reason says why. When a turn has
 * come it is the caller's: the others go by what was known until model_silence_set. */
bool model_silence_lasts(const struct datadir *dd, struct fault *ret_reason);
/* model_silence_set - it was asked. reason: why there is no answer; NULL: there is one. */
void model_silence_set(const struct datadir *dd, const char *reason);

#endif
