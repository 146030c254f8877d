/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "engine.h"
#include "journal_private.h"

#define YES_US (7 * G_TIME_SPAN_DAY)
#define NO_US G_TIME_SPAN_DAY
#define MOST_TEXT 4096

static gint64 when_proved(gint64 proved_us)
{
    return proved_us > 0 ? proved_us : g_get_real_time();
}

/* Keys have no nulls: two of those are never the same. */
static const char *key(const char *text)
{
    return text ? text : "";
}

/* What of a class that was found anew is to be done with what is kept. */
typedef enum { KEEP, LEAVE, FORGET } Fate;

static Fate fate_of(FfarmCapabilityClass class_)
{
    if (ffarm_capability_is_lasting(class_))
        return KEEP;
    return ffarm_capability_verdict(class_) == FFARM_CAPABILITY_BUSY ? LEAVE : FORGET;
}

gboolean ffarm_journal_note_capability(FfarmJournal *journal, const char *machine, const FfarmCapability *row,
                                       GError **error)
{
    Fate fate = fate_of(row->class_);
    if (!journal || !machine || fate == LEAVE)
        return TRUE;
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_SOON, error))
        return FALSE;
    /* What is too old is of no use to anybody, nor are hosts that are no more. */
    gboolean is_good = ffarm_journal_execute(journal, error, "DELETE FROM encoders WHERE proved_us < ?", "i",
                                             g_get_real_time() - YES_US);
    if (is_good && fate == KEEP)
        is_good = ffarm_journal_execute(journal, error,
                                        "INSERT OR REPLACE INTO encoders (machine, engine, device, codec, depth, class,"
                                        " words, command, driver, elapsed_us, proved_us)"
                                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                                        "ttttittttii", machine, row->engine, key(row->device), key(row->codec),
                                        (gint64)row->depth, ffarm_capability_class_name(row->class_), row->words,
                                        row->command, row->driver, row->elapsed_us, when_proved(row->proved_us));
    else if (is_good)
        is_good =
            ffarm_journal_execute(journal, error,
                                  "DELETE FROM encoders WHERE machine = ? AND engine = ? AND device = ?"
                                  " AND codec = ? AND depth = ?",
                                  "tttti", machine, row->engine, key(row->device), key(row->codec), (gint64)row->depth);
    return ffarm_journal_end(journal, is_good, error);
}

gboolean ffarm_journal_note_decode_capability(FfarmJournal *journal, const char *machine,
                                              const FfarmDecodeCapability *row, GError **error)
{
    Fate fate = fate_of(row->class_);
    if (!journal || !machine || fate == LEAVE)
        return TRUE;
    if (fate == FORGET)
        return ffarm_journal_forget_decode_capability(journal, machine, row->engine, row->device, row->codec,
                                                      row->profile, row->pix_fmt, error);
    if (!ffarm_journal_begin(journal, FFARM_COMMIT_SOON, error))
        return FALSE;
    gboolean is_good =
        ffarm_journal_execute(journal, error, "DELETE FROM decoders WHERE proved_us < ?", "i",
                              g_get_real_time() - YES_US) &&
        ffarm_journal_execute(journal, error,
                              "INSERT OR REPLACE INTO decoders (machine, engine, device, codec, profile, pix_fmt,"
                              " class, words, proved_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                              "tttttttti", machine, row->engine, key(row->device), key(row->codec), key(row->profile),
                              key(row->pix_fmt), ffarm_capability_class_name(row->class_), row->words,
                              when_proved(row->proved_us));
    return ffarm_journal_end(journal, is_good, error);
}

/* --- what is known --- */

/* What a row holds may be damaged, or a newer ffarm's. Returns: new string; NULL for null, and for "" in a key. */
static char *take_text(sqlite3_stmt *row, int column)
{
    g_autofree char *bytes = ffarm_row_bytes(row, column);
    if (!bytes || !*bytes)
        return NULL;
    bytes[MIN(strlen(bytes), MOST_TEXT)] = '\0';
    return g_utf8_make_valid(bytes, -1);
}

static const char *take_engine(sqlite3_stmt *row, int column)
{
    g_autofree char *name = take_text(row, column);
    const FfarmEngine *engine = name ? ffarm_engine_find(name) : NULL;
    return engine ? engine->name : NULL;
}

