/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "runner.h"
#include "shell.h"

G_BEGIN_DECLS

/* runner_private.h — what a kind of runner has to answer. Private to remote/.
 *
 * A kind moves bytes and starts one command line; runner.c does what is the same for all: detection of the other side's
 * system and shell, quoting, the lease, the in-band exit status, limits, and the fall-back from libssh2 to OpenSSH. */

/* One command line on its way. The kind's exec() writes "\n" to the command's stdin every @beat_ms, hands on output as it
 * comes, and returns when both outputs have ended. It stops the command by closing its stdin (the lease on the other side
 * then ends it) when a callback returns FALSE, when the cancellable fires or when @deadline_us passes, reads on for at most
 * FFARM_EXEC_DRAIN_MS without telling the callbacks any more, and then lets go of the channel without waiting. */
typedef struct {
    const char *line;           /* for the shell on the other side */
    guint beat_ms;              /* 0: stdin is closed at once */
    gint64 deadline_us;         /* g_get_monotonic_time() base; 0 = none */
    FfarmOutputFunc on_stdout;  /* never NULL */
    FfarmOutputFunc on_stderr;  /* never NULL */
    gint64 (*next_deadline_us)(gpointer user_data); /* nullable: asked after each wake-up; replaces deadline_us (stall limit) */
    gpointer user_data;
} FfarmExec;

#define FFARM_EXEC_DRAIN_MS 8000

/* Without any byte moving for so long a transfer is given up as DISCONNECTED. */
#define FFARM_TRANSFER_STALL_US (30 * G_USEC_PER_SEC)

/* Bytes [from_bytes, to_bytes) of a file here, on their way to the same place in a file there. That is made or emptied
 * where from_bytes is 0, else it is there; at the end it is flushed to the disk and to_bytes long, which is checked. */
typedef struct {
    const char *local_path; /* for messages */
    int fd;                 /* of the file here; its position is left alone */
    const char *remote_path;
    gint64 from_bytes, to_bytes;
    void (*moved)(gint64 done_bytes, gpointer user_data); /* the host has all before done_bytes, counted from the file's
                                                             beginning */
    gpointer user_data;
    GCancellable *cancellable; /* nullable */
} FfarmUpload;

/* Bytes of a file there from from_bytes to the end that it has when it is opened; that it has the same end afterwards is
 * checked. */
typedef struct {
    const char *remote_path;
    gint64 from_bytes;
    /* Told the size of the file before anything is read. Returns: FALSE with @error to leave it. */
    gboolean (*begin)(gint64 total_bytes, gpointer user_data, GError **error);
    /* Takes what comes, in order. Returns: FALSE with @error to stop. */
    gboolean (*take)(const guint8 *data, gsize length, gpointer user_data, GError **error);
    gpointer user_data;
    GCancellable *cancellable; /* nullable */
} FfarmDownload;

typedef struct FfarmRunnerKind {
    const char *transport; /* "local", "libssh2", "openssh" */

    /* Connects. Returns: the kind's own state for the other calls; NULL with @error. */
    gpointer (*connect)(const FfarmHost *host, gint64 deadline_us, GCancellable *cancellable, GError **error);
    void (*disconnect)(gpointer connection); /* frees; never blocks on a dead peer */
    /* What the server said of itself when connecting ("SSH-2.0-OpenSSH_for_Windows_8.6"); nullable member, nullable answer. */
    const char *(*peek_banner)(gpointer connection);

    /* TRUE when the command's outputs ended; *@status is then what the transport says of its exit (-1: nothing), a hint
     * only. FALSE: G_IO_ERROR_CANCELLED, TIMEOUT, EXEC, DISCONNECTED. */
    gboolean (*exec)(gpointer connection, const FfarmExec *exec, int *status, GCancellable *cancellable, GError **error);

    /* As declared above. A write that failed has its file removed, as far as the connection still allows; after
     * DISCONNECTED it may be continued on another connection. */
    gboolean (*write)(gpointer connection, const FfarmUpload *upload, GError **error);
    gboolean (*read)(gpointer connection, const FfarmDownload *download, GError **error);

    /* As the functions of the same name in runner.h. rename() replaces an existing file where the server can do that in
     * one go; else that is EXISTS, and nothing has changed. */
    gboolean (*rename)(gpointer connection, const char *from, const char *to, GCancellable *cancellable, GError **error);
    gboolean (*stat)(gpointer connection, const char *remote_path, FfarmRemoteStat *result, GCancellable *cancellable,
                     GError **error);
    gboolean (*make_dir)(gpointer connection, const char *remote_path, GCancellable *cancellable, GError **error);
    gboolean (*remove)(gpointer connection, const char *remote_path, GCancellable *cancellable, GError **error);
    gboolean (*remove_dir)(gpointer connection, const char *remote_path, GCancellable *cancellable, GError **error);
    gboolean (*space)(gpointer connection, const char *remote_path, gint64 *free_bytes, GCancellable *cancellable,
                      GError **error);
} FfarmRunnerKind;

extern const FfarmRunnerKind ffarm_runner_kind_ssh;     /* runner_ssh.c, libssh2 */
extern const FfarmRunnerKind ffarm_runner_kind_openssh; /* runner_openssh.c */
extern const FfarmRunnerKind ffarm_runner_kind_local;   /* runner_local.c */

G_END_DECLS
