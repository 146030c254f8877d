/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

/* bytes.h — private: numbers out of unaligned bytes. */

static inline guint32 bytes_be32(const guint8 *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_BE(value);
}

static inline guint64 bytes_be64(const guint8 *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_BE(value);
}

static inline guint32 bytes_le32(const guint8 *bytes)
{
    guint32 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT32_FROM_LE(value);
}

static inline guint64 bytes_le64(const guint8 *bytes)
{
    guint64 value;
    memcpy(&value, bytes, sizeof value);
    return GUINT64_FROM_LE(value);
}

G_END_DECLS
