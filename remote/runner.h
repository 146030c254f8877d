/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "host.h"

G_BEGIN_DECLS

/* runner.h — run a command on a host and move files there and back. The only thing that the trunk sees of remote/.
 *
 * Three kinds answer to it: libssh2, the system's OpenSSH client, and this machine itself. Which one serves a host is
 * decided in ffarm_runner_open() and can be asked afterwards.
 *
 * Threads:  a runner belongs to one thread at a time (a libssh2 session does). Any number of runners may be in use at
 *           once, also for one host. Callbacks run on the calling thread.
 * Deadlines: every call that waits takes a GCancellable (nullable); cancelling makes it return with
 *           G_IO_ERROR_CANCELLED within a second, with what it was doing undone (command stopped, partial file removed);
 *           where the line is too slow for that the connection is given up, and a REMOTE.part may stay there.
 *           Network silence ends every call with FFARM_REMOTE_ERROR_DISCONNECTED within 30 s; put and get first try to
 *           get the connection back and to go on where it was lost, for 20 s more each time.
 * Errors:   FFARM_REMOTE_ERROR or G_IO_ERROR_CANCELLED. The message starts with the host's name. After DISCONNECTED the
 *           runner is closed; ffarm_runner_open() may be called again.
 * Paths:    remote paths are in the host's own spelling (on Windows "c:/temp/x"), any bytes but NUL. */

#define FFARM_REMOTE_ERROR (ffarm_remote_error_quark())
GQuark ffarm_remote_error_quark(void);

typedef enum {
    FFARM_REMOTE_ERROR_UNREACHABLE,  /* no connection: name, route, refused, timed out, no ssh there */
    FFARM_REMOTE_ERROR_HOST_KEY,     /* unknown or changed host key; the message says how to accept an unknown one */
    FFARM_REMOTE_ERROR_AUTH,         /* no key that the host takes */
    FFARM_REMOTE_ERROR_UNSUPPORTED,  /* libssh2 can't talk to this server or read this key; OpenSSH's client may */
    FFARM_REMOTE_ERROR_DISCONNECTED, /* the connection was lost or fell silent */
    FFARM_REMOTE_ERROR_EXEC,         /* the command could not be started: no such program, no shell */
    FFARM_REMOTE_ERROR_TIMEOUT,      /* the command took longer than its limit; it was stopped */
    FFARM_REMOTE_ERROR_NOT_FOUND,    /* no such file or folder there */
    FFARM_REMOTE_ERROR_PERMISSION,   /* not allowed there */
    FFARM_REMOTE_ERROR_EXISTS,       /* is there already */
    FFARM_REMOTE_ERROR_NO_SPACE,     /* disk full there, or here when getting */
    FFARM_REMOTE_ERROR_LOCAL_FILE,   /* this side's file can't be read or written */
    FFARM_REMOTE_ERROR_TRANSFER,     /* the copy is not the same as the original, or the file server gave an error of no other kind */
} FfarmRemoteError;

typedef struct FfarmRunner FfarmRunner;

