/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who strikes a name from a list holds it for an instant only. */
#define LOCK_TRIES 250
#define LOCK_PAUSE_US (20 * 1000)

/* One entry of a list: where its bytes begin, the length of its name, and the length with what ends it. */
typedef struct {
    const char *start;
    gsize name_length, full_length;
} Entry;

static void set_file_error(GError **error, const char *path, const char *what)
{
    int code = errno;
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "%s: %s: %s", path, what, g_strerror(code));
}

/* Takes the next entry of the @length bytes at @text. Returns: FALSE at the end. */
static gboolean next_entry(const char *text, gsize length, gboolean is_null, Entry *entry)
{
    if (length == 0)
        return FALSE;
    const char *end = memchr(text, is_null ? '\0' : '\n', length);
    entry->start = text;
    entry->name_length = end ? (gsize)(end - text) : length;
    entry->full_length = end ? entry->name_length + 1 : length;
    return TRUE;
}

static gboolean ends_in_return(const Entry *entry)
{
    return entry->name_length > 0 && entry->start[entry->name_length - 1] == '\r';
}

/* TRUE for a list whose every line ends in CR LF. A name may end in a carriage return, so one line alone proves
 * nothing. */
static gboolean has_dos_lines(const char *text, gsize length, gboolean is_null)
{
    Entry entry;
    guint lines = 0;
    for (gsize at = 0; !is_null && next_entry(text + at, length - at, FALSE, &entry); at += entry.full_length) {
        if (!ends_in_return(&entry) && entry.name_length > 0)
            return FALSE;
        lines += entry.name_length > 0;
    }
    return lines > 0;
}

static gboolean read_fd(int fd, GString *text)
{
    char buffer[65536];
    gssize got;
    while ((got = read(fd, buffer, sizeof buffer)) != 0) {
        if (got > 0)
            g_string_append_len(text, buffer, got);
        else if (errno != EINTR)
            return FALSE;
    }
    return TRUE;
}

static GString *read_text(const char *path, gboolean is_null, GError **error)
{
    gboolean is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    GString *text = g_string_new(NULL);
    if (fd < 0 || !read_fd(fd, text))
        set_file_error(error, is_stdin ? "standard input" : path, "can't be read");
    else if (!is_null && memchr(text->str, '\0', text->len))
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: holds NUL bytes: a NUL-separated list needs --null",
                    path);
    else {
        if (!is_stdin)
            close(fd);
        return text;
    }
    if (fd >= 0 && !is_stdin)
        close(fd);
    g_string_free(text, TRUE);
    return NULL;
}

char **ffarm_inputs_read_list(const char *path, gboolean is_null, GError **error)
{
    GString *text = read_text(path, is_null, error);
    if (!text)
        return NULL;
    Entry entry;
    GPtrArray *names = g_ptr_array_new();
    gboolean is_dos = has_dos_lines(text->str, text->len, is_null);
    for (gsize at = 0; next_entry(text->str + at, text->len - at, is_null, &entry); at += entry.full_length) {
        gsize length = entry.name_length - (is_dos && ends_in_return(&entry) ? 1 : 0);
        if (length > 0)
            g_ptr_array_add(names, g_strndup(entry.start, length));
    }
    g_string_free(text, TRUE);
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, FALSE);
}

static gboolean write_all(int fd, const char *data, gsize length)
{
    while (length > 0) {
        gssize written = write(fd, data, length);
        if (written < 0 && errno != EINTR)
            return FALSE;
        if (written > 0) {
            data += written;
            length -= (gsize)written;
        }
    }
    return TRUE;
}

/* Makes the folder's entry for a renamed file durable. */
static void sync_folder_of(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* Puts @text in the place of the file @path, which has @mode: at every instant the old or the new list is there. */
static gboolean replace_file(const char *path, const GString *text, const struct stat *info, GError **error)
{
    g_autofree char *temporary = g_strconcat(path, ".XXXXXX", NULL);
    int fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        set_file_error(error, path, "can't be written anew");
        return FALSE;
    }
    /* The owner is a courtesy to runs as root; the mode has to be right. */
    gboolean is_owner_kept = fchown(fd, info->st_uid, info->st_gid) == 0;
    mode_t mode = info->st_mode & (is_owner_kept ? 07777 : 0777);
    gboolean is_done = fchmod(fd, mode) == 0 && write_all(fd, text->str, text->len) && fsync(fd) == 0;
    if (!is_done)
        set_file_error(error, path, "can't be written anew");
    close(fd);
    if (is_done && rename(temporary, path) != 0) {
        set_file_error(error, path, "can't be written anew");
        is_done = FALSE;
    }
    if (!is_done)
        unlink(temporary);
    else
        sync_folder_of(path);
    return is_done;
}

static gboolean is_entry_named(const Entry *entry, const char *name, gboolean is_dos)
{
    gsize length = entry->name_length - (is_dos && ends_in_return(entry) ? 1 : 0);
    return length == strlen(name) && memcmp(entry->start, name, length) == 0;
}

/* @text without the entries called @name. */
static GString *without_name(const GString *text, gboolean is_null, const char *name)
{
    Entry entry;
    GString *rest = g_string_new(NULL);
    gboolean is_dos = has_dos_lines(text->str, text->len, is_null);
    for (gsize at = 0; next_entry(text->str + at, text->len - at, is_null, &entry); at += entry.full_length)
        if (!is_entry_named(&entry, name, is_dos))
            g_string_append_len(rest, entry.start, (gssize)entry.full_length);
    return rest;
}

/* TRUE if @fd is no longer the file that is called @path: somebody else has struck a name meanwhile. */
static gboolean was_replaced(int fd, const char *path)
{
    struct stat mine, now;
    return fstat(fd, &mine) == 0 && stat(path, &now) == 0 && (mine.st_dev != now.st_dev || mine.st_ino != now.st_ino);
}

/* Holds the list @path against other processes that strike names, until the descriptor is closed. Where the file system
 * knows no locks, or somebody holds on to the list, it is done without.
 * Returns: -1 if the list can't be opened. */
static int lock_list(const char *path)
{
    int fd = -1;
    for (guint i = 0; i < LOCK_TRIES; i++) {
        if (fd < 0 && (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
            return -1;
        gboolean is_locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (!is_locked && errno == EWOULDBLOCK) {
            g_usleep(LOCK_PAUSE_US);
        } else if (is_locked && was_replaced(fd, path)) {
            close(fd);
            fd = -1;
        } else {
            return fd;
        }
    }
    return fd < 0 ? open(path, O_RDONLY | O_CLOEXEC) : fd;
}

static gboolean strike_locked(const char *real, gboolean is_null, const char *name, const struct stat *info,
                              GError **error)
{
    GString *text = read_text(real, is_null, error);
    if (!text)
        return FALSE;
    GString *rest = without_name(text, is_null, name);
    gboolean is_done = rest->len == text->len || replace_file(real, rest, info, error);
    g_string_free(rest, TRUE);
    g_string_free(text, TRUE);
    return is_done;
}

gboolean ffarm_inputs_strike(const char *path, gboolean is_null, const char *name, GError **error)
{
    struct stat info;
    g_autofree char *real = realpath(path, NULL);
    int fd = real ? lock_list(real) : -1;
    if (fd < 0 || stat(real, &info) != 0) {
        set_file_error(error, path, "can't be read");
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    gboolean is_done = strike_locked(real, is_null, name, &info, error);
    close(fd);
    return is_done;
}
