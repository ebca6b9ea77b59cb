/* usage - what a server and its children cost, from /proc. */
#ifndef DELIVERY_USAGE_H
#define DELIVERY_USAGE_H

#include <sys/types.h>

struct usage {
    int n_processes;
    double cpu_s;         /* of all their threads, exact (schedstat) */
    double rss_kb, pss_kb;
    double machine_cpu_s; /* of everything on the machine, in clock ticks */
};
/* usage_of - of a process and all that descend from it; pid 0: only the machine's. */
struct usage usage_of(pid_t pid);

#endif
