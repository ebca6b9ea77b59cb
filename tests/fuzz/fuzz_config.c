/* runspool.conf of any bytes: refused with file and line, or every setting can be read, and what `runspool config`
 * prints of them is a file that is accepted. */
#include "conf/config.h"
#include "base/json.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A file in memory and the path to open it by. */
static int make_file(char path[64], const void *bytes, size_t len)
{
    int fd = memfd_create("runspool.conf", MFD_CLOEXEC);
    assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void read_again(const struct buf *printed)
{
    char path[64];
    int fd = make_file(path, printed->data, printed->len);
    struct config *config = NULL;
    struct fault fault = {0};
    enum rs_err err = config_load(path, NULL, &config, &fault);
    /* A secret is printed as ***, which is not a value of every kind. */
    assert(err == RS_OK || memmem(printed->data, printed->len, "***", 3));
    config_free(config);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char path[64];
    struct config *config = NULL;
    struct fault fault = {0};
    int fd = make_file(path, bytes, len);
    enum rs_err err = config_load(path, NULL, &config, &fault);
    close(fd);
    if (err) {
        assert(fault.code == err && strncmp(fault.message, path, strlen(path)) == 0);
        return 0;
    }
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *s = &config_settings[i];
        if (strchr(s->key, '<'))
            continue;
        int64_t n = config_number(config, s->key);
        if (config_text(config, s->key) && (s->min || s->max))
            assert(n >= s->min && n <= s->max);
    }
    struct buf text;
    struct json_object *json = NULL;
    buf_init(&text, 4 * TEXT_MAX);
    assert(config_print(config, &text) == RS_OK);
    read_again(&text);
    buf_clear(&text);
    assert(config_print_json(config, &text) == RS_OK);
    assert(json_parse(text.data, text.len, 4 * TEXT_MAX, &json, &fault) == RS_OK);
    json_object_put(json);
    buf_release(&text);
    config_free(config);
    return 0;
}
