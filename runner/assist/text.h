/* text - what people type, made regular; keywords and addresses found in it. Pure functions, any thread; texts are
 * UTF-8. */
#ifndef RUNSPOOL_RUNNER_ASSIST_TEXT_H
#define RUNSPOOL_RUNNER_ASSIST_TEXT_H

#include "base/buf.h"
#include "base/json.h"
#include <stdbool.h>

#define TEXT_URLS_MAX 20
#define TEXT_SCORES_MAX 200

/* text_normalize - append text to out, regular: line ends are LF; other control characters, and those that show nothing
 * or turn the writing direction (U+200B, U+2060, U+FEFF, U+202A to 202E, U+2066 to 2069), are left out; every kind of
 * space is a space; no spaces at a line's end, no more than one empty line in a row, nothing before the first and
 * behind the last visible character. *ret_removed: how many characters were left out. Returns out->err. */
enum rs_err text_normalize(const char *text, size_t len, struct buf *out, int *ret_removed);
/* text_words - how many words. */
int text_words(const char *text);
/* text_urls - the http and https addresses in it, an array, each once, at most TEXT_URLS_MAX; punctuation behind an
 * address is not of it. Owned by the caller. */
struct json_object *text_urls(const char *text);
/* text_has_phrase - does the phrase (lower case) stand in text, whole words, in any case of ASCII letters? One that
 * ends with * stands for all words that begin so. */
bool text_has_phrase(const char *text, const char *phrase);
/* text_score - the sum of the weights of those keywords ({phrase: number}) that stand in text. */
double text_score(const char *text, struct json_object *keywords);

#endif
