/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "abilities.h"
#include "host.h"
#include "profile.h"
#include "proof.h"
#include "source_traits.h"

G_BEGIN_DECLS

/* ladder.h — the ways in which a host could carry out a profile with a codec, best first: each is taken when the one
 * before it has failed. Pure. Threads: safe. */

typedef struct {
    const char *engine;   /* that encodes; static */
    char *device;         /* as abilities and configuration name it; NULL: that which the engine takes itself */
    char *node;           /* which that is where it has to be named; nullable */
    const char *decoder;  /* engine that decodes; static; NULL: ffmpeg itself, on the CPU */
    char *decoder_node;   /* where that is another engine; nullable */
    gboolean stays;       /* frames go from decoder to encoder without leaving the device */
    gboolean wants_proof; /* the decoder has to be tried on the source first */
} FfarmRung;

typedef struct {
    const FfarmHost *host;
    const FfarmAbilities *abilities;        /* nullable: nothing is known */
    const char *const *full, *const *taken; /* as in FfarmConditions; nullable */
    const FfarmProfile *profile;            /* with mixins, without engine; its codec is not copy */
    const FfarmProof *proof;                /* the configuration's, the profile's laid over it */
    const FfarmTraits *traits;
    int depth; /* bits of the result */
} FfarmLadderParams;

typedef struct {
    GPtrArray *rungs;  /* of FfarmRung, none twice; empty: the host can't do it */
    char *passed_over; /* engines before that of the first rung and why, "; " between them; NULL: none */
    gboolean is_busy;  /* empty, but what it would use is only full, or taken */
    char *loss;        /* empty, and HDR is what stands against it: what would be lost of that; nullable */
} FfarmLadder;

FfarmLadder *ffarm_ladder_new(const FfarmLadderParams *params) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_ladder_free(FfarmLadder *ladder); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmLadder, ffarm_ladder_free)

/* What FfarmConditions calls a device: "cuda", "cuda:1". Returns: new string. */
char *ffarm_ladder_device_key(const char *engine, const char *device) G_GNUC_WARN_UNUSED_RESULT;
gboolean ffarm_ladder_is_full(const char *const *full, const char *engine, const char *device);

G_END_DECLS
