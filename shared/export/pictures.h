/* pictures - the graph of a run as SVG, and its nodes over time. Used by one thread. */
#ifndef RUNSPOOL_EXPORT_PICTURES_H
#define RUNSPOOL_EXPORT_PICTURES_H

#include "export/page.h"

/* pictures_graph - layers from left to right (longest path), within them in the order that keeps edges short (barycentres:
 * Sugiyama, Tagawa, Toda, 1981). Each node links to #nN, N its place in the definition. RS_NOMEM. */
enum rs_err pictures_graph(struct page *page) RS_MUST_CHECK;
/* pictures_timeline - a bar for every node that has begun. order: all nodes, those that began first before the others. */
void pictures_timeline(struct page *page, struct page_node *const *order);

#endif
