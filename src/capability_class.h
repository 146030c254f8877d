/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* capability_class.h — what came of a trial encode, judged: may the encoder be counted on, and if not, why. Pure.
 *
 * Only a picture that is the right one gives yes: neither an exit status nor any text does.
 *
 * Threads: safe. */

typedef enum {
    FFARM_CAPABILITY_YES,
    FFARM_CAPABILITY_BUSY, /* could not be told this time; ask again */
    FFARM_CAPABILITY_SICK, /* is there and does not work; somebody has to look at the host */
    FFARM_CAPABILITY_NO,
} FfarmCapabilityVerdict;

typedef enum {
    FFARM_CAPABILITY_PROVED,         /* yes: the picture came back */
    FFARM_CAPABILITY_IN_USE,         /* busy: no session or memory of the device is free */
    FFARM_CAPABILITY_TOO_SLOW,       /* busy: stopped at the limit */
    FFARM_CAPABILITY_LOST,           /* busy: the connection broke, or the host's shell was killed */
    FFARM_CAPABILITY_HOST_GONE,      /* busy: no connection can be had any more */
    FFARM_CAPABILITY_NOT_COMPARED,   /* busy: ffmpeg of this machine could not compare the picture */
    FFARM_CAPABILITY_BROKEN,         /* sick: the driver fails */
    FFARM_CAPABILITY_CRASHED,        /* sick: ffmpeg was killed by a signal */
    FFARM_CAPABILITY_BUILD_LACKS,    /* no: this ffmpeg has no such encoder */
    FFARM_CAPABILITY_DRIVER_MISSING, /* no */
    FFARM_CAPABILITY_DRIVER_TOO_OLD, /* no: for this ffmpeg */
    FFARM_CAPABILITY_NO_DEVICE,      /* no */
    FFARM_CAPABILITY_FORBIDDEN,      /* no: the device is there and may not be opened by this user */
    FFARM_CAPABILITY_NO_ENCODER,     /* no: the device decodes at most */
    FFARM_CAPABILITY_NO_RUNTIME,     /* no: the vendor's library is not installed; another engine may do */
    FFARM_CAPABILITY_CAP_MISSING,    /* no: not this codec, bit depth or size on this device */
    FFARM_CAPABILITY_KNOB,           /* no: an option is not known, or not on this device */
    FFARM_CAPABILITY_BAD_PROBE,      /* no: the trial itself is wrong */
    FFARM_CAPABILITY_WRONG_PICTURE,  /* no: status 0, and not the picture that was asked for, or none */
    FFARM_CAPABILITY_UNKNOWN,        /* no: text that is not known */
    FFARM_N_CAPABILITY_CLASSES,
} FfarmCapabilityClass;

/* What came back, as read on this machine. */
typedef struct {
    gint64 frames; /* 0: nothing that can be read */
    int width, height;
    const char *pix_fmt; /* nullable */
    double psnr;         /* of the frame least like the one that was asked for, in dB; NaN: not measured */
} FfarmTrialPicture;

/* What a trial asks for. */
#define FFARM_TRIAL_WIDTH 1920
#define FFARM_TRIAL_HEIGHT 1080
#define FFARM_TRIAL_FRAMES 10

/* @exit_status: ffmpeg's own, 128+N for death by signal N
 * @said:        its stderr
 * @depth:       bits that were asked for, 8 or 10
 * @words:       out: the line that tells why, ffmpeg's own as far as there is one; new string, NULL with PROVED */
FfarmCapabilityClass ffarm_capability_judge(int exit_status, const char *said, int depth,
                                            const FfarmTrialPicture *picture, char **words);

/* What ffmpeg's words alone tell of why an encoder or a decoder failed.
 * @said:  its stderr, or the part of it that can be trusted to be ffmpeg's own
 * @words: out: the line that tells, as above; NULL with UNKNOWN: none does */
FfarmCapabilityClass ffarm_capability_class_of(const char *said, char **words);

FfarmCapabilityVerdict ffarm_capability_verdict(FfarmCapabilityClass class_);
/* TRUE: what was found is true of the whole engine, whatever the codec. */
gboolean ffarm_capability_is_of_engine(FfarmCapabilityClass class_);
/* TRUE: it will be the same tomorrow, as long as the host's ffmpeg, driver and kernel are: neither what is busy or
 * sick, nor what nobody understands. */
gboolean ffarm_capability_is_lasting(FfarmCapabilityClass class_);

/* "yes", "busy", "sick", "no". Static. */
const char *ffarm_capability_verdict_name(FfarmCapabilityVerdict verdict);
/* "driver_missing", for machines; "driver missing", for people. Static. */
const char *ffarm_capability_class_name(FfarmCapabilityClass class_);
const char *ffarm_capability_class_words(FfarmCapabilityClass class_);
/* The class whose name for machines is @name. Returns: FALSE if there is none. */
gboolean ffarm_capability_class_find(const char *name, FfarmCapabilityClass *class_);

/* Whether @encoder is among those that `ffmpeg -encoders` printed as @listing. */
gboolean ffarm_capability_is_listed(const char *listing, const char *encoder);
/* Finds the figure in what ffmpeg's psnr filter says at its end. Returns: FALSE if there is none. */
gboolean ffarm_capability_parse_psnr(const char *said, double *psnr);
/* The driver or the GPU that ffmpeg says, at "verbose", it encoded on. Returns: new string; NULL if it named none. */
char *ffarm_capability_parse_driver(const char *said) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
