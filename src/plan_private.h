/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"

G_BEGIN_DECLS

/* plan_private.h — what the parts of the plan share. Threads: safe. */

/* As ffarm_plan_choose() by what the plan knows, but without anything to fall back on: a plan of many films on many
 * hosts asks for the best way only. */
FfarmChoice *ffarm_plan_choose_first(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                                     FfarmRefusal *refusal) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
