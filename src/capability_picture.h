/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include "capability_class.h"

G_BEGIN_DECLS

/* capability_picture.h — the result of a trial encode, looked at on this machine. Threads: safe. */

/* The film that a trial encodes, as an input of ffmpeg's lavfi. */
#define FFARM_TRIAL_SOURCE "testsrc2=s=1920x1080:r=25:d=0.4"

/* Reads @path, and has @ffmpeg compare it with FFARM_TRIAL_SOURCE.
 * @picture: out; pix_fmt is static or NULL; all 0 for what is no film
 * Returns: FALSE only with G_IO_ERROR_CANCELLED. */
gboolean ffarm_trial_picture_read(const char *path, const char *ffmpeg, FfarmTrialPicture *picture,
                                  GCancellable *cancellable, GError **error);

G_END_DECLS
