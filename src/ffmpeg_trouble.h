/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* ffmpeg_trouble.h — which kind of trouble a line that ffmpeg printed tells of. Pure. Threads: safe. */

typedef enum {
    FFARM_TROUBLE_SPACE, /* no space left, quota */
    FFARM_TROUBLE_MEMORY,
    FFARM_TROUBLE_DEVICE,  /* the encoder's or decoder's device is not there, busy or sick; or its driver is */
    FFARM_TROUBLE_LACKING, /* this ffmpeg, or its device, has no such encoder, filter, option, picture size, ... */
    FFARM_TROUBLE_STOPPED, /* a signal told ffmpeg to end */
    FFARM_TROUBLE_OUTPUT,  /* the output can't be opened or written */
    FFARM_TROUBLE_READING, /* the input can't be opened or read: disk, network, permissions */
    FFARM_TROUBLE_DAMAGED, /* the input was read, but ends too early or can't be decoded everywhere */
    FFARM_N_TROUBLES,
} FfarmTrouble;

/* @output: the file that ffmpeg writes, as it was called there; nullable. What is said of it is no trouble with the
 * input. Returns: FALSE if @line tells of none. */
gboolean ffarm_trouble_find(const char *line, const char *output, FfarmTrouble *trouble);

G_END_DECLS
