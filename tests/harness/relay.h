/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* relay.h — a network line that fails on command: whoever connects to the relay's port on 127.0.0.1 is connected to
 * another one, until the line is cut or falls silent.
 *
 * Threads: a relay may be used from any thread; relay_stop() by one, when no other uses it any more. */

typedef enum {
    RELAY_TO_SERVER,
    RELAY_TO_CLIENT,
} RelayWay;

typedef enum {
    RELAY_CUT,   /* both sides see the end of the connection */
    RELAY_STALL, /* nothing passes any more in either way, and nobody is told */
} RelayFault;

typedef struct Relay Relay;

/* Returns: a relay to @address, @port that passes everything; give it to relay_stop(). Aborts if it can't listen. */
Relay *relay_start(const char *address, guint port);
void relay_stop(Relay *relay); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Relay, relay_stop)

guint relay_port(const Relay *relay);

/* From now on a connection fails once so many bytes passed it in @way since it began (those that exceed them don't
 * pass). @times: so many connections, old ones included; then everything passes again. */
void relay_fail_after(Relay *relay, RelayFault fault, RelayWay way, gint64 bytes, guint times);
/* Cuts what is connected at present. */
void relay_cut_now(Relay *relay);
/* Refuses new connections, or no longer. */
void relay_refuse(Relay *relay, gboolean is_refusing);

/* Connections so far, and bytes that passed in @way on all of them. */
guint relay_connections(Relay *relay);
gint64 relay_bytes(Relay *relay, RelayWay way);

G_END_DECLS
