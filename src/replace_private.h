/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "replace.h"
#include "replace_scene.h"

G_BEGIN_DECLS

/* replace_private.h — one replacement on its way; shared by replace*.c alone. */

typedef struct {
    const FfarmReplaceParams *params;
    FfarmReplaceRecord record; /* owns its strings */
    GCancellable *cancellable;
} FfarmReplacement;

void ffarm_replacement_clear(FfarmReplacement *replacement);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FfarmReplacement, ffarm_replacement_clear)

/* Of this uptime of the machine. New string. */
char *ffarm_replacement_boot_id(void);

/* Gives the text at @slot of a record the new value @text (taken over). */
void ffarm_replacement_set(const char **slot, char *text);

/* Tells params->on_step that what belongs to @step is about to happen. */
gboolean ffarm_replacement_announce(FfarmReplacement *replacement, FfarmReplaceStep step, GError **error);

/* Step PLACE: gives the staged result its name. FALSE with FFARM_JOB_ERROR_REPLACE, or FFARM_JOB_ERROR_SOURCE where the
 * source turned out to be changed; what was done is for ffarm_replace_undo() then. */
gboolean ffarm_replacement_place(FfarmReplacement *replacement, GError **error);

/* Step DROP: the old file goes to the trash or away. FALSE as above. Nothing is done where no old file is left. */
gboolean ffarm_replacement_drop(FfarmReplacement *replacement, GError **error);

/* Makes the folder of record.trash. */
gboolean ffarm_replacement_make_trash_folder(const FfarmReplaceRecord *record, GError **error);

/* Copies the old file @from into the trash, proved and flushed, and sets record.trash_id. */
gboolean ffarm_replacement_copy_to_trash(FfarmReplacement *replacement, const char *from, GError **error);

G_END_DECLS
