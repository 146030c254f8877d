/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host.h"

G_BEGIN_DECLS

/* device_book.h — who uses which device of which host, and how many it takes at once: what the configuration says, and
 * what it turned out to be. No I/O, keeps no clock.
 *
 * A device that was in use by others says nothing of how many it takes. With sessions of ours on it, that many are its
 * limit until some of them have ended well: then one more is tried, and if that is too many again, it takes twice as
 * long until the next try. Without any it is left alone, for longer each time.
 *
 * Threads: one at a time. */

typedef struct FfarmDeviceBook FfarmDeviceBook;

FfarmDeviceBook *ffarm_device_book_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_device_book_free(FfarmDeviceBook *book); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmDeviceBook, ffarm_device_book_free)

/* "cuda", "cuda:1". Returns: new string. */
char *ffarm_device_name(const char *engine, const char *device) G_GNUC_WARN_UNUSED_RESULT;

/* An encode of ours begins, or ends, on @host's device of @engine (@device NULL: that which the engine takes itself).
 * @host is borrowed, and told from others by its address. */
void ffarm_device_book_take(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *device);
void ffarm_device_book_give_back(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *device);

/* One of ours got a session there, and frames come out of it. Returns: TRUE if it had been in use when it was last
 * tried. */
gboolean ffarm_device_book_note_begun(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                      const char *device);
/* How many of ours have ever begun on the device called @name. */
guint ffarm_device_book_count_begun(const FfarmDeviceBook *book, const FfarmHost *host, const char *name);
/* TRUE if some of ours are there now. */
gboolean ffarm_device_book_is_used(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                   const char *device);
/* One of ours went well there (and is given back by itself). Returns: TRUE if it may take more than it seemed to. */
gboolean ffarm_device_book_note_good(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                     const char *device);

/* What came of a device in use. */
typedef struct {
    guint limit;     /* encodes of ours that it takes at once, as it seems; 0: none, it is closed */
    guint tries;     /* of closed ones: how often in a row that was found */
    gint64 until_us; /* of closed ones: to be tried again then */
} FfarmDeviceBusy;

/* One of ours, which is given back already, found it in use. @pause_us: for tests, instead of the growing pauses; 0:
 * those. */
FfarmDeviceBusy ffarm_device_book_note_busy(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                            const char *device, gint64 now_us, gint64 pause_us);
/* Found in use so often in a row, with growing pauses about an hour, that nobody needs to wait for it any longer. */
#define FFARM_DEVICE_MAX_TRIES 18

/* The devices of @host that can take nothing more at @now_us, as FfarmConditions wants them ("cuda", "cuda:1").
 * Returns: new string array, free with g_strfreev(); NULL: every one can. */
char **ffarm_device_book_full(const FfarmDeviceBook *book, const FfarmHost *host,
                              gint64 now_us) G_GNUC_WARN_UNUSED_RESULT;
/* Found in use so often in a row, with growing pauses about five minutes, that a host with another engine does not wait
 * for it. */
#define FFARM_DEVICE_PATIENT_TRIES 7

/* The devices of @host, as above, that others have had for so long: they are among the full ones for as long as they
 * are closed, and are tried again then. Returns: new string array, free with g_strfreev(); NULL: none. */
char **ffarm_device_book_taken(const FfarmDeviceBook *book, const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;
/* When the next closed device is to be tried again; -1: none is closed at @now_us. */
gint64 ffarm_device_book_next_us(const FfarmDeviceBook *book, gint64 now_us);

G_END_DECLS
