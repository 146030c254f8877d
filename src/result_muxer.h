/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "profile.h"

G_BEGIN_DECLS

/* result_muxer.h — private: the muxer of a result. Pure. Threads: safe. */

/* What @profile's -f says, else what goes by the @extension ("" where there is none), else, where that is the source's,
 * what its @container (demuxer's name, nullable) is written by. Returns: static string; NULL: nobody knows. */
const char *ffarm_result_muxer(const FfarmProfile *profile, const char *extension, const char *container);

G_END_DECLS
