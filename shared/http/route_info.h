/* route_info - what the FastCGI programs answer, for whoever lists it: the rows of http/route_rows.h without their functions. */
#ifndef RUNSPOOL_HTTP_ROUTE_INFO_H
#define RUNSPOOL_HTTP_ROUTE_INFO_H

struct route_info {
    const char *method, *pattern, *description;
    const char *scope; /* least one that may; "": anyone */
};
extern const struct route_info route_infos[];
extern const unsigned n_route_infos;

#endif
