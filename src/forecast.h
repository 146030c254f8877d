/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "estimate.h"
#include "plan.h"

G_BEGIN_DECLS

/* forecast.h — how long the encodes of a plan will take with all slots of its hosts at work. Pure.
 *
 * Copies, proofs and hosts that are away are not reckoned with, nor is what others do on the hosts.
 *
 * Threads: one at a time. */

typedef struct FfarmForecast FfarmForecast;

/* @plan: outlives it. Returns: new forecast that knows of no file, free with ffarm_forecast_free(). */
FfarmForecast *ffarm_forecast_new(const FfarmPlan *plan) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_forecast_free(FfarmForecast *forecast); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmForecast, ffarm_forecast_free)

/* @choice is one of the ways in which @item may be done, and takes as long as @estimate says. All of an item's ways
 * come one after the other; a way that is not known is not taken, where there is another. */
void ffarm_forecast_add(FfarmForecast *forecast, const FfarmPlanItem *item, const FfarmChoice *choice,
                        const FfarmEstimate *estimate);

/* What is known of @cluster (NULL: the host of runs without one).
 * @seconds: gets the time until its last file is encoded; 0 if that is not known.
 * @n_unknown: gets the number of its files that have no estimate at all.
 * Returns: the number of its files. */
guint ffarm_forecast_finish(const FfarmForecast *forecast, const char *cluster, double *seconds, guint *n_unknown);

G_END_DECLS
