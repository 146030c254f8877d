/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include "capability_class.h"
#include "host.h"

G_BEGIN_DECLS

/* abilities.h — what is known of one host: its system, its ffmpeg, what its hardware was proved to do, and how fast it
 * was. A value: whoever learns more makes a new one.
 *
 * Threads: immutable once shared; references may be taken and given back on any thread. */

/* What came of trying to encode. */
typedef struct {
    const char *engine; /* of ffarm_engine_names(); static */
    char *device; /* which one of the engine's: "1" (cuda), "/dev/dri/renderD129"; NULL: that which it takes itself */
    const char *codec; /* "h264", "hevc", "av1"; static; NULL: of the engine as a whole, nothing was tried */
    int depth;         /* 8 or 10; 0 without a codec */
    FfarmCapabilityClass class_;
    char *words;       /* why, one line, ffmpeg's own as far as there is one: any text; NULL: nothing to say */
    char *command;     /* that ran there, as a person can paste it into a shell; NULL without a codec */
    gint64 elapsed_us; /* of the encode */
    gint64 proved_us;  /* when, since 1970; 0: just now */
    char *driver;      /* as it calls itself, with the device; NULL: it was not told */
} FfarmCapability;

/* What came of trying to decode on hardware. */
typedef struct {
    const char *engine; /* static */
    char *device;       /* as above */
    char *codec;        /* of the source, as ffmpeg names it */
    char *profile;      /* "High 10"; nullable */
    char *pix_fmt;      /* nullable */
    FfarmCapabilityClass class_;
    char *words;
    gint64 proved_us;
} FfarmDecodeCapability;

/* How fast encodes were. */
typedef struct {
    const char *engine;  /* static */
    const char *decoder; /* engine that decoded; static; NULL: the CPU */
    const char *codec;   /* of the results; static or interned */
    int height;          /* of the sources, rounded up to 480, 720, 1080, 1440, 2160, 4320 */
    double fps;
    guint runs; /* that it was made of */
} FfarmSpeed;

typedef struct {
    FfarmOs os;           /* UNKNOWN: was not asked */
    guint ffmpeg_version; /* 100 * major + minor, 701 for "7.1.5"; 0: not known */
    char *machine;        /* by which the journal knows it, see journal.h; NULL: was not asked */
    GPtrArray *encoders;  /* of FfarmCapability; NULL: nothing was tried */
    GPtrArray *decoders;  /* of FfarmDecodeCapability; never NULL */
    GPtrArray *speeds;    /* of FfarmSpeed; never NULL */
} FfarmAbilities;

/* Returns: abilities that say nothing, to be filled before they are shared; give back with ffarm_abilities_unref(). */
FfarmAbilities *ffarm_abilities_new(void) G_GNUC_WARN_UNUSED_RESULT;
FfarmAbilities *ffarm_abilities_ref(const FfarmAbilities *abilities); /* NULL is legal */
void ffarm_abilities_unref(FfarmAbilities *abilities);                /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmAbilities, ffarm_abilities_unref)
/* A copy of all that it holds (NULL: nothing), to be filled before it is shared. */
FfarmAbilities *ffarm_abilities_copy(const FfarmAbilities *abilities) G_GNUC_WARN_UNUSED_RESULT;

/* What is known once @found is: it replaces what was found of the same before; where it is of the whole engine, all
 * that was found of that on the device. Returns: new abilities. @abilities: NULL is legal. */
FfarmAbilities *ffarm_abilities_with_encoder(const FfarmAbilities *abilities,
                                             const FfarmCapability *found) G_GNUC_WARN_UNUSED_RESULT;
FfarmAbilities *ffarm_abilities_with_decoder(const FfarmAbilities *abilities,
                                             const FfarmDecodeCapability *found) G_GNUC_WARN_UNUSED_RESULT;

FfarmCapability *ffarm_capability_copy(const FfarmCapability *capability) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_capability_free(FfarmCapability *capability); /* NULL is legal */
FfarmDecodeCapability *ffarm_decode_capability_copy(const FfarmDecodeCapability *capability) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_decode_capability_free(FfarmDecodeCapability *capability); /* NULL is legal */

/* What is known of @engine on @device (NULL: whichever is best at it) encoding @codec with @depth bits: the trial of
 * that, else what was found of the engine as a whole. @abilities: NULL is legal.
 * Returns: borrowed; NULL: nothing is known. */
const FfarmCapability *ffarm_abilities_find_encoder(const FfarmAbilities *abilities, const char *engine,
                                                    const char *device, const char *codec, int depth);
/* What is known of @engine on this @device (NULL: the one that it takes itself) decoding a source like this; nothing is
 * concluded from other sources or devices. Returns: borrowed; NULL: nothing is known. */
const FfarmDecodeCapability *ffarm_abilities_find_decoder(const FfarmAbilities *abilities, const char *engine,
                                                          const char *device, const char *codec, const char *profile,
                                                          const char *pix_fmt);
/* Frames per second of an encode like this; 0: never measured. @height: of the source, any. */
double ffarm_abilities_find_speed(const FfarmAbilities *abilities, const char *engine, const char *decoder,
                                  const char *codec, int height);
/* @height as FfarmSpeed has it. */
int ffarm_abilities_height_class(int height);

/* "7.1.5-0+deb13u1" -> 701, "n6.0" -> 600; 0 for one that tells no version, as builds from git do. */
guint ffarm_abilities_parse_version(const char *version);

G_END_DECLS
