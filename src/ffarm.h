/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* ffarm.h — all of the library: looks at media files, matches them to encoding profiles, and has them encoded by ffmpeg
 * on this machine and on hosts that are reached over SSH. Each header tells its own part.
 *
 * The way through it, as `ffarm FILE...` goes:
 *
 *     settings = ffarm_settings_load(path, FALSE, diagnostics);            settings.h
 *     ffarm_inputs_add(inputs, "/media", "household", NULL, ...);          inputs.h
 *     plan = ffarm_plan_new(settings, inputs, &plan_options, ...);         plan.h
 *     ffarm_farm_run(plan, &farm_options, &summary, cancellable, &error);  farm.h
 *
 * Looking at a file alone takes ffarm_probe_file() (prober.h). */

#include "abilities.h"
#include "capability.h"
#include "capability_class.h"
#include "capability_wants.h"
#include "container.h"
#include "diagnostic.h"
#include "error.h"
#include "estimate.h"
#include "farm.h"
#include "forecast.h"
#include "host.h"
#include "host_check.h"
#include "inputs.h"
#include "isolation.h"
#include "job.h"
#include "journal.h"
#include "media.h"
#include "original.h"
#include "placement.h"
#include "plan.h"
#include "prober.h"
#include "profile.h"
#include "profile_options.h"
#include "progress.h"
#include "proof.h"
#include "recovery.h"
#include "report_json.h"
#include "rule.h"
#include "runner.h"
#include "settings.h"
#include "shell.h"
#include "streams.h"
