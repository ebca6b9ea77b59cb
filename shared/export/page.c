#include "export/page.h"

#include "base/clock.h"
#include "export/text.h"
#include "export/work.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of one part of the page: the largest is a node with its output, which as HTML is some times its size. */
#define PAGE_PART_MAX (64 * 1024 * 1024)

static const char style[] =
#include "shared/export/page_css.inc"
    ;
static const char script[] =
#include "shared/export/page_js.inc"
    ;

/* As the dashboard's (htdocs/app/components/icons.js). */
#define RING "<circle cx=\"8\" cy=\"8\" r=\"6.25\"/>"
static const struct shape {
    const char *status, *word, *drawing;
} shapes[] = {
    {"pending", "Pending", RING},
    {"queued", "Queued", RING},
    {"running", "Running", "<path d=\"M8 1.75A6.25 6.25 0 0 1 14.25 8\"/>"},
    {"success", "Success", RING "<path d=\"M5 8.2l2.1 2.1L11 6.2\"/>"},
    {"error", "Failed", RING "<path d=\"M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8\"/>"},
    {"cancelled", "Cancelled", RING "<path d=\"M4.8 8h6.4\"/>"},
    {"skipped", "Skipped", "<path d=\"M2.5 8h3M6.8 8h2.6M10.7 8h2.8\"/>"},
    {"waiting", "Waiting", "<path d=\"M4 1.75h8M4 14.25h8M4.75 1.75c0 4 6.5 4.5 6.5 12.5M11.25 1.75c0 4-6.5 4.5-6.5 12.5\"/>"},
    {"paused", "Paused", "<path d=\"M5.25 3v10M10.75 3v10\"/>"},
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static const struct shape *shape_of(const char *status)
{
    for (int i = 0; i < N_SHAPES; i++)
        if (strcmp(shapes[i].status, status) == 0)
            return &shapes[i];
    return &shapes[0];
}

const char *page_status(const char *status)
{
    return shape_of(status)->status;
}

void page_icon(struct buf *out, const char *status)
{
    buf_printf(out, "<svg class=\"icon %s\" aria-hidden=\"true\"><use href=\"#i-%s\"/></svg>", status, status);
}

void page_state(struct buf *out, const char *status)
{
    buf_printf(out, "<span class=\"state %s\">", status);
    page_icon(out, status);
    buf_printf(out, "%s</span>", shape_of(status)->word);
}

int64_t page_time(struct json_object *object, const char *member)
{
    int64_t ms = 0;
    return clock_parse(json_get_string(object, member, ""), &ms) == RS_OK ? ms : 0;
}

static void take_node(struct page_node *node, struct json_object *definition, struct json_object *records)
{
    node->id = json_get_string(definition, "id", "");
    node->settings = json_get(definition, "data");
    node->label = json_get_string(node->settings, "label", node->id);
    node->kind = json_get_string(node->settings, "kind", json_get_string(definition, "type", ""));
    node->record = json_get(records, node->id);
    node->status = page_status(json_get_string(node->record, "status", "pending"));
    node->started_ms = page_time(node->record, "startedAt");
    node->finished_ms = page_time(node->record, "finishedAt");
    node->duration_ms = json_get_int(node->record, "durationMs", -1);
}

enum rs_err page_init(struct page *page, int fd, struct json_object *record, struct fault *fault)
{
    struct json_object *definitions = json_get_array(json_get(record, "graph"), "nodes");
    size_t n = definitions ? json_object_array_length(definitions) : 0;
    *page = (struct page){.fd = fd, .record = record, .now_ms = clock_wall_ms(), .ended = json_get(record, "finishedAt") != NULL};
    buf_init(&page->out, PAGE_PART_MAX);
    if (n && !(page->nodes = calloc(n, sizeof *page->nodes)))
        return fault_set(fault, RS_NOMEM, "no memory for the nodes of a run");
    for (size_t i = 0; i < n; i++) {
        struct page_node *node = &page->nodes[page->n_nodes++];
        take_node(node, json_object_array_get_idx(definitions, i), json_get(record, "nodes"));
        if (map_put(&page->by_id, node->id, node) != RS_OK)
            return fault_set(fault, RS_NOMEM, "no memory for the nodes of a run");
    }
    return RS_OK;
}

void page_release(struct page *page)
{
    for (int i = 0; i < page->n_nodes; i++)
        work_free(page->nodes[i].work);
    free(page->nodes);
    map_clear(&page->by_id, NULL);
    json_object_put(page->record);
    buf_release(&page->out);
}

enum rs_err page_flush(struct page *page, struct fault *fault)
{
    if (page->out.err)
        return fault_set(fault, page->out.err, "a part of the run is too large to be exported");
    for (size_t at = 0; at < page->out.len;) {
        ssize_t n = write(page->fd, page->out.data + at, page->out.len - at);
        if (n < 0 && errno != EINTR)
            return fault_set(fault, RS_IO, "the export cannot be written: %s", strerror(errno));
        at += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&page->out);
    return RS_OK;
}

/* A source of the policy that is this text alone (CSP Level 3, section 2.3.1). */
static void put_hash(struct buf *out, const struct buf *text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char encoded[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(hash, (const unsigned char *)text->data, text->len);
    sodium_bin2base64(encoded, sizeof encoded, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    buf_printf(out, "'sha256-%s'", encoded);
}

/* The style sheet, with the colours that terminals number (xterm's 256) and the stripes of the nodes. */
static void make_style(struct buf *css, int n_nodes)
{
    buf_puts(css, style);
    for (int i = 0; i < 256; i++) {
        char color[48];
        int n = i - 16, level[] = {0, 95, 135, 175, 215, 255};
        if (i < 16) /* the bright ones as the others, which are as bright as can be read */
            snprintf(color, sizeof color, "var(--a%d)", i % 8);
        else if (i < 232)
            snprintf(color, sizeof color, "rgb(%d %d %d)", level[n / 36], level[n / 6 % 6], level[n % 6]);
        else
            snprintf(color, sizeof color, "rgb(%d %d %d)", 8 + (i - 232) * 10, 8 + (i - 232) * 10, 8 + (i - 232) * 10);
        buf_printf(css, ".f%d{color:%s}.g%d{background:%s}\n", i, color, i, color);
    }
    for (int i = 0; i < n_nodes; i++)
        buf_printf(css, ".n%d{--stripe:var(--a%d)}\n", i, i % 6 + 2); /* not the red of errors */
}

void page_begin(struct page *page, const char *title)
{
    struct buf css, js, *out = &page->out;
    buf_init(&css, PAGE_PART_MAX);
    buf_init(&js, PAGE_PART_MAX);
    make_style(&css, page->n_nodes);
    buf_puts(&js, script);
    buf_puts(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; script-src ");
    put_hash(out, &js);
    buf_puts(out, "; style-src ");
    put_hash(out, &css);
    buf_puts(out, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    text_puts(out, title);
    buf_puts(out, "</title>\n<style>");
    buf_append(out, css.data, css.len);
    buf_puts(out, "</style>\n</head>\n<body>\n<svg width=\"0\" height=\"0\" aria-hidden=\"true\">");
    for (int i = 0; i < N_SHAPES; i++)
        buf_printf(out, "<symbol id=\"i-%s\" viewBox=\"0 0 16 16\">%s</symbol>", shapes[i].status, shapes[i].drawing);
    buf_puts(out, "</svg>\n");
    if (css.err || js.err)
        out->err = RS_NOMEM;
    buf_release(&css);
    buf_release(&js);
}

void page_end(struct page *page)
{
    buf_puts(&page->out, "<script>");
    buf_puts(&page->out, script);
    buf_puts(&page->out, "</script>\n</body>\n</html>\n");
}
