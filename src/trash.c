/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "destination.h"
#include "file_names.h"
#include "job_error.h"

#define LEDGER ".ffarm-trash"
#define LEDGER_LIMIT (64 * 1024 * 1024) /* more than that is no ledger of ours */
#define SECONDS_PER_DAY 86400
#define NS_PER_SECOND 1000000000
#define N_FIELDS 5

gboolean ffarm_trash_is(const char *folder)
{
    struct stat info;
    g_autofree char *ledger = g_build_filename(folder, LEDGER, NULL);
    return lstat(ledger, &info) == 0 && S_ISREG(info.st_mode);
}

char *ffarm_trash_root(const char *trash_dir, const char *source)
{
    if (g_path_is_absolute(trash_dir))
        return g_strdup(trash_dir);
    g_autofree char *folder = g_path_get_dirname(source);
    return g_build_filename(folder, trash_dir, NULL);
}

char *ffarm_trash_path(const char *trash_dir, const char *source)
{
    if (g_path_is_absolute(trash_dir))
        return g_build_filename(trash_dir, source, NULL);
    g_autofree char *root = ffarm_trash_root(trash_dir, source);
    g_autofree char *name = g_path_get_basename(source);
    return g_build_filename(root, name, NULL);
}

char *ffarm_trash_free_name(const char *path)
{
    struct stat info;
    const char *extension = ffarm_destination_extension(path);
    char *name = g_strdup(path);
    for (guint number = 2; lstat(name, &info) == 0; number++) {
        g_free(name);
        name = g_strdup_printf("%.*s (%u)%s", (int)(extension - path), path, number, extension);
    }
    return name;
}

/* --- the ledger: a line for each file, "TIME INODE SIZE MTIME NAME", the name below the folder and escaped --- */

typedef struct {
    gint64 since_s;
    FfarmFileIdentity identity; /* without the device: its number may be another one after weeks */
    char *name;
} Entry;

static void entry_clear(Entry *entry)
{
    g_free(entry->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Entry, entry_clear)

/* A name that leads nowhere but below the folder. */
static gboolean is_safe_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (char **part = parts; *part; part++)
        if (**part == '\0' || strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)
            return FALSE;
    return *name != '\0';
}

static gboolean entry_parse(const char *line, Entry *entry)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", N_FIELDS);
    if (g_strv_length(fields) != N_FIELDS)
        return FALSE;
    entry->name = g_strcompress(fields[4]);
    return g_ascii_string_to_signed(fields[0], 10, 0, G_MAXINT64, &entry->since_s, NULL) &&
           g_ascii_string_to_unsigned(fields[1], 10, 1, G_MAXUINT64, &entry->identity.inode, NULL) &&
           g_ascii_string_to_signed(fields[2], 10, 1, G_MAXINT64, &entry->identity.size_bytes, NULL) &&
           g_ascii_string_to_signed(fields[3], 10, G_MININT64, G_MAXINT64, &entry->identity.mtime_ns, NULL) &&
           is_safe_name(entry->name);
}

/* Opens the ledger and takes the turn at it. Returns: -1 with errno. */
static int open_ledger(int root, int flags)
{
    struct stat info;
    int fd = openat(root, LEDGER, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | flags, 0600);
    if (fd < 0)
        return -1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && flock(fd, LOCK_EX) == 0)
        return fd;
    int failure = errno ? errno : EINVAL;
    close(fd);
    errno = failure;
    return -1;
}

static gboolean append(int root, const char *line)
{
    int fd = open_ledger(root, O_CREAT | O_APPEND);
    if (fd < 0)
        return FALSE;
    ssize_t length = (ssize_t)strlen(line);
    gboolean ok = write(fd, line, (size_t)length) == length && fsync(fd) == 0;
    int failure = errno;
    close(fd);
    errno = failure;
    return ok;
}

gboolean ffarm_trash_note(const char *root, const char *path, const FfarmFileIdentity *identity, gint64 now_s,
                          GError **error)
{
    g_return_val_if_fail(g_str_has_prefix(path, root), FALSE);
    const char *name = path + strlen(root);
    while (*name == '/')
        name++;
    g_autofree char *escaped = g_strescape(name, NULL);
    /* The line break in front ends what an interrupted writer may have left. */
    g_autofree char *line =
        g_strdup_printf("\n%" G_GINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s\n",
                        now_s, identity->inode, identity->size_bytes, identity->mtime_ns, escaped);
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gboolean ok = folder >= 0 && append(folder, line);
    int failure = errno;
    if (folder >= 0)
        close(folder);
    return ok || ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, root,
                                "the list of what is in this trash can't be "
                                "written: %s",
                                g_strerror(failure));
}

/* --- emptying --- */

/* Opens the folder in which @name lies below @root, going through no link. Returns: file descriptor; -1 with errno. */
static int open_folder_of(int root, const char *name, char **base)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    int folder = dup(root);
    char **part = parts;
    for (; folder >= 0 && part[1]; part++) {
        int next = openat(folder, *part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int failure = errno;
        close(folder);
        errno = failure;
        folder = next;
    }
    *base = g_strdup(*part);
    return folder;
}

