#include "runner/scrape/select.h"
#include "base/buf.h"
#include "runner/lines.h"
#include "runner/scrape/css.h"
#include <ctype.h>
#include <libxml/HTMLtree.h>
#include <libxml/xpathInternals.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* libxml2 must not write to stderr what it thinks of a page. */
static void silent(void *ctx, xmlErrorPtr error)
{
    (void)ctx;
    (void)error;
}

enum rs_err select_compile(const char *selector, char **ret_xpath, struct fault *fault)
{
    const char *begin = selector + strspn(selector, " \t\r\n");
    enum rs_err err = RS_OK;
    struct buf xpath;

    buf_init(&xpath, CSS_XPATH_MAX);
    if (*begin == '/' || *begin == '(' || strncmp(begin, "./", 2) == 0 || strncmp(begin, "../", 3) == 0) {
        if (strlen(begin) > CSS_TEXT_MAX)
            err = fault_set(fault, RS_LIMIT, "a selector may have %d bytes", CSS_TEXT_MAX);
        else
            buf_puts(&xpath, begin);
    } else {
        err = css_to_xpath(begin, &xpath, fault);
    }
    xmlXPathContext *context = xmlXPathNewContext(NULL);
    if (!err && (xpath.err || !context))
        err = fault_set(fault, RS_NOMEM, "out of memory");
    if (!err) {
        context->error = silent;
        xmlXPathCompExpr *compiled = xmlXPathCtxtCompile(context, BAD_CAST xpath.data);
        if (!compiled)
            err = fault_set(fault, RS_INVALID, "\"%.200s\" is no valid XPath", selector);
        xmlXPathFreeCompExpr(compiled);
    }
    xmlXPathFreeContext(context);
    if (!err)
        *ret_xpath = buf_take(&xpath, NULL);
    buf_release(&xpath);
    return err;
}

enum rs_err select_init(struct select *select, xmlDoc *doc, const char *url)
{
    struct fault fault;
    xmlXPathObject *found = NULL;

    select->url = url;
    if (!(select->context = xmlXPathNewContext(doc)))
        return RS_NOMEM;
    select->context->error = silent;
    select->context->opLimit = SELECT_OPS_MAX;
    snprintf(select->base, sizeof select->base, "%s", url);
    if (select_nodes(select, "/html/head/base[@href][1]/@href", NULL, &found, &fault) == RS_OK && found->nodesetval &&
        found->nodesetval->nodeNr > 0) {
        xmlChar *href = xmlNodeGetContent(found->nodesetval->nodeTab[0]);
        char base[URL_TEXT_MAX + 1];
        if (href && url_resolve(url, (const char *)href, base) == RS_OK)
            strcpy(select->base, base);
        xmlFree(href);
    }
    xmlXPathFreeObject(found);
    return RS_OK;
}

void select_release(struct select *select)
{
    xmlXPathFreeContext(select->context);
    select->context = NULL;
}

enum rs_err select_nodes(struct select *select, const char *xpath, xmlNode *below, xmlXPathObject **ret,
                         struct fault *fault)
{
    xmlXPathContext *context = select->context;

    context->node = below ? below : (xmlNode *)context->doc;
    xmlXPathObject *found = xmlXPathEval(BAD_CAST xpath, context);
    if (!found && context->opCount >= SELECT_OPS_MAX)
        return fault_set(fault, RS_LIMIT, "the selectors take too long on this page");
    if (!found)
        return fault_set(fault, RS_INVALID, "%.200s cannot be evaluated", xpath);
    *ret = found;
    return RS_OK;
}

/* --- values --- */

static void on_block(void *ctx, int level, long line, const char *text, size_t len)
{
    struct buf *out = ctx;
    (void)level;
    (void)line;
    if (out->len > 0)
        buf_putc(out, ' ');
    buf_append(out, text, len);
}

/* What a person reads of a node, white space collapsed. */
static void put_text(xmlNode *node, struct buf *out)
{
    struct buf blocks;

    buf_init(&blocks, SCRAPE_PAGE_BYTES_MAX * 2);
    if (node->type == XML_ELEMENT_NODE || node->type == XML_HTML_DOCUMENT_NODE)
        html_text(node->type == XML_ELEMENT_NODE ? node : xmlDocGetRootElement((xmlDoc *)node), on_block, &blocks);
    if (blocks.len == 0 && node->type != XML_HTML_DOCUMENT_NODE) {
        /* No element, or one that is not for reading, such as a script with data. */
        xmlChar *content = xmlNodeGetContent(node);
        if (content)
            buf_puts(&blocks, (const char *)content);
        xmlFree(content);
    }
    html_put_collapsed(out, blocks.data ? blocks.data : "", blocks.len);
    buf_release(&blocks);
}

