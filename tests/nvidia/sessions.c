/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sessions.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"

#define NO_LIMIT 1000

/* Several users of the machine share what is in the folder. */
static int open_shared(const char *path, int flags)
{
    mode_t before = umask(0);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
    umask(before);
    return fd;
}

void sessions_note(const char *event)
{
    const char *folder = getenv("FFARM_NVIDIA_SESSIONS");
    if (!folder)
        return;
    char path[PATH_MAX], line[64];
    snprintf(path, sizeof path, "%s/log", folder);
    int fd = open_shared(path, O_WRONLY | O_APPEND);
    if (fd < 0)
        return;
    int length = snprintf(line, sizeof line, "%s %ld\n", event, (long)getpid());
    if (write(fd, line, (size_t)length) < 0)
        perror(path);
    close(fd);
}

static int try_place(const char *folder, long place)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/place.%ld", folder, place);
    int fd = open_shared(path, O_RDWR);
    if (fd < 0) {
        perror(path);
        return -1;
    }
    /* Freed by the kernel when the process ends, however it does. */
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return -1;
}

int sessions_take(void)
{
    const char *folder = getenv("FFARM_NVIDIA_SESSIONS");
    if (!folder)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    long limit = state_number("sessions", NO_LIMIT);
    int fd = -1;
    for (long place = 0; place < limit && fd < 0; place++)
        fd = try_place(folder, place);
    sessions_note(fd < 0 ? "refused" : "opened");
    return fd;
}
