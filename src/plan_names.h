/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "plan.h"

G_BEGIN_DECLS

/* plan_names.h — private: names that the command line gives have to be in the configuration; one that is not is named
 * with what it may have been meant to be. Pure. Threads: safe. */

/* Clusters, profiles and mixins of @inputs (of FfarmInput). Returns: FALSE with FFARM_CONFIG_ERROR_INVALID. */
gboolean ffarm_plan_check_inputs(const FfarmSettings *settings, const GPtrArray *inputs, GError **error);
/* Hosts, which those of @plan are. @only_hosts: nullable. Returns: as above. */
gboolean ffarm_plan_check_hosts(const FfarmPlan *plan, const char *const *only_hosts, GError **error);

G_END_DECLS
