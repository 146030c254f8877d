/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_hostkey.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define SALT_BYTES 20
#define MAX_FILE_BYTES (16 * 1024 * 1024)

/* What libssh2 can check without SHA-1 signatures, in OpenSSH's order of preference. */
static const char *const good_types[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                         "ecdsa-sha2-nistp521"};

static void known_key_free(gpointer data)
{
    SshKnownKey *key = data;
    g_free(key->type);
    g_bytes_unref(key->blob);
    g_free(key->file);
    g_free(key);
}

char *ssh_hostkey_name(const char *address, guint port, const char *alias)
{
    if (alias)
        return g_ascii_strdown(alias, -1);
    g_autofree char *host = g_ascii_strdown(address, -1);
    return port == 22 ? g_steal_pointer(&host) : g_strdup_printf("[%s]:%u", host, port);
}

static void hash_name(const guchar *salt, const char *name, guint8 digest[SALT_BYTES])
{
    gsize length = SALT_BYTES;
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA1, salt, SALT_BYTES);
    g_hmac_update(hmac, (const guchar *)name, (gssize)strlen(name));
    g_hmac_get_digest(hmac, digest, &length);
}

/* "|1|salt|hash" */
static gboolean is_hash_of(const char *field, const char *name)
{
    g_auto(GStrv) parts = g_strsplit(field, "|", -1);
    if (g_strv_length(parts) != 4 || strcmp(parts[1], "1") != 0)
        return FALSE;
    gsize salt_length = 0, hash_length = 0;
    g_autofree guchar *salt = g_base64_decode(parts[2], &salt_length);
    g_autofree guchar *hash = g_base64_decode(parts[3], &hash_length);
    guint8 digest[SALT_BYTES];
    if (salt_length != SALT_BYTES || hash_length != SALT_BYTES)
        return FALSE;
    hash_name(salt, name, digest);
    return memcmp(digest, hash, SALT_BYTES) == 0;
}

/* Does @pattern with * and ? match all of @name? Linear in the pattern times the name: the last star alone is retried.
 */
