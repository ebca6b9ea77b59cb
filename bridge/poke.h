/* poke - the socket by which others say that they have appended to the log (DIR/poke.sock, datagrams whose contents do not
 * matter). Threads: the loop. */
#ifndef RUNSPOOL_BRIDGE_POKE_H
#define RUNSPOOL_BRIDGE_POKE_H

#include "base/err.h"

struct bridge;
struct poke;
/* poke_open - each datagram has bridge->writer look. *ret: poke_close, which frees from the loop. */
enum rs_err poke_open(struct bridge *bridge, struct poke **ret, struct fault *fault) RS_MUST_CHECK;
void poke_close(struct poke *poke); /* NULL is fine */

#endif
