/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* host.h — a machine that encodes: plain data, as the configuration gives it.
 *
 * Threads: immutable once the settings are loaded; may be read from any thread. */

typedef enum {
    FFARM_HOST_LOCAL,     /* this machine */
    FFARM_HOST_MOUNTED,   /* reaches the sources through a file system of its own (NFS, SMB) */
    FFARM_HOST_STREAMING, /* shares nothing: files are copied there and back */
} FfarmHostType;

typedef enum {
    FFARM_OS_UNKNOWN, /* to be detected */
    FFARM_OS_LINUX,   /* Linux, BSD and anything else with a POSIX shell */
    FFARM_OS_MACOS,
    FFARM_OS_WINDOWS,
} FfarmOs;

typedef enum {
    FFARM_HOST_KEY_STRICT,     /* only a key that known_hosts holds */
    FFARM_HOST_KEY_ACCEPT_NEW, /* an unknown host's key is added to known_hosts; a changed one is refused all the same
                                */
} FfarmHostKeyPolicy;

typedef enum {
    FFARM_TRANSPORT_AUTO, /* libssh2, and OpenSSH's client where libssh2 can't */
    FFARM_TRANSPORT_LIBSSH2,
    FFARM_TRANSPORT_OPENSSH,
} FfarmTransport;

typedef struct {
    char *src;  /* prefix on the manager */
    char *dest; /* what stands for it on the host */
} FfarmSubstitution;

typedef struct {
    char *name;  /* NULL: the default queue */
    guint slots; /* encodes at once, > 0 */
} FfarmQueue;

/* One of the host's devices that encode. */
typedef struct {
    char *engine; /* "cuda", ... */
    char *name;   /* "1", "/dev/dri/renderD129"; NULL: the one that the engine takes itself */
    guint slots;  /* encodes at once, > 0 */
} FfarmDevice;

typedef struct {
    char *cluster; /* NULL: the implicit cluster of a run without -c */
    char *name;
    FfarmHostType type;
    FfarmOs os;
    char *address;  /* name, address or Host alias of ~/.ssh/config; NULL for local hosts */
    guint port;     /* 0: what ~/.ssh/config says, else 22 */
    char *user;     /* NULL: what ~/.ssh/config says, else the user's own name */
    char *identity; /* private key file; NULL: agent, then what OpenSSH would try */
    FfarmHostKeyPolicy host_key;
    FfarmTransport transport;
    char *ssh;                /* OpenSSH's client on the manager; never NULL */
    char *ffmpeg;             /* there; never NULL */
    char *working_dir;        /* there; NULL unless given */
    GPtrArray *substitutions; /* of FfarmSubstitution, in order */
    char *profile;            /* nullable: profile for everything on this host */
    char **profiles;          /* nullable: the profiles allowed here */
    GPtrArray *queues;  /* of FfarmQueue; never empty once loaded: one default queue of one slot if none is given */
    char **engines;     /* nullable (auto): in order of preference */
    GPtrArray *devices; /* of FfarmDevice, in order; empty: each engine's own, with no other limit than the slots */
    gboolean is_enabled;
} FfarmHost;

/* Returns: a host with the defaults of the configuration language, free with ffarm_host_free(). */
FfarmHost *ffarm_host_new(const char *cluster, const char *name, FfarmHostType type) G_GNUC_WARN_UNUSED_RESULT;
FfarmHost *ffarm_host_copy(const FfarmHost *host) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_host_free(FfarmHost *host); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmHost, ffarm_host_free)

void ffarm_host_add_substitution(FfarmHost *host, const char *src, const char *dest);
void ffarm_host_add_queue(FfarmHost *host, const char *name, guint slots);

void ffarm_host_add_device(FfarmHost *host, const char *engine, const char *name, guint slots);

/* All slots of all queues. */
guint ffarm_host_count_slots(const FfarmHost *host);

/* What the host calls the manager's @path: the first substitution whose src is a prefix of it that ends at a path
 * boundary is applied; where none matches the path itself (for a host without substitutions both sides agree).
 * Returns: new string, free with g_free(). */
char *ffarm_host_map_path(const FfarmHost *host, const char *path) G_GNUC_WARN_UNUSED_RESULT;

const char *ffarm_host_type_name(FfarmHostType type); /* "local", "mounted", "streaming" */
const char *ffarm_os_name(FfarmOs os);                /* "unknown", "linux", "macos", "windows" */

G_END_DECLS
