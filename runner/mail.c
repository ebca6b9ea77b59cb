#include "runner/mail.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/utf8.h"
#include "base/curl.h"
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORD_BYTES 42 /* of UTF-8 in an encoded word, which may be 75 characters (RFC 2047, section 2) */
#define DISPOSITION_MAX (3 * MAIL_NAME_MAX + 64)
#define HEADER_MAX (64 * 1024)

struct mail {
    CURL *curl;
    curl_mime *mime;
    struct curl_slist *headers, *recipients;
    char from[MAIL_ADDRESS_MAX + 1], id[MAIL_ADDRESS_MAX + ID_MAX + 8];
    int n_recipients;
    size_t attached;
};

enum rs_err mail_new(struct mail **ret, struct fault *fault)
{
    struct mail *mail = calloc(1, sizeof *mail);

    if (!mail || !(mail->curl = curl_easy_init()) || !(mail->mime = curl_mime_init(mail->curl))) {
        mail_free(mail);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    *ret = mail;
    return RS_OK;
}

void mail_free(struct mail *mail)
{
    if (!mail)
        return;
    curl_mime_free(mail->mime);
    curl_slist_free_all(mail->headers);
    curl_slist_free_all(mail->recipients);
    if (mail->curl)
        curl_easy_cleanup(mail->curl);
    free(mail);
}

const char *mail_message_id(const struct mail *mail)
{
    return mail->id;
}

bool mail_has_recipient(const struct mail *mail)
{
    return mail->recipients != NULL;
}

struct json_object *mail_recipients(const struct mail *mail)
{
    struct json_object *list = json_object_new_array();
    for (const struct curl_slist *r = mail->recipients; r; r = r->next)
        json_object_array_add(list, json_object_new_string(r->data));
    return list;
}

static enum rs_err check_text(const char *text, size_t max, const char *what, struct fault *fault)
{
    size_t len = strlen(text);

