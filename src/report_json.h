/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "farm.h"
#include "journal.h"
#include "media.h"
#include "plan.h"
#include "profile.h"

G_BEGIN_DECLS

/* report_json.h — the objects of the command line's JSON Lines, described key by key in docs/json.md. Each function returns
 * one line without a line break, valid UTF-8 whatever the file's name holds (bytes that are not UTF-8 appear as U+FFFD, and
 * the exact name as base64 in "file_bytes"); free with g_free(). Pure but for "time", which is now. Threads: safe. */

char *ffarm_json_media(const FfarmMedia *media) G_GNUC_WARN_UNUSED_RESULT;                        /* "event":"media" */
char *ffarm_json_plan_item(const FfarmPlan *plan, const FfarmPlanItem *item) G_GNUC_WARN_UNUSED_RESULT; /* "plan" */
char *ffarm_json_profile(const FfarmProfile *profile) G_GNUC_WARN_UNUSED_RESULT;                   /* "profile" */
char *ffarm_json_host(const FfarmHostReport *report) G_GNUC_WARN_UNUSED_RESULT;                   /* "host" */
char *ffarm_json_start(const FfarmPlan *plan) G_GNUC_WARN_UNUSED_RESULT;                          /* "start" */
char *ffarm_json_event(const FfarmEvent *event) G_GNUC_WARN_UNUSED_RESULT; /* "host", "job", "progress", "result"; NULL for others */
char *ffarm_json_summary(const FfarmPlan *plan, const FfarmSummary *summary) G_GNUC_WARN_UNUSED_RESULT; /* "summary" */
char *ffarm_json_run(const FfarmRunRecord *record) G_GNUC_WARN_UNUSED_RESULT;                             /* "run" */
char *ffarm_json_run_job(const char *run_id, const FfarmJobRecord *record) G_GNUC_WARN_UNUSED_RESULT;     /* "file" */

G_END_DECLS