void select_link(struct select *select, xmlNode *node, char out[URL_TEXT_MAX + 1])
{
    xmlChar *text = NULL;

    *out = '\0';
    if (node->type == XML_ELEMENT_NODE) {
        text = xmlGetProp(node, BAD_CAST "href");
        if (!text)
            text = xmlGetProp(node, BAD_CAST "src");
    }
    if (!text)
        text = xmlNodeGetContent(node);
    if (text && *text && url_resolve(select->base, (const char *)text, out) != RS_OK)
        *out = '\0';
    xmlFree(text);
}

bool select_number(const char *text, double *ret)
{
    char digits[64];
    size_t n = 0, dots = 0, commas = 0;

    while (*text && !isdigit((unsigned char)*text) &&
           !((*text == '-' || *text == '.') && isdigit((unsigned char)text[1])))
        text++;
    if (*text == '-')
        digits[n++] = *text++;
    size_t len = strspn(text, "0123456789.,");
    while (len > 0 && !isdigit((unsigned char)text[len - 1]))
        len--;
    for (size_t i = 0; i < len; i++) {
        dots += text[i] == '.';
        commas += text[i] == ',';
    }
    /* One comma that is not followed by three digits is a decimal one; several dots separate thousands. */
    const char *comma = memchr(text, ',', len), *dot = memchr(text, '.', len);
    bool decimal_comma = commas == 1 && ((dot && dot < comma) || (!dot && (size_t)(text + len - comma) != 4));
    if (len == 0 || len >= sizeof digits - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (isdigit((unsigned char)text[i]))
            digits[n++] = text[i];
        else if ((text[i] == ',' && decimal_comma) || (text[i] == '.' && !decimal_comma && dots == 1))
            digits[n++] = '.';
    }
    digits[n] = '\0';
    *ret = strtod(digits, NULL);
    return isfinite(*ret);
}

static struct json_object *value_of(struct select *select, const struct scrape_field *field, xmlNode *node)
{
    char url[URL_TEXT_MAX + 1];
    struct json_object *value = NULL;
    struct buf text;
    double number;

    if (field->type == FIELD_URL) {
        select_link(select, node, url);
        return *url ? json_object_new_string(url) : NULL;
    }
    buf_init(&text, SCRAPE_PAGE_BYTES_MAX * 2);
    if (field->type == FIELD_HTML && node->type == XML_ELEMENT_NODE) {
        xmlBuffer *html = xmlBufferCreate();
        if (html && htmlNodeDump(html, node->doc, node) >= 0)
            buf_append(&text, xmlBufferContent(html), (size_t)xmlBufferLength(html));
        xmlBufferFree(html);
    } else {
        put_text(node, &text);
    }
    if (text.len == 0 || text.err)
        value = NULL;
    else if (field->type == FIELD_NUMBER)
        value = select_number(text.data, &number) ? json_object_new_double(number) : NULL;
    else
        value = json_object_new_string_len(text.data, (int)text_cut(text.data, text.len, SELECT_VALUE_MAX));
    buf_release(&text);
    return value;
}

/* What an expression gives that selects no nodes: count(...), string(...). */
static struct json_object *plain_value(const struct scrape_field *field, xmlXPathObject *found)
{
    double number;

    if (found->type == XPATH_BOOLEAN)
        return json_object_new_boolean(found->boolval);
    if (found->type == XPATH_NUMBER)
        return isfinite(found->floatval) ? json_object_new_double(found->floatval) : NULL;
    if (found->type != XPATH_STRING || !found->stringval)
        return NULL;
    const char *text = (const char *)found->stringval;
    if (field->type == FIELD_NUMBER)
        return select_number(text, &number) ? json_object_new_double(number) : NULL;
    return json_object_new_string_len(text, (int)text_cut(text, strlen(text), SELECT_VALUE_MAX));
}

enum rs_err select_field(struct select *select, const struct scrape_field *field, xmlNode *below,
                         struct json_object **ret, struct fault *fault)
{
    xmlXPathObject *found = NULL;
    struct json_object *value = NULL, *list = NULL;
    enum rs_err err;

    *ret = NULL;
    if (!field->xpath) {
        *ret = json_object_new_string(select->url);
        return RS_OK;
    }
    if ((err = select_nodes(select, field->xpath, below, &found, fault)))
        return err;
    if (field->list)
        list = json_object_new_array();
    if (found->type == XPATH_NODESET) {
        int n = found->nodesetval ? found->nodesetval->nodeNr : 0;
        for (int i = 0; i < n && (list ? json_object_array_length(list) < SELECT_VALUES_MAX : !value); i++) {
            value = value_of(select, field, found->nodesetval->nodeTab[i]);
            if (list && value)
                json_object_array_add(list, value);
        }
    } else if ((value = plain_value(field, found)) && list) {
        json_object_array_add(list, value);
    }
    xmlXPathFreeObject(found);
    *ret = list ? list : value;
    return RS_OK;
}
