/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ffmpeg_trouble.h"

#include <string.h>

typedef struct {
    const char *phrase;
    FfarmTrouble trouble;
} Phrase;

/* As ffmpeg 5.1, 7.1 and 9.0 print them; a first letter that is missing is large in some versions, small in others.
 * What VideoToolbox, AMF and the drivers of VAAPI say is from ffmpeg's sources. Ordered: the first phrase that a line
 * holds decides, so what a device says comes before the words that it borrows from memory and files. */
static const Phrase phrases[] = {
    /* NVENC, NVDEC, CUDA */
    {"OpenEncodeSessionEx failed", FFARM_TROUBLE_DEVICE},
    {"CUDA_ERROR_", FFARM_TROUBLE_DEVICE},
    {"No CUDA capable devices found", FFARM_TROUBLE_DEVICE},
    {"Cannot load lib", FFARM_TROUBLE_DEVICE},
    {"Cannot load nv", FFARM_TROUBLE_DEVICE},
    {"Failed loading nv", FFARM_TROUBLE_DEVICE},
    {"Could not dynamically load CUDA", FFARM_TROUBLE_DEVICE},
    {"Driver does not support the required nvenc API version", FFARM_TROUBLE_DEVICE},
    {"The minimum required Nvidia driver", FFARM_TROUBLE_DEVICE},
    {"EncodePicture failed", FFARM_TROUBLE_DEVICE},
    {"No capable devices found", FFARM_TROUBLE_DEVICE},
    {"No NVENC capable devices", FFARM_TROUBLE_DEVICE},
    {"Codec not supported", FFARM_TROUBLE_LACKING},
    {"10 bit encode not supported", FFARM_TROUBLE_LACKING},
    {"Max B-frames ", FFARM_TROUBLE_LACKING},
    {"frames as references are not supported", FFARM_TROUBLE_LACKING},
    {"frame reference mode is not supported", FFARM_TROUBLE_LACKING},
    {"YUV444P not supported", FFARM_TROUBLE_LACKING},
    {"YUV422P not supported", FFARM_TROUBLE_LACKING},
    {"Interlaced encoding is not supported", FFARM_TROUBLE_LACKING},
    {"Lossless encoding not supported", FFARM_TROUBLE_LACKING},
    {"] Width ", FFARM_TROUBLE_LACKING},
    {"] Height ", FFARM_TROUBLE_LACKING},
    /* Quick Sync */
    {"MFX session", FFARM_TROUBLE_DEVICE},
    {"Current profile is unsupported", FFARM_TROUBLE_LACKING},
    {"Current pixel format is unsupported", FFARM_TROUBLE_LACKING},
    {"Current resolution is unsupported", FFARM_TROUBLE_LACKING},
    {"Selected ratecontrol mode is unsupported", FFARM_TROUBLE_LACKING},
    /* VAAPI */
    {"No VA display found", FFARM_TROUBLE_DEVICE},
    {"Failed to initialise VAAPI connection", FFARM_TROUBLE_DEVICE},
    {"vaInitialize failed", FFARM_TROUBLE_DEVICE},
    {"No usable encoding profile", FFARM_TROUBLE_LACKING},
    {"No usable encoding entrypoint", FFARM_TROUBLE_LACKING},
    {"Driver does not support", FFARM_TROUBLE_LACKING},
    {"Hardware does not support encoding at size", FFARM_TROUBLE_LACKING},
    /* VideoToolbox */
    {"annot create compression session", FFARM_TROUBLE_DEVICE},
    {"Try -allow_sw 1", FFARM_TROUBLE_DEVICE},
    {"-q:v qscale not available for encoder", FFARM_TROUBLE_LACKING},
    /* AMF */
    {"amfrt", FFARM_TROUBLE_DEVICE},
    {"CreateComponent(", FFARM_TROUBLE_DEVICE},
    {"encoder->Init() failed", FFARM_TROUBLE_DEVICE},
    {"initialize AMF", FFARM_TROUBLE_DEVICE},
    /* devices of any kind */
    {"Device creation failed", FFARM_TROUBLE_DEVICE},
    {"evice setup failed for", FFARM_TROUBLE_DEVICE},
    {"No device available for", FFARM_TROUBLE_DEVICE},
    {"for option 'init_hw_device'", FFARM_TROUBLE_DEVICE},
    {"for option 'vaapi_device'", FFARM_TROUBLE_DEVICE},
    {"for option 'qsv_device'", FFARM_TROUBLE_DEVICE},
    {"Unrecognized hwaccel", FFARM_TROUBLE_LACKING},
    {"Invalid device specification", FFARM_TROUBLE_LACKING},
    {"Failed setup for format", FFARM_TROUBLE_LACKING},
    /* what this ffmpeg was built with, and how old it is */
    {"Unknown encoder", FFARM_TROUBLE_LACKING},
    {"Unknown decoder", FFARM_TROUBLE_LACKING},
    {"Unknown bitstream filter", FFARM_TROUBLE_LACKING},
    {"Encoder not found", FFARM_TROUBLE_LACKING},
    {"Decoder not found", FFARM_TROUBLE_LACKING},
    {"Filter not found", FFARM_TROUBLE_LACKING},
    {"Bitstream filter not found", FFARM_TROUBLE_LACKING},
    {"No such filter", FFARM_TROUBLE_LACKING},
    {"not found for input stream", FFARM_TROUBLE_LACKING},
    {"no decoder found for", FFARM_TROUBLE_LACKING},
    {"is probably disabled", FFARM_TROUBLE_LACKING},
    {"Requested output format", FFARM_TROUBLE_LACKING},
    {"Unrecognized option", FFARM_TROUBLE_LACKING},
    {"Option not found", FFARM_TROUBLE_LACKING},
    {"Error setting option", FFARM_TROUBLE_LACKING},
    {"Unable to parse ", FFARM_TROUBLE_LACKING},
    /* any file, any memory */
    {"No space left on device", FFARM_TROUBLE_SPACE},
    {"Disk quota exceeded", FFARM_TROUBLE_SPACE},
    {"File too large", FFARM_TROUBLE_SPACE},
    {"Cannot allocate memory", FFARM_TROUBLE_MEMORY},
    {"out of memory", FFARM_TROUBLE_MEMORY},
    {"received signal", FFARM_TROUBLE_STOPPED},
};

