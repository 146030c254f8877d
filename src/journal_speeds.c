/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine.h"
#include "journal_private.h"

/* So many encodes the mean goes by at most: a host that has become faster or slower is believed after as many. */
#define MEMORY "8"

gboolean ffarm_journal_note_speed(FfarmJournal *journal, const FfarmHost *host, const FfarmSpeed *measured,
                                  GError **error)
{
    if (!journal)
        return TRUE;
    return ffarm_journal_do(journal, FFARM_COMMIT_SOON, error,
                            "INSERT INTO speeds (cluster, host, engine, decoder, codec, height, fps, runs, measured_us)"
                            " VALUES (?, ?, ?, ?, ?, ?, ? / 1000000.0, 1, ?) ON CONFLICT DO UPDATE SET"
                            " fps = fps + (excluded.fps - fps) / min(runs + 1, " MEMORY "),"
                            " runs = runs + 1, measured_us = excluded.measured_us",
                            "tttttiii", host->cluster ? host->cluster : "", host->name, measured->engine,
                            measured->decoder ? measured->decoder : "", measured->codec, (gint64)measured->height,
                            (gint64)(measured->fps * 1000000), g_get_real_time());
}

/* What another version of ffarm may have noted is passed over. */
static void take_speed(sqlite3_stmt *row, gpointer user_data)
{
    g_autofree char *engine = ffarm_row_bytes(row, 0), *decoder = ffarm_row_bytes(row, 1);
    g_autofree char *codec = ffarm_row_bytes(row, 2);
    const FfarmEngine *encodes = ffarm_engine_find(engine), *decodes = ffarm_engine_find(decoder);
    FfarmSpeed speed = {
        .engine = encodes ? encodes->name : NULL,
        .decoder = decodes ? decodes->name : NULL,
        .codec = codec ? g_intern_string(codec) : NULL,
        .height = sqlite3_column_int(row, 3),
        .fps = sqlite3_column_double(row, 4),
        .runs = (guint)MAX(sqlite3_column_int(row, 5), 0),
    };
    gboolean is_understood = encodes && (decodes || !decoder || !*decoder) && codec;
    if (is_understood && speed.height == ffarm_abilities_height_class(speed.height) && speed.fps > 0)
        g_ptr_array_add(user_data, g_memdup2(&speed, sizeof speed));
}

GPtrArray *ffarm_journal_list_speeds(FfarmJournal *journal, const FfarmHost *host)
{
    GPtrArray *speeds = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    if (journal && !ffarm_journal_query(journal, take_speed, speeds, &error,
                                        "SELECT engine, decoder, codec, height, fps, runs FROM speeds"
                                        " WHERE cluster = ? AND host = ?",
                                        "tt", host->cluster ? host->cluster : "", host->name))
        g_debug("%s", error->message);
    return speeds;
}

FfarmAbilities *ffarm_journal_add_speeds(FfarmJournal *journal, const FfarmHost *host, const FfarmAbilities *abilities)
{
    FfarmAbilities *known = ffarm_abilities_copy(abilities);
    g_ptr_array_unref(known->speeds);
    known->speeds = ffarm_journal_list_speeds(journal, host);
    return known;
}
