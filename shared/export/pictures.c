#include "export/pictures.h"

#include "export/text.h"
#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

enum {
    NODE_WIDTH = 200,
    NODE_HEIGHT = 56,
    GAP_ACROSS = 56,
    GAP_DOWN = 20,
    BEND_HEIGHT = 8,   /* of the place that an edge takes in a layer it passes */
    SWEEPS = 6,
    ITEMS_MAX = 20000, /* nodes, and the places edges pass through; beyond it edges are drawn straight */
};

/* What has a place in a layer: a node, or an edge that passes. */
struct item {
    int layer;
    double y, wanted; /* middle */
    int n_wanted;
    bool bend;
};

struct link {
    int from, to; /* items of neighbouring layers */
};

struct edge {
    int from, to;          /* nodes */
    int first_bend, n_bends; /* items, one after another */
    bool off;              /* nothing went along it */
};

struct drawing {
    struct item *items; /* nodes first */
    int n_items, n_layers;
    struct edge *edges;
    int n_edges;
    struct link *links;
    int n_links;
    int *sorted;    /* items by layer, then by place */
    double width, height;
};

static int node_index(const struct page *page, struct json_object *edge, const char *member)
{
    const struct page_node *node = map_get(&page->by_id, json_get_string(edge, member, ""));
    return node ? (int)(node - page->nodes) : -1;
}

static bool is_off(const struct page_node *from, const struct page_node *to)
{
    return strcmp(from->status, "skipped") == 0 || strcmp(from->status, "cancelled") == 0 || strcmp(to->status, "skipped") == 0;
}

static void take_edges(const struct page *page, struct json_object *edges, struct drawing *d)
{
    size_t n = edges ? json_object_array_length(edges) : 0;
    for (size_t i = 0; i < n && d->n_edges < GRAPH_EDGES_MAX; i++) {
        struct json_object *edge = json_object_array_get_idx(edges, i);
        int from = node_index(page, edge, "source"), to = node_index(page, edge, "target");
        if (from >= 0 && to >= 0 && from != to)
            d->edges[d->n_edges++] = (struct edge){.from = from, .to = to, .off = is_off(&page->nodes[from], &page->nodes[to])};
    }
    /* Longest paths; as many rounds as there are nodes, should it not be acyclic after all. */
    bool moved = true;
    for (int round = 0; moved && round < page->n_nodes; round++) {
        moved = false;
        for (int i = 0; i < d->n_edges; i++)
            if (d->items[d->edges[i].to].layer <= d->items[d->edges[i].from].layer) {
                d->items[d->edges[i].to].layer = d->items[d->edges[i].from].layer + 1;
                moved = true;
            }
    }
}

static void bend_edges(struct drawing *d)
{
    for (int i = 0; i < d->n_edges; i++) {
        struct edge *edge = &d->edges[i];
        int last = edge->from, layer = d->items[edge->from].layer, across = d->items[edge->to].layer - layer - 1;
        if (across < 0 || d->n_items + across > ITEMS_MAX)
            continue;
        edge->first_bend = d->n_items;
        edge->n_bends = across;
        for (int k = 0; k < across; k++) {
            d->items[d->n_items] = (struct item){.layer = layer + 1 + k, .bend = true};
            d->links[d->n_links++] = (struct link){last, d->n_items};
            last = d->n_items++;
        }
        d->links[d->n_links++] = (struct link){last, edge->to};
    }
}

static int by_place(const void *a, const void *b, void *items)
{
    const int *i = a, *k = b;
    const struct item *x = (struct item *)items + *i, *y = (struct item *)items + *k;
    if (x->layer != y->layer)
        return x->layer - y->layer;
    return x->wanted < y->wanted ? -1 : x->wanted > y->wanted ? 1 : *i - *k;
}