    if (len > max)
        return fault_set(fault, RS_LIMIT, "%s is longer than %zu bytes", what, max);
    if (!utf8_valid(text, len))
        return fault_set(fault, RS_INVALID, "%s is not UTF-8", what);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return fault_set(fault, RS_INVALID, "%s holds a line break or a control character", what);
    return RS_OK;
}

static bool plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* Text of a header: as it is when it is ASCII, else in encoded words, folded between them. */
static void put_words(struct buf *out, const char *text)
{
    char word[WORD_BYTES * 2 + 8];

    if (plain(text)) {
        buf_puts(out, text);
        return;
    }
    for (size_t left = strlen(text); left > 0;) {
        size_t n = left < WORD_BYTES ? left : WORD_BYTES;
        while (n < left && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        sodium_bin2base64(word, sizeof word, (const unsigned char *)text, n, sodium_base64_VARIANT_ORIGINAL);
        buf_printf(out, "=?UTF-8?B?%s?=%s", word, n < left ? "\r\n " : "");
        text += n;
        left -= n;
    }
}

static enum rs_err add_header(struct mail *mail, struct buf *line, struct fault *fault)
{
    struct curl_slist *more = line->err ? NULL : curl_slist_append(mail->headers, line->data);
    enum rs_err err = more ? RS_OK : fault_set(fault, RS_LIMIT, "the headers are too long");

    if (more)
        mail->headers = more;
    buf_release(line);
    return err;
}

/* One of "a@b" and "Name <a@b>": the address and the name, "" without one. */
static enum rs_err split(const char *text, size_t len, char address[MAIL_ADDRESS_MAX + 1], char name[MAIL_NAME_MAX + 1],
                         struct fault *fault)
{
    char all[MAIL_ADDRESS_MAX + MAIL_NAME_MAX + 8];
    static const char atom[] = "!#$%&'*+-/=?^_`{|}~.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char host[] = "-.:[]0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    while (len > 0 && strchr(" \t", text[len - 1]))
        len--;
    if (len >= sizeof all)
        return fault_set(fault, RS_LIMIT, "an address is too long");
    memcpy(all, text, len);
    all[len] = '\0';
    enum rs_err err = check_text(all, sizeof all, "an address", fault);
    if (err)
        return err;
    char *from = all + strspn(all, " \t"), *open = len > 0 && all[len - 1] == '>' ? strrchr(all, '<') : NULL;
    name[0] = '\0';
    if (open) {
        all[len - 1] = *open = '\0';
        char *end = open;
        while (end > from && strchr(" \t\"", end[-1]))
            *--end = '\0';
        from += strspn(from, "\"");
        if (strlen(from) > MAIL_NAME_MAX || strpbrk(from, "\"\\<>"))
            return fault_set(fault, RS_INVALID, "\"%.100s\" cannot be the name in an address", from);
        memcpy(name, from, strlen(from) + 1);
        from = open + 1;
    }
    char *at = strrchr(from, '@');
    if (!at || at == from || !at[1] || strlen(from) > MAIL_ADDRESS_MAX || strspn(from, atom) != (size_t)(at - from) ||
        strspn(at + 1, host) != strlen(at + 1))
        return fault_set(fault, RS_INVALID, "\"%.100s\" is no e-mail address", from);
    memcpy(address, from, strlen(from) + 1);
    return RS_OK;
}

static void put_address(struct buf *out, const char *address, const char *name)
{
    if (!*name) {
        buf_puts(out, address);
        return;
    }
    if (plain(name))
        buf_printf(out, "\"%s\"", name);
    else
        put_words(out, name);
    buf_printf(out, " <%s>", address);
}

enum rs_err mail_from(struct mail *mail, const char *address, struct fault *fault)
{
    char name[MAIL_NAME_MAX + 1], id[ID_MAX + 1], date[64];
    struct tm tm;
    time_t now = clock_wall_ms() / 1000;
    struct buf line;
    enum rs_err err = split(address, strlen(address), mail->from, name, fault);

    if (err)
        return err;
    buf_init(&line, HEADER_MAX);
    buf_puts(&line, "From: ");
    put_address(&line, mail->from, name);
    if ((err = add_header(mail, &line, fault)))
        return err;
    snprintf(mail->id, sizeof mail->id, "<%s%s>", id_new("m.", id), strchr(mail->from, '@'));
    buf_init(&line, HEADER_MAX);
    buf_printf(&line, "Message-ID: %s", mail->id);
    if ((err = add_header(mail, &line, fault)))
        return err;
    /* The programs never set a locale, so the names are English. */
    strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
    buf_init(&line, HEADER_MAX);
    buf_puts(&line, date);
    return add_header(mail, &line, fault);
}

static enum rs_err add_recipients(struct mail *mail, const char *header, struct json_object *value, struct buf *line,
                                  struct fault *fault)
{
    char address[MAIL_ADDRESS_MAX + 1], name[MAIL_NAME_MAX + 1];
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
    bool quoted = false;

    if (!text || strlen(text) != (size_t)json_object_get_string_len(value))
        return fault_set(fault, RS_INVALID, "a recipient is no text, or holds a NUL byte");

    while (*text) {
        const char *end = text;
        for (; *end && (quoted || *end != ','); end++)
            quoted ^= *end == '"';
        if (end > text + strspn(text, " \t")) {
            enum rs_err err = split(text, (size_t)(end - text), address, name, fault);
            if (err)
                return err;
            if (line->len > 0)
                buf_puts(line, ",\r\n ");
            else if (header)
                buf_printf(line, "%s: ", header);
            put_address(line, address, name);
            if (!header || strcmp(header, "Reply-To") != 0) {
                struct curl_slist *more =
                    ++mail->n_recipients > MAIL_RECIPIENTS_MAX ? NULL : curl_slist_append(mail->recipients, address);
                if (!more)
                    return fault_set(fault, RS_LIMIT, "more than %d recipients", MAIL_RECIPIENTS_MAX);
                mail->recipients = more;
            }
        }
        text = *end ? end + 1 : end;
    }
    return RS_OK;
}

enum rs_err mail_to(struct mail *mail, const char *header, struct json_object *addresses, struct fault *fault)
{
    enum rs_err err = RS_OK;
    struct buf line;

    buf_init(&line, HEADER_MAX);
    if (json_object_is_type(addresses, json_type_string)) {
        err = add_recipients(mail, header, addresses, &line, fault);
    } else if (json_object_is_type(addresses, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(addresses) && !err; i++)
            err = add_recipients(mail, header, json_object_array_get_idx(addresses, i), &line, fault);
    } else if (addresses) {
        err = fault_set(fault, RS_INVALID, "recipients are a text or an array of texts");
    }
    if (!err && header && line.len > 0)
        return add_header(mail, &line, fault);
    buf_release(&line);
    return err;
}

enum rs_err mail_subject(struct mail *mail, const char *subject, struct fault *fault)
{
    struct buf line;
    enum rs_err err = check_text(subject, MAIL_SUBJECT_MAX, "the subject", fault);

    if (err)
        return err;
    buf_init(&line, HEADER_MAX);
    buf_puts(&line, "Subject: ");
    put_words(&line, subject);
    return add_header(mail, &line, fault);
}

static enum rs_err add_text(curl_mime *to, const char *text, const char *type, struct fault *fault)
{
    curl_mimepart *part = curl_mime_addpart(to);

    if (strlen(text) > MAIL_TEXT_MAX)
        return fault_set(fault, RS_LIMIT, "the text is longer than %d bytes", MAIL_TEXT_MAX);
    if (!part || curl_mime_data(part, text, CURL_ZERO_TERMINATED) || curl_mime_type(part, type) ||
        curl_mime_encoder(part, plain(text) ? "quoted-printable" : "base64"))
        return fault_set(fault, RS_NOMEM, "out of memory");
    return RS_OK;
}

enum rs_err mail_body(struct mail *mail, const char *text, const char *html, struct fault *fault)
{
    curl_mime *to = mail->mime, *both = NULL;
    enum rs_err err = RS_OK;

    if (text && html) {
        curl_mimepart *part = curl_mime_addpart(mail->mime);
        if (!(both = curl_mime_init(mail->curl)) || !part || curl_mime_subparts(part, both) ||
            curl_mime_type(part, "multipart/alternative")) {
            curl_mime_free(both);
            return fault_set(fault, RS_NOMEM, "out of memory");
        }
        to = both;
    }
    if (text || !html)
        err = add_text(to, text ? text : "", "text/plain; charset=utf-8", fault);
    if (!err && html)
        err = add_text(to, html, "text/html; charset=utf-8", fault);
    return err;
}

/* The name as RFC 2231 has it, which is ASCII whatever it holds. */
static const char *disposition(const char *name, char out[DISPOSITION_MAX])
{
    static const char same[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    int n = snprintf(out, DISPOSITION_MAX, "Content-Disposition: attachment; filename*=UTF-8''");

    for (; *name; name++)
        n += snprintf(out + n, (size_t)(DISPOSITION_MAX - n), strchr(same, *name) ? "%c" : "%%%02X",
                      (unsigned char)*name);
    return out;
}

enum rs_err mail_attach(struct mail *mail, const char *name, const char *data, size_t len, struct fault *fault)
{
    enum rs_err err = check_text(name, MAIL_NAME_MAX, "the name of an attachment", fault);
    curl_mimepart *part;
    char text[DISPOSITION_MAX];

    if (err)
        return err;
    if (len > MAIL_ATTACHED_MAX - mail->attached)
        return fault_set(fault, RS_LIMIT, "the attachments are larger than %d bytes", MAIL_ATTACHED_MAX);
    mail->attached += len;
    struct curl_slist *header = curl_slist_append(NULL, disposition(name, text));
    if (!header || !(part = curl_mime_addpart(mail->mime)) || curl_mime_data(part, data, len) ||
        curl_mime_type(part, "application/octet-stream") || curl_mime_encoder(part, "base64") ||
        curl_mime_headers(part, header, 1)) {
        curl_slist_free_all(header);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    return RS_OK;
}

static int on_progress(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load((const atomic_bool *)ctx);
}

static enum rs_err result(CURLcode code, long answer, const char *words, struct fault *fault)
{
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return fault_set(fault, RS_CLOSED, "stopped");
    if (code == CURLE_LOGIN_DENIED)
        return fault_set(fault, RS_DENIED, "the mail server refuses the login (smtp.user, smtp.password)");
    if (code == CURLE_USE_SSL_FAILED)
        return fault_set(fault, RS_IO, "the mail server offers no TLS, which smtp.tls asks for");
    if (code == CURLE_OK)
        return RS_OK;
    return fault_set(fault,
                     answer >= 500 && answer <= 599   ? RS_INVALID
                     : answer >= 400 && answer <= 499 ? RS_BUSY
                                                      : RS_IO,
                     "the mail server: %s", words);
}

enum rs_err mail_send(struct mail *mail, const struct mail_server *server, const atomic_bool *stop, struct fault *fault)
{
    static const long tls[] = {CURLUSESSL_NONE, CURLUSESSL_TRY, CURLUSESSL_ALL};
    char words[CURL_ERROR_SIZE] = "";
    long answer = 0;

    if (!mail->recipients)
        return fault_set(fault, RS_INVALID, "there is no recipient");
    curl_easy_setopt(mail->curl, CURLOPT_URL, server->url);
    curl_easy_setopt(mail->curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(mail->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(mail->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(mail->curl, CURLOPT_USE_SSL, tls[server->tls]);
    if (server->user) {
        curl_easy_setopt(mail->curl, CURLOPT_USERNAME, server->user);
        curl_easy_setopt(mail->curl, CURLOPT_PASSWORD, server->password ? server->password : "");
    }
    curl_easy_setopt(mail->curl, CURLOPT_MAIL_FROM, mail->from);
    curl_easy_setopt(mail->curl, CURLOPT_MAIL_RCPT, mail->recipients);
    curl_easy_setopt(mail->curl, CURLOPT_HTTPHEADER, mail->headers);
    curl_easy_setopt(mail->curl, CURLOPT_MIMEPOST, mail->mime);
    curl_easy_setopt(mail->curl, CURLOPT_CONNECTTIMEOUT_MS, 20000L);
    curl_easy_setopt(mail->curl, CURLOPT_TIMEOUT_MS, (long)MAIL_SEND_MS);
    curl_easy_setopt(mail->curl, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(mail->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(mail->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(mail->curl, CURLOPT_XFERINFODATA, (void *)stop);
    CURLcode code = curl_easy_perform(mail->curl);
    curl_easy_getinfo(mail->curl, CURLINFO_RESPONSE_CODE, &answer);
    return result(code, answer, words[0] ? words : curl_easy_strerror(code), fault);
}
