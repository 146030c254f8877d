/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* file_attributes.h — makes a file look like another one. Threads: safe. */

/* Gives the open file @to owner, group, permissions, POSIX ACL, user's extended attributes and SELinux label of the
 * open file @from, and the time of its last change if @keep_times, as far as the user may and the file system can.
 * Checksums and capabilities, which belong to the content, stay behind.
 * @name:    of @to, for remarks
 * @remarks: of char*; nullable; what could not be kept, one line in words each */
void ffarm_attributes_copy(int from, int to, gboolean keep_times, const char *name, GPtrArray *remarks);

G_END_DECLS
