/* secrets - those that a run's definition names, opened when it begins, and the mask that keeps their values out of all
 * that leaves its process. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_SECRETS_H
#define RUNSPOOL_RUNNER_SECRETS_H

#include "base/mask.h"
#include "model/secret.h"

/* secrets_load - *ret: those of the org that the definition's texts name as $secrets.NAME; NULL: none. *ret_mask: hides
 * their values, NULL when there are none. From the first one on the process leaves no core dump and cannot be traced.
 * Owned: secret_free_all, mask_free. */
enum rs_err secrets_load(struct store *store, const char *org, struct json_object *definition, struct secret **ret,
                         struct mask **ret_mask, struct fault *fault) RS_MUST_CHECK;
/* secrets_hide_params - hide the values of the input's secret params, too. input: opened (params_opened). *mask: made when it
 * is NULL. */
enum rs_err secrets_hide_params(struct json_object *definition, struct json_object *input, struct mask **mask,
                                struct fault *fault) RS_MUST_CHECK;
/* secrets_hide_names - rename what in folder and below has a value in its name. Blocks on the disk. */
void secrets_hide_names(const struct mask *mask, const char *folder);

#endif