/* Removes the folder of @name and those above it below the root, as far as they are empty. */
static void remove_empty_folders(int root, const char *name)
{
    g_autofree char *folder = g_path_get_dirname(name);
    while (strcmp(folder, ".") != 0) {
        g_autofree char *base = NULL;
        int above = open_folder_of(root, folder, &base);
        gboolean is_gone = above >= 0 && unlinkat(above, base, AT_REMOVEDIR) == 0;
        if (above >= 0)
            close(above);
        if (!is_gone)
            return;
        char *next = g_path_get_dirname(folder);
        g_free(folder);
        folder = next;
    }
}

/* Returns: 0 if removed; ENOENT if it is not there any more, or not as it was; another errno. */
static int remove_entry(int root, const Entry *entry)
{
    g_autofree char *base = NULL;
    struct stat info;
    int folder = open_folder_of(root, entry->name, &base);
    if (folder < 0)
        return errno == ENOTDIR || errno == ELOOP ? ENOENT : errno;
    int failure = fstatat(folder, base, &info, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
    FfarmFileIdentity identity = entry->identity;
    identity.device = (guint64)info.st_dev;
    if (failure == 0 && !ffarm_file_identity_fits(&identity, &info))
        failure = ENOENT;
    if (failure == 0 && unlinkat(folder, base, 0) != 0)
        failure = errno;
    close(folder);
    if (failure == 0)
        remove_empty_folders(root, entry->name);
    return failure;
}

static char *read_ledger(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || info.st_size > LEDGER_LIMIT)
        return NULL;
    g_autofree char *text = g_malloc((gsize)info.st_size + 1);
    ssize_t got = pread(fd, text, (size_t)info.st_size, 0);
    if (got < 0)
        return NULL;
    text[got] = '\0';
    return g_steal_pointer(&text);
}

static void write_ledger(int fd, const char *text)
{
    size_t length = strlen(text);
    /* What an interruption takes from it is never removed from the trash; that is the harmless side. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, length, 0) != (ssize_t)length || fsync(fd) != 0)
        g_debug("%s: %s", LEDGER, g_strerror(errno));
}

typedef struct {
    int root;
    const char *root_name;
    gint64 now_s, before_s;
    GHashTable *last; /* name -> gint64*, when it came to lie there last */
    GString *left;    /* what the ledger goes on to say */
    guint n_removed;
    GPtrArray *remarks;
} Emptying;

static void note_last(const Emptying *emptying, const char *line)
{
    g_auto(Entry) entry = {0};
    if (!entry_parse(line, &entry))
        return;
    const gint64 *last = g_hash_table_lookup(emptying->last, entry.name);
    if (!last || *last < entry.since_s)
        g_hash_table_replace(emptying->last, g_steal_pointer(&entry.name),
                             g_memdup2(&entry.since_s, sizeof(entry.since_s)));
}

/* Returns: TRUE if nothing is left of it. */
static gboolean remove_old(Emptying *emptying, const Entry *entry)
{
    int failure = remove_entry(emptying->root, entry);
    emptying->n_removed += failure == 0;
    if (failure == 0 || failure == ENOENT)
        return TRUE;
    g_autofree char *folder = g_filename_display_name(emptying->root_name);
    g_autofree char *name = g_filename_display_name(entry->name);
    if (emptying->remarks)
        g_ptr_array_add(emptying->remarks, g_strdup_printf("%s/%s: could not be removed from the trash: %s", folder,
                                                           name, g_strerror(failure)));
    return FALSE;
}

static void handle_line(Emptying *emptying, const char *line)
{
    g_auto(Entry) entry = {0};
    if (!entry_parse(line, &entry) || entry.since_s < *(gint64 *)g_hash_table_lookup(emptying->last, entry.name))
        return;
    /* Nothing is older than its content: the clock was not set then, so that its time begins now. */
    if (entry.since_s < entry.identity.mtime_ns / NS_PER_SECOND)
        g_string_append_printf(emptying->left, "%" G_GINT64_FORMAT "%s\n", emptying->now_s, strchr(line, ' '));
    else if (entry.since_s > emptying->before_s || !remove_old(emptying, &entry))
        g_string_append_printf(emptying->left, "%s\n", line);
}

guint ffarm_trash_empty(const char *root, guint days, gint64 now_s, GPtrArray *remarks)
{
    int folder = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ledger = folder >= 0 ? open_ledger(folder, 0) : -1;
    g_autofree char *text = ledger >= 0 ? read_ledger(ledger) : NULL;
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(GString) left = g_string_new(NULL);
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    gint64 before_s = now_s - (gint64)days * SECONDS_PER_DAY;
    Emptying emptying = {folder, root, now_s, before_s, last, left, 0, remarks};
    for (char **line = lines; *line; line++)
        note_last(&emptying, *line);
    for (char **line = lines; *line; line++)
        handle_line(&emptying, *line);
    if (text && strcmp(left->str, text) != 0)
        write_ledger(ledger, left->str);
    if (ledger >= 0)
        close(ledger);
    if (folder >= 0)
        close(folder);
    return emptying.n_removed;
}

guint ffarm_trash_empty_all(const char *trash_dir, const GPtrArray *sources, guint days, gint64 now_s,
                            GPtrArray *remarks)
{
    guint n_removed = 0;
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < sources->len; i++) {
        char *root = ffarm_trash_root(trash_dir, g_ptr_array_index(sources, i));
        if (g_hash_table_add(seen, root))
            n_removed += ffarm_trash_empty(root, days, now_s, remarks);
    }
    return n_removed;
}
