/* openapi_text - at build time: docs/openapi.yaml as the JSON that GET /api/openapi.json answers, as C. */
#include "base/file.h"
#include "import/yaml_tree.h"
#include <stdio.h>
#include <stdlib.h>

enum { YAML_MAX = 4 * 1024 * 1024, LINE_BYTES = 24 };

static bool print_bytes(const char *text, size_t len)
{
    printf("/* Made of docs/openapi.yaml by fcgi/openapi_text. */\n");
    for (size_t i = 0; i < len; i++)
        printf("%u,%s", (unsigned)(unsigned char)text[i], i % LINE_BYTES == LINE_BYTES - 1 ? "\n" : "");
    return fflush(stdout) == 0 && !ferror(stdout);
}

int main(int argc, char **argv)
{
    struct json_object *document = NULL;
    struct fault fault = {0};
    char *yaml = NULL;
    size_t len;

    if (argc != 2) {
        fprintf(stderr, "usage: openapi_text FILE.yaml\n");
        return 2;
    }
    enum rs_err err = file_read(argv[1], YAML_MAX, &yaml, &len, &fault);
    if (!err)
        err = yaml_tree(yaml, len, &document, &fault);
    if (err)
        fprintf(stderr, "%s: %s\n", argv[1], fault.message);
    const char *text = json_text(document, &len);
    bool printed = !err && print_bytes(text, len);
    json_object_put(document);
    free(yaml);
    return printed ? 0 : 1;
}
