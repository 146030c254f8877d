/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* text.h — facts as people read them. Pure but for cli_text_path(). Threads: safe. Each returns a new string if
 * nothing else is said. */

/* @text without anything that could drive a terminal or turn the direction of writing: control and format characters,
 * line separators and bytes that are not UTF-8 appear as \n, \t, \x1b, \u202e. The rest is as it was. */
char *cli_text_plain(const char *text) G_GNUC_WARN_UNUSED_RESULT;
/* The same for a text of several lines: line breaks and tabs stay. */
char *cli_text_plain_lines(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* The path @path, made harmless; without the current folder in front where it lies below that. */
char *cli_text_path(const char *path) G_GNUC_WARN_UNUSED_RESULT;
/* What @message says behind "PATH: ", for a line that begins with the path already; all of it if it does not begin so.
 * Points into @message. */
const char *cli_text_behind_path(const char *message, const char *path) G_GNUC_WARN_UNUSED_RESULT;

char *cli_text_size(gint64 bytes) G_GNUC_WARN_UNUSED_RESULT;           /* "812 B", "1.4 GiB"; "?" below 0 */
char *cli_text_bitrate(gint64 bits) G_GNUC_WARN_UNUSED_RESULT;         /* "640 kbit/s", "6.5 Mbit/s" */
char *cli_text_duration(gint64 duration_us) G_GNUC_WARN_UNUSED_RESULT; /* "1:32:05", "0:07" */

G_END_DECLS
