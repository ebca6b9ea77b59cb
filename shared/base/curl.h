/* curl - libcurl, which is loaded when it is first called: with what it needs itself it is two thirds of the libraries of
 * the runner, and most run processes, the children that evaluate jq, and CGI programs never talk to anybody. Include this
 * in place of <curl/curl.h>; a function that is missing here becomes a row of the list. */
#ifndef RUNSPOOL_BASE_CURL_H
#define RUNSPOOL_BASE_CURL_H

#include "base/err.h"
#include <curl/curl.h>
#include <stdbool.h>

#define CURL_FUNCTIONS(X)                                                                                              \
    X(curl_easy_cleanup)                                                                                               \
    X(curl_easy_getinfo)                                                                                               \
    X(curl_easy_init)                                                                                                  \
    X(curl_easy_perform)                                                                                               \
    X(curl_easy_recv)                                                                                                  \
    X(curl_easy_send)                                                                                                  \
    X(curl_easy_setopt)                                                                                                \
    X(curl_easy_strerror)                                                                                              \
    X(curl_free)                                                                                                       \
    X(curl_getdate)                                                                                                    \
    X(curl_global_init)                                                                                                \
    X(curl_mime_addpart)                                                                                               \
    X(curl_mime_data)                                                                                                  \
    X(curl_mime_encoder)                                                                                               \
    X(curl_mime_free)                                                                                                  \
    X(curl_mime_headers)                                                                                               \
    X(curl_mime_init)                                                                                                  \
    X(curl_mime_subparts)                                                                                              \
    X(curl_mime_type)                                                                                                  \
    X(curl_multi_add_handle)                                                                                           \
    X(curl_multi_assign)                                                                                               \
    X(curl_multi_cleanup)                                                                                              \
    X(curl_multi_info_read)                                                                                            \
    X(curl_multi_init)                                                                                                 \
    X(curl_multi_remove_handle)                                                                                        \
    X(curl_multi_setopt)                                                                                               \
    X(curl_multi_socket_action)                                                                                        \
    X(curl_multi_strerror)                                                                                             \
    X(curl_slist_append)                                                                                               \
    X(curl_slist_free_all)                                                                                             \
    X(curl_url)                                                                                                        \
    X(curl_url_cleanup)                                                                                                \
    X(curl_url_get)                                                                                                    \
    X(curl_url_set)

struct curl_functions {
#define CURL_MEMBER(name) __typeof__(name) *name;
    CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* curl_load - load and initialise it, once. RS_NOT_FOUND: it is not there. Any thread. */
enum rs_err curl_load(struct fault *fault) RS_MUST_CHECK;
/* curl_functions - what was loaded, or is now; without libcurl the process ends, and says why. */
const struct curl_functions *curl_functions(void);

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt
#define curl_easy_cleanup(...) curl_functions()->curl_easy_cleanup(__VA_ARGS__)
#define curl_easy_getinfo(...) curl_functions()->curl_easy_getinfo(__VA_ARGS__)
#define curl_easy_init(...) curl_functions()->curl_easy_init(__VA_ARGS__)
#define curl_easy_perform(...) curl_functions()->curl_easy_perform(__VA_ARGS__)
#define curl_easy_recv(...) curl_functions()->curl_easy_recv(__VA_ARGS__)
#define curl_easy_send(...) curl_functions()->curl_easy_send(__VA_ARGS__)
#define curl_easy_setopt(...) curl_functions()->curl_easy_setopt(__VA_ARGS__)
#define curl_easy_strerror(...) curl_functions()->curl_easy_strerror(__VA_ARGS__)
#define curl_free(...) curl_functions()->curl_free(__VA_ARGS__)
#define curl_getdate(...) curl_functions()->curl_getdate(__VA_ARGS__)
#define curl_mime_addpart(...) curl_functions()->curl_mime_addpart(__VA_ARGS__)
#define curl_mime_data(...) curl_functions()->curl_mime_data(__VA_ARGS__)
#define curl_mime_encoder(...) curl_functions()->curl_mime_encoder(__VA_ARGS__)
#define curl_mime_free(...) curl_functions()->curl_mime_free(__VA_ARGS__)
#define curl_mime_headers(...) curl_functions()->curl_mime_headers(__VA_ARGS__)
#define curl_mime_init(...) curl_functions()->curl_mime_init(__VA_ARGS__)
#define curl_mime_subparts(...) curl_functions()->curl_mime_subparts(__VA_ARGS__)
#define curl_mime_type(...) curl_functions()->curl_mime_type(__VA_ARGS__)
#define curl_multi_add_handle(...) curl_functions()->curl_multi_add_handle(__VA_ARGS__)
#define curl_multi_assign(...) curl_functions()->curl_multi_assign(__VA_ARGS__)
#define curl_multi_cleanup(...) curl_functions()->curl_multi_cleanup(__VA_ARGS__)
#define curl_multi_info_read(...) curl_functions()->curl_multi_info_read(__VA_ARGS__)
#define curl_multi_init(...) curl_functions()->curl_multi_init(__VA_ARGS__)
#define curl_multi_remove_handle(...) curl_functions()->curl_multi_remove_handle(__VA_ARGS__)
#define curl_multi_setopt(...) curl_functions()->curl_multi_setopt(__VA_ARGS__)
#define curl_multi_socket_action(...) curl_functions()->curl_multi_socket_action(__VA_ARGS__)
#define curl_multi_strerror(...) curl_functions()->curl_multi_strerror(__VA_ARGS__)
#define curl_slist_append(...) curl_functions()->curl_slist_append(__VA_ARGS__)
#define curl_slist_free_all(...) curl_functions()->curl_slist_free_all(__VA_ARGS__)
#define curl_url(...) curl_functions()->curl_url(__VA_ARGS__)
#define curl_url_cleanup(...) curl_functions()->curl_url_cleanup(__VA_ARGS__)
#define curl_url_get(...) curl_functions()->curl_url_get(__VA_ARGS__)
#define curl_url_set(...) curl_functions()->curl_url_set(__VA_ARGS__)

#endif
