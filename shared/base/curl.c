#include "base/curl.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct curl_functions functions;
static struct fault failure;
static enum rs_err outcome;

/* The second is Debian's build with GnuTLS; both have the same interface. */
static void *open_library(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    return library ? library : dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
}

static enum rs_err load(struct fault *fault)
{
    void *library = open_library(); /* kept until the process ends */
    if (!library)
        return fault_set(fault, RS_NOT_FOUND, "libcurl cannot be loaded: %s", dlerror());
#define CURL_FIND(name)                                                                                                \
    if (!(*(void **)&functions.name = dlsym(library, #name)))                                                          \
        return fault_set(fault, RS_NOT_FOUND, "libcurl is too old: it has no " #name);
    CURL_FUNCTIONS(CURL_FIND)
#undef CURL_FIND
    if (functions.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return fault_set(fault, RS_NOMEM, "libcurl cannot be used");
    return RS_OK;
}

static void load_once(void)
{
    outcome = load(&failure);
}

enum rs_err curl_load(struct fault *fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load_once);
    return outcome == RS_OK ? RS_OK : fault_set(fault, outcome, "%s", failure.message);
}

const struct curl_functions *curl_functions(void)
{
    struct fault fault;

    if (curl_load(&fault) != RS_OK) {
        dprintf(STDERR_FILENO, "%s\n", fault.message);
        abort();
    }
    return &functions;
}
