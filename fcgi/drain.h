/* drain - where no bridge lives, the FastCGI programs take the lines that emitters without SQLite left in DIR/pending
 * (event/pending.h). */
#ifndef RUNSPOOL_FCGI_DRAIN_H
#define RUNSPOOL_FCGI_DRAIN_H

#include "conf/datadir.h"

/* drain_pending - look for such lines, four times a second for all threads at most, and store some of them. What fails is
 * logged, once, and left for the next look. Blocks on the disk. Any thread. */
void drain_pending(const struct datadir *dd);

#endif
