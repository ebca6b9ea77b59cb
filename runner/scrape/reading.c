/* Pages and sitemaps read by libuv's threads: parsing takes longer than the loop can be kept waiting. */
#include "runner/lines.h"
#include "runner/scrape/crawl.h"
#include "runner/scrape/sitemap.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_TEXT_MAX 500 /* bytes of a text in the sample */
#define SAMPLE_LIST_MAX 5   /* values of a list in the sample */

struct reading {
    uv_work_t work;
    struct crawl *crawl;
    struct frontier_entry *entry; /* the thread reads its url and kind */
    char *body, *content_type;
    size_t len;
    /* What the thread found. */
    enum rs_err err;
    struct fault fault;
    struct page page;
    char **urls; /* of a sitemap; "+" before those of other sitemaps */
    size_t n_urls;
};

static bool on_sitemap_url(void *ctx, const char *text, bool index)
{
    struct reading *r = ctx;
    char url[URL_TEXT_MAX + 2] = "+";

    if (url_resolve(r->entry->url, text, url + 1) != RS_OK)
        return true;
    if ((r->n_urls & (r->n_urls + 1)) == 0) {
        char **more = realloc(r->urls, 2 * (r->n_urls + 1) * sizeof *more);
        if (!more)
            return false;
        r->urls = more;
    }
    r->urls[r->n_urls] = strdup(index ? url : url + 1);
    if (!r->urls[r->n_urls])
        return false;
    r->n_urls++;
    return true;
}

static void on_thread(uv_work_t *work)
{
    struct reading *r = work->data;

    if (r->entry->kind == ENTRY_SITEMAP)
        r->err = sitemap_read(r->body, r->len, &r->crawl->stop, on_sitemap_url, r, &r->fault);
    else
        r->err = page_read(r->crawl->settings, r->entry->url, r->content_type, r->body, r->len, &r->crawl->stop,
                           &r->page, &r->fault);
}

static void reading_free(struct reading *r)
{
    page_release(&r->page);
    for (size_t i = 0; i < r->n_urls; i++)
        free(r->urls[i]);
    free(r->urls);
    free(r->body);
    free(r->content_type);
    free(r);
}

/* --- back on the loop --- */

static void use_sitemap(struct crawl *crawl, const struct reading *r)
{
    for (size_t i = 0; i < r->n_urls && !crawl->err; i++) {
        bool index = r->urls[i][0] == '+';
        const char *url = r->urls[i] + index;
        if (index && r->entry->depth + 1 > CRAWL_SITEMAP_DEPTH_MAX)
            crawl_note(crawl, RS_LIMIT, "%.200s: sitemap indexes are nested too deep", r->entry->url);
        else if (index)
            crawl_add(crawl, url, ENTRY_SITEMAP, r->entry->depth + 1);
        else if (scrape_wants(crawl->settings, url))
            crawl_add(crawl, url, ENTRY_PAGE, 0);
    }
}

static void use_links(struct crawl *crawl, const struct reading *r)
{
    const struct scrape_settings *s = crawl->settings;
    const struct page *page = &r->page;

    if (page->next && scrape_wants(s, page->next))
        crawl_add(crawl, page->next, ENTRY_PAGE, r->entry->depth);
    for (size_t i = 0; i < page->n_links && !crawl->err; i++) {
        const char *url = page->links[i];
        if (!scrape_wants(s, url) || url_is_file(url) || frontier_knows(&crawl->frontier, url))
            continue;
        if (url_is_trap(url))
            crawl->skipped[SKIP_TRAP] += frontier_mark(&crawl->frontier, url);
        else if (r->entry->depth + 1 > s->max_depth)
            frontier_beyond(&crawl->frontier, url);
        else
            crawl_add(crawl, url, ENTRY_PAGE, r->entry->depth + 1);
    }
}

/* Has a page with the very same content been read? */
static bool is_copy(struct crawl *crawl, const struct page *page)
{
    char key[24];

    snprintf(key, sizeof key, "%016" PRIx64, page->hash);
    if (map_get(&crawl->contents, key))
        return true;
    if (map_put(&crawl->contents, key, crawl) != RS_OK)
        crawl_fail(crawl, RS_NOMEM, "out of memory");
    return false;
}