static gboolean is_match(const char *pattern, const char *name)
{
    const char *star = NULL, *retry = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (*pattern && (*pattern == '?' || g_ascii_tolower(*pattern) == *name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++retry;
        } else {
            return FALSE;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* The first field of a line: a hash, or patterns of which one must match and no negated one may. */
static gboolean is_about(const char *field, const char *name)
{
    if (field[0] == '|')
        return is_hash_of(field, name);
    gboolean is_found = FALSE;
    g_auto(GStrv) patterns = g_strsplit(field, ",", -1);
    for (char **pattern = patterns; *pattern; pattern++) {
        if ((*pattern)[0] == '!' && is_match(*pattern + 1, name))
            return FALSE;
        is_found = is_found || is_match(*pattern, name);
    }
    return is_found;
}

/* Returns: the next field, cut out of *@rest; NULL when there is none. */
static char *next_field(char **rest)
{
    char *field = *rest + strspn(*rest, " \t");
    if (!*field)
        return NULL;
    char *end = field + strcspn(field, " \t");
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return field;
}

static void parse_line(GPtrArray *keys, const char *file, guint number, char *line, const char *name)
{
    gboolean is_revoked = FALSE, is_authority = FALSE;
    char *names = next_field(&line);
    if (!names || names[0] == '#')
        return;
    if (names[0] == '@') {
        is_revoked = strcmp(names, "@revoked") == 0;
        is_authority = strcmp(names, "@cert-authority") == 0;
        names = next_field(&line);
        if (!names || (!is_revoked && !is_authority))
            return;
    }
    const char *type = next_field(&line);
    const char *base64 = type ? next_field(&line) : NULL;
    if (!base64 || !is_about(names, name))
        return;
    gsize length = 0;
    guchar *data = g_base64_decode(base64, &length);
    g_autoptr(GBytes) blob = g_bytes_new_take(data, length);
    g_autofree char *real_type = ssh_hostkey_type(blob);
    if (strcmp(real_type, type) != 0)
        return;
    SshKnownKey *key = g_new0(SshKnownKey, 1);
    *key = (SshKnownKey){.type = g_steal_pointer(&real_type),
                         .blob = g_steal_pointer(&blob),
                         .file = g_strdup(file),
                         .line = number,
                         .is_revoked = is_revoked,
                         .is_authority = is_authority};
    g_ptr_array_add(keys, key);
}

void ssh_hostkey_parse(GPtrArray *keys, const char *file, const char *text, const char *name)
{
    guint number = 0;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        parse_line(keys, file, ++number, g_strchomp(*line), name);
}

static GPtrArray *find_name(const char *const *files, const char *name)
{
    GPtrArray *keys = g_ptr_array_new_with_free_func(known_key_free);
    for (; *files; files++) {
        GStatBuf status;
        g_autofree char *text = NULL;
        if (g_stat(*files, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_FILE_BYTES &&
            g_file_get_contents(*files, &text, NULL, NULL))
            ssh_hostkey_parse(keys, *files, text, name);
    }
    return keys;
}

GPtrArray *ssh_hostkey_find(const char *const *files, const char *name, const char *fallback)
{
    GPtrArray *keys = find_name(files, name);
    if (keys->len > 0 || !fallback)
        return keys;
    g_ptr_array_unref(keys);
    return find_name(files, fallback);
}

SshHostkeyVerdict ssh_hostkey_judge(GPtrArray *keys, GBytes *blob, const SshKnownKey **which)
{
    const SshKnownKey *same = NULL, *other = NULL, *revoked = NULL;
    for (guint i = 0; i < keys->len; i++) {
        const SshKnownKey *key = g_ptr_array_index(keys, i);
        gboolean is_same = g_bytes_equal(key->blob, blob);
        if (key->is_revoked)
            revoked = is_same ? key : revoked;
        else if (!key->is_authority && is_same)
            same = key;
        else if (!key->is_authority)
            other = key;
    }
    if (which)
        *which = revoked ? revoked : same ? same : other;
    if (revoked)
        return SSH_HOSTKEY_REVOKED;
    return same ? SSH_HOSTKEY_KNOWN : other ? SSH_HOSTKEY_CHANGED : SSH_HOSTKEY_UNKNOWN;
}

char *ssh_hostkey_methods(GPtrArray *keys)
{
    gboolean has_any = FALSE;
    g_autoptr(GString) methods = g_string_new(NULL);
    for (guint i = 0; i < keys->len; i++) {
        const SshKnownKey *key = g_ptr_array_index(keys, i);
        has_any = has_any || !key->is_revoked;
    }
    for (guint t = 0; t < G_N_ELEMENTS(good_types); t++) {
        gboolean is_wanted = !has_any;
        for (guint i = 0; i < keys->len && !is_wanted; i++) {
            const SshKnownKey *key = g_ptr_array_index(keys, i);
            is_wanted = !key->is_revoked && !key->is_authority && strcmp(key->type, good_types[t]) == 0;
        }
        if (is_wanted)
            g_string_append_printf(methods, "%s%s", methods->len ? "," : "", good_types[t]);
    }
    return methods->len ? g_strdup(methods->str) : NULL;
}

char *ssh_hostkey_fingerprint(GBytes *blob)
{
    guint8 digest[32];
    gsize length = sizeof(digest);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, g_bytes_get_data(blob, NULL), (gssize)g_bytes_get_size(blob));
    g_checksum_get_digest(checksum, digest, &length);
    g_autofree char *base64 = g_base64_encode(digest, length);
    base64[strcspn(base64, "=")] = '\0';
    return g_strdup_printf("SHA256:%s", base64);
}

char *ssh_hostkey_type(GBytes *blob)
{
    gsize size = 0;
    const guchar *data = g_bytes_get_data(blob, &size);
    guint32 length = 0;
    if (size >= 4) {
        memcpy(&length, data, 4);
        length = GUINT32_FROM_BE(length);
    }
    if (length == 0 || length > 64 || size < 4 + (gsize)length)
        return g_strdup("unknown");
    g_autofree char *type = g_strndup((const char *)data + 4, length);
    for (const char *c = type; *c; c++) {
        if (!g_ascii_isgraph(*c))
            return g_strdup("unknown");
    }
    return g_steal_pointer(&type);
}

static char *format_line(const char *name, GBytes *blob, gboolean is_hashed)
{
    g_autofree char *type = ssh_hostkey_type(blob);
    g_autofree char *key = g_base64_encode(g_bytes_get_data(blob, NULL), g_bytes_get_size(blob));
    guchar salt[SALT_BYTES];
    guint8 digest[SALT_BYTES];
    if (!is_hashed || getrandom(salt, sizeof(salt), 0) != sizeof(salt))
        return g_strdup_printf("%s %s %s\n", name, type, key);
    hash_name(salt, name, digest);
    g_autofree char *salt64 = g_base64_encode(salt, sizeof(salt));
    g_autofree char *hash64 = g_base64_encode(digest, sizeof(digest));
    return g_strdup_printf("|1|%s|%s %s %s\n", salt64, hash64, type, key);
}

static gboolean write_all(int fd, const char *text)
{
    for (gsize left = strlen(text); left > 0;) {
        ssize_t count = write(fd, text, left);
        if (count < 0 && errno != EINTR)
            return FALSE;
        text += MAX(count, 0);
        left -= (gsize)MAX(count, 0);
    }
    return fsync(fd) == 0;
}

/* With the file locked: looks again, for another session may have been quicker, and appends. */
static gboolean append_locked(int fd, const char *path, const char *name, GBytes *blob, gboolean is_hashed,
                              SshHostkeyVerdict *verdict)
{
    const char *const files[] = {path, NULL};
    g_autoptr(GPtrArray) keys = ssh_hostkey_find(files, name, NULL);
    *verdict = ssh_hostkey_judge(keys, blob, NULL);
    if (*verdict != SSH_HOSTKEY_UNKNOWN)
        return TRUE;
    char last = '\n';
    off_t length = lseek(fd, 0, SEEK_END);
    if (length > 0 && pread(fd, &last, 1, length - 1) != 1)
        return FALSE;
    g_autofree char *line = format_line(name, blob, is_hashed);
    g_autofree char *text = g_strconcat(last == '\n' ? "" : "\n", line, NULL);
    *verdict = SSH_HOSTKEY_KNOWN;
    return write_all(fd, text);
}

gboolean ssh_hostkey_append(const char *path, const char *name, GBytes *blob, gboolean is_hashed,
                            SshHostkeyVerdict *verdict, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_mkdir_with_parents(folder, 0700);
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    gboolean is_ok = fd >= 0 && flock(fd, LOCK_EX) == 0 && append_locked(fd, path, name, blob, is_hashed, verdict);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (!is_ok)
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(code), "%s: %s", path, g_strerror(code));
    return is_ok;
}
