/* utf8 - what is UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF). Pure functions, any thread. */
#ifndef RUNSPOOL_BASE_UTF8_H
#define RUNSPOOL_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* utf8_char - the length in bytes (1 to 4) of the character at the start of s, which has len >= 1 bytes;
 * 0 when it is not a whole valid one. */
size_t utf8_char(const char *s, size_t len);
/* utf8_valid - are all len bytes whole valid characters? */
bool utf8_valid(const char *s, size_t len);
/* utf8_repair - put '?' for each byte of text that is of no whole valid character: what was cut, or came in as rubbish,
 * must not leave as rubbish. */
void utf8_repair(char *text);

#endif