/* Words for what is wrong with a file, which is the output where the line tells of that. */
static const char *const file_phrases[] = {
    "Read-only file system",
    "No such file or directory",
    "Permission denied",
    "Input/output error",
    "I/O error",
    "Stale file handle",
    "Is a directory",
    "Transport endpoint is not connected",
};

/* How ffmpeg tells of its output without naming it. */
static const char *const output_phrases[] = {
    "Error opening output",
    "[out#",
    "av_interleaved_write_frame()",
    "Error writing trailer",
    "Error muxing",
    "Error closing file",
    /* what only something that is written to can have */
    "Read-only file system",
    "Is a directory",
};

/* Tell of the output by themselves, unless it is the packet that is no good. */
static const Phrase writing[] = {
    {"av_interleaved_write_frame()", FFARM_TROUBLE_OUTPUT},
    {"Error writing trailer", FFARM_TROUBLE_OUTPUT},
    {"Error muxing", FFARM_TROUBLE_OUTPUT},
    {"Error closing file", FFARM_TROUBLE_OUTPUT},
};

static const Phrase damage[] = {
    {"Read error", FFARM_TROUBLE_READING},
    {"File ended prematurely", FFARM_TROUBLE_DAMAGED},
    {"partial file", FFARM_TROUBLE_DAMAGED},
    {"moov atom not found", FFARM_TROUBLE_DAMAGED},
    {"Error demuxing", FFARM_TROUBLE_DAMAGED},
    {"Error during demuxing", FFARM_TROUBLE_DAMAGED},
    {"corrupt input packet", FFARM_TROUBLE_DAMAGED},
    {"Packet corrupt", FFARM_TROUBLE_DAMAGED},
    {"corrupt decoded frame", FFARM_TROUBLE_DAMAGED},
    {"Error while decoding stream", FFARM_TROUBLE_DAMAGED},
    {"Error submitting packet to decoder", FFARM_TROUBLE_DAMAGED},
    {"Decoding error", FFARM_TROUBLE_DAMAGED},
    {"Invalid data found when processing input", FFARM_TROUBLE_DAMAGED},
};

static gboolean find_phrase(const Phrase *table, gsize length, const char *line, FfarmTrouble *trouble)
{
    for (gsize i = 0; i < length; i++) {
        if (!strstr(line, table[i].phrase))
            continue;
        *trouble = table[i].trouble;
        return TRUE;
    }
    return FALSE;
}

static gboolean holds_any(const char *line, const char *const *words, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (strstr(line, words[i]))
            return TRUE;
    return FALSE;
}

gboolean ffarm_trouble_find(const char *line, const char *output, FfarmTrouble *trouble)
{
    if (find_phrase(phrases, G_N_ELEMENTS(phrases), line, trouble))
        return TRUE;
    if (holds_any(line, file_phrases, G_N_ELEMENTS(file_phrases))) {
        gboolean is_output =
            (output && strstr(line, output)) || holds_any(line, output_phrases, G_N_ELEMENTS(output_phrases));
        *trouble = is_output ? FFARM_TROUBLE_OUTPUT : FFARM_TROUBLE_READING;
        return TRUE;
    }
    if (!strstr(line, "Invalid argument") && find_phrase(writing, G_N_ELEMENTS(writing), line, trouble))
        return TRUE;
    return find_phrase(damage, G_N_ELEMENTS(damage), line, trouble);
}
