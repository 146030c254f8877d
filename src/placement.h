/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "host.h"

G_BEGIN_DECLS

/* placement.h — where input and output of a job lie on a host, and what has to move. Pure. Threads: safe. */

typedef struct {
    char *host_input;   /* the source as the host knows it */
    char *host_output;  /* what ffmpeg writes there */
    char *host_folder;  /* private folder of the job there, made before and removed after; NULL: none */
    gboolean must_move; /* source must be put there, result fetched */
    char *result;       /* temporary name of the finished result on this machine */
} FfarmPlacement;

typedef struct {
    const FfarmHost *host;
    const char *source;      /* absolute path on this machine */
    const char *extension;   /* of the result, with the dot */
    const char *destination; /* final path of the result on this machine */
    const char *fls_path;    /* fast local storage, nullable; used by local hosts */
    const char *job_id;      /* [a-z0-9-]+, unique to run and job; all names are made from it, none from the media's name */
} FfarmPlacementParams;

/* local:     input as it is; output ".ffarm-JOB.EXT.tmp" in fls_path, else in the destination's folder.
 * mounted:   both through the host's path substitution; output in the source's folder, which the host is sure to reach.
 * streaming: WORKING_DIR/ffarm-JOB/ with in.EXT and out.EXT; the result comes back into the destination's folder.
 * The destination's folder need not exist yet (-o): whoever writes there makes it.
 * An extension that is not plain (letters and digits, at most 16) becomes "bin".
 * Returns: new placement, free with ffarm_placement_free(). */
FfarmPlacement *ffarm_placement_new(const FfarmPlacementParams *params) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_placement_free(FfarmPlacement *placement); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmPlacement, ffarm_placement_free)

/* TRUE for a name that this file makes: ffarm's own temporaries, which walks pass over. @name: base name. */
gboolean ffarm_placement_is_temporary(const char *name);

G_END_DECLS
