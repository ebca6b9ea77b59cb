#include "runner/scrape/page.h"
#include "html/charset.h"
#include "runner/scrape/select.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_page(const char *content_type)
{
    static const char *const types[] = {"text/html", "application/xhtml+xml", "application/xml", "text/xml"};

    if (!content_type || !*content_type)
        return true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t n = strlen(types[i]);
        if (strncasecmp(content_type, types[i], n) == 0 && strchr("; \t,", content_type[n]))
            return true;
    }
    return false;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *body, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)body[i]) * 0x100000001b3u;
    return hash;
}

/* --- links --- */

static enum rs_err add_link(struct page *page, const char *url)
{
    if ((page->n_links & (page->n_links + 1)) == 0) { /* full, as a power of two less one is */
        char **more = realloc(page->links, 2 * (page->n_links + 1) * sizeof *more);
        if (!more)
            return RS_NOMEM;
        page->links = more;
    }
    page->links[page->n_links] = strdup(url);
    return page->links[page->n_links++] ? RS_OK : RS_NOMEM;
}

static enum rs_err take_links(struct select *select, const struct scrape_settings *s, struct page *page,
                              struct fault *fault)
{
    const char *xpath = s->links ? s->links : "/descendant::*[self::a or self::area][@href]";
    xmlXPathObject *found = NULL;
    char url[URL_TEXT_MAX + 1];
    enum rs_err err = RS_OK;

    if (s->follow)
        err = select_nodes(select, xpath, NULL, &found, fault);
    if (!err && found && found->nodesetval) {
        for (int i = 0; i < found->nodesetval->nodeNr && page->n_links < PAGE_LINKS_MAX && !err; i++) {
            select_link(select, found->nodesetval->nodeTab[i], url);
            if (*url)
                err = add_link(page, url);
        }
    }
    xmlXPathFreeObject(found);
    found = NULL;
    if (!err && s->next)
        err = select_nodes(select, s->next, NULL, &found, fault);
    if (!err && found && found->nodesetval && found->nodesetval->nodeNr > 0) {
        select_link(select, found->nodesetval->nodeTab[0], url);
        if (*url && !(page->next = strdup(url)))
            err = RS_NOMEM;
    }
    xmlXPathFreeObject(found);
    return err;
}

/* --- items --- */

/* What a page gives when no fields are asked for. */
static enum rs_err whole_page(struct select *select, struct page *page, struct fault *fault)
{
    static const struct scrape_field text = {.xpath = (char *)"/html/body"};
    struct json_object *item = json_object_new_object(), *value;
    struct buf title;
    enum rs_err err;

    buf_init(&title, SELECT_VALUE_MAX);
    (void)html_title(select->context->doc, &title);
    json_set_string(item, "url", select->url);
    json_set(item, "title", title.len ? json_object_new_string_len(title.data, (int)title.len) : NULL);
    buf_release(&title);
    err = select_field(select, &text, NULL, &value, fault);
    if (!err)
        json_set(item, "text", value);
    if (err)
        json_object_put(item);
    else
        json_object_array_add(page->items, item);
    return err;
}

static enum rs_err take_item(struct select *select, const struct scrape_settings *s, xmlNode *below, struct page *page,
                             size_t *bytes, struct fault *fault)
{
    struct json_object *item = json_object_new_object(), *value;
    enum rs_err err = RS_OK;
    size_t len;
    bool looked = false, any = false;

    for (size_t i = 0; i < s->n_fields && !err; i++) {
        if ((err = select_field(select, &s->fields[i], below, &value, fault)))
            break;
        looked |= s->fields[i].xpath != NULL;
        any |= s->fields[i].xpath && value &&
               !(json_object_is_type(value, json_type_array) && json_object_array_length(value) == 0);
        json_set(item, s->fields[i].name, value);
    }
    (void)json_text(item, &len);
    if (!err && (*bytes += len) > PAGE_ITEMS_BYTES_MAX)
        err = fault_set(fault, RS_LIMIT, "the items of the page are more than %d bytes", PAGE_ITEMS_BYTES_MAX);
    /* A page that has nothing of what is looked for is no item. */
    if (err || (looked && !any && !s->item))
        json_object_put(item);
    else
        json_object_array_add(page->items, item);
    return err;
}

static enum rs_err take_items(struct select *select, const struct scrape_settings *s, const atomic_bool *stop,
                              struct page *page, struct fault *fault)
{
    xmlXPathObject *found = NULL;
    enum rs_err err;
    size_t bytes = 0;

    if (s->n_fields == 0 && !s->item)
        return whole_page(select, page, fault);
    if (!s->item)
        return take_item(select, s, NULL, page, &bytes, fault);
    if ((err = select_nodes(select, s->item, NULL, &found, fault)))
        return err;
    int n = found->nodesetval ? found->nodesetval->nodeNr : 0;
    if (n > SELECT_VALUES_MAX)
        err = fault_set(fault, RS_LIMIT, "more than %d items on the page", SELECT_VALUES_MAX);
    for (int i = 0; i < n && !err; i++) {
        if (stop && atomic_load(stop))
            err = fault_set(fault, RS_CLOSED, "cancelled");
        else
            err = take_item(select, s, found->nodesetval->nodeTab[i], page, &bytes, fault);
    }
    xmlXPathFreeObject(found);
    return err;
}

enum rs_err page_read(const struct scrape_settings *settings, const char *url, const char *content_type,
                      const char *body, size_t len, const atomic_bool *stop, struct page *page, struct fault *fault)
{
    struct select select = {0};
    struct buf text;
    htmlDocPtr doc = NULL;
    enum rs_err err;

    memset(page, 0, sizeof *page);
    if (!is_page(content_type))
        return fault_set(fault, RS_MEDIA_TYPE, "%.80s is no page", content_type);
    page->hash = hash_of(body, len);
    page->items = json_object_new_array();
    buf_init(&text, 4 * (size_t)SCRAPE_PAGE_BYTES_MAX);
    if ((err = charset_to_utf8(body, len, content_type, &text)))
        (void)fault_set(fault, err, "the page is too large as UTF-8");
    if (!err)
        err = html_parse(text.data ? text.data : "", text.len, stop, &doc, fault);
    buf_release(&text);
    if (!err && (err = select_init(&select, doc, url)))
        (void)fault_set(fault, err, "out of memory");
    if (!err)
        err = take_items(&select, settings, stop, page, fault);
    if (!err && (err = take_links(&select, settings, page, fault)) == RS_NOMEM)
        (void)fault_set(fault, err, "out of memory");
    select_release(&select);
    xmlFreeDoc(doc);
    return err;
}

void page_release(struct page *page)
{
    json_object_put(page->items);
    for (size_t i = 0; i < page->n_links; i++)
        free(page->links[i]);
    free(page->links);
    free(page->next);
    memset(page, 0, sizeof *page);
}
