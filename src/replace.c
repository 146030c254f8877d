/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "replace_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_attributes.h"
#include "file_copy.h"
#include "file_names.h"
#include "job_error.h"
#include "nonce.h"
#include "trash.h"

void ffarm_replacement_set(const char **slot, char *text)
{
    g_free((char *)*slot);
    *slot = text;
}

void ffarm_replacement_clear(FfarmReplacement *replacement)
{
    ffarm_replace_record_clear(&replacement->record);
}

char *ffarm_replacement_boot_id(void)
{
    char *text = NULL;
    if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
        return g_strdup("");
    return g_strstrip(text);
}

gboolean ffarm_replacement_announce(FfarmReplacement *replacement, FfarmReplaceStep step, GError **error)
{
    const FfarmReplaceParams *params = replacement->params;
    replacement->record.step = step;
    return !params->on_step || params->on_step(&replacement->record, params->user_data, error);
}

static FfarmFileIdentity identity_of_media(const FfarmMedia *source)
{
    FfarmFileIdentity identity = {source->device, source->inode, source->size_bytes, source->mtime_ns};
    return identity;
}

static gboolean is_source(const FfarmMedia *source, const struct stat *info)
{
    FfarmFileIdentity identity = identity_of_media(source);
    if (ffarm_file_identity_fits(&identity, info))
        return TRUE;
    identity.inode = (guint64)info->st_ino;
    return ffarm_file_identity_fits(&identity, info) && ffarm_file_numbers_change(source->path);
}

gboolean ffarm_replace_check_source(const FfarmMedia *source, GError **error)
{
    struct stat info;
    if (stat(source->path, &info) != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, source->path, "the source is gone: %s", g_strerror(errno));
    if (!is_source(source, &info))
        return ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, source->path,
                              "the source was changed since it was probed, so it is left alone");
    return TRUE;
}

/* --- what goes where --- */

/* TRUE if the folder of @path lists exactly this name: where cases are told apart, two hard links may differ in nothing
 * else.
 */
static gboolean is_listed(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *entry; dir && (entry = g_dir_read_name(dir));)
        if (strcmp(entry, name) == 0)
            return TRUE;
    return FALSE;
}

/* TRUE if both are one entry of one folder: the same name, or, on a file system that ignores case, the same but for the
 * case. Another hard link of the source has another name and is somebody's own file. */
static gboolean is_same_entry(const FfarmMedia *source, const char *destination)
{
    if (strcmp(source->path, destination) == 0)
        return TRUE;
    struct stat there;
    return g_ascii_strcasecmp(source->path, destination) == 0 && lstat(destination, &there) == 0 &&
           (guint64)there.st_dev == source->device && (guint64)there.st_ino == source->inode &&
           (there.st_nlink == 1 || !is_listed(destination));
}

static char *temporary_beside(const char *path, const char *purpose)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *nonce = ffarm_nonce_new();
    g_autofree char *name = g_strdup_printf(".ffarm-%s-%s.tmp", nonce, purpose);
    return g_build_filename(folder, name, NULL);
}

static gboolean name_source(FfarmReplacement *replacement, GError **error)
{
    const char *path = replacement->params->source->path;
    FfarmReplaceRecord *record = &replacement->record;
    struct stat info;
    char *real = realpath(path, NULL);
    if (!real || lstat(path, &info) != 0) {
        free(real);
        return ffarm_job_fail(error, FFARM_JOB_ERROR_SOURCE, path, "the source is gone: %s", g_strerror(errno));
    }
    gboolean is_link = S_ISLNK(info.st_mode) && record->kind == FFARM_REPLACE_OTHER_NAME;
    if (is_link)
        record->link_id = ffarm_file_identity(&info);
    ffarm_replacement_set(&record->source, g_strdup(is_link ? path : real));
    free(real);
    return TRUE;
}

static void name_trash(FfarmReplacement *replacement)
{
    FfarmReplaceRecord *record = &replacement->record;
    const char *trash_dir = replacement->params->trash_dir;
    /* What a link leads to stays where it is. */
    if (!trash_dir || record->kind == FFARM_REPLACE_KEEP || record->link_id.inode != 0)
        return;
    record->trash_root = ffarm_trash_root(trash_dir, record->source);
    /* Where links lead a trash back to the film's own folder, what has the name there is the film. */
    g_autofree char *wanted = ffarm_trash_path(trash_dir, record->source);
    record->trash = ffarm_trash_free_name(wanted);
    record->trash_staged = temporary_beside(record->trash, "trash");
}

