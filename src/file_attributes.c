/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file_attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ACL "system.posix_acl_access"
#define ATTRIBUTE_LIMIT (64 * 1024) /* the most that Linux gives for one value, and for all the names */

G_GNUC_PRINTF(3, 4)
static void remark(GPtrArray *remarks, const char *name, const char *format, ...)
{
    int failure = errno;
    if (!remarks)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *shown = g_filename_display_name(name);
    g_ptr_array_add(remarks, g_strdup_printf("%s: %s could not be kept: %s", shown, what, g_strerror(failure)));
}

static gboolean is_worth_keeping(const char *attribute)
{
    return g_str_has_prefix(attribute, "user.") || strcmp(attribute, ACL) == 0 ||
           strcmp(attribute, "security.selinux") == 0;
}

/* A label that is there already needs no permission. */
static gboolean has_value(int fd, const char *attribute, const char *value, gsize length)
{
    g_autofree char *own = g_malloc(ATTRIBUTE_LIMIT);
    ssize_t got = fgetxattr(fd, attribute, own, ATTRIBUTE_LIMIT);
    return got >= 0 && (gsize)got == length && memcmp(own, value, length) == 0;
}

static void copy_attribute(int from, int to, const char *attribute, const char *name, GPtrArray *remarks)
{
    g_autofree char *value = g_malloc(ATTRIBUTE_LIMIT);
    ssize_t length = fgetxattr(from, attribute, value, ATTRIBUTE_LIMIT);
    if (length < 0 ||
        (!has_value(to, attribute, value, (gsize)length) && fsetxattr(to, attribute, value, (gsize)length, 0) != 0))
        remark(remarks, name, "the attribute %s", attribute);
}

static void copy_attributes(int from, int to, const char *name, GPtrArray *remarks)
{
    g_autofree char *names = g_malloc(ATTRIBUTE_LIMIT);
    ssize_t length = flistxattr(from, names, ATTRIBUTE_LIMIT);
    gboolean has_acl = FALSE;
    if (length < 0 && errno != ENOTSUP)
        remark(remarks, name, "the extended attributes");
    for (const char *at = names; length > 0 && at < names + length; at += strlen(at) + 1) {
        has_acl = has_acl || strcmp(at, ACL) == 0;
        if (is_worth_keeping(at))
            copy_attribute(from, to, at, name, remarks);
    }
    /* A new file may have got one from its folder. */
    if (length >= 0 && !has_acl)
        fremovexattr(to, ACL);
}

static void copy_owner(const struct stat *wanted, int to, const char *name, GPtrArray *remarks)
{
    struct stat own;
    if (fstat(to, &own) == 0 && own.st_uid == wanted->st_uid && own.st_gid == wanted->st_gid)
        return;
    if (fchown(to, wanted->st_uid, wanted->st_gid) == 0)
        return;
    remark(remarks, name, "the owner %u:%u", (guint)wanted->st_uid, (guint)wanted->st_gid);
    /* The group is often allowed where the user isn't. */
    if (fchown(to, (uid_t)-1, wanted->st_gid) != 0)
        g_debug("%s: group %u: %s", name, (guint)wanted->st_gid, g_strerror(errno));
}

/* Some file systems accept a mode and do nothing with it, others refuse what is the case anyway. */
static void copy_mode(const struct stat *wanted, int to, const char *name, GPtrArray *remarks)
{
    struct stat own;
    mode_t mode = wanted->st_mode & 0777;
    if (fchmod(to, mode) == 0 || (fstat(to, &own) == 0 && (own.st_mode & 0777) == mode))
        return;
    remark(remarks, name, "the mode %03o", (guint)mode);
}

void ffarm_attributes_copy(int from, int to, gboolean keep_times, const char *name, GPtrArray *remarks)
{
    struct stat wanted;
    if (fstat(from, &wanted) != 0) {
        remark(remarks, name, "owner and mode");
        return;
    }
    /* The owner first, as a change of it takes mode bits away; the ACL after the mode, which is part of it; the time
     * last.
     */
    copy_owner(&wanted, to, name, remarks);
    copy_mode(&wanted, to, name, remarks);
    copy_attributes(from, to, name, remarks);
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, wanted.st_mtim};
    if (keep_times && futimens(to, times) != 0)
        remark(remarks, name, "the time of the last change");
}