/* Puts the items of each layer below each other in the order they are wanted in, all layers with one middle. */
static void place(struct drawing *d)
{
    qsort_r(d->sorted, (size_t)d->n_items, sizeof *d->sorted, by_place, d->items);
    for (int first = 0, next; first < d->n_items; first = next) {
        double y = 0;
        for (next = first; next < d->n_items && d->items[d->sorted[next]].layer == d->items[d->sorted[first]].layer; next++) {
            struct item *item = &d->items[d->sorted[next]];
            double height = item->bend ? BEND_HEIGHT : NODE_HEIGHT;
            item->y = y + height / 2;
            y += height + GAP_DOWN;
        }
        y -= GAP_DOWN;
        d->height = y > d->height ? y : d->height;
        for (int i = first; i < next; i++)
            d->items[d->sorted[i]].y -= y / 2;
    }
}

/* Wants each item where its neighbours on one side are. */
static void want(struct drawing *d, bool forward)
{
    for (int i = 0; i < d->n_items; i++)
        d->items[i].n_wanted = 0, d->items[i].wanted = 0;
    for (int i = 0; i < d->n_links; i++) {
        struct item *item = &d->items[forward ? d->links[i].to : d->links[i].from];
        item->wanted += d->items[forward ? d->links[i].from : d->links[i].to].y;
        item->n_wanted++;
    }
    for (int i = 0; i < d->n_items; i++)
        d->items[i].wanted = d->items[i].n_wanted ? d->items[i].wanted / d->items[i].n_wanted : d->items[i].y;
}

static void arrange(struct drawing *d, int n_nodes)
{
    for (int i = 0; i < d->n_items; i++) {
        d->sorted[i] = i;
        d->items[i].wanted = i;
    }
    place(d);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        want(d, sweep % 2 == 0);
        d->height = 0;
        place(d);
    }
    for (int i = 0; i < n_nodes; i++)
        d->n_layers = d->items[i].layer >= d->n_layers ? d->items[i].layer + 1 : d->n_layers;
    d->width = d->n_layers * (NODE_WIDTH + GAP_ACROSS) - GAP_ACROSS;
}

static double left_of(const struct drawing *d, int item)
{
    return d->items[item].layer * (NODE_WIDTH + GAP_ACROSS);
}

static void curve_to(struct buf *out, double x, double y, double to_x, double to_y)
{
    double middle = (x + to_x) / 2;
    buf_printf(out, "C%.0f %.0f %.0f %.0f %.0f %.0f", middle, y, middle, to_y, to_x, to_y);
}

static void put_edge(struct buf *out, const struct drawing *d, const struct edge *edge)
{
    double x = left_of(d, edge->from) + NODE_WIDTH, y = d->items[edge->from].y + d->height / 2;
    buf_printf(out, "<path class=\"edge\"%s d=\"M%.0f %.0f", edge->off ? " stroke-dasharray=\"2 4\"" : "", x, y);
    for (int i = edge->first_bend; i < edge->first_bend + edge->n_bends; i++) {
        double at = d->items[i].y + d->height / 2;
        curve_to(out, x, y, left_of(d, i), at);
        x = left_of(d, i) + NODE_WIDTH;
        y = at;
        buf_printf(out, "H%.0f", x);
    }
    curve_to(out, x, y, left_of(d, edge->to), d->items[edge->to].y + d->height / 2);
    buf_puts(out, "\"/>\n");
}

static void put_node(struct buf *out, const struct page_node *node, int index, double x, double y)
{
    buf_printf(out, "<a href=\"#n%d\"><g class=\"node %s\" transform=\"translate(%.0f %.0f)\"><title>", index, node->status, x, y);
    text_puts(out, node->label);
    buf_printf(out, "</title><rect width=\"%d\" height=\"%d\" rx=\"6\"%s/><svg class=\"icon\" x=\"12\" y=\"10\" width=\"16\" height=\"16\">"
                    "<use href=\"#i-%s\"/></svg><svg x=\"36\" y=\"8\" width=\"%d\" height=\"20\"><text y=\"14\">",
               NODE_WIDTH, NODE_HEIGHT, strcmp(node->status, "skipped") == 0 ? " stroke-dasharray=\"4 3\"" : "", node->status,
               NODE_WIDTH - 44);
    text_puts(out, node->label);
    buf_printf(out, "</text></svg><text class=\"kind\" x=\"36\" y=\"44\">");
    text_puts(out, node->kind);
    buf_printf(out, "</text><text class=\"kind\" x=\"%d\" y=\"44\" text-anchor=\"end\">", NODE_WIDTH - 12);
    if (node->duration_ms >= 0)
        buf_put_duration(out, node->duration_ms);
    buf_puts(out, "</text></g></a>\n");
}

