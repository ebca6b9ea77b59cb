/* Templates and jq programs of any bytes: parts lie in the text, follow each other and end; a program that jqlex_check
 * accepts closes all it opens. */
#include "runner/jqlex.h"
#include "runner/template.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const char *text = (const char *)bytes;
    struct template_part part;
    struct fault fault;
    size_t pos = 0, last = 0;

    while (template_next(text, len, &pos, &part, &fault) == RS_OK) {
        if (pos <= last || pos > len || part.start < last || part.start + part.len > pos)
            abort();
        last = pos;
    }
    if (jqlex_check(text, len, &fault) == RS_OK) {
        struct jqlex lex;
        enum jqlex_token token;
        jqlex_init(&lex, text, len);
        while ((token = jqlex_next(&lex)) != JQLEX_END)
            if (token == JQLEX_BAD || token == JQLEX_CLOSE || lex.pos <= lex.start)
                abort();
        if (lex.depth != 0 || lex.in_string)
            abort();
    }
    return 0;
}
