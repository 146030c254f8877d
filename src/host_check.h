/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "abilities.h"
#include "host.h"

G_BEGIN_DECLS

/* host_check.h — what a host is like right now: reachable, ffmpeg, working directory, path mapping. Used by `ffarm
 * hosts`, by dry runs and at the start of every run.
 *
 * Threads: safe; each check has a runner of its own.
 * Errors:  G_IO_ERROR_CANCELLED only. What is wrong with a host is in its report: @error in words, @cause with its code
 *          (FFARM_REMOTE_ERROR, or FFARM_JOB_ERROR for what is there but is not as it should be). */

typedef enum {
    FFARM_CHECK_READ_ONLY = 0,    /* writes nothing anywhere (dry runs) */
    FFARM_CHECK_WRITES = 1 << 0,  /* proves that working_dir is writable by making and removing a folder there */
    FFARM_CHECK_MAPPING = 1 << 1, /* mounted hosts: writes a nonce file at @media_folder here and reads it there */
} FfarmCheckFlags;

typedef struct {
    const FfarmHost *host; /* borrowed */
    gboolean is_reachable; /* connected and logged in */
    gboolean is_usable; /* and ffmpeg runs, the working directory is there and, as far as was asked, can be written, and
                           the mapping was not disproved: can take jobs */
    gint64 elapsed_us;  /* connecting and logging in */
    FfarmOs os;
    char *system;              /* "Linux x86_64" */
    char *transport;           /* "libssh2"; with the reason in brackets when OpenSSH had to be taken */
    char *ffmpeg_version;      /* "5.1.9-0+deb12u1"; nullable */
    gint64 free_bytes;         /* in working_dir; -1 unknown */
    int working_dir_writable;  /* 1 yes, 0 no, -1 not asked */
    int mapping_proved;        /* 1 yes, 0 no, -1 not asked or not a mounted host */
    FfarmAbilities *abilities; /* what it can do (capability.h); NULL: was not asked */
    char *error;               /* why it is not usable, in words, beginning with the host's name; NULL: usable */
    GError *cause;             /* the same with its code; NULL: usable */
} FfarmHostReport;

void ffarm_host_report_free(FfarmHostReport *report); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmHostReport, ffarm_host_report_free)

/* Checks one host. @media_folder: a folder on this machine to prove the mapping with; nullable (then the folders that
 * the host's substitutions name are tried). Never fails as such: what is wrong is in the report. Returns: new report;
 * NULL only with G_IO_ERROR_CANCELLED. */
FfarmHostReport *ffarm_host_check(const FfarmHost *host, FfarmCheckFlags flags, const char *media_folder,
                                  GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks all of @hosts (array of FfarmHost) at once.
 * Returns: array of FfarmHostReport in the same order; NULL only with G_IO_ERROR_CANCELLED. */
GPtrArray *ffarm_host_check_all(const GPtrArray *hosts, FfarmCheckFlags flags, const char *media_folder,
                                GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
