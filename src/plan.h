/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "abilities.h"
#include "inputs.h"
#include "media.h"
#include "placement.h"
#include "settings.h"
#include "streams.h"

G_BEGIN_DECLS

/* plan.h — inputs -> what will happen to every file, and why. --dry-run prints this value and run executes it.
 *
 * Threads: built on one thread (probing uses a pool inside); immutable afterwards and readable from any thread.
 * Errors:  FFARM_CONFIG_ERROR_INVALID for a name that the configuration doesn't have, or G_IO_ERROR_CANCELLED; there is
 *          no plan then. What is wrong with a file, or stands against encoding it, is in its item: status and reason.
 */

typedef enum {
    FFARM_PLAN_ENCODE,
    FFARM_PLAN_SKIP,         /* a rule says SKIP, or nothing is left to do for it */
    FFARM_PLAN_UNMATCHED,    /* no rule matches: left alone */
    FFARM_PLAN_INVALID,      /* can't be encoded, or must not be (clash of names, given twice) */
    FFARM_PLAN_UNASSIGNABLE, /* no enabled host may take it */
} FfarmPlanStatus;

typedef enum { FFARM_ORDER_GIVEN, FFARM_ORDER_LONGEST, FFARM_ORDER_SHORTEST } FfarmOrder;

typedef struct {
    gboolean keep;                 /* -k: source kept, result beside it as NAME.EXT.tmp */
    const char *output_dir;        /* -o: results below it, sources untouched; nullable */
    const char *const *only_hosts; /* --host; nullable */
    gboolean sequential;           /* -s: one encode at a time */
    FfarmOrder order;
    /* What became of such a file (path, size, time of change) under a profile of this fingerprint before (see
     * FfarmChoice): new string in words, the reason for which it is skipped; NULL: nothing, it is encoded. Called on
     * this thread. Nullable: nothing is known. */
    char *(*recall)(const FfarmMedia *media, const char *fingerprint, gpointer user_data);
    gpointer recall_data;
    /* Finds out what @hosts (of FfarmHost) can do and puts it into @abilities (const FfarmHost* -> FfarmAbilities, a
     * reference each); called once, on this thread, before anything is decided. Nullable: nothing is known, and hosts
     * may do what their engines might. Returns: FALSE with G_IO_ERROR_CANCELLED. */
    gboolean (*learn)(const GPtrArray *hosts, GHashTable *abilities, gpointer user_data, GError **error);
    gpointer learn_data;
    guint probe_timeout_ms; /* 0: the prober's default */
    guint probe_threads;    /* 0: one per processor */
} FfarmPlanOptions;

typedef struct {
    guint id; /* place in the plan, from 0 */
    FfarmInput *input;
    FfarmMedia *media; /* never NULL */
    FfarmPlanStatus status;
    char *reason;          /* one line in words; for ENCODE what gets lost or changed, NULL: nothing */
    const FfarmRule *rule; /* that matched; nullable */
    GPtrArray *trace;      /* of FfarmVerdict; NULL when no rule was asked */
    char *profile; /* by -p or rule; a host's own profile replaces it (see the choice). NULL when not ENCODE, and
                      in a configuration without rules, where only hosts with a profile of their own take files */
    char *job_id;  /* RUNID-ID */
} FfarmPlanItem;

typedef struct {
    char *run_id;                  /* [0-9a-z]+, made new for every plan; holds 64 random bits */
    const FfarmSettings *settings; /* borrowed: outlives the plan */
    gboolean keep;    /* as asked for, or because the configuration is the built-in one and there is no -o */
    char *output_dir; /* absolute; nullable */
    gboolean sequential;
    FfarmOrder order;
    GPtrArray *items;    /* of FfarmPlanItem, in the order of the inputs */
    GPtrArray *hosts;    /* of FfarmHost: enabled (and --host) ones of every cluster used, each once; the implicit local
                            host of runs without -c among them. Owned. */
    GPtrArray *disabled; /* of FfarmHost of the same clusters that do not take part. Owned. */
    GHashTable
        *abilities; /* const FfarmHost* -> FfarmAbilities: what was known when the plan was made. Owned; nullable */
} FfarmPlan;

