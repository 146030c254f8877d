/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ssh_key.h"

#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "ssh_hostkey.h"

#define MAX_FILE_BYTES (64 * 1024)

static const char magic[] = "openssh-key-v1"; /* with its NUL */

gboolean ssh_key_is_usable_type(const char *type)
{
    static const char *const usable[] = {
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", NULL};
    return type && g_strv_contains(usable, type);
}

/* Takes an SSH string off @data. Returns: FALSE when it is cut short. */
static gboolean take_string(const guchar **data, gsize *left, const guchar **string, gsize *length)
{
    guint32 size;
    if (*left < 4)
        return FALSE;
    memcpy(&size, *data, 4);
    size = GUINT32_FROM_BE(size);
    if (*left - 4 < size)
        return FALSE;
    *string = *data + 4;
    *length = size;
    *data += 4 + (gsize)size;
    *left -= 4 + (gsize)size;
    return TRUE;
}

static void set_blob(SshKey *key, const guchar *data, gsize length)
{
    key->blob = g_bytes_new(data, length);
    key->type = ssh_hostkey_type(key->blob);
}

/* The public half of OpenSSH's own format stands there in clear, and so does the name of the cipher. */
static void parse_openssh(SshKey *key, const char *text)
{
    g_autofree char *body = g_strdup(strchr(text, '\n'));
    char *end = body ? strstr(body, "-----END") : NULL;
    if (!end)
        return;
    *end = '\0';
    gsize left = 0, length = 0;
    g_autofree guchar *decoded = g_base64_decode(body, &left);
    const guchar *data = decoded, *string = NULL;
    if (left < sizeof(magic) || memcmp(data, magic, sizeof(magic)) != 0)
        return;
    data += sizeof(magic);
    left -= sizeof(magic);
    if (!take_string(&data, &left, &string, &length))
        return;
    gboolean is_encrypted = length != 4 || memcmp(string, "none", 4) != 0;
    if (!take_string(&data, &left, &string, &length) || !take_string(&data, &left, &string, &length) || left < 4)
        return;
    data += 4; /* how many keys: always one */
    left -= 4;
    if (!take_string(&data, &left, &string, &length))
        return;
    key->nature = SSH_KEY_PRIVATE;
    key->is_encrypted = is_encrypted;
    set_blob(key, string, length);
    key->is_simple = strcmp(key->type, "ssh-ed25519") == 0;
}

/* "ssh-ed25519 AAAA... comment" */
static void parse_public(SshKey *key, const char *text)
{
    g_auto(GStrv) fields = g_strsplit_set(text, " \t\r\n", 3);
    if (g_strv_length(fields) < 2)
        return;
    gsize length = 0;
    g_autofree guchar *data = g_base64_decode(fields[1], &length);
    g_autoptr(GBytes) blob = g_bytes_new(data, length);
    g_autofree char *type = ssh_hostkey_type(blob);
    if (strcmp(type, fields[0]) != 0)
        return;
    key->blob = g_steal_pointer(&blob);
    key->type = g_steal_pointer(&type);
}

void ssh_key_parse(SshKey *key, const char *text, const char *public_text)
{
    *key = (SshKey){.nature = SSH_KEY_NONSENSE};
    const char *begin = strstr(text, "-----BEGIN ");
    if (!begin) {
        parse_public(key, text);
        key->nature = key->blob ? SSH_KEY_PUBLIC : SSH_KEY_NONSENSE;
    } else if (g_str_has_prefix(begin, "-----BEGIN OPENSSH PRIVATE KEY-----")) {
        parse_openssh(key, begin);
    } else if (strstr(begin, "PRIVATE KEY-----")) {
        key->nature = SSH_KEY_PRIVATE;
        key->is_encrypted =
            strstr(begin, "ENCRYPTED") != NULL; /* "Proc-Type: 4,ENCRYPTED" or "BEGIN ENCRYPTED PRIVATE KEY" */
        if (g_str_has_prefix(begin, "-----BEGIN RSA PRIVATE KEY-----"))
            key->type = g_strdup("ssh-rsa");
    }
    if (key->nature == SSH_KEY_PRIVATE && !key->blob && public_text) {
        g_clear_pointer(&key->type, g_free);
        parse_public(key, public_text);
    }
}

static char *read_small(const char *path)
{
    GStatBuf status;
    char *text = NULL;
    if (g_stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= MAX_FILE_BYTES)
        g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

void ssh_key_inspect(SshKey *key, const char *path)
{
    *key = (SshKey){.nature = SSH_KEY_ABSENT};
    g_autofree char *text = read_small(path);
    if (!text)
        return;
    g_autofree char *public_path = g_strconcat(path, ".pub", NULL);
    g_autofree char *public_text = read_small(public_path);
    ssh_key_parse(key, text, public_text);
}

void ssh_key_clear(SshKey *key)
{
    g_clear_pointer(&key->type, g_free);
    g_clear_pointer(&key->blob, g_bytes_unref);
}
