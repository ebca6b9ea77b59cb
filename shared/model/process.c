/* Processes by what /proc says of them (proc(5)). */
#include "model/run_row.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_MAX 4096

int64_t process_start(pid_t pid)
{
    char path[64], *text = NULL, *at;
    unsigned long long start = 0;
    char state = 'X';

    if (pid <= 0)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (file_read(path, STAT_MAX, &text, NULL, NULL) != RS_OK)
        return 0;
    /* Field 2 is the program's name in brackets and may hold anything; fields 3 and 22 follow the last bracket. */
    at = strrchr(text, ')');
    if (at == NULL ||
        sscanf(at + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
               &start) != 2 ||
        state == 'Z' || state == 'X')
        start = 0;
    free(text);
    return (int64_t)start;
}

const char *process_place(char place[PROCESS_PLACE_MAX])
{
    char space[48] = "?", *boot = NULL;
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

    space[n > 0 ? n : 0] = '\0';
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &boot, NULL, NULL) == RS_OK)
        boot[strcspn(boot, "\n")] = '\0';
    snprintf(place, PROCESS_PLACE_MAX, "%.40s %s", boot != NULL ? boot : "?", space);
    free(boot);
    return place;
}