/* How one host would do one item. */
typedef struct FfarmChoice FfarmChoice;
struct FfarmChoice {
    const FfarmHost *host;    /* borrowed from the plan */
    const char *queue;        /* whose slot it takes; NULL: default queue. Borrowed from the host */
    gboolean any_queue;       /* TRUE: any slot of the host will do */
    const char *engine;       /* that encodes; static */
    char *device;             /* which one of the engine's; NULL: that which it takes itself */
    const char *decoder;      /* engine that decodes; static; NULL: ffmpeg itself, on the CPU */
    gboolean stays;           /* frames go from decoder to encoder without leaving the device */
    gboolean wants_proof;     /* whether the decoder can read this source is not known: to be tried before it is used */
    char **proof_options;     /* words before -i by which the decoder gives frames in its device, as a trial of it needs
                                 them; NULL without a decoder */
    char *passed_over;        /* engines of the host that come before it and can't do this, and why; NULL: none */
    FfarmProfile *profile;    /* effective: mixins and engine applied, options of its codec filled in */
    FfarmStreamPlan *streams; /* borrows from the item's media */
    const char *muxer;        /* static; never NULL: without a muxer there is no choice */
    FfarmPlacement *placement;
    char *fingerprint;        /* of the profile and mixins before the engine; see ffarm_profile_fingerprint() */
    char *destination;        /* final path of the result on this machine */
    FfarmOriginals originals; /* what becomes of the source: REPLACE, KEEP (also for -k and -o) or TRASH */
    char *trash;              /* where it goes with TRASH, with a number if that is taken; NULL: not there */
    gboolean keep_times;      /* the result gets the source's time of change */
    char **argv;              /* ffmpeg's, as it will be run but for the temporary names of the attempt */
    FfarmChoice *fallback;    /* how the same host does it if the engine or the decoder fails: with another of them, and
                                 the same queue, muxer, destination and placement; NULL: not at all. Owned */
};

/* What a choice depends on beside the plan. */
typedef struct {
    const FfarmAbilities *abilities; /* of the host; nullable: as the plan knows them */
    const char *const *full;         /* devices of the host that can take nothing now: "cuda", "cuda:1"; nullable */
    const char *const *taken; /* of those, the ones that others have had for so long that the host's next engine does
                                 better than to wait for them; nullable */
} FfarmConditions;

/* Why a host may not take an item. */
typedef struct {
    char *reason;       /* one line in words; NULL: there was no refusal */
    gboolean is_busy;   /* it may in a while: what it would use is full */
    gboolean loses_hdr; /* the result would lose what the profile says is to be kept */
} FfarmRefusal;
void ffarm_refusal_clear(FfarmRefusal *refusal);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FfarmRefusal, ffarm_refusal_clear)

/* Probes @inputs (array of FfarmInput; taken over, the array is left empty), asks the rules and finds clashes: a source
 * given twice or reached by two names (same device and inode), two sources with the same result, a result that would
 * overwrite another file.
 * @progress: nullable; called on this thread after every file.
 * Returns: new plan; NULL with FFARM_CONFIG_ERROR (unknown cluster, profile, mixin or host, named) before anything is
 * probed, or G_IO_ERROR_CANCELLED. */
FfarmPlan *ffarm_plan_new(const FfarmSettings *settings, GPtrArray *inputs, const FfarmPlanOptions *options,
                          void (*progress)(guint done, guint total, gpointer user_data), gpointer user_data,
                          GCancellable *cancellable, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_plan_free(FfarmPlan *plan); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmPlan, ffarm_plan_free)

/* How @host does @item (status ENCODE): with the first of its engines that can (the fastest, where the
 * configuration gives no order), and what to fall back on. Pure: the
 * same answer every time.
 * @conditions: nullable
 * @refusal: nullable; set when NULL is returned.
 * Returns: new choice, free with ffarm_choice_free(); NULL if the host may not take it. */
FfarmChoice *ffarm_plan_choose(const FfarmPlan *plan, const FfarmPlanItem *item, const FfarmHost *host,
                               const FfarmConditions *conditions, FfarmRefusal *refusal) G_GNUC_WARN_UNUSED_RESULT;
/* Where @choice for @item puts its files under another @job_id ([a-z0-9-]+), and ffmpeg's arguments for that
 * @placement: every attempt has names of its own, so that what an earlier one left running can't write to its files.
 * Returns: new placement, free with ffarm_placement_free(); new string array, free with g_strfreev(). */
FfarmPlacement *ffarm_choice_place(const FfarmChoice *choice, const FfarmPlan *plan, const FfarmPlanItem *item,
                                   const char *job_id) G_GNUC_WARN_UNUSED_RESULT;
char **ffarm_choice_argv(const FfarmChoice *choice, const FfarmPlacement *placement) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_choice_free(FfarmChoice *choice); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmChoice, ffarm_choice_free)

guint ffarm_plan_count(const FfarmPlan *plan, FfarmPlanStatus status);
/* "encode", "skip", "unmatched", "invalid", "unassignable". Static. */
const char *ffarm_plan_status_name(FfarmPlanStatus status);

G_END_DECLS
