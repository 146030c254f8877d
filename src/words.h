/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* words.h — private: splits text into words as a POSIX shell does, without expanding anything. Pure. Threads: safe. */

/* Single quotes keep everything, double quotes all but \" \\ \$ \` and an escaped line break, a backslash the next
 * character.
 * @has_comments: a '#' at the beginning of a word begins a comment that ends with the line
 * @wrong_offset: gets where the quote (or lone backslash) stands that nothing closes
 * Returns: NULL-terminated words, free with g_strfreev(); NULL if a quote is not closed. */
char **ffarm_words_split(const char *text, gboolean has_comments, gsize *wrong_offset) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
