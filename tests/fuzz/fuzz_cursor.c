/* fuzz_cursor - cursors of any text. A place that is accepted reads back the same from its text. */
#include "event/cursor.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char formatted[CURSOR_TEXT_MAX];
    struct cursor cursor, again;
    char *text = malloc(len + 1);

    check(text != NULL);
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (cursor_parse(text, &cursor) == RS_OK && cursor.kind == CURSOR_AT) {
        check(cursor.id >= 0 && cursor.part >= 0 && cursor.part <= CURSOR_PART_MAX);
        check(cursor_parse(cursor_format(cursor.id, cursor.part, formatted), &again) == RS_OK);
        check(again.kind == CURSOR_AT && again.id == cursor.id && again.part == cursor.part);
    }
    free(text);
    return 0;
}