/* What of an item is shown before one opens the file: long texts and lists cut. */
static struct json_object *sample_of(struct json_object *item)
{
    struct json_object *sample = json_object_new_object();

    json_object_object_foreach(item, name, value)
    {
        struct json_object *shown = NULL;
        if (json_object_is_type(value, json_type_array)) {
            shown = json_object_new_array();
            for (size_t i = 0; i < json_object_array_length(value) && i < SAMPLE_LIST_MAX; i++)
                json_object_array_add(shown, json_object_get(json_object_array_get_idx(value, i)));
        } else if (json_object_is_type(value, json_type_string)) {
            const char *text = json_object_get_string(value);
            size_t len = (size_t)json_object_get_string_len(value);
            shown = json_object_new_string_len(text, (int)text_cut(text, len, SAMPLE_TEXT_MAX));
        } else {
            shown = json_object_get(value);
        }
        json_set(sample, name, shown);
    }
    return sample;
}

static void add_sample(struct crawl *crawl, struct json_object *item)
{
    struct json_object *sample;
    size_t len;

    if (json_object_array_length(crawl->sample) >= CRAWL_SAMPLE_MAX)
        return;
    sample = sample_of(item);
    (void)json_text(sample, &len);
    if (crawl->sample_bytes + len > CRAWL_SAMPLE_BYTES) {
        json_object_put(sample);
        return;
    }
    crawl->sample_bytes += len;
    json_object_array_add(crawl->sample, sample);
}

static void use_items(struct crawl *crawl, struct page *page)
{
    struct fault fault;

    for (size_t i = 0; i < json_object_array_length(page->items) && !crawl->err; i++) {
        struct json_object *item = json_object_array_get_idx(page->items, i);
        enum rs_err err = itemfile_add(&crawl->items, item, &fault);
        if (err)
            crawl_fail(crawl, err, fault.message);
        else
            add_sample(crawl, item);
    }
}

static void use_page(struct crawl *crawl, struct reading *r)
{
    /* Endless addresses often give one and the same page; the addresses a person listed all count. */
    if (is_copy(crawl, &r->page) && r->entry->depth > 0) {
        crawl_skipped(crawl, r->entry, SKIP_DUPLICATE);
        return;
    }
    crawl->pages++;
    use_items(crawl, &r->page);
    if (!crawl->err)
        use_links(crawl, r);
    crawl_read(crawl, r->entry);
}

static void on_loop(uv_work_t *work, int status)
{
    struct reading *r = work->data;
    struct crawl *crawl = r->crawl;

    (void)status;
    crawl->n_reading--;
    if (crawl->err)
        frontier_done(r->entry);
    else if (r->err == RS_MEDIA_TYPE)
        crawl_skipped(crawl, r->entry, SKIP_TYPE);
    else if (r->err)
        crawl_failed(crawl, r->entry, r->fault.message);
    else if (r->entry->kind == ENTRY_PAGE)
        use_page(crawl, r);
    else {
        use_sitemap(crawl, r);
        crawl_read(crawl, r->entry);
    }
    reading_free(r);
    crawl_turn(crawl);
}

void reading_start(struct crawl *crawl, struct frontier_entry *entry, struct buf *body, const char *content_type)
{
    struct reading *r = calloc(1, sizeof *r);

    if (r) {
        r->crawl = crawl;
        r->entry = entry;
        r->body = buf_take(body, &r->len);
        r->content_type = content_type ? strdup(content_type) : NULL;
        r->work.data = r;
    }
    if (r && r->body && (r->content_type || !content_type) &&
        uv_queue_work(crawl->loop, &r->work, on_thread, on_loop) == 0) {
        crawl->n_reading++;
        return;
    }
    if (r)
        reading_free(r);
    frontier_done(entry);
    crawl_fail(crawl, RS_NOMEM, "out of memory");
}
