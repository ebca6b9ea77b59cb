/* spool_server - DIR/spool.sock: takes lines from emitters and gives them to the writer; sends its answers.
 * Stops reading while the writer is behind by WRITER_BACKLOG_MAX. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_SPOOL_SERVER_H
#define RUNSPOOL_BRIDGE_SPOOL_SERVER_H

#include "base/err.h"
#include "bridge/ingest.h"

struct bridge;
struct spool_server;
enum rs_err spool_server_open(struct bridge *bridge, struct spool_server **ret, struct fault *fault) RS_MUST_CHECK;
/* spool_server_take - read what has arrived, for the writer, unless it waits for spool.gather to be over; not from within the other functions of this. */
void spool_server_take(struct spool_server *s);
/* spool_server_answer - an outcome of the writer: send its answers, read on if the backlog allows it. */
void spool_server_answer(struct spool_server *s, const struct outcome *o);
/* spool_server_drain - stop accepting, take what has already arrived, then read no more. Answers still go out. */
void spool_server_drain(struct spool_server *s);
/* spool_server_close - end all connections; freed from the loop. NULL is fine. */
void spool_server_close(struct spool_server *s);

#endif
