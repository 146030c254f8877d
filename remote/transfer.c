/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_hash.h"
#include "host_hash.h"
#include "local_file.h"
#include "pause.h"
#include "runner_state.h"

/* Put and get, the same for all kinds: a copy counts when the sums of both sides are the same, and a lost connection is
 * made again to go on where it broke off. */

#define REPORT_US (100 * G_TIME_SPAN_MILLISECOND)
#define MAX_RESUMPTIONS 5 /* in a row, without as much as the next line getting through */
#define WORTH_BYTES ((gint64)64 * 1024 * 1024)
#define RECONNECT_US (20 * G_USEC_PER_SEC) /* for getting a lost connection back */
#define FIRST_WAIT_MS 200
#define LONGEST_WAIT_MS 4000
#define TAIL_BYTES ((gint64)256 * 1024) /* of a half-written file, compared before it is continued */

typedef struct {
    FfarmRunner *runner;
    const char *local_path;
    const char *remote_path; /* in the host's own spelling */
    const char *path;        /* for the file server; of a put, that of the unfinished file */
    int fd;                  /* the file here; -1: not open */
    FileHash *hash;          /* of the file here */
    gint64 total_bytes;      /* of a get: -1 until known */
    gint64 max_bytes;        /* of a get; 0: any */
    gint64 done_bytes;
    gint64 lost_at_bytes; /* when the connection was lost last */
    guint n_lost;         /* in a row */
    gboolean is_resumed;  /* what is there was not written in one go */
    FfarmTransferFunc progress;
    gpointer user_data;
    gint64 reported_us;
    GCancellable *cancellable;
} Transfer;

/* ---- common ---- */

static void moved(gint64 done_bytes, gpointer user_data)
{
    Transfer *transfer = user_data;
    gint64 now_us = g_get_monotonic_time();
    gboolean is_end = done_bytes == transfer->total_bytes;
    transfer->done_bytes = done_bytes;
    file_hash_advance(transfer->hash, done_bytes);
    if (!transfer->progress || (!is_end && now_us - transfer->reported_us < REPORT_US))
        return;
    transfer->reported_us = now_us;
    transfer->progress(done_bytes, transfer->total_bytes, transfer->user_data);
}

static gboolean set_error(const Transfer *transfer, int code, const char *path, const char *problem, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(error, FFARM_REMOTE_ERROR, code, "%s: %s %s", transfer->runner->host->name, shown, problem);
    return FALSE;
}

static gboolean set_local_error(const Transfer *transfer, const char *doing, int code, GError **error)
{
    return local_file_set_error(transfer->runner->host->name, doing, transfer->local_path, code,
                                FFARM_REMOTE_ERROR_LOCAL_FILE, error);
}

static gboolean set_cancelled(const Transfer *transfer, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s: cancelled", transfer->runner->host->name);
    return FALSE;
}

static gboolean is_lost(const GError *reason)
{
    return g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED);
}

/* Compares both sides. *@is_altered: they were read, and differ. */
static gboolean prove(Transfer *transfer, const char *remote_path, gboolean *is_altered, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *there =
        host_hash_file(transfer->runner, remote_path, transfer->total_bytes, transfer->cancellable, error);
    if (!there)
        return FALSE;
    g_autofree char *here = file_hash_finish(transfer->hash, transfer->total_bytes, transfer->cancellable, &reason);
    if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return set_cancelled(transfer, error);
    if (!here) {
        g_autofree char *problem = g_strdup_printf("can't be read here: %s", reason->message);
        return set_error(transfer, FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->local_path, problem, error);
    }
    *is_altered = strcmp(here, there) != 0;
    return !*is_altered || set_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->path,
                                     "was altered on its way, the sums of both sides differ", error);
}

/* ---- going on ---- */

