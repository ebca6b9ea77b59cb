#include "auth/remote.h"
#include "auth/keys.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/curl.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 12 /* of an address's hash, in the names of its files */

bool remote_is(const char *name)
{
    return strncasecmp(name, "https://", 8) == 0 || strncasecmp(name, "http://", 7) == 0;
}

static char *file_path(const struct datadir *dd, const char *url, const char *ending, char path[PATH_MAX])
{
    unsigned char hash[crypto_generichash_BYTES];
    char name[2 * NAME_BYTES + 1];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)url, strlen(url), NULL, 0);
    sodium_bin2hex(name, sizeof name, hash, NAME_BYTES);
    return datadir_path(dd, path, "keys/jwks-%s.%s", name, ending);
}

char *remote_copy_path(const struct datadir *dd, const char *url, char path[PATH_MAX])
{
    return file_path(dd, url, "json", path);
}

/* When the copy was written, on the wall clock; 0: there is none. */
static int64_t copy_ms(const struct datadir *dd, const char *url)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat(remote_copy_path(dd, url, path), &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

int64_t remote_age_ms(const struct datadir *dd, const char *url)
{
    int64_t ms = copy_ms(dd, url), age = clock_wall_ms() - ms;
    return ms == 0 || age < -REMOTE_SKEW_MS ? INT64_MAX : age; /* the clock was set back */
}

/* The budget: when its time began, and how many requests there were since. */
struct budget {
    long long began_ms;
    int n;
};

static struct budget read_budget(int fd)
{
    char text[64] = "";
    struct budget budget = {0};
    int64_t now = clock_wall_ms();
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    if (len <= 0 || sscanf(text, "%lld %d", &budget.began_ms, &budget.n) != 2 || now < budget.began_ms ||
        now - budget.began_ms >= REMOTE_WINDOW_MS)
        budget = (struct budget){now, 0};
    return budget;
}

static int open_budget(const struct datadir *dd, const char *url)
{
    char path[PATH_MAX];
    return open(file_path(dd, url, "tries", path), O_RDWR | O_CREAT | O_CLOEXEC, 0660);
}

bool remote_may_ask(const struct datadir *dd, const char *url)
{
    int fd = open_budget(dd, url);
    bool may = fd >= 0 && read_budget(fd).n < REMOTE_TRIES_MAX;
    if (fd >= 0)
        close(fd);
    return may;
}

/* One more request; false when there were enough. */
static bool take_try(int fd)
{
    char text[64];
    struct budget budget = read_budget(fd);
    if (budget.n >= REMOTE_TRIES_MAX)
        return false;
    int len = snprintf(text, sizeof text, "%lld %d\n", budget.began_ms, budget.n + 1);
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len;
}

static size_t take_bytes(char *data, size_t size, size_t n, void *ctx)
{
    return buf_append(ctx, data, size * n) == RS_OK ? size * n : 0;
}

static enum rs_err fetch(const char *url, struct buf *out, struct fault *fault)
{
    long status = 0;
    enum rs_err err = curl_load(fault);
    CURL *curl = err ? NULL : curl_easy_init();
    if (!curl)
        return err ? err : fault_set(fault, RS_NOMEM, "no memory for a request");
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/jwk-set+json, application/json");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "runspool");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)REMOTE_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        err = fault_set(fault, RS_IO, "%.200s: %s", url, curl_easy_strerror(code));
    else if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
        err = fault_set(fault, RS_IO, "%.200s answers with status %ld", url, status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return err;
}

/* Fetch, and keep what holds keys. */
static enum rs_err renew(const struct datadir *dd, const char *url, struct fault *fault)
{
    char path[PATH_MAX];
    struct buf text;
    struct keys keys = {.n = 0};
    struct fault why = {0};
    buf_init(&text, KEYS_TEXT_MAX);
    enum rs_err err = fetch(url, &text, fault);
    if (!err && keys_parse(text.data ? text.data : "", text.len, true, &keys, &why) != RS_OK)
        err = fault_set(fault, RS_IO, "%.200s: %.200s", url, why.message);
    if (!err)
        err = file_write(remote_copy_path(dd, url, path), text.data, text.len, 0640, fault);
    keys_release(&keys);
    buf_release(&text);
    return err;
}

enum rs_err remote_refresh(const struct datadir *dd, const char *url, int64_t began_ms,
                           struct fault *fault)
{
    enum rs_err err = RS_OK;
    int fd = open_budget(dd, url);
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        err = fault_set(fault, RS_IO, "cannot note requests for keys in %.200s/keys: %s", dd->root, strerror(errno));
    else if (copy_ms(dd, url) >= began_ms)
        err = RS_OK; /* another process was faster */
    else if (!take_try(fd))
        err = fault_set(fault, RS_BUSY, "%.200s was asked for keys too often", url);
    else
        err = renew(dd, url, fault);
    if (fd >= 0)
        close(fd);
    return err;
}
