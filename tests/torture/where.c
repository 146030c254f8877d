/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "where.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_FOLDERS 4

static char folders[MOST_FOLDERS][WHERE_MAX];
static int n_folders;
static long process;

void where_begin(const char *variable)
{
    char *rest = getenv(variable);
    for (char *one; rest && n_folders < MOST_FOLDERS && (one = strsep(&rest, ":"));)
        snprintf(folders[n_folders++], WHERE_MAX, "%s", one);
    process = syscall(SYS_getpid);
    unsetenv(variable);
    unsetenv("LD_PRELOAD");
}

static void name_of_fd(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, (long)WHERE_MAX - 1);
    path[length > 0 ? length : 0] = '\0';
}

static void name_of(int folder, const char *name, char *path)
{
    char base[WHERE_MAX] = "";
    if (*name == '/') {
        snprintf(path, WHERE_MAX, "%s", name);
        return;
    }
    if (folder != AT_FDCWD)
        name_of_fd(folder, base);
    else if (syscall(SYS_getcwd, base, sizeof base) < 0)
        *base = '\0';
    if (snprintf(path, WHERE_MAX, "%s%s%s", base, *name ? "/" : "", name) >= WHERE_MAX)
        *path = '\0';
}

int where_is(const Call *call, char *path)
{
    *path = '\0';
    if (n_folders == 0 || syscall(SYS_getpid) != process)
        return -1;
    if (call->path)
        name_of(call->folder, call->path, path);
    else
        name_of_fd(call->fd, path);
    for (int i = 0; i < n_folders; i++) {
        size_t length = strlen(folders[i]);
        if (strncmp(path, folders[i], length) == 0 && (path[length] == '/' || path[length] == '\0'))
            return i;
    }
    return -1;
}

void where_to(const Call *call, char *path)
{
    name_of(call->to_folder, call->to, path);
}