/* Fills the record with every name. Changes nothing on the disk. */
static gboolean name_everything(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceParams *params = replacement->params;
    FfarmReplaceRecord *record = &replacement->record;
    struct stat there;
    record->kind = params->keep_source                                  ? FFARM_REPLACE_KEEP
                   : is_same_entry(params->source, params->destination) ? FFARM_REPLACE_SAME_NAME
                                                                        : FFARM_REPLACE_OTHER_NAME;
    record->boot_id = ffarm_replacement_boot_id();
    record->source_id = identity_of_media(params->source);
    /* Its number of now, which is the one to tell it from others by, from here on. */
    if (stat(params->source->path, &there) == 0 && is_source(params->source, &there))
        record->source_id.inode = (guint64)there.st_ino;
    if (!name_source(replacement, error))
        return FALSE;
    gboolean is_same_name = record->kind == FFARM_REPLACE_SAME_NAME;
    record->destination = g_strdup(is_same_name ? record->source : params->destination);
    record->result = g_strdup(params->result);
    record->staged = temporary_beside(record->destination, "new");
    record->aside = temporary_beside(record->source, "old");
    name_trash(replacement);
    return is_same_name || lstat(record->destination, &there) != 0 ||
           ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->destination,
                          "is there already and is not overwritten");
}

/* --- step PREPARE --- */

static gboolean is_on_other_device(const char *path, const char *folder)
{
    struct stat info, folder_info;
    return stat(path, &info) == 0 && stat(folder, &folder_info) == 0 && info.st_dev != folder_info.st_dev;
}

static gboolean identify_result(FfarmReplacement *replacement, GError **error)
{
    struct stat info;
    int fd = ffarm_file_open(replacement->params->result, &info, error);
    if (fd < 0)
        return FALSE;
    close(fd);
    replacement->record.result_id = ffarm_file_identity(&info);
    replacement->record.staged_id = replacement->record.result_id;
    /* Its attributes are going to change, the time among them. */
    replacement->record.staged_id.size_bytes = -1;
    return TRUE;
}

/* Fills the new file @to with the result. */
static gboolean fill_copy(FfarmReplacement *replacement, int to, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    struct stat info;
    if (!ffarm_replacement_announce(replacement, FFARM_REPLACE_PREPARE, error))
        return FALSE;
    int from = ffarm_file_open(record->result, &info, error);
    if (from < 0)
        return FALSE;
    gboolean ok = ffarm_file_copy(from, record->result, to, record->staged, replacement->cancellable, error);
    close(from);
    return ok;
}

/* Copies the result into the destination's folder, from where a rename can put it in place. */
static gboolean copy_result(FfarmReplacement *replacement, GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    record->staged_id = (FfarmFileIdentity){0};
    if (!ffarm_replacement_announce(replacement, FFARM_REPLACE_PREPARE, error))
        return FALSE;
    int to = ffarm_file_create(record->staged, &record->staged_id, error);
    if (to < 0)
        return FALSE;
    gboolean ok = fill_copy(replacement, to, error);
    if (close(to) != 0 && ok)
        ok = ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->staged, "can't be written: %s", g_strerror(errno));
    return ok;
}

/* A host that is mounted here may write as another user, who alone can give the result the source's times and modes. A
 * copy is ours; where the source isn't either, it would be no better. */
static gboolean is_better_copied(const char *result, const char *source)
{
    struct stat info, source_info;
    uid_t user = geteuid();
    return user != 0 && stat(result, &info) == 0 && info.st_uid != user && stat(source, &source_info) == 0 &&
           source_info.st_uid == user;
}

/* Brings the result under a name of its own in the destination's folder. An exchange leaves the old film under that
 * name, which nobody but this replacement and its record knows. */
static gboolean stage(FfarmReplacement *replacement, const char *folder, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    if (is_on_other_device(record->result, folder) || is_better_copied(record->result, record->source))
        return copy_result(replacement, error);
    int failure = ffarm_name_move_over(record->result, record->staged);
    if (ffarm_file_look(record->staged, &record->staged_id, NULL) == FFARM_FILE_THERE)
        return ffarm_replace_remove_own(record->result, &record->staged_id, error);
    /* One device number is not always one file system as far as renames go. */
    if (failure == EXDEV)
        return copy_result(replacement, error);
    return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->result, "the result can't be moved to %s: %s", folder,
                          failure != 0 ? g_strerror(failure) : "the file system did something else");
}

/* Flushes the staged file and says by what it is known from now on. */
static gboolean flush_staged(FfarmReplaceRecord *record, int fd, GError **error)
{
    struct stat info;
    if (fsync(fd) != 0 || fstat(fd, &info) != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->staged, "can't be written to disk: %s",
                              g_strerror(errno));
    record->staged_id = ffarm_file_identity(&info);
    int failure = ffarm_folder_flush_of(record->staged);
    return failure == 0 || ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, record->staged,
                                          "its folder can't be written to disk: %s", g_strerror(failure));
}

