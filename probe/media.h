/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* media.h — what a media file is: plain facts, as libavformat and libavcodec see them.
 *
 * A FfarmMedia is made by the prober (prober.h) and read by everybody else. No libav type appears here; names of
 * codecs, containers, pixel formats and colours are the short names that ffmpeg prints.
 *
 * Threads:   immutable once made; may be read from any thread.
 * Ownership: a media owns its streams, chapters and problems; strings inside are borrowed from it.
 * Unknown:   a string that is not known is NULL, a number that is not known is 0, unless a field says otherwise. */

typedef enum {
    FFARM_STREAM_VIDEO,
    FFARM_STREAM_AUDIO,
    FFARM_STREAM_SUBTITLE,
    FFARM_STREAM_ATTACHMENT, /* fonts and other files carried along; not cover art, which is video */
    FFARM_STREAM_DATA,       /* timed metadata, time codes, anything else */
} FfarmStreamType;

typedef enum {
    FFARM_HDR_NONE,
    FFARM_HDR_HLG,          /* transfer arib-std-b67 */
    FFARM_HDR_PQ,           /* transfer smpte2084 without static metadata */
    FFARM_HDR_HDR10,        /* smpte2084 with mastering display or content light level */
    FFARM_HDR_HDR10PLUS,    /* dynamic metadata SMPTE 2094-40 seen */
    FFARM_HDR_DOLBY_VISION, /* a Dolby Vision configuration record is present */
} FfarmHdr;

/* One bit per disposition; names as ffmpeg's -disposition spells them (ffarm_disposition_name). */
typedef enum {
    FFARM_DISPOSITION_DEFAULT = 1 << 0,
    FFARM_DISPOSITION_DUB = 1 << 1,
    FFARM_DISPOSITION_ORIGINAL = 1 << 2,
    FFARM_DISPOSITION_COMMENT = 1 << 3,
    FFARM_DISPOSITION_LYRICS = 1 << 4,
    FFARM_DISPOSITION_KARAOKE = 1 << 5,
    FFARM_DISPOSITION_FORCED = 1 << 6,
    FFARM_DISPOSITION_HEARING_IMPAIRED = 1 << 7,
    FFARM_DISPOSITION_VISUAL_IMPAIRED = 1 << 8,
    FFARM_DISPOSITION_CLEAN_EFFECTS = 1 << 9,
    FFARM_DISPOSITION_ATTACHED_PIC = 1 << 10,
    FFARM_DISPOSITION_TIMED_THUMBNAILS = 1 << 11,
    FFARM_DISPOSITION_CAPTIONS = 1 << 12,
    FFARM_DISPOSITION_DESCRIPTIONS = 1 << 13,
    FFARM_DISPOSITION_METADATA = 1 << 14,
    FFARM_DISPOSITION_DEPENDENT = 1 << 15,
    FFARM_DISPOSITION_STILL_IMAGE = 1 << 16,
} FfarmDisposition;

/* Mastering display colour volume, SMPTE ST 2086. Chromaticities in CIE 1931 x, y; luminance in cd/m². */
typedef struct {
    gboolean has_primaries;
    double red_x, red_y, green_x, green_y, blue_x, blue_y, white_x, white_y;
    gboolean has_luminance;
    double min_luminance, max_luminance;
} FfarmMasteringDisplay;

typedef struct {
    int index;            /* as in ffmpeg's 0:INDEX */
    FfarmStreamType type;
    char *codec;          /* "hevc", "ac3", "hdmv_pgs_subtitle"; NULL: libavcodec does not know it */
    char *profile;        /* "Main 10", "DTS-HD MA" */
    int level;            /* as the codec counts levels; -99 unknown */
    char *codec_tag;      /* fourcc as text, "[0][0][0][0]" where there is none */
    int time_base_num, time_base_den; /* the container's time base for this stream */
    guint disposition;    /* FfarmDisposition bits */
    gint64 bitrate_bps;
    gint64 start_us;      /* first timestamp; G_MININT64 unknown */
    gint64 duration_us;   /* of this stream, as the container says */
    gint64 frames;        /* as the container says */
    char *language;       /* as stored ("eng", "de"); NULL: none, which counts as "und" (ffarm_stream_language) */
    char *title;

    /* video */
    int width, height;    /* coded picture as stored, before rotation */
    int sar_num, sar_den; /* sample aspect ratio; 0/1 unknown */
    char *pix_fmt;
    int bit_depth;        /* of the first component: 8, 10, 12 */
    double fps;           /* average frame rate, frames per second */
    int fps_num, fps_den; /* the same, exact; 0/0 unknown */
    int base_fps_num, base_fps_den; /* lowest rate that can express every timestamp (ffprobe's r_frame_rate) */
    gboolean is_vfr;      /* frames are not evenly spaced (see prober.h for how it is decided) */
    char *field_order;    /* "progressive", "tt", "bb", "tb", "bt"; NULL unknown */
    gboolean is_interlaced;
    int rotation;         /* degrees clockwise a player turns the picture, 0 to 359; ffprobe counts the other way */
    FfarmHdr hdr;
    char *color_range, *color_space, *color_transfer, *color_primaries, *chroma_location;
    FfarmMasteringDisplay mastering;
    gint64 picture_at, picture_bytes; /* where in the file cover art lies, and how much of it; 0: not known */
    guint max_cll, max_fall;          /* cd/m²; 0: absent */
    int dovi_profile, dovi_level;     /* -1: no Dolby Vision */
    int dovi_compatibility;           /* bl_signal_compatibility_id; -1: no Dolby Vision */

    /* audio */
    int channels;
    char *layout;         /* "5.1(side)"; NULL unknown */
    int sample_rate;      /* Hz */
    char *sample_fmt;

    /* subtitle */
    gboolean is_text;     /* text subtitle (can be converted to another text form); FALSE: pictures */

    /* attachment */
    char *filename, *mimetype;
    gint64 attachment_bytes;    /* of its content */
    gint64 attachment_checksum; /* the first half of its content's MD5 in this machine's byte order; 0: no content */
} FfarmStream;