/* Returns: FALSE for what is not understood, not lasting, too old, or of a time to come. */
static gboolean take_class(sqlite3_stmt *row, int class_column, int proved_column, FfarmCapabilityClass *class_,
                           gint64 *proved_us)
{
    g_autofree char *name = take_text(row, class_column);
    gint64 now_us = g_get_real_time();
    *proved_us = sqlite3_column_int64(row, proved_column);
    if (!ffarm_capability_class_find(name, class_) || !ffarm_capability_is_lasting(*class_))
        return FALSE;
    gint64 oldest_us = now_us - (*class_ == FFARM_CAPABILITY_PROVED ? YES_US : NO_US);
    return *proved_us >= oldest_us && *proved_us <= now_us;
}

static void take_encoder(sqlite3_stmt *row, gpointer user_data)
{
    static const char *const codecs[] = {"h264", "hevc", "av1"};
    FfarmAbilities *abilities = user_data;
    g_autofree char *codec = take_text(row, 2);
    FfarmCapability found = {.engine = take_engine(row, 0), .depth = (int)sqlite3_column_int64(row, 3)};
    for (guint i = 0; codec && i < G_N_ELEMENTS(codecs); i++)
        if (strcmp(codec, codecs[i]) == 0)
            found.codec = codecs[i];
    if (!found.engine || !found.codec || (found.depth != 8 && found.depth != 10) ||
        !take_class(row, 4, 9, &found.class_, &found.proved_us))
        return;
    found.device = take_text(row, 1);
    found.words = take_text(row, 5);
    found.command = take_text(row, 6);
    found.driver = take_text(row, 7);
    found.elapsed_us = MAX(sqlite3_column_int64(row, 8), 0);
    g_ptr_array_add(abilities->encoders, g_memdup2(&found, sizeof(found)));
}

static void take_decoder(sqlite3_stmt *row, gpointer user_data)
{
    FfarmAbilities *abilities = user_data;
    FfarmDecodeCapability found = {.engine = take_engine(row, 0)};
    if (!found.engine || !take_class(row, 5, 7, &found.class_, &found.proved_us))
        return;
    found.device = take_text(row, 1);
    found.codec = take_text(row, 2);
    found.profile = take_text(row, 3);
    found.pix_fmt = take_text(row, 4);
    found.words = take_text(row, 6);
    g_ptr_array_add(abilities->decoders, g_memdup2(&found, sizeof(found)));
}

gboolean ffarm_journal_find_capabilities(FfarmJournal *journal, const char *machine, FfarmAbilities *abilities,
                                         GError **error)
{
    if (!journal || !machine)
        return TRUE;
    if (!abilities->encoders)
        abilities->encoders = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_capability_free);
    return ffarm_journal_query(journal, take_encoder, abilities, error,
                               "SELECT engine, device, codec, depth, class, words, command, driver, elapsed_us,"
                               " proved_us FROM encoders WHERE machine = ? LIMIT 1000",
                               "t", machine) &&
           ffarm_journal_query(journal, take_decoder, abilities, error,
                               "SELECT engine, device, codec, profile, pix_fmt, class, words, proved_us FROM decoders"
                               " WHERE machine = ? LIMIT 1000",
                               "t", machine);
}

/* --- what is no longer believed --- */

gboolean ffarm_journal_forget_capability(FfarmJournal *journal, const char *machine, const char *engine,
                                         const char *device, const char *codec, int depth, GError **error)
{
    return !machine || ffarm_journal_do(journal, FFARM_COMMIT_SOON, error,
                                        "DELETE FROM encoders WHERE machine = ? AND engine = ? AND ? IN ('', device)"
                                        " AND ? IN ('', codec) AND ? IN (0, depth)",
                                        "tttti", machine, engine, key(device), key(codec), (gint64)depth);
}

gboolean ffarm_journal_forget_decode_capability(FfarmJournal *journal, const char *machine, const char *engine,
                                                const char *device, const char *codec, const char *profile,
                                                const char *pix_fmt, GError **error)
{
    return !machine || ffarm_journal_do(journal, FFARM_COMMIT_SOON, error,
                                        "DELETE FROM decoders WHERE machine = ? AND engine = ? AND ? IN ('', device)"
                                        " AND (? = '' OR (codec = ? AND profile = ? AND pix_fmt = ?))",
                                        "ttttttt", machine, engine, key(device), key(codec), key(codec), key(profile),
                                        key(pix_fmt));
}