/* Makes the staged file look like the source, and makes it last. */
static gboolean finish_staged(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceParams *params = replacement->params;
    FfarmReplaceRecord *record = &replacement->record;
    struct stat info;
    int fd = ffarm_file_open(record->staged, &info, error);
    if (fd < 0)
        return FALSE;
    int source = open(params->source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source >= 0) {
        ffarm_attributes_copy(source, fd, params->keep_times, record->destination, params->remarks);
        close(source);
    }
    gboolean ok = flush_staged(record, fd, error);
    close(fd);
    return ok;
}

static gboolean prepare_trash(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    if (!record->trash)
        return TRUE;
    if (!ffarm_replacement_make_trash_folder(record, error))
        return FALSE;
    g_autofree char *folder = g_path_get_dirname(record->trash);
    return !is_on_other_device(record->source, folder) ||
           ffarm_replacement_copy_to_trash(replacement, record->source, error);
}

static gboolean prepare(FfarmReplacement *replacement, GError **error)
{
    FfarmReplaceRecord *record = &replacement->record;
    if (!ffarm_replacement_announce(replacement, FFARM_REPLACE_PREPARE, error))
        return FALSE;
    g_autofree char *folder = g_path_get_dirname(record->destination);
    int failure = ffarm_folder_make(folder, 0777);
    if (failure != 0)
        return ffarm_job_fail(error, FFARM_JOB_ERROR_REPLACE, folder, "the folder can't be made: %s",
                              g_strerror(failure));
    return stage(replacement, folder, error) && finish_staged(replacement, error) && prepare_trash(replacement, error);
}

/* --- all of it --- */

/* The source is looked at last, so that nothing slow stands between the look and the rename. */
static gboolean place(FfarmReplacement *replacement, GError **error)
{
    return !g_cancellable_set_error_if_cancelled(replacement->cancellable, error) &&
           ffarm_replacement_announce(replacement, FFARM_REPLACE_PLACE, error) &&
           ffarm_replace_check_source(replacement->params->source, error) &&
           ffarm_replacement_place(replacement, error);
}

/* What was handed in and lies elsewhere has served. */
static gboolean remove_result(FfarmReplacement *replacement)
{
    const FfarmReplaceRecord *record = &replacement->record;
    g_autoptr(GError) error = NULL;
    if (ffarm_replace_remove_own(record->result, &record->result_id, &error))
        return TRUE;
    if (replacement->params->remarks)
        g_ptr_array_add(replacement->params->remarks, g_strdup(error->message));
    return FALSE;
}

/* Undoes everything. @error is set; it gets more words if something can't be undone. */
static gboolean give_up(FfarmReplacement *replacement, GError **error)
{
    const FfarmReplaceRecord *record = &replacement->record;
    g_autoptr(GError) inner = NULL;
    gboolean is_undone = ffarm_replace_undo(record, &inner);
    if (!is_undone && error) {
        g_autofree char *reason = g_strdup((*error)->message);
        g_autofree char *names = ffarm_replace_name_all(record);
        g_clear_error(error);
        g_set_error(error, FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE,
                    "%s; nothing more was removed (%s): look at %s, and remove what you don't want", reason,
                    inner->message, *names ? names : "its folder when the disk answers again");
    }
    ffarm_replacement_announce(replacement, is_undone ? FFARM_REPLACE_UNDONE : FFARM_REPLACE_FAILED, NULL);
    return FALSE;
}

gboolean ffarm_replace(const FfarmReplaceParams *params, GCancellable *cancellable, GError **error)
{
    if (g_cancellable_set_error_if_cancelled(cancellable, error))
        return FALSE;
    g_auto(FfarmReplacement) replacement = {.params = params, .cancellable = cancellable};
    if (!ffarm_replace_check_source(params->source, error) || !name_everything(&replacement, error) ||
        !identify_result(&replacement, error))
        return FALSE;
    g_autoptr(GError) inner = NULL;
    gboolean is_done = prepare(&replacement, &inner) && place(&replacement, &inner) &&
                       (params->keep_source || (ffarm_replacement_announce(&replacement, FFARM_REPLACE_DROP, &inner) &&
                                                ffarm_replacement_drop(&replacement, &inner)));
    if (!is_done) {
        give_up(&replacement, &inner);
        g_propagate_error(error, g_steal_pointer(&inner));
        return FALSE;
    }
    if (remove_result(&replacement))
        ffarm_replacement_announce(&replacement, FFARM_REPLACE_DONE, NULL);
    return TRUE;
}
