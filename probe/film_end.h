/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "av_input.h"

G_BEGIN_DECLS

/* film_end.h — private: where the packets of a file really end. */

/* Seeks to the last place the index knows before @duration_us and reads on to the file's end, within bounds.
 * Returns: the end of the last packet in microseconds from the film's start; 0 if it could not be found cheaply. */
gint64 film_end_by_index(AvInput *input, gint64 duration_us);

/* Opens the file of @path anew by the same demuxer and reads all packets, for at most half of the time that is left.
 * Returns: the end of the last packet in microseconds from the film's start; 0 if the end was not reached. */
gint64 film_end_by_reading(AvInput *input, const char *path);

G_END_DECLS
