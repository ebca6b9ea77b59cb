/* JUnit XML: testsuites/testsuite/testcase with failure, error, skipped below. No entity is expanded, nothing fetched.
 */
#include "runner/testreport_own.h"
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 50 /* of suites in suites */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static char *attribute(xmlNode *node, const char *name)
{
    return (char *)xmlGetNoNsProp(node, (const xmlChar *)name);
}

static void test_case(struct testreport *report, xmlNode *node, double *seconds)
{
    xmlNode *bad = NULL;
    bool skipped = false, error = false;
    char *time = attribute(node, "time");

    *seconds += time ? strtod(time, NULL) : 0;
    xmlFree(time);
    for (xmlNode *child = node->children; child; child = child->next) {
        if (is(child, "failure") || is(child, "error")) {
            error = !bad ? is(child, "error") : error;
            bad = bad ? bad : child;
        } else if (is(child, "skipped")) {
            skipped = true;
        }
    }
    if (!bad) {
        report->skipped += skipped;
        report->passed += !skipped;
        return;
    }
    report->errors += error;
    report->failed += !error;
    char *name = attribute(node, "name"), *class = attribute(node, "classname"), *file = attribute(node, "file"),
         *line = attribute(node, "line"), *message = attribute(bad, "message"),
         *text = message && *message ? NULL : (char *)xmlNodeGetContent(bad);
    struct buf full;
    buf_init(&full, 2 * TESTREPORT_NAME_MAX);
    if (class && *class)
        buf_printf(&full, "%.*s.", TESTREPORT_NAME_MAX / 2, class);
    buf_printf(&full, "%.*s", TESTREPORT_NAME_MAX, name ? name : "?");
    (void)testreport_failure(report, full.data, file, line ? strtoll(line, NULL, 10) : 0,
                             message && *message ? message
                             : text              ? text + strspn(text, " \t\r\n")
                                                 : NULL);
    buf_release(&full);
    xmlFree(name);
    xmlFree(class);
    xmlFree(file);
    xmlFree(line);
    xmlFree(message);
    xmlFree(text);
}

static void suite(struct testreport *report, xmlNode *node, int depth, double *seconds)
{
    for (xmlNode *child = node->children; child && depth < DEPTH_MAX; child = child->next) {
        if (is(child, "testcase"))
            test_case(report, child, seconds);
        else if (is(child, "testsuite"))
            suite(report, child, depth + 1, seconds);
    }
}

enum rs_err testreport_junit(struct testreport *report, const char *text, size_t len, struct fault *fault)
{
    xmlDoc *doc = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    double seconds = 0;

    if (!root || (!is(root, "testsuites") && !is(root, "testsuite"))) {
        xmlFreeDoc(doc);
        return fault_set(fault, RS_INVALID, root ? "the report is XML, but no JUnit report" : "the report is not XML");
    }
    suite(report, root, 0, &seconds);
    char *time = attribute(root, "time");
    if (time && strtod(time, NULL) > 0)
        seconds = strtod(time, NULL); /* with what the cases do not count */
    xmlFree(time);
    xmlFreeDoc(doc);
    if (seconds >= 0 && seconds < TESTREPORT_SECONDS_MAX)
        report->duration_ms = (int64_t)(seconds * 1000 + 0.5);
    report->format = TESTREPORT_JUNIT;
    report->found = true;
    return RS_OK;
}
