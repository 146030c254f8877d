/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* calls.h — stands before the C library's calls that change, promise or tell something about files. A module that is
 * preloaded into ffarm is made of this and of the two functions at the end, which it defines: they see every call
 * before and after, and say what comes of it. The calls themselves are made past the C library.
 *
 * Threads: the two functions are called by any. */

typedef struct {
    const char *name; /* without "64": "open", "rename", ... */
    int changes;      /* 0: it only looks */
    int folder;       /* in which a relative @path lies; AT_FDCWD */
    const char *path; /* NULL: it is about @fd */
    int to_folder;    /* ... @to lies */
    const char *to;   /* second name; NULL: none */
    int fd;           /* -1 where it is about a path */
    int flags;        /* of open, rename, unlink, stat */
    mode_t mode;
    const void *data;  /* what is written */
    size_t size;       /* how much of it */
    off_t offset;      /* where; the new length where it is cut or made room for; -1: at the file's position */
    struct stat *info; /* what a look found */
} Call;

/* Returns: 0, and the call is made as @call says, which may have been altered; else the errno that it fails with. */
int call_begins(Call *call);

/* @result is the call's, or -1 with errno. Returns: what the program gets; with -1 errno is set. */
long call_ended(Call *call, long result);
