/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "inputs.h"
#include "plan.h"
#include "settings.h"

G_BEGIN_DECLS

/* capability_wants.h — which encoders of a host's hardware the films at hand could use: what it has to be tried for. No
 * I/O.
 *
 * Threads: one at a time while anything is added; then immutable, and safe. */

typedef struct FfarmWants FfarmWants;

/* One encoder. */
typedef struct {
    const char *engine; /* static; never the CPU, whose encoders need no trial */
    const char *codec;  /* static: "h264", "hevc", "av1" */
    int depth;          /* 8 or 10 */
} FfarmWant;

/* Returns: wants of nothing yet, free with ffarm_wants_free(). @settings: borrowed. */
FfarmWants *ffarm_wants_new(const FfarmSettings *settings) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_wants_free(FfarmWants *wants); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmWants, ffarm_wants_free)

/* Adds what @input may need with the profile that it was given, else with @ruled, the rule's, or a host's own.
 * @ruled: nullable: no rule names one
 * @video: of the film; NULL: not known */
void ffarm_wants_add(FfarmWants *wants, const FfarmInput *input, const char *ruled, const FfarmStream *video);
/* Adds what @plan's films need. */
void ffarm_wants_add_plan(FfarmWants *wants, const FfarmPlan *plan);
/* Adds what @inputs (of FfarmInput), which nobody has looked into yet, may need whatever rule matches. */
void ffarm_wants_add_inputs(FfarmWants *wants, const GPtrArray *inputs);

/* What of that @host may do. Returns: new array of FfarmWant, each once; empty: its hardware is not needed. */
GArray *ffarm_wants_list(const FfarmWants *wants, const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
