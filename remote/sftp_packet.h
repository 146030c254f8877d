/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* sftp_packet.h — the binary form of SFTP version 3, as OpenSSH speaks it. Private to remote/. Pure.
 *
 * Threads: one at a time. */

enum {
    SFTP_INIT = 1,
    SFTP_VERSION = 2,
    SFTP_OPEN = 3,
    SFTP_CLOSE = 4,
    SFTP_READ = 5,
    SFTP_WRITE = 6,
    SFTP_LSTAT = 7,
    SFTP_FSTAT = 8,
    SFTP_OPENDIR = 11,
    SFTP_READDIR = 12,
    SFTP_REMOVE = 13,
    SFTP_MKDIR = 14,
    SFTP_RMDIR = 15,
    SFTP_STAT = 17,
    SFTP_RENAME = 18,
    SFTP_STATUS = 101,
    SFTP_HANDLE = 102,
    SFTP_DATA = 103,
    SFTP_NAME = 104,
    SFTP_ATTRS = 105,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY = 201,
};

/* Status codes that mean something to us. */
enum {
    SFTP_OK = 0,
    SFTP_EOF = 1,
    SFTP_NO_SUCH_FILE = 2,
    SFTP_PERMISSION_DENIED = 3,
    SFTP_FAILURE = 4,
    SFTP_UNSUPPORTED = 8,
};

enum { SFTP_OPEN_READ = 0x01, SFTP_OPEN_WRITE = 0x02, SFTP_OPEN_CREATE = 0x08, SFTP_OPEN_TRUNCATE = 0x10 };

#define SFTP_PACKET_LIMIT (256 * 1024) /* longer ones are a fault of the other side */

/* Writing: begin, put, end. */
void sftp_packet_begin(GByteArray *packet, guint8 type); /* appends; the length is filled in by the end */
void sftp_packet_put_u32(GByteArray *packet, guint32 value);
void sftp_packet_put_u64(GByteArray *packet, guint64 value);
void sftp_packet_put_data(GByteArray *packet, gconstpointer data, gsize length); /* with its length in front */
void sftp_packet_put_text(GByteArray *packet, const char *text);
/* No attributes, or permissions only (@mode != 0). */
void sftp_packet_put_attributes(GByteArray *packet, guint32 mode);
void sftp_packet_end(GByteArray *packet, gsize start); /* @start: its length before sftp_packet_begin() */

/* Reading from one packet. Whatever is beyond its end reads as 0 and sets is_short. */
typedef struct {
    const guint8 *data;
    gsize left;
    gboolean is_short;
} SftpReader;

guint8 sftp_reader_u8(SftpReader *reader);
guint32 sftp_reader_u32(SftpReader *reader);
guint64 sftp_reader_u64(SftpReader *reader);
/* Returns: the bytes, borrowed from the packet. */
const guint8 *sftp_reader_data(SftpReader *reader, gsize *length);

typedef struct {
    gboolean has_size, has_mode;
    guint64 size_bytes;
    guint32 mode; /* as st_mode */
} SftpAttributes;

void sftp_reader_attributes(SftpReader *reader, SftpAttributes *attributes);

G_END_DECLS
