/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* sessions.h — how many encoders are open, over all processes of the machine. */

/* Takes a place. Returns: its file descriptor, to be closed; -1: all are taken. */
int sessions_take(void);
/* A line in the log. */
void sessions_note(const char *event);
