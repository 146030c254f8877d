/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into a host's sftp-server by tools/torture.sh: the file "sftp" in TORTURE_FOLDER says what goes wrong, as
 * FAULT and the offset in bytes at which it does; only for files of ffarm's jobs.
 *   up-pause, down-pause  at that offset wait until the file "go" is there
 *   up-flip, down-flip    a bit of that byte is another
 *   up-short              what follows is acknowledged and not stored
 *   down-short            the file ends there
 * Each happens once: who does it first renames "sftp" to "struck" and leaves his SSH_CONNECTION in it. */

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PAUSE_MS 5
#define LONGEST_PAUSE_MS 20000

static const char *folder;
static char cut_file[512]; /* short from now on */

__attribute__((constructor)) static void begin(void)
{
    folder = getenv("TORTURE_FOLDER");
}

/* The name behind @fd if it is a regular file of a job. */
static int find_name(int fd, char *name, size_t size)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, size - 1);
    if (length <= 0)
        return 0;
    name[length] = '\0';
    return strstr(name, "ffarm-") != NULL;
}

static int read_fault(const char *side, char *fault, size_t size, long *offset)
{
    char path[300], format[32];
    snprintf(path, sizeof path, "%s/sftp", folder);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    snprintf(format, sizeof format, "%%%zus %%ld", size - 1);
    int got = fscanf(file, format, fault, offset);
    fclose(file);
    return got == 2 && strncmp(fault, side, strlen(side)) == 0;
}

/* TRUE for the one that has to do it. Says on which host that is. */
static int claim(void)
{
    char from[300], to[300];
    snprintf(from, sizeof from, "%s/sftp", folder);
    snprintf(to, sizeof to, "%s/claimed", folder);
    if (rename(from, to) != 0)
        return 0;
    FILE *file = fopen(to, "we");
    const char *connection = getenv("SSH_CONNECTION");
    if (file) {
        fprintf(file, "%s\n", connection ? connection : "");
        fclose(file);
    }
    snprintf(from, sizeof from, "%s/struck", folder);
    return rename(to, from) == 0;
}

static void wait_for_go(void)
{
    char path[300];
    struct stat info;
    snprintf(path, sizeof path, "%s/go", folder);
    for (int waited = 0; waited < LONGEST_PAUSE_MS && stat(path, &info) != 0; waited += PAUSE_MS)
        usleep(PAUSE_MS * 1000);
}

ssize_t read(int fd, void *data, size_t size)
{
    static ssize_t (*real)(int, void *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    char name[512], fault[32];
    long offset, position;
    if (!folder || !find_name(fd, name, sizeof name))
        return real(fd, data, size);
    if (strcmp(name, cut_file) == 0)
        return 0;
    position = (long)lseek(fd, 0, SEEK_CUR);
    ssize_t got = real(fd, data, size);
    if (!read_fault("down-", fault, sizeof fault, &offset) || got <= 0 || position + got <= offset || !claim())
        return got;
    size_t at = offset > position ? (size_t)(offset - position) : 0;
    if (strcmp(fault, "down-flip") == 0)
        ((unsigned char *)data)[at] ^= 4;
    else if (strcmp(fault, "down-pause") == 0)
        wait_for_go();
    else if (strcmp(fault, "down-short") == 0) {
        snprintf(cut_file, sizeof cut_file, "%s", name);
        return (ssize_t)at;
    }
    return got;
}

ssize_t write(int fd, const void *data, size_t size)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    char name[512], fault[32];
    long offset, position;
    if (!folder || size == 0 || !find_name(fd, name, sizeof name))
        return real(fd, data, size);
    if (strcmp(name, cut_file) == 0)
        return (ssize_t)size;
    position = (long)lseek(fd, 0, SEEK_CUR);
    if (!read_fault("up-", fault, sizeof fault, &offset) || position + (long)size <= offset || !claim())
        return real(fd, data, size);
    size_t at = offset > position ? (size_t)(offset - position) : 0;
    if (strcmp(fault, "up-pause") == 0)
        wait_for_go();
    if (strcmp(fault, "up-short") == 0) {
        snprintf(cut_file, sizeof cut_file, "%s", name);
        return at == 0 || real(fd, data, at) >= 0 ? (ssize_t)size : -1;
    }
    if (strcmp(fault, "up-flip") != 0)
        return real(fd, data, size);
    unsigned char *copy = malloc(size);
    if (!copy)
        return -1;
    memcpy(copy, data, size);
    copy[at] ^= 4;
    ssize_t written = real(fd, copy, size);
    free(copy);
    return written;
}