enum rs_err pictures_graph(struct page *page)
{
    struct json_object *edges = json_get_array(json_get(page->record, "graph"), "edges");
    struct drawing d = {.n_items = page->n_nodes};
    struct buf *out = &page->out;
    d.items = calloc(ITEMS_MAX, sizeof *d.items);
    d.sorted = calloc(ITEMS_MAX, sizeof *d.sorted);
    d.edges = calloc(GRAPH_EDGES_MAX, sizeof *d.edges);
    d.links = calloc(ITEMS_MAX + GRAPH_EDGES_MAX, sizeof *d.links);
    enum rs_err err = !d.items || !d.sorted || !d.edges || !d.links || page->n_nodes > ITEMS_MAX ? RS_NOMEM : RS_OK;
    if (err)
        goto out;
    take_edges(page, edges, &d);
    bend_edges(&d);
    arrange(&d, page->n_nodes);
    buf_printf(out, "<div class=\"scroll\"><svg class=\"graph\" role=\"img\" aria-label=\"Graph\" viewBox=\"-1 -1 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n",
               d.width + 2, d.height + 2, d.width + 2, d.height + 2);
    for (int i = 0; i < d.n_edges; i++)
        put_edge(out, &d, &d.edges[i]);
    for (int i = 0; i < page->n_nodes; i++)
        put_node(out, &page->nodes[i], i, left_of(&d, i), d.items[i].y + d.height / 2 - NODE_HEIGHT / 2.0);
    buf_puts(out, "</svg></div>\n");
out:
    free(d.items);
    free(d.sorted);
    free(d.edges);
    free(d.links);
    return err;
}

static int64_t end_of(const struct page *page, const struct page_node *node)
{
    int64_t end = node->finished_ms ? node->finished_ms : page->ended ? node->started_ms : page->now_ms;
    return end > node->started_ms ? end : node->started_ms;
}

void pictures_timeline(struct page *page, struct page_node *const *order)
{
    struct buf *out = &page->out;
    int64_t start = page->n_nodes ? order[0]->started_ms : 0, end = start;
    int n = 0;
    for (; n < page->n_nodes && order[n]->started_ms; n++)
        end = end_of(page, order[n]) > end ? end_of(page, order[n]) : end;
    if (!n) {
        buf_puts(out, "<p class=\"faint\">Nothing has begun.</p>\n");
        return;
    }
    double whole = end > start ? (double)(end - start) : 1;
    buf_puts(out, "<div class=\"lanes\">\n");
    for (int i = 0; i < n; i++) {
        int64_t length = end_of(page, order[i]) - order[i]->started_ms;
        double width = (double)length / whole * 100, from = (double)(order[i]->started_ms - start) / whole * 100;
        width = width < 0.5 ? 0.5 : width;
        buf_puts(out, "<span class=\"lane-name\">");
        page_icon(out, order[i]->status);
        buf_puts(out, "<span>");
        text_puts(out, order[i]->label);
        buf_printf(out, "</span></span><svg class=\"lane\" aria-hidden=\"true\"><g class=\"%s\"><rect x=\"%.2f%%\" width=\"%.2f%%\" height=\"14\" rx=\"3\"/></g></svg><span class=\"number\">",
                   order[i]->status, from + width > 100 ? 100 - width : from, width);
        buf_put_duration(out, length);
        buf_puts(out, "</span>\n");
    }
    buf_puts(out, "</div>\n");
}