/* Returns: a closed runner for @host, which it copies. Never fails, does no I/O. */
FfarmRunner *ffarm_runner_new(const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;
/* Closes first if need be; never waits long for a dead peer. NULL is legal. */
void ffarm_runner_free(FfarmRunner *runner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmRunner, ffarm_runner_free)

/* Connects, checks the host key, authenticates and finds out what is on the other side. On an open runner: nothing.
 * @timeout_ms: for all of it; 0 = 20 s. */
gboolean ffarm_runner_open(FfarmRunner *runner, guint timeout_ms, GCancellable *cancellable, GError **error);
gboolean ffarm_runner_is_open(const FfarmRunner *runner);
void ffarm_runner_close(FfarmRunner *runner);

const FfarmHost *ffarm_runner_peek_host(const FfarmRunner *runner);
/* Of an open runner: what was detected (or given by the host's os), the transport in use ("local", "libssh2",
 * "openssh"), and where auto did not take libssh2 the reason in words (else NULL). Borrowed. */
FfarmOs ffarm_runner_os(const FfarmRunner *runner);
const char *ffarm_runner_peek_system(const FfarmRunner *runner); /* "Linux x86_64", "Windows (cmd.exe)" */
const char *ffarm_runner_peek_transport(const FfarmRunner *runner);
const char *ffarm_runner_peek_transport_reason(const FfarmRunner *runner);

/* Output of a command as it comes, not cut at lines. Return FALSE to have the command stopped. */
typedef gboolean (*FfarmOutputFunc)(const char *data, gsize length, gpointer user_data);

typedef struct {
    const char *const
        *argv;        /* program and arguments, NULL-terminated; quoted for the host's shell here, nowhere else */
    guint timeout_ms; /* whole run; 0 = none */
    guint stall_ms;   /* stop it when neither output nor error came for this long; 0 = none */
    FfarmOutputFunc on_stdout; /* nullable: dropped */
    FfarmOutputFunc on_stderr; /* nullable: dropped */
    gpointer user_data;
} FfarmCommand;

typedef struct {
    int exit_status; /* as the host's shell reports it, 128+N for death by signal N; valid when the call returned TRUE
                      */
    gboolean is_stopped; /* TRUE: a callback asked to stop it; exit_status then says nothing */
} FfarmExit;

/* Runs a command on an open runner to its end, under a lease: a heartbeat without which the command is stopped there
 * within seconds, so that nothing outlives the connection, this process or the cancelled job (lease.h).
 * stdin of the command is empty. Exit status is carried in-band: TRUE means that it really is the command's own.
 * Returns: TRUE when the command ended by itself or was stopped by a callback; FALSE with @error when it could not be
 * started (EXEC; also for status 126 and 127), was cancelled, ran into a limit (TIMEOUT), or its end was not seen
 * (DISCONNECTED). In every case but DISCONNECTED the command is gone from the host on return. */
gboolean ffarm_runner_run(FfarmRunner *runner, const FfarmCommand *command, FfarmExit *result,
                          GCancellable *cancellable, GError **error);

/* Convenience: runs @argv and collects its output, at most @max_bytes of each (the rest is dropped).
 * @output, @errors: nullable; new strings, free with g_free(); always NUL-terminated. */
gboolean ffarm_runner_ask(FfarmRunner *runner, const char *const *argv, guint timeout_ms, gsize max_bytes,
                          char **output, char **errors, int *exit_status, GCancellable *cancellable, GError **error);

/* Bytes moved so far, of @total_bytes. Fewer than before when something has to be copied again. After the last one the
 * copy is flushed and proved, during which nothing is reported. */
typedef void (*FfarmTransferFunc)(gint64 done_bytes, gint64 total_bytes, gpointer user_data);

/* Copying, in both directions:
 * Proof:      a copy counts when its size and its SHA-256 are those of the original, both read from the files themselves.
 *             The sum on the host is made there (openssl, sha256sum, shasum, certutil: the first that it has), else here
 *             from the file read back. A copy that is altered is TRANSFER and removed.
 * Resumption: when the connection is lost the runner opens it again by itself and goes on where it broke off; given up
 *             as DISCONNECTED after five losses in a row between which less than 64 MiB got through, or when no
 *             connection can be had for 20 s. Afterwards the transport may be another one than before (auto). Without
 *             any byte moving for 30 s a connection counts as lost. A file put together from several connections that
 *             fails its proof is copied again from its beginning, once.
 * Threads:    a copy has a thread of its own for the sum; callbacks are made on the caller's. */

/* Copies the local file @local_path to @remote_path: written as REMOTE.part, flushed, proved, then renamed, so that a
 * file under its name is complete. An existing @remote_path is replaced; where the server can't do that in one go it
 * steps aside first, as REMOTE.old-XXXXXXXX. A local file that changes meanwhile is LOCAL_FILE. @progress: nullable. */
gboolean ffarm_runner_put(FfarmRunner *runner, const char *local_path, const char *remote_path,
                          FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error);

/* Copies @remote_path to the new local file @local_path (which must not exist; mode 0600 less umask), flushed to disk
 * and proved. On failure @local_path is removed.
 * @max_bytes: a file that is larger is refused (TRANSFER) before anything is copied, and no more is taken than the size
 * that it has then; 0 = any size. */
gboolean ffarm_runner_get(FfarmRunner *runner, const char *remote_path, const char *local_path, gint64 max_bytes,
                          FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error);

typedef struct {
    gint64 size_bytes;
    gboolean is_folder;
} FfarmRemoteStat;

/* NOT_FOUND is an error here. */
gboolean ffarm_runner_stat(FfarmRunner *runner, const char *remote_path, FfarmRemoteStat *result,
                           GCancellable *cancellable, GError **error);
/* Makes one folder, mode 0700 where the host has modes; EXISTS is an error. */
gboolean ffarm_runner_make_dir(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable, GError **error);
/* Removes a file; a missing one is success. */
gboolean ffarm_runner_remove(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable, GError **error);
/* Removes a folder that holds files only, and those; a missing one is success. Symbolic links in it are removed, not
 * followed; where @remote_path itself is one, or no folder, that is an error and nothing is removed. */
gboolean ffarm_runner_remove_dir(FfarmRunner *runner, const char *remote_path, GCancellable *cancellable,
                                 GError **error);
/* Free bytes for this user on the file system of the file or folder @remote_path, from its file server or, where that
 * can't say, from a program there (df, PowerShell, wmic); -1 where nobody can. */
gboolean ffarm_runner_space(FfarmRunner *runner, const char *remote_path, gint64 *free_bytes, GCancellable *cancellable,
                            GError **error);

/* "libssh2 1.10.0", for --version. Static. */
const char *ffarm_runner_versions(void);

G_END_DECLS