/* Connects again, with longer and longer waits. FALSE: @error is @lost, or what stands in the way for good. */
static gboolean reconnect(Transfer *transfer, const GError *lost, GError **error)
{
    gint64 give_up_us = g_get_monotonic_time() + RECONNECT_US;
    for (guint wait_ms = FIRST_WAIT_MS;; wait_ms = MIN(2 * wait_ms, LONGEST_WAIT_MS)) {
        g_autoptr(GError) reason = NULL;
        gint64 until_us = pause_random_end_us(wait_ms);
        if (until_us >= give_up_us) {
            g_propagate_error(error, g_error_copy(lost));
            return FALSE;
        }
        if (!pause_until(until_us, transfer->cancellable))
            return set_cancelled(transfer, error);
        guint left_ms = (guint)MAX((give_up_us - g_get_monotonic_time()) / G_TIME_SPAN_MILLISECOND, 1);
        if (ffarm_runner_open(transfer->runner, left_ms, transfer->cancellable, &reason))
            return TRUE;
        if (!is_lost(reason) && !g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_UNREACHABLE)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return FALSE;
        }
    }
}

/* Takes @reason, for which an attempt failed. Returns: TRUE when there may be another attempt; else sets @error. */
static gboolean may_go_on(Transfer *transfer, GError *reason, GError **error)
{
    g_autoptr(GError) owned = reason;
    gboolean is_worth = transfer->done_bytes - transfer->lost_at_bytes >= WORTH_BYTES;
    transfer->n_lost = is_worth ? 1 : transfer->n_lost + 1;
    if (!is_lost(reason) || transfer->n_lost > MAX_RESUMPTIONS) {
        g_propagate_error(error, g_steal_pointer(&owned));
        return FALSE;
    }
    transfer->lost_at_bytes = transfer->done_bytes;
    transfer->is_resumed = TRUE;
    ffarm_runner_close(transfer->runner);
    return reconnect(transfer, reason, error);
}

/* What is there was put together from pieces of several connections and is wrong: everything is copied anew, once. */
static void start_again(Transfer *transfer)
{
    transfer->is_resumed = FALSE;
    transfer->done_bytes = transfer->lost_at_bytes = 0;
    file_hash_free(transfer->hash);
    transfer->hash = file_hash_new(transfer->fd);
}

/* ---- put ---- */

typedef struct {
    Transfer *transfer;
    gint64 at_bytes;
    gint64 size_bytes; /* that the file is known to have */
    gboolean is_same;
} Tail;

static gboolean check_tail_size(gint64 total_bytes, gpointer user_data, GError **error)
{
    Tail *tail = user_data;
    tail->is_same = total_bytes == tail->size_bytes;
    return TRUE;
}

static gboolean compare_tail(const guint8 *data, gsize length, gpointer user_data, GError **error)
{
    Tail *tail = user_data;
    g_autofree guint8 *own = g_malloc(length);
    ssize_t count = pread(tail->transfer->fd, own, length, tail->at_bytes);
    tail->is_same = tail->is_same && count == (ssize_t)length && memcmp(own, data, length) == 0;
    tail->at_bytes += (gint64)length;
    return TRUE;
}

/* How much of the file is there already. The end of what is there is looked at, for a host that went down may have lost
 * what it had acknowledged; the rest is proved at the end. Returns: FALSE with @error, not for a missing file. */
