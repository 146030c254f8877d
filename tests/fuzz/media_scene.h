/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "leftovers.h"
#include "replace_record.h"

G_BEGIN_DECLS

/* media_scene.h — a small folder of films and temporaries for a journal to be wrong about, and whether what was taken
 * from it since may have been taken. Threads: one. */

typedef struct MediaScene MediaScene;

/* In memory where the machine has such a folder. Removed when the process ends. */
MediaScene *media_scene_new(void);
const char *media_scene_folder(const MediaScene *scene);
/* Makes everything anew that is not as it was. */
void media_scene_reset(MediaScene *scene);

/* Puts what is true into @text: @M the folder, @B the machine's uptime; of the file with the digit N: @FN path, @IN
 * identity, @ZN size, @NN time of change. Returns: new bytes, with a NUL behind them. */
char *media_scene_expand(const MediaScene *scene, const char *text, gsize length, gsize *expanded);

/* What a journal says of dead runs. */
typedef struct {
    GPtrArray *traces;  /* of FfarmLeftTrace */
    GPtrArray *records; /* of FfarmReplaceRecord */
} MediaClaims;

/* Aborts if anything is gone or changed that these do not cover: a temporary has to be named by an attempt or a
 * replacement, a film by a replacement whose result or source lies in its place. */
void media_scene_check(const MediaScene *scene, const MediaClaims *claims);
/* Everything in the folder, as text. */
char *media_scene_list(const MediaScene *scene) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
