#include "response.h"

#include "http/problem.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void response_init(struct response *response)
{
    *response = (struct response){.status = 200, .type = "application/json", .cache = "no-store", .file = -1};
    buf_init(&response->headers, RESPONSE_HEADERS_MAX);
    buf_init(&response->body, RESPONSE_BODY_MAX);
}

void response_release(struct response *response)
{
    buf_release(&response->headers);
    buf_release(&response->body);
    if (response->file >= 0)
        close(response->file);
    response->file = -1;
}

void response_header(struct response *response, const char *name, const char *value)
{
    buf_printf(&response->headers, "%s: ", name);
    for (; *value; value++)
        buf_putc(&response->headers, iscntrl((unsigned char)*value) ? '?' : *value);
    buf_puts(&response->headers, "\r\n");
}

enum rs_err response_json(struct response *response, int status, struct json_object *value)
{
    response->status = status;
    if (!value)
        return RS_OK;
    size_t len;
    const char *text = json_text(value, &len);
    return text ? buf_append(&response->body, text, len) : RS_NOMEM;
}

void response_problem(struct response *response, const struct fault *fault, struct json_object *errors)
{
    if (response->file >= 0)
        close(response->file);
    response->file = -1;
    buf_clear(&response->body);
    response->type = "application/problem+json";
    response->cache = "no-store";
    response->status = rs_err_http(fault->code);
    if (problem_put(&response->body, fault, errors) != RS_OK) { /* too many errors to list: the sentence alone */
        buf_clear(&response->body);
        if (problem_put(&response->body, fault, NULL) != RS_OK)
            buf_clear(&response->body);
    }
}

static bool write_file(const struct response *response, struct exchange *ex)
{
    char part[64 * 1024];
    long long left = response->file_bytes;
    while (left > 0) {
        ssize_t n = read(response->file, part, left < (long long)sizeof part ? (size_t)left : sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !ex->write(ex, part, (size_t)n))
            return false;
        left -= n;
    }
    return true;
}

bool response_write(const struct response *response, struct exchange *ex, bool head)
{
    struct buf out;
    bool with_body = response->status != 204 && response->status != 304;
    buf_init(&out, RESPONSE_HEADERS_MAX + 1024);
    buf_printf(&out, "Status: %d %s\r\n", response->status, http_reason(response->status));
    if (with_body)
        buf_printf(&out, "Content-Type: %s\r\nContent-Length: %lld\r\n", response->type,
                   response->file >= 0 ? response->file_bytes : (long long)response->body.len);
    buf_printf(&out, "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n", response->cache);
    buf_append(&out, response->headers.data, response->headers.len);
    bool ok = buf_puts(&out, "\r\n") == RS_OK && ex->write(ex, out.data, out.len);
    buf_release(&out);
    if (!ok || head || !with_body)
        return ok;
    if (response->file >= 0)
        return write_file(response, ex);
    return response->body.len == 0 || ex->write(ex, response->body.data, response->body.len);
}
