/* params - the parameters a workflow declares, {name,type,description?,required?,default?,...}, and the input of a run checked
 * against them. Types: string (minLength, maxLength, pattern), number and integer (min, max), boolean (also written bool),
 * enum (choices), object, array, file (maxBytes), secret (minLength, maxLength, pattern); `enum` lists the values any of the
 * first four may have. A pattern is a POSIX extended regular expression found anywhere in the text.
 * A file is given as {name, data} with data in base64 and reaches the nodes as {name, bytes, path}; a secret is given as
 * text, is kept sealed, and is shown to nobody. Functions are pure unless they say else: any thread. */
#ifndef RUNSPOOL_MODEL_PARAMS_H
#define RUNSPOOL_MODEL_PARAMS_H

#include "base/json.h"
#include "conf/datadir.h"

#define PARAM_FILE_MAX (700 * 1024)     /* bytes of a file: with base64 and the rest it fits a request */
#define PARAM_FILE_DEFAULT (512 * 1024) /* unless the param's maxBytes says otherwise */
#define PARAM_FILE_NAME_MAX 128
#define PARAM_SHOWN_SECRET "***"

enum param_type {
    PARAM_STRING, PARAM_NUMBER, PARAM_INTEGER, PARAM_BOOLEAN, PARAM_ENUM, PARAM_OBJECT, PARAM_ARRAY, PARAM_FILE, PARAM_SECRET,
    PARAM_N_TYPES
};
/* param_type_of - of one declared param; PARAM_N_TYPES: none of them. param_type_words - "a whole number" */
enum param_type param_type_of(struct json_object *param);
const char *param_type_words(enum param_type type);

/* param_check_value - is the value right for its param? error NULL: ask only; else it gets {param,code,message}, code one of
 * type, enum, min, max, length, pattern, file. value is not NULL. */
bool param_check_value(struct json_object *param, struct json_object *value, struct json_object *errors);
/* param_pattern_check - can the pattern be used? NULL, or what is wrong with it, in static storage. */
const char *param_pattern_check(const char *pattern);

/* params_shown - an input as people may see it: secrets as "***", files without their data. *owned by the caller*; input may be
 * NULL. */
struct json_object *params_shown(struct json_object *definition, struct json_object *input);
/* params_kept - an input that was shown and comes back: what is as it was shown has the value of `old` again. Owned. */
struct json_object *params_kept(struct json_object *definition, struct json_object *input, struct json_object *old);

/* params_sealed - an input with its secrets sealed with the public key, as it is stored: {"sealed": base64}; those that are
 * stay. Owned. RS_CONFLICT: there are some, and there is no key yet. params_opened - the reverse, for the process of a run.
 * RS_CONFLICT: it may not read the private key; RS_UNPROCESSABLE: one was sealed for a key that is gone. Both block on the disk
 * when there is a secret. */
enum rs_err params_sealed(const struct datadir *dd, const char *org, struct json_object *definition,
                          struct json_object *input, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
enum rs_err params_opened(const struct datadir *dd, const char *org, struct json_object *definition,
                          struct json_object *input, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
bool param_is_sealed(struct json_object *value);

#endif