typedef struct {
    gint64 start_us, end_us;
    char *title; /* nullable */
} FfarmChapter;

/* Why a file can't be encoded. Each is a kind of its own because callers word, count and branch on them. */
typedef enum {
    FFARM_PROBLEM_OPEN,        /* missing, unreadable, vanished, not a regular file */
    FFARM_PROBLEM_EMPTY,       /* zero length */
    FFARM_PROBLEM_NOT_MEDIA,   /* no demuxer wants it, or what it found is no media (text, subtitles only, an image) */
    FFARM_PROBLEM_NO_VIDEO,    /* media, but no real video stream: audio only, or cover art only */
    FFARM_PROBLEM_ENCRYPTED,   /* DRM */
    FFARM_PROBLEM_TRUNCATED,   /* the container promises more bytes or more time than the file holds */
    FFARM_PROBLEM_UNDECODABLE, /* the first frames of the video can't be decoded, or libavcodec has no such decoder */
    FFARM_PROBLEM_TIMEOUT,     /* the deadline of the probe passed */
    FFARM_PROBLEM_CRASHED,     /* looking at it crashed the worker process (isolation.h) or took too much memory */
} FfarmProblemKind;

typedef struct {
    FfarmProblemKind kind;
    char *text; /* one line in words, without the file's name, no full stop */
} FfarmProblem;

typedef struct {
    char *path;               /* as given; any bytes but NUL */
    char *container;          /* demuxer's name as ffmpeg prints it, "matroska,webm"; NULL: not opened */
    gint64 size_bytes;
    gint64 mtime_ns;          /* since the epoch */
    guint64 device, inode;    /* identity of the file behind @path (symlinks followed) */
    guint64 links;            /* hard links to it */
    gint64 duration_us;       /* container, else longest stream, else last packet; 0 unknown */
    gboolean duration_from_packets; /* TRUE: container and streams say nothing, the packets were read */
    gint64 start_us;          /* G_MININT64 unknown */
    gint64 bitrate_bps;
    char *title;
    GPtrArray *streams;       /* of FfarmStream, in index order */
    GPtrArray *chapters;      /* of FfarmChapter */
    GPtrArray *problems;      /* of FfarmProblem; empty: can be encoded */
} FfarmMedia;

/* Returns: an empty media for @path, free with ffarm_media_free(). */
FfarmMedia *ffarm_media_new(const char *path) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_media_free(FfarmMedia *media); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmMedia, ffarm_media_free)

/* Appends an empty stream of @type, whose index is its place. Returns: borrowed; fill it before the media is shared. */
FfarmStream *ffarm_media_add_stream(FfarmMedia *media, FfarmStreamType type);
void ffarm_media_add_chapter(FfarmMedia *media, gint64 start_us, gint64 end_us, const char *title);
void ffarm_media_add_problem(FfarmMedia *media, FfarmProblemKind kind, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Returns: TRUE if there is no problem, so that the file may be given to an encoder. */
gboolean ffarm_media_is_valid(const FfarmMedia *media);
gboolean ffarm_media_has_problem(const FfarmMedia *media, FfarmProblemKind kind);

/* Returns: the first real video stream (never cover art or a thumbnail), borrowed; NULL if there is none. */
const FfarmStream *ffarm_media_peek_video(const FfarmMedia *media);

/* The @nth stream of @type, counted from 0 as ffmpeg counts 0:a:N (cover art counts as video here, as it does there).
 * Returns: borrowed; NULL past the end. */
const FfarmStream *ffarm_media_peek_stream(const FfarmMedia *media, FfarmStreamType type, guint nth);
guint ffarm_media_count_streams(const FfarmMedia *media, FfarmStreamType type);

/* Returns: TRUE for a video stream that is a picture beside the film: cover art, thumbnails. */
gboolean ffarm_stream_is_picture(const FfarmStream *stream);

/* Returns: the stream's language, "und" where it has none; borrowed. */
const char *ffarm_stream_language(const FfarmStream *stream);

/* Names for output. Return static strings. */
const char *ffarm_stream_type_name(FfarmStreamType type);   /* "video", "audio", "subtitle", "attachment", "data" */
const char *ffarm_hdr_name(FfarmHdr hdr);                   /* "none", "hlg", "pq", "hdr10", "hdr10+", "dolby_vision" */
const char *ffarm_problem_kind_name(FfarmProblemKind kind); /* "open", "empty", "not_media", ... */
const char *ffarm_disposition_name(FfarmDisposition bit);   /* "hearing_impaired"; NULL for a bit without meaning */

/* TRUE if @a and @b are the same language: equal, or two ISO 639 spellings of one (de, deu, ger). Case is ignored;
 * NULL counts as "und". */
gboolean ffarm_language_equal(const char *a, const char *b);

G_END_DECLS
