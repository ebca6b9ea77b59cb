/* topics - the HTTP twins of topics: the bare data, as the builder gives it that the live doors use, too. */
#ifndef RUNSPOOL_FCGI_TOPICS_H
#define RUNSPOOL_FCGI_TOPICS_H

#include "dialect/topics.h"
#include "routes.h"

/* topic_answer - 200 with the data; the pattern's {id}, if it has one, is what the topic is asked for. */
enum rs_err topic_answer(struct call *call, const struct topic *topic, struct fault *fault) RS_MUST_CHECK;

#endif
