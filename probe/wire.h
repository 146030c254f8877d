/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* wire.h — private: values and structs as bytes, between two processes of one machine.
 *
 * Whoever reads trusts nothing: what is beyond the end, out of bounds or not of its kind marks the reader as bad, and
 * reads as 0 or NULL from then on. Nothing is allocated for a length that the bytes at hand don't bear out. Pure.
 *
 * Threads: one at a time. */

#define WIRE_MOST_NAME 256         /* bytes of a WIRE_NAME */
#define WIRE_MOST_TEXT (16 * 1024) /* bytes of a WIRE_TEXT: what is longer is cut at a character by the writer */

typedef enum {
    WIRE_BOOL,    /* gboolean */
    WIRE_INT,     /* int, or an enum */
    WIRE_UINT,    /* guint */
    WIRE_INTEGER, /* gint64 */
    WIRE_REAL,    /* double, finite */
    WIRE_NAME,    /* char *, nullable: printable ASCII, as libav's tables hold */
    WIRE_TEXT,    /* char *, nullable: UTF-8, with whatever control characters a film's title has */
    WIRE_LINE,    /* char *, nullable: UTF-8 in one line without control characters */
} WireType;

/* A member of a struct. */
typedef struct {
    WireType type;
    gsize offset;
    gint64 least, most; /* of WIRE_INT, WIRE_UINT and WIRE_INTEGER; both 0: whatever the type holds */
} WireField;

void wire_put_u8(GByteArray *bytes, guint8 value);
void wire_put_u32(GByteArray *bytes, guint32 value);
void wire_put_i64(GByteArray *bytes, gint64 value);
void wire_put_text(GByteArray *bytes, const char *text); /* NULL is legal; cut as above */
void wire_put_fields(GByteArray *bytes, gconstpointer object, const WireField *fields, gsize n_fields);

typedef struct {
    const guint8 *data;
    gsize left;
    gboolean is_bad;
} WireReader;

/* A value above @most is bad. */
guint8 wire_take_u8(WireReader *reader, guint8 most);
guint32 wire_take_u32(WireReader *reader, guint32 most);
gint64 wire_take_i64(WireReader *reader, gint64 least, gint64 most);
/* Returns: new string, NULL where the writer had none. @type: WIRE_NAME, WIRE_TEXT or WIRE_LINE. */
char *wire_take_text(WireReader *reader, WireType type) G_GNUC_WARN_UNUSED_RESULT;
/* Fills members of @object, whose strings must be NULL before. */
void wire_take_fields(WireReader *reader, gpointer object, const WireField *fields, gsize n_fields);

/* Returns: TRUE if all was good and nothing is left over. */
gboolean wire_reader_is_done(const WireReader *reader);

G_END_DECLS
