/* select - selectors of people (CSS or XPath), and what they find on a page, as JSON. Any thread; one page a thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_SELECT_H
#define RUNSPOOL_RUNNER_SCRAPE_SELECT_H

#include "base/err.h"
#include "base/json.h"
#include "html/html.h"
#include "runner/scrape/settings.h"
#include <libxml/xpath.h>

#define SELECT_OPS_MAX 20000000   /* libxml2's steps of one page's XPath expressions, all together: a second or so */
#define SELECT_VALUE_MAX 65536    /* bytes of one value; the rest is cut off */
#define SELECT_VALUES_MAX 10000   /* values of one list, items of one page */

/* select_compile - check a selector and give it as XPath, owned. One that begins with "/", "./", "../" or "(" is XPath
 * already, else it is CSS. RS_INVALID: it is neither; message says why. */
enum rs_err select_compile(const char *selector, char **ret_xpath, struct fault *fault) RS_MUST_CHECK;

/* A page being read. */
struct select {
    xmlXPathContext *context;
    const char *url; /* borrowed */
    char base[URL_TEXT_MAX + 1];
};
/* select_init - doc and url: borrowed until select_release. RS_NOMEM. */
enum rs_err select_init(struct select *select, xmlDoc *doc, const char *url) RS_MUST_CHECK;
void select_release(struct select *select);
/* select_nodes - what the XPath finds below a node (NULL: the document). *ret: owned (xmlXPathFreeObject).
 * RS_LIMIT: it takes too long; RS_INVALID: it cannot be evaluated. */
enum rs_err select_nodes(struct select *select, const char *xpath, xmlNode *below, xmlXPathObject **ret,
                         struct fault *fault) RS_MUST_CHECK;
/* select_field - a field's value, owned: JSON null when there is none. */
enum rs_err select_field(struct select *select, const struct scrape_field *field, xmlNode *below,
                         struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
/* select_link - the address that a node holds: of its href or src, or its text. "" when there is none. */
void select_link(struct select *select, xmlNode *node, char out[URL_TEXT_MAX + 1]);
/* select_number - the number that a text for people holds ("1,234.50 EUR" is 1234.5); false: none. */
bool select_number(const char *text, double *ret);

#endif
