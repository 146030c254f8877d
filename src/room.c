/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "room.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "error.h"

typedef enum { DISK_HOST, DISK_RESULT, DISK_DESTINATION, N_DISKS } Disk;

struct FfarmRoom {
    FfarmRoomParams params;
    char *folders[N_DISKS]; /* NULL: nothing is to be written there */
    char *names[N_DISKS];   /* of the disks */
    FfarmShare *shares[N_DISKS];
    gint64 uploaded_bytes;
};

/* What FfarmSpaceNeed's functions get. */
typedef struct {
    const FfarmRoom *room;
    Disk disk;
} Question;

gint64 ffarm_room_expect(gint64 source_bytes, double threshold)
{
    if (threshold <= 0)
        return source_bytes;
    return (gint64)((double)source_bytes * (100 - MIN(threshold, 100)) / 100);
}

static gboolean ask(gint64 *free_bytes, gpointer user_data, GCancellable *cancellable, GError **error)
{
    const Question *question = user_data;
    const char *folder = question->room->folders[question->disk];
    if (question->disk == DISK_HOST)
        return ffarm_runner_space(question->room->params.runner, folder, free_bytes, cancellable, error);
    struct statvfs info;
    *free_bytes = -1;
    if (statvfs(folder, &info) == 0 && info.f_frsize > 0 && info.f_blocks > 0)
        *free_bytes = (gint64)MIN((guint64)info.f_bavail, G_MAXINT64 / info.f_frsize) * (gint64)info.f_frsize;
    return TRUE;
}

static void on_wait(const char *message, gpointer user_data)
{
    const Question *question = user_data;
    const FfarmRoomParams *params = &question->room->params;
    params->on_message(message, params->user_data);
}

static FfarmSpaceNeed describe(const Question *question, gint64 bytes, const char *where)
{
    return (FfarmSpaceNeed){
        .disk = question->room->names[question->disk],
        .where = where,
        .need_bytes = bytes,
        .ask = ask,
        .on_wait = on_wait,
        .user_data = (gpointer)question,
        .error_code = question->disk == DISK_HOST ? FFARM_JOB_ERROR_ROOM : FFARM_JOB_ERROR_REPLACE,
    };
}

static char *words_for(const FfarmRoom *room, Disk disk)
{
    g_autofree char *folder = g_filename_display_name(room->folders[disk]);
    if (disk != DISK_HOST)
        return g_steal_pointer(&folder);
    return g_strdup_printf("%s: working_dir %s", ffarm_runner_peek_host(room->params.runner)->name, folder);
}

/* Shares of disks are claimed in the order of their enumeration, so that nobody waits in a circle. */
static gboolean claim(FfarmRoom *room, Disk disk, gint64 bytes, GCancellable *cancellable, GError **error)
{
    if (!room->folders[disk])
        return TRUE;
    const Question question = {room, disk};
    g_autofree char *where = words_for(room, disk);
    const FfarmSpaceNeed need = describe(&question, bytes, where);
    room->shares[disk] = ffarm_space_claim(room->params.space, &need, cancellable, error);
    return room->shares[disk] != NULL;
}

static char *name_disk_here(const char *folder)
{
    struct stat info;
    return stat(folder, &info) == 0 ? g_strdup_printf("here %lu", (gulong)info.st_dev) : NULL;
}

/* Which disks there are: a result that lies where it is to stay needs no second one. */
static void find_disks(FfarmRoom *room)
{
    const FfarmRoomParams *params = &room->params;
    const FfarmHost *host = ffarm_runner_peek_host(params->runner);
    if (params->placement->must_move) {
        room->folders[DISK_HOST] = g_strdup(host->working_dir);
        room->names[DISK_HOST] = g_strdup_printf("%s/%s", host->cluster ? host->cluster : "", host->name);
    }
    for (Disk disk = DISK_RESULT; disk < N_DISKS; disk++) {
        g_autofree char *folder =
            g_path_get_dirname(disk == DISK_RESULT ? params->placement->result : params->destination);
        g_autofree char *name = name_disk_here(folder);
        if (!name || (disk == DISK_DESTINATION && g_strcmp0(name, room->names[DISK_RESULT]) == 0))
            continue;
        room->folders[disk] = g_steal_pointer(&folder);
        room->names[disk] = g_steal_pointer(&name);
    }
}

FfarmRoom *ffarm_room_reserve(const FfarmRoomParams *params, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmRoom) room = g_new0(FfarmRoom, 1);
    room->params = *params;
    if (!params->space)
        return g_steal_pointer(&room);
    find_disks(room);
    gint64 result = ffarm_room_expect(params->source_bytes, params->threshold);
    if (!claim(room, DISK_HOST, params->source_bytes + result, cancellable, error) ||
        !claim(room, DISK_RESULT, result, cancellable, error) ||
        !claim(room, DISK_DESTINATION, result, cancellable, error))
        return NULL;
    return g_steal_pointer(&room);
}

void ffarm_room_free(FfarmRoom *room)
{
    if (!room)
        return;
    for (int i = 0; i < N_DISKS; i++) {
        ffarm_share_free(room->shares[i]);
        g_free(room->folders[i]);
        g_free(room->names[i]);
    }
    g_free(room);
}

static void note_written(FfarmRoom *room, Disk disk, gint64 bytes)
{
    if (room->shares[disk])
        ffarm_share_note_written(room->shares[disk], bytes);
}

void ffarm_room_note_uploaded(FfarmRoom *room, gint64 bytes)
{
    room->uploaded_bytes = bytes;
    note_written(room, DISK_HOST, bytes);
}

void ffarm_room_note_encoded(FfarmRoom *room, gint64 bytes)
{
    if (room->params.placement->must_move)
        note_written(room, DISK_HOST, room->uploaded_bytes + bytes);
    else
        note_written(room, DISK_RESULT, bytes);
}

void ffarm_room_note_downloaded(FfarmRoom *room, gint64 bytes)
{
    note_written(room, DISK_RESULT, bytes);
}

static gboolean resize(FfarmRoom *room, Disk disk, gint64 bytes, GCancellable *cancellable, GError **error)
{
    if (!room->shares[disk])
        return TRUE;
    const Question question = {room, disk};
    g_autofree char *where = words_for(room, disk);
    const FfarmSpaceNeed need = describe(&question, bytes, where);
    return ffarm_share_resize(room->shares[disk], &need, cancellable, error);
}

gboolean ffarm_room_check_result(FfarmRoom *room, gint64 bytes, GCancellable *cancellable, GError **error)
{
    gboolean is_on_host = room->params.placement->must_move;
    return (!is_on_host || resize(room, DISK_RESULT, bytes, cancellable, error)) &&
           resize(room, DISK_DESTINATION, bytes, cancellable, error);
}
