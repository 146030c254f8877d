/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* proof.h — how a configuration wants results proved: keys verify, min_ssim, min_vmaf, damaged and expect. Plain data,
 * zero means that nothing is said. Threads: safe. */

typedef enum {
    FFARM_PROOF_UNSET,   /* as PACKETS, unless a bound asks for QUALITY */
    FFARM_PROOF_PACKETS, /* every packet of source and result is read and compared */
    FFARM_PROOF_DECODE,  /* and the result is decoded to its end */
    FFARM_PROOF_QUALITY, /* and its picture compared with the source's at several places */
} FfarmProofLevel;

typedef enum {
    FFARM_DAMAGED_UNSET,  /* as SKIP */
    FFARM_DAMAGED_SKIP,   /* a damaged source is left alone */
    FFARM_DAMAGED_ENCODE, /* what is left of it is encoded; the result must hold all of that */
} FfarmDamaged;

typedef enum {
    FFARM_EXPECT_UNSET, /* the same, unless the profile's options change it on purpose */
    FFARM_EXPECT_ANY,   /* not compared */
    FFARM_EXPECT_SAME,  /* the same, whatever the options look like */
} FfarmExpect;

/* The least that is accepted. */
typedef struct {
    gboolean is_set;
    double value;
} FfarmBound;

typedef struct {
    FfarmProofLevel level;
    FfarmBound min_ssim; /* 0 to 1; asks for QUALITY */
    FfarmBound min_vmaf; /* 0 to 100; asks for QUALITY */
    FfarmDamaged damaged;
    FfarmExpect frames;   /* number of video frames */
    FfarmExpect duration; /* where each stream ends */
    FfarmExpect hdr;      /* HDR metadata and colour tags */
    FfarmExpect metadata; /* languages, titles, dispositions and chapters */
} FfarmProof;

/* Returns: @over where it says something, @under elsewhere. */
FfarmProof ffarm_proof_over(const FfarmProof *under, const FfarmProof *over);

/* Returns: the level to prove at, never UNSET. */
FfarmProofLevel ffarm_proof_level(const FfarmProof *proof);

G_END_DECLS
