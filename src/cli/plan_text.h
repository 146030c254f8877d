/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ffarm.h"

G_BEGIN_DECLS

/* plan_text.h — what will happen to every file, as people read it. Prints to stdout. Threads: the main one. */

/* @with_trace: also what every rule asked, why a host may not take a file, which of its engines are passed over and
 * why, and what it falls back on. */
void cli_print_plan(const FfarmPlan *plan, gboolean with_trace);

/* Names on stderr the files that can't or must not be encoded, and why. */
void cli_print_refused(const FfarmPlan *plan);
/* TRUE for those. */
gboolean cli_is_refused(const FfarmPlanItem *item);

G_END_DECLS
