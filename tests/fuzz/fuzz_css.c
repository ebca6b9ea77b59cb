/* Selectors of any bytes: refused with words, or an expression that libxml2 takes and can evaluate. */
#include "runner/scrape/css.h"
#include "runner/scrape/select.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char page[] =
        "<html lang=en><body id=a class='x y'><p title=t>one<b>two</b></p><p>three</p></body></html>";
    static htmlDocPtr doc;
    char *text = malloc(len + 1), *xpath = NULL;
    struct fault fault = {0};
    struct select select;
    xmlXPathObject *found = NULL;

    if (!text)
        abort();
    html_init();
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (!doc && html_parse(page, sizeof page - 1, NULL, &doc, &fault) != RS_OK)
        abort();
    if (select_compile(text, &xpath, &fault) != RS_OK) {
        if (!*fault.message)
            abort();
    } else if (select_init(&select, doc, "http://example.org/") == RS_OK) {
        enum rs_err err = select_nodes(&select, xpath, NULL, &found, &fault);
        /* What is XPath already may call what there is not. */
        if (err == RS_INVALID && !strchr("/(.", text[strspn(text, " \t\r\n")]))
            abort();
        xmlXPathFreeObject(found);
        select_release(&select);
    }
    free(xpath);
    free(text);
    return 0;
}
