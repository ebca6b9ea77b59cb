/* id - names of things: what is valid, and how new ones are made. Any thread. */
#ifndef RUNSPOOL_BASE_ID_H
#define RUNSPOOL_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define ID_MAX 128 /* bytes, as in [A-Za-z0-9._-]{1,128} */

/* id_valid - is s an id of protocols ([A-Za-z0-9._-]{1,128}; "." and ".." are not)? NULL is not. */
bool id_valid(const char *s);
/* id_valid_n - the same for len bytes without NUL. */
bool id_valid_n(const char *s, size_t len);
/* id_new - prefix followed by 16 random characters of [0-9a-z] from the kernel's generator (80 bits):
 * "r_" makes a run id. out has room for ID_MAX + 1; prefix at most 16 bytes. Returns out. */
char *id_new(const char *prefix, char out[ID_MAX + 1]);

#endif
