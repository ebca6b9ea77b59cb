/* Runs a fuzz target on the files of a folder (its corpus), without libFuzzer: the corpora are part of make check. */
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define INPUT_MAX (4 * 1024 * 1024)

int main(int argc, char **argv)
{
    char folder[PATH_MAX];
    int n = argc > 1 ? snprintf(folder, sizeof(folder), "%s", argv[1])
                     : snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", RUNSPOOL_SOURCE_DIR,
                                program_invocation_short_name);
    DIR *dir = n < PATH_MAX ? opendir(folder) : NULL;
    n = 0;
    if (!dir) {
        printf("1..1\nnot ok 1 - cannot open %s\n", folder);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[PATH_MAX], *text;
        size_t len;
        if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= PATH_MAX)
            continue;
        struct fault fault = {0};
        if (file_read(path, INPUT_MAX, &text, &len, &fault)) {
            printf("not ok %d - %s\n", ++n, fault.message);
            continue;
        }
        (void)LLVMFuzzerTestOneInput((const uint8_t *)text, len);
        free(text);
        printf("ok %d - %s\n", ++n, entry->d_name);
    }
    closedir(dir);
    printf("1..%d\n", n);
    return 0;
}
