/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "job.h"
#include "plan.h"

G_BEGIN_DECLS

/* journal.h — what runs have done and are doing, on disk: a database that survives this process and a power cut, so
 * that the next start can finish or undo what was left half-done, and nothing is encoded twice.
 *
 * What guards an act (the traces of an attempt, the steps of a replacement, a job's end) is on the disk when the call
 * returns; the rest is there once something after it is, or after a moment.
 *
 * Threads: safe; any number of processes may use one journal at once. Calls are short, but may wait for the disk.
 * NULL is a legal journal everywhere: nothing is noted, nothing is known, every call succeeds.
 * Errors:  G_IO_ERROR; the message begins with the journal's path. */

typedef struct FfarmJournal FfarmJournal;

/* Opens journal.db in @folder, which is made (mode 0700) if it is missing; NULL: $XDG_STATE_HOME/ffarm. An older form
 * is brought up to date. A damaged one is moved aside, and a new one begun: @notice (nullable) then gets a new string
 * that says so, else NULL. Returns: new journal, free with ffarm_journal_free(); NULL with @error if it can't be
 * written to, or was made by a newer ffarm. */
FfarmJournal *ffarm_journal_open(const char *folder, char **notice, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* FALSE if no journal is there; TRUE if one is, or that can't be told; @folder as above. */
gboolean ffarm_journal_exists(const char *folder);
/* Also lets go of every lock. */
void ffarm_journal_free(FfarmJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmJournal, ffarm_journal_free)

/* --- runs --- */

/* How a run was asked for, so that it can be resumed. */
typedef struct {
    const char *const *argv; /* NULL-terminated, program first */
    const char *directory;   /* current folder then */
    const char *config;      /* absolute path; NULL: the built-in configuration */
} FfarmRunOrigin;

/* Notes a run and all jobs of @plan as queued, and holds the run's lock from here on: it tells others that the run
 * lives.
 * @predecessor: run whose open jobs this one takes over (those with the same path); nullable. */
gboolean ffarm_journal_begin_run(FfarmJournal *journal, const FfarmPlan *plan, const FfarmRunOrigin *origin,
                                 const char *predecessor, GError **error);
/* Notes that it came to an end of its own, gives its locks back, and forgets what is too old (90 days, 1000 runs, as
 * many as hold a million jobs). */
gboolean ffarm_journal_end_run(FfarmJournal *journal, const char *run_id, GError **error);

/* Notes @job as it stands now. What came to a good end is remembered, so that neither the source nor the result is
 * encoded so again (see ffarm_journal_recall()). */
gboolean ffarm_journal_note_job(FfarmJournal *journal, const char *run_id, const FfarmJob *job, GError **error);

/* --- locks --- */

/* Two processes never work on one film: takes the lock on the file with this device and inode until it is given back or
 * the process ends, however it ends.
 * Returns: FALSE if somebody else holds it (also another run of this process). */
gboolean ffarm_journal_lock_file(FfarmJournal *journal, guint64 device, guint64 inode);
void ffarm_journal_unlock_file(FfarmJournal *journal, guint64 device, guint64 inode);
/* The same for a name under which a result is to be put. */
gboolean ffarm_journal_lock_path(FfarmJournal *journal, const char *path);
void ffarm_journal_unlock_path(FfarmJournal *journal, const char *path);

/* --- traces: what an attempt leaves behind if nobody cleans up --- */

typedef struct {
    const char *run_id;
    guint item;
    const char *attempt; /* the name that all its files and folders carry: RUN-ITEM-N-NONCE */
    const char *cluster; /* of the host; nullable */
    const char *host;    /* name */
    const char *here;    /* path of the temporary result on this machine; NULL: gone */
    const char *there;   /* folder or file on the host, in its spelling; NULL: gone */
    gboolean is_folder;  /* @there is one */
} FfarmTrace;

typedef enum {
    FFARM_TRACE_HERE = 1 << 0,
    FFARM_TRACE_THERE = 1 << 1,
} FfarmTracePart;

/* Notes what is about to be made. @id: gets a number to strike it by. */
gboolean ffarm_journal_add_trace(FfarmJournal *journal, const FfarmTrace *trace, gint64 *id, GError **error);
/* Strikes the parts (FfarmTracePart) that are gone. */
gboolean ffarm_journal_strike_trace(FfarmJournal *journal, gint64 id, guint parts, GError **error);

/* --- replacements on their way --- */

/* Notes how far the replacement for an item has come, before each of its acts and after the last.
 * @record: a text that is given back as it is; NULL: it is over, or was never begun. */
gboolean ffarm_journal_note_replacement(FfarmJournal *journal, const char *run_id, guint item, const char *record,
                                        GError **error);

/* --- what is known of a file --- */

/* What runs have done with the file @path, or one that began like it, of this size and time of change under a profile
 * of this fingerprint.
 * Returns: new string in words ("was below the threshold on 2026-11-20"); NULL: nothing that speaks against doing it.
 */
char *ffarm_journal_recall(FfarmJournal *journal, const char *path, gint64 size_bytes, gint64 mtime_ns,
                           const char *fingerprint) G_GNUC_WARN_UNUSED_RESULT;

/* --- what hosts were found to do --- */

/* A machine is a text that says which host it is and with what ffmpeg, driver and kernel (FfarmAbilities.machine): what
 * was found counts as long as that is the same; what it can do for seven days, what it can't for one. Nothing is kept,
 * or found, of NULL. */

/* Keeps what is lasting of @row (ffarm_capability_is_lasting()). What is busy changes nothing; anything else takes
 * away what was kept of the same trial. */
gboolean ffarm_journal_note_capability(FfarmJournal *journal, const char *machine, const FfarmCapability *row,
                                       GError **error);
gboolean ffarm_journal_note_decode_capability(FfarmJournal *journal, const char *machine,
                                              const FfarmDecodeCapability *row, GError **error);
/* Adds what is known of @machine to @abilities, which nobody shares yet. What it does not understand it leaves out. */
gboolean ffarm_journal_find_capabilities(FfarmJournal *journal, const char *machine, FfarmAbilities *abilities,
                                         GError **error);
/* A job showed otherwise, or may have: what was found of this is to be tried again.
 * @device: NULL: of any; @codec: NULL, @depth: 0: of all of them */
gboolean ffarm_journal_forget_capability(FfarmJournal *journal, const char *machine, const char *engine,
                                         const char *device, const char *codec, int depth, GError **error);
/* The same for decoding. @device: NULL: of any; @codec: NULL: all sources; else @profile and @pix_fmt are its own,
 * nullable */
gboolean ffarm_journal_forget_decode_capability(FfarmJournal *journal, const char *machine, const char *engine,
                                                const char *device, const char *codec, const char *profile,
                                                const char *pix_fmt, GError **error);

/* --- how fast hosts were --- */

/* Notes that an encode on @host was as fast as @measured says (its runs are not looked at). What is kept is a mean that
 * follows changes: the eighth encode of a kind and every later one count for an eighth. It is what a slot gets: several
 * encodes at once on a host share its speed. */
gboolean ffarm_journal_note_speed(FfarmJournal *journal, const FfarmHost *host, const FfarmSpeed *measured,
                                  GError **error);
/* What is known of @host, as FfarmAbilities has it. Returns: new array of FfarmSpeed, which frees them; empty if nothing
 * is, or it can't be read. */
GPtrArray *ffarm_journal_list_speeds(FfarmJournal *journal, const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;
/* A copy of @abilities (NULL: nothing is known) with these speeds of @host instead of its own. Returns: new abilities,
 * give back with ffarm_abilities_unref(). */
FfarmAbilities *ffarm_journal_add_speeds(FfarmJournal *journal, const FfarmHost *host,
                                         const FfarmAbilities *abilities) G_GNUC_WARN_UNUSED_RESULT;

/* --- history --- */

typedef struct {
    char *id;
    gint64 begin_us, end_us; /* since 1970; end: 0 if it has not come to one */
    gint64 pid;
    char *machine; /* tells apart machines, boots and containers */
    char **argv;
    char *directory;
    char *config; /* nullable */
    gboolean is_live;
    guint counts[FFARM_JOB_CANCELLED + 1]; /* jobs by state, without those that a later run took over */
    guint taken_over;                      /* jobs that a later run took over */
    gint64 source_bytes, output_bytes;     /* of done and kept jobs */
} FfarmRunRecord;

/* TRUE if it is over and left jobs that were not begun, broken off or cancelled. */
gboolean ffarm_run_record_is_unfinished(const FfarmRunRecord *record);

typedef struct {
    guint item;
    char *path, *relative;
    char *cluster, *given_profile; /* as the command line said; nullable */
    char **mixins;                 /* nullable */
    char *list, *list_name;        /* list that named it, and how; nullable */
    FfarmJobState state;
    char *successor; /* run that took it over; nullable */
    guint attempts;
    char *profile, *host, *engine; /* of the last attempt; nullable */
    char *output;                  /* nullable */
    gint64 source_bytes, output_bytes, elapsed_us;
    char *reason; /* why it failed or was skipped; nullable */
    char *log;    /* nullable */
    gint64 changed_us;
} FfarmJobRecord;

void ffarm_run_record_free(FfarmRunRecord *record); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmRunRecord, ffarm_run_record_free)
void ffarm_job_record_free(FfarmJobRecord *record); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmJobRecord, ffarm_job_record_free)

/* Returns: new array of FfarmRunRecord, the last run first; NULL with @error. */
GPtrArray *ffarm_journal_runs(FfarmJournal *journal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sends the signal @number to the process of the run that @record tells of, if it still lives and is on this machine.
 * Returns: FALSE with @error if it does not, or may not be signalled. */
gboolean ffarm_journal_signal_run(FfarmJournal *journal, const FfarmRunRecord *record, int number, GError **error);
/* Returns: new array of FfarmJobRecord in the order of the plan; empty for an unknown run. */
GPtrArray *ffarm_journal_jobs(FfarmJournal *journal, const char *run_id, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