static gboolean find_put_start(Transfer *transfer, gint64 *from_bytes, GError **error)
{
    FfarmRunner *runner = transfer->runner;
    g_autoptr(GError) reason = NULL;
    FfarmRemoteStat there;
    *from_bytes = 0;
    if (!transfer->is_resumed)
        return TRUE;
    if (!runner->kind->stat(runner->connection, transfer->path, &there, transfer->cancellable, &reason)) {
        if (g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NOT_FOUND))
            return TRUE;
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    if (there.size_bytes == 0 || there.size_bytes > transfer->total_bytes)
        return TRUE;
    Tail tail = {
        .transfer = transfer, .at_bytes = MAX(there.size_bytes - TAIL_BYTES, 0), .size_bytes = there.size_bytes};
    FfarmDownload download = {.remote_path = transfer->path,
                              .from_bytes = tail.at_bytes,
                              .begin = check_tail_size,
                              .take = compare_tail,
                              .user_data = &tail,
                              .cancellable = transfer->cancellable};
    gboolean is_read = runner->kind->read(runner->connection, &download, &reason);
    if (is_lost(reason) || g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    *from_bytes = is_read && tail.is_same ? there.size_bytes : 0;
    return TRUE;
}

static gboolean is_same_state(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static gboolean check_source(const Transfer *transfer, const struct stat *before, GError **error)
{
    struct stat open_one, named_one;
    if (fstat(transfer->fd, &open_one) == 0 && stat(transfer->local_path, &named_one) == 0 &&
        is_same_state(before, &open_one) && is_same_state(before, &named_one))
        return TRUE;
    return set_error(transfer, FFARM_REMOTE_ERROR_LOCAL_FILE, transfer->local_path, "changed while it was copied",
                     error);
}

/* A source that changes is the better reason for sums that differ. */
static gboolean prove_put(Transfer *transfer, const struct stat *before, gboolean *is_altered, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *part = g_strconcat(transfer->remote_path, ".part", NULL);
    gboolean is_proved = prove(transfer, part, is_altered, &reason);
    if ((is_proved || *is_altered) && !check_source(transfer, before, error)) {
        *is_altered = FALSE;
        return FALSE;
    }
    if (!is_proved)
        g_propagate_error(error, g_steal_pointer(&reason));
    return is_proved;
}

/* Where the server can't replace a file, the old one steps aside first: at any time one of the two is there, complete.
 */
static gboolean rename_over(Transfer *transfer, const char *to, GError **error)
{
    FfarmRunner *runner = transfer->runner;
    g_autoptr(GError) reason = NULL;
    if (runner->kind->rename(runner->connection, transfer->path, to, transfer->cancellable, &reason))
        return TRUE;
    if (!g_error_matches(reason, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXISTS)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    FfarmRemoteStat there;
    if (!runner->kind->stat(runner->connection, to, &there, transfer->cancellable, error))
        return FALSE;
    if (there.is_folder)
        return set_error(transfer, FFARM_REMOTE_ERROR_EXISTS, to, "is a folder there", error);
    g_autofree char *aside = g_strdup_printf("%s.old-%08x", to, g_random_int());
    if (!runner->kind->rename(runner->connection, to, aside, transfer->cancellable, error))
        return FALSE;
    if (!runner->kind->rename(runner->connection, transfer->path, to, NULL, error)) {
        runner->kind->rename(runner->connection, aside, to, NULL, NULL);
        return FALSE;
    }
    runner->kind->remove(runner->connection, aside, NULL, NULL);
    return TRUE;
}

/* One attempt over the connection that there is. */
static gboolean try_put(Transfer *transfer, const struct stat *before, const char *to, gboolean *is_altered,
                        GError **error)
{
    FfarmRunner *runner = transfer->runner;
    FfarmUpload upload = {.local_path = transfer->local_path,
                          .fd = transfer->fd,
                          .remote_path = transfer->path,
                          .to_bytes = transfer->total_bytes,
                          .moved = moved,
                          .user_data = transfer,
                          .cancellable = transfer->cancellable};
    if (!find_put_start(transfer, &upload.from_bytes, error) ||
        !runner->kind->write(runner->connection, &upload, error))
        return FALSE;
    if (prove_put(transfer, before, is_altered, error) && rename_over(transfer, to, error))
        return TRUE;
    runner->kind->remove(runner->connection, transfer->path, NULL, NULL);
    return FALSE;
}

static gboolean put(Transfer *transfer, const char *to, GError **error)
{
    struct stat before;
    transfer->fd = local_file_open(transfer->local_path, &transfer->total_bytes);
    if (transfer->fd < 0 || fstat(transfer->fd, &before) != 0)
        return set_local_error(transfer, "read", errno, error);
    transfer->total_bytes = before.st_size;
    transfer->hash = file_hash_new(transfer->fd);
    for (;;) {
        GError *reason = NULL;
        gboolean is_altered = FALSE;
        if (try_put(transfer, &before, to, &is_altered, &reason))
            return TRUE;
        if (is_altered && transfer->is_resumed) {
            g_clear_error(&reason);
            start_again(transfer);
        } else if (!may_go_on(transfer, reason, error)) {
            return FALSE;
        }
    }
}

static void transfer_clear(Transfer *transfer)
{
    file_hash_free(transfer->hash);
    if (transfer->fd >= 0)
        close(transfer->fd);
}

gboolean ffarm_runner_put(FfarmRunner *runner, const char *local_path, const char *remote_path,
                          FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
    GError *reason = NULL;
    if (!runner_begin(runner, cancellable, error))
        return FALSE;
    g_autofree char *path = runner_file_path(runner, remote_path);
    g_autofree char *part = g_strconcat(path, ".part", NULL);
    Transfer transfer = {.runner = runner,
                         .local_path = local_path,
                         .remote_path = remote_path,
                         .path = part,
                         .fd = -1,
                         .progress = progress,
                         .user_data = user_data,
                         .cancellable = cancellable};
    gboolean is_done = put(&transfer, path, &reason);
    transfer_clear(&transfer);
    return runner_end(runner, is_done, reason, error);
}

/* ---- get ---- */

/* The file there must be as large as before, should this be another attempt, and no larger than it may be. */
static gboolean begin_get(gint64 total_bytes, gpointer user_data, GError **error)
{
    Transfer *transfer = user_data;
    if (transfer->max_bytes > 0 && total_bytes > transfer->max_bytes) {
        g_autofree char *problem =
            g_strdup_printf("has %" G_GINT64_FORMAT " bytes there, more than the %" G_GINT64_FORMAT " that it may have",
                            total_bytes, transfer->max_bytes);
        return set_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->path, problem, error);
    }
    if (transfer->total_bytes >= 0 && total_bytes != transfer->total_bytes)
        return set_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->path, "changed while it was copied", error);
    transfer->total_bytes = total_bytes;
    if (transfer->fd >= 0)
        return TRUE;
    transfer->fd = open(transfer->local_path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (transfer->fd < 0)
        return set_local_error(transfer, "make", errno, error);
    transfer->hash = file_hash_new(transfer->fd);
    return TRUE;
}

static gboolean take_piece(const guint8 *data, gsize length, gpointer user_data, GError **error)
{
    Transfer *transfer = user_data;
    for (gsize done = 0; done < length;) {
        ssize_t count = pwrite(transfer->fd, data + done, length - done, transfer->done_bytes + (gint64)done);
        if (count < 0 && errno != EINTR)
            return set_local_error(transfer, "write", errno, error);
        done += (gsize)MAX(count, 0);
    }
    moved(transfer->done_bytes + (gint64)length, transfer);
    return TRUE;
}

static gboolean check_target(const Transfer *transfer, GError **error)
{
    struct stat here;
    if (fsync(transfer->fd) != 0 || fstat(transfer->fd, &here) != 0)
        return set_local_error(transfer, "write", errno, error);
    return here.st_size == transfer->total_bytes ||
           set_error(transfer, FFARM_REMOTE_ERROR_TRANSFER, transfer->local_path, "is not as long as the file there",
                     error);
}

static gboolean try_get(Transfer *transfer, gboolean *is_altered, GError **error)
{
    FfarmRunner *runner = transfer->runner;
    FfarmDownload download = {.remote_path = transfer->path,
                              .from_bytes = transfer->done_bytes,
                              .begin = begin_get,
                              .take = take_piece,
                              .user_data = transfer,
                              .cancellable = transfer->cancellable};
    return runner->kind->read(runner->connection, &download, error) && check_target(transfer, error) &&
           prove(transfer, transfer->remote_path, is_altered, error);
}

static gboolean get(Transfer *transfer, GError **error)
{
    for (;;) {
        GError *reason = NULL;
        gboolean is_altered = FALSE;
        if (try_get(transfer, &is_altered, &reason))
            return TRUE;
        if (is_altered && transfer->is_resumed) {
            g_clear_error(&reason);
            start_again(transfer);
        } else if (!may_go_on(transfer, reason, error)) {
            return FALSE;
        }
    }
}

gboolean ffarm_runner_get(FfarmRunner *runner, const char *remote_path, const char *local_path, gint64 max_bytes,
                          FfarmTransferFunc progress, gpointer user_data, GCancellable *cancellable, GError **error)
{
    GError *reason = NULL;
    if (!runner_begin(runner, cancellable, error))
        return FALSE;
    g_autofree char *path = runner_file_path(runner, remote_path);
    Transfer transfer = {.runner = runner,
                         .local_path = local_path,
                         .remote_path = remote_path,
                         .path = path,
                         .fd = -1,
                         .total_bytes = -1,
                         .max_bytes = max_bytes,
                         .progress = progress,
                         .user_data = user_data,
                         .cancellable = cancellable};
    gboolean is_done = get(&transfer, &reason);
    if (!is_done && transfer.fd >= 0)
        unlink(local_path);
    transfer_clear(&transfer);
    return runner_end(runner, is_done, reason, error);
}
