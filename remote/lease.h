/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"
#include "shell.h"

G_BEGIN_DECLS

/* lease.h — the wrapper under which a command runs on a host, and what it reports.
 *
 * A plain remote command outlives the connection, the manager and the cancelled job. Under a lease it doesn't: the
 * manager sends a byte now and then (a beat) to the wrapper's stdin, and when beats stop or stdin ends the wrapper ends
 * the command and every process of its group, first by SIGTERM, 5 s later by SIGKILL (on Windows at once, with all
 * processes below it). Closing stdin is therefore the way to stop a command.
 *
 * The wrapper says in-band, with a nonce that nobody else knows, where the command's output begins (whatever login
 * scripts print before is dropped) and how the command ended. No other channel can be trusted with the latter: a lost
 * connection, a killed shell and ffmpeg all like to call their status 255 or 0.
 *
 * On Unix the wrapper is sh, and needs nothing else where sh knows `read -t` (bash, busybox, ksh); dash hands over to
 * bash, or takes timeout(1) to help. Where neither is there, beats that stop without stdin ending go unnoticed. On
 * Windows it is PowerShell; where that is missing cmd.exe reports begin and end, but can't stop the command.
 *
 * A lease is made for one run. Pure: no I/O. Threads: one at a time. */

typedef struct FfarmLease FfarmLease;

/* Send beats this often, and let the wrapper wait for them this long. */
#define FFARM_LEASE_BEAT_MS 2500
#define FFARM_LEASE_SILENCE_S 15

typedef enum {
    FFARM_LEASE_POSIX,      /* any Unix */
    FFARM_LEASE_POWERSHELL, /* Windows */
    FFARM_LEASE_CMD,        /* Windows without PowerShell; only for FFARM_SHELL_CMD */
} FfarmLeaseForm;

/* @shell:     the login shell, which reads the line.
 * @silence_s: how long the wrapper waits for a beat, > 0.
 * @nonce:     letters and digits, new for each lease.
 * Returns: a lease, free with ffarm_lease_free(); NULL with G_IO_ERROR_INVALID_ARGUMENT when @argv can't be passed. */
FfarmLease *ffarm_lease_new(FfarmShell shell, FfarmLeaseForm form, const char *const *argv, guint silence_s,
                            const char *nonce, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_lease_free(FfarmLease *lease); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmLease, ffarm_lease_free)

/* The line to have executed. Borrowed. */
const char *ffarm_lease_peek_line(const FfarmLease *lease);

/* Take what comes on the two outputs, in pieces of any size, and hand to @sink (nullable) what is the command's own.
 * Returns: what the last call of @sink returned, TRUE without any; FALSE when the lease is broken. */
gboolean ffarm_lease_take_stdout(FfarmLease *lease, const char *data, gsize length, FfarmOutputFunc sink,
                                 gpointer user_data);
gboolean ffarm_lease_take_stderr(FfarmLease *lease, const char *data, gsize length, FfarmOutputFunc sink,
                                 gpointer user_data);
/* Says that stderr has ended: hands on what was held back since it might have been the beginning of a mark. */
void ffarm_lease_finish_stderr(FfarmLease *lease, FfarmOutputFunc sink, gpointer user_data);

gboolean ffarm_lease_has_started(const FfarmLease *lease);
/* A start was reported in a form that no wrapper uses, so that nothing more can be understood. */
gboolean ffarm_lease_is_broken(const FfarmLease *lease);
/* The end was reported; the two after it are valid only then. */
gboolean ffarm_lease_has_ended(const FfarmLease *lease);
int ffarm_lease_exit_status(const FfarmLease *lease);   /* 128+N for death by signal N */
gboolean ffarm_lease_was_lost(const FfarmLease *lease); /* the wrapper ended it, for beats or stdin had ended */

/* The last of what came on both outputs before the start: login scripts' noise, or why no shell could be had. Borrowed.
 */
const char *ffarm_lease_peek_noise(const FfarmLease *lease);

G_END_DECLS
