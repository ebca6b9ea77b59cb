/* Settings of the kinds of group tool that gather text: scrape, rag_search. */
#include "model/kind_settings.h"

const struct kind_setting scrape_settings[] = {
    {"url", SETTING_TEXT, .help = "Address to begin with. One of url, urls and sitemap is needed."},
    {"urls", SETTING_TEXTS, .help = "Several addresses."},
    {"sitemap", SETTING_TEXT, .help = "Address of a sitemap or an index of them, gzip or not; a site's root: what its robots.txt names, else /sitemap.xml."},
    {"follow", SETTING_BOOL, .fallback = "false", .help = "Follow the links of pages."},
    {"links", SETTING_TEXT, .fallback = "\"a[href], area[href]\"", .help = "Which links, as a selector; giving it means follow."},
    {"next", SETTING_TEXT, .help = "Selector of the link to the next page of a list; such pages count as equally deep."},
    {"hosts", SETTING_TEXTS, .help = "Hosts that may be followed to, *.example.org with all below; default: those of the first addresses."},
    {"include", SETTING_TEXTS, .help = "Follow only to these: * stands for anything, a pattern with / first is for the path."},
    {"exclude", SETTING_TEXTS, .help = "Never follow to these."},
    {"item", SETTING_TEXT, .help = "Selector of what holds one item, when a page has several; fields are looked for inside."},
    {"fields", SETTING_OBJECT, .help = "Name: selector (CSS with ::text and ::attr(name), XPath, or ::url for the page's address), or {select, list, type: text|number|url|html}. None: url, title and text of each page."},
    {"maxPages", SETTING_INTEGER, .min = 1, .max = 1000000, .fallback = "1000", .help = "At most so many pages."},
    {"maxDepth", SETTING_INTEGER, .min = 0, .max = 1000, .fallback = "5", .help = "At most so many links away from the first addresses."},
    {"robots", SETTING_BOOL, .fallback = "true", .help = "Obey robots.txt."},
    {"delayMs", SETTING_INTEGER, .min = 0, .max = 3600000, .fallback = "0", .help = "Pause between two requests to a host; a longer one in robots.txt counts."},
    {"perHost", SETTING_INTEGER, .min = 1, .max = 32, .fallback = "2", .help = "Requests to one host at a time."},
    {"concurrency", SETTING_INTEGER, .min = 1, .max = 64, .fallback = "8", .help = "Requests at a time."},
    {"retries", SETTING_INTEGER, .min = 0, .max = 10, .fallback = "2", .help = "Further attempts at a page that fails for a passing reason."},
    {"retryMs", SETTING_INTEGER, .min = 0, .max = 600000, .fallback = "1000", .help = "Pause before the first of them, doubling; Retry-After counts."},
    {"requestTimeoutMs", SETTING_INTEGER, .min = 1, .max = 600000, .fallback = "30000", .help = "Longest time of one request."},
    {"maxBytes", SETTING_INTEGER, .min = 1024, .max = 33554432, .fallback = "4194304", .help = "Largest page."},
    {"userAgent", SETTING_TEXT, .fallback = "\"runspool/VERSION\"", .help = "User-Agent; its first word is looked for in robots.txt."},
    {"headers", SETTING_MAP, .help = "Request headers."},
    {"artifact", SETTING_TEXT, .help = "Name of the file of items; default: the node's id with .jsonl or .csv."},
    {"format", SETTING_WORD, .choices = "jsonl|csv", .help = "Default: by the file's name."},
    KIND_END,
};

const struct kind_output scrape_outputs[] = {
    {"pages", "integer", "Pages read."},
    {"items", "integer", "Items found."},
    {"failed", "integer", "Pages that could not be read."},
    {"skipped", "integer", "Addresses left out."},
    {"skippedBy", "object", "Why: robots, limit, trap, redirect, type, duplicate."},
    {"bytes", "integer", "Bytes received, uncompressed."},
    {"artifact", "string", "The file of items."},
    {"sample", "array", "The first items, long texts cut."},
    {"errors", "array", "{url, error} of the first failed pages."},
    KIND_END,
};

const struct kind_setting rag_search_settings[] = {
    {"query", SETTING_TEXT, .required = true, .help = "Any text; its words are looked for, and phrases in double quotes."},
    {"index", SETTING_TEXT, .help = "Name of one index of `runspool index`; default: all."},
    {"limit", SETTING_INTEGER, .min = 1, .max = 100, .fallback = "5", .help = "At most so many passages."},
    {"optional", SETTING_BOOL, .fallback = "false", .help = "Nothing indexed is no error: there are no passages then."},
    KIND_END,
};

const struct kind_output rag_search_outputs[] = {
    {"passages", "array", "{id, index, path, line, title, text, score}, best first; a higher score is better."},
    KIND_END,
};
