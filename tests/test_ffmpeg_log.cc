// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include "encode.h"
#include "error.h"
#include "ffmpeg_log.h"

#include <cmath>
#include <memory>
#include <string>

namespace
{
struct Free {
    void operator()(FfarmFfmpegLog *log) const
    {
        ffarm_ffmpeg_log_free(log);
    }
};
using Log = std::unique_ptr<FfarmFfmpegLog, Free>;

Log Feed(const std::string &text, size_t piece = std::string::npos)
{
    Log log(ffarm_ffmpeg_log_new("/shared/.ffarm-1-0-1-ab.mkv.tmp"));
    for (size_t i = 0; i < text.size(); i += piece) {
        std::string part = text.substr(i, piece);
        ffarm_ffmpeg_log_feed(log.get(), part.data(), part.size());
        if (piece == std::string::npos)
            break;
    }
    ffarm_ffmpeg_log_end(log.get());
    return log;
}

// How an ffmpeg that ended with @status and said @text is judged: the error's code, or -1 for success.
int Judge(int status, const std::string &text, bool shares_disk = false, std::string *message = nullptr)
{
    g_autoptr(FfarmHost) host = ffarm_host_new(nullptr, "box", FFARM_HOST_STREAMING);
    g_autoptr(FfarmMedia) source = ffarm_media_new("/media/film.mkv");
    FfarmEncode encode = {};
    encode.source = source;
    encode.input = "/shared/film.mkv";
    encode.output = "/shared/.ffarm-1-0-1-ab.mkv.tmp";
    encode.shares_disk = shares_disk;
    g_autoptr(GError) error = nullptr;
    if (ffarm_encode_judge(host, &encode, status, Feed(text).get(), &error))
        return -1;
    EXPECT_EQ(error->domain, FFARM_JOB_ERROR);
    if (message)
        *message = error->message;
    return error->code;
}
} // namespace

TEST(FfmpegLog, FindsTroubleHoweverTheOutputIsCut)
{
    std::string text =
        "[info] Input #0\n[matroska,webm @ 0x55] [error] File ended prematurely at pos. 77 (0x4d)\n[info] end\n";
    for (size_t piece : {size_t(1), size_t(3), size_t(7), std::string::npos}) {
        Log log = Feed(text, piece);
        EXPECT_STREQ(ffarm_ffmpeg_log_peek_trouble(log.get(), FFARM_TROUBLE_DAMAGED),
                     "[matroska,webm @ 0x55] [error] File ended prematurely at pos. 77 (0x4d)");
        EXPECT_EQ(ffarm_ffmpeg_log_peek_trouble(log.get(), FFARM_TROUBLE_SPACE), nullptr);
        EXPECT_EQ(ffarm_ffmpeg_log_peek_tail(log.get(), nullptr), text);
    }
}

TEST(FfmpegLog, DoesNotTakeATitleForATrouble)
{
    Log log = Feed("[info]     title           : No space left on device\n"
                   "[info]     comment         : Exiting normally, received signal 15.\n");
    for (int trouble = 0; trouble < FFARM_N_TROUBLES; trouble++)
        EXPECT_EQ(ffarm_ffmpeg_log_peek_trouble(log.get(), static_cast<FfarmTrouble>(trouble)), nullptr);
}

TEST(FfmpegLog, TakesTheLevelWhereFfmpegPutsItAndNowhereElse)
{
    const char *said[] = {"[error] Input/output error", "[mov,mp4 @ 0x7f] [error] Input/output error",
                          "[in#0 @ 0x55] [h264 @ 0x7f] [fatal] Input/output error", "[warning] Input/output error",
                          "[panic] Input/output error"};
    const char *quoted[] = {"[info]   title : [error] Input/output error",
                            "[info] Input #0, from 'a [error] Input/output error.mkv'",
                            "  [error] Input/output error",
                            "[verbose] [error] Input/output error",
                            "[Group] [error] Input/output error",
                            "[x @ 0x7f [error] Input/output error",
                            "[x @ 0x7f] title [error] Input/output error",
                            "[errors] Input/output error",
                            "[err] Input/output error",
                            "[error Input/output error",
                            "[] [error] Input/output error"};
    for (const char *line : said)
        EXPECT_STREQ(ffarm_ffmpeg_log_peek_trouble(Feed(line).get(), FFARM_TROUBLE_READING), line);
    for (const char *line : quoted)
        EXPECT_EQ(ffarm_ffmpeg_log_peek_trouble(Feed(line).get(), FFARM_TROUBLE_READING), nullptr) << line;
    EXPECT_STREQ(ffarm_ffmpeg_log_peek_last(Feed("[info] a [error] b\n[info] c\n").get()), "[info] c");
}

TEST(FfmpegLog, TellsTheLastErrorElseTheLastLine)
{
    EXPECT_EQ(ffarm_ffmpeg_log_peek_last(Feed("").get()), nullptr);
    EXPECT_STREQ(ffarm_ffmpeg_log_peek_last(Feed("one\ntwo").get()), "two");
    EXPECT_STREQ(ffarm_ffmpeg_log_peek_last(Feed("[error] one\n[fatal] two\n[info] three\n").get()), "[fatal] two");
}

TEST(FfmpegLog, KeepsTheLast64KiB)
{
    Log log(ffarm_ffmpeg_log_new("/shared/.ffarm-1-0-1-ab.mkv.tmp"));
    std::string all;
    for (int i = 0; i < 50000; i++) {
        std::string line = "line " + std::to_string(i) + "\n";
        ffarm_ffmpeg_log_feed(log.get(), line.data(), line.size());
        all += line;
    }
    gsize length = 0;
    std::string tail = ffarm_ffmpeg_log_peek_tail(log.get(), &length);
    EXPECT_EQ(length, 65536u);
    EXPECT_EQ(tail, all.substr(all.size() - 65536));
}

TEST(FfmpegLog, MakesLinesFitToShow)
{
    std::string hostile =
        std::string("[error] \x1b]0;evil\x07 \xff\xfe") + std::string(1, '\0') + "x" + std::string(3000, 'y');
    Log log = Feed(hostile + "\n");
    std::string shown = ffarm_ffmpeg_log_peek_last(log.get());
    EXPECT_TRUE(g_utf8_validate(shown.data(), static_cast<gssize>(shown.size()), nullptr));
    EXPECT_EQ(shown.find('\x1b'), std::string::npos);
    EXPECT_LT(shown.size(), 250u);
}

TEST(FfmpegLog, SurvivesAnEndlessLine)
{
    Log log(ffarm_ffmpeg_log_new("/shared/.ffarm-1-0-1-ab.mkv.tmp"));
    std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 8; i++)
        ffarm_ffmpeg_log_feed(log.get(), megabyte.data(), megabyte.size());
    gsize length = 0;
    ffarm_ffmpeg_log_peek_tail(log.get(), &length);
    EXPECT_EQ(length, 65536u);
}

TEST(FfmpegLog, KeepsComplaintsApart)
{
    std::string title = "[info]   title : Cannot load libcuda.so.1\n", words = "[x @ 0x1] [warning] one\n[error] two\n";
    EXPECT_EQ(ffarm_ffmpeg_log_peek_complaints(Feed(title + words + "[verbose] three\n").get()), words);
    std::string flood;
    for (int i = 0; i < 10000; i++)
        flood += "[error] number " + std::to_string(i) + "\n";
    std::string kept = ffarm_ffmpeg_log_peek_complaints(Feed(flood).get());
    EXPECT_LE(kept.size(), 32768u);
    EXPECT_GE(kept.size(), 16384u);
    EXPECT_EQ(kept, flood.substr(flood.size() - kept.size()));
}

TEST(EncodeJudge, BelievesSuccessWithoutComplaint)
{
    EXPECT_EQ(Judge(0, "[info] done\n[warning] deprecated pixel format used\n"), -1);
}

TEST(EncodeJudge, KnowsWhoseFaultItIs)
{
    const struct {
        int status;
        const char *text;
        FfarmJobError code;
    } cases[] = {
        {137, "", FFARM_JOB_ERROR_HOST},
        {143, "", FFARM_JOB_ERROR_HOST},
        {129, "", FFARM_JOB_ERROR_HOST},
        {255, "[info] Exiting normally, received signal 15.\n", FFARM_JOB_ERROR_HOST},
        {0, "[info] Exiting normally, received signal 2.\n", FFARM_JOB_ERROR_HOST},
        {1, "[error] av_interleaved_write_frame(): No space left on device\n", FFARM_JOB_ERROR_HOST},
        {1, "[error] x265 [error]: Cannot allocate memory\n", FFARM_JOB_ERROR_HOST},
        {1, "[fatal] Unknown encoder 'hevc_nvenc'\n", FFARM_JOB_ERROR_LACKING},
        {1, "[hevc_nvenc @ 0x1] [error] Cannot load libcuda.so.1\n", FFARM_JOB_ERROR_DEVICE},
        {1, "[error] file:/films/x.mkv: No such file or directory\n", FFARM_JOB_ERROR_HOST},
        {0, "[error] file:/films/x.mkv: Input/output error\n", FFARM_JOB_ERROR_HOST},
        {0, "[matroska,webm @ 0x1] [error] File ended prematurely at pos. 7\n", FFARM_JOB_ERROR_SOURCE},
        {0, "[error] Error while decoding stream #0:0: Invalid data found when processing input\n",
         FFARM_JOB_ERROR_SOURCE},
        {0, "[warning] file:x.ts: corrupt input packet in stream 0\n", FFARM_JOB_ERROR_SOURCE},
        {1, "[mov,mp4 @ 0x1] [error] moov atom not found\n", FFARM_JOB_ERROR_SOURCE},
        {1, "[fatal] Unrecognized option 'xyz'.\n", FFARM_JOB_ERROR_LACKING},
        {1, "", FFARM_JOB_ERROR_ENCODER},
        {139, "", FFARM_JOB_ERROR_ENCODER},
        {187, "[error] Error initializing output stream 0:0\n", FFARM_JOB_ERROR_ENCODER},
    };
    for (const auto &item : cases)
        EXPECT_EQ(Judge(item.status, item.text), item.code) << item.status << " " << item.text;
}

TEST(EncodeJudge, BlamesNobodyElseForAFullDiskOfTheManagers)
{
    EXPECT_EQ(Judge(1, "[error] av_interleaved_write_frame(): No space left on device\n", true),
              FFARM_JOB_ERROR_REPLACE);
}

// What real ffmpegs say (4.2 to 9.0; without a GPU, and with drivers in every state), level included.
TEST(EncodeJudge, KnowsWhatDevicesAndOldFfmpegsSay)
{
    const char *const device[] = {
        "[h264_nvenc @ 0x1] [error] Cannot load libcuda.so.1",
        "[hevc_nvenc @ 0x1] [error] Cannot load libnvidia-encode.so.1",
        "[hevc_nvenc @ 0x1] [error] Cannot load nvcuda.dll",
        "[hevc_nvenc @ 0x1] [error] dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_NO_DEVICE: no CUDA-capable device",
        "[hevc_nvenc @ 0x1] [error] dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_UNKNOWN: unknown error",
        "[hevc_nvenc @ 0x1] [error] dl_fn->cuda_dl->cuInit(0) failed -> CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: system has",
        "[hevc_nvenc @ 0x1] [fatal] No CUDA capable devices found",
        "[hevc_nvenc @ 0x1] [error] Driver does not support the required nvenc API version. Required: 11.1 Found: 11.0",
        "[hevc_nvenc @ 0x1] [error] The minimum required Nvidia driver for nvenc is 470.57.02 or newer",
        "[hevc_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: out of memory (10): (no details)",
        "[hevc_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: unsupported device (2): (no details)",
        "[hevc_nvenc @ 0x1] [error] OpenEncodeSessionEx failed: incompatible client key (21): (no details)",
        "[hevc_nvenc @ 0x1] [error] EncodePicture failed!: generic error (20): (no details)",
        "[hevc_nvenc @ 0x1] [fatal] No capable devices found",
        "[AVHWDeviceContext @ 0x1] [error] Could not dynamically load CUDA",
        "[h264_cuvid @ 0x1] [error] Failed loading nvcuvid.",
        "[h264_qsv @ 0x1] [error] Error initializing an internal MFX session: unsupported (-3)",
        "[h264_qsv @ 0x1] [error] Error initializing an MFX session",
        "[hevc_qsv @ 0x1] [error] Error creating a MFX session: -9.",
        "[AVHWDeviceContext @ 0x1] [error] No VA display found for device /dev/dri/renderD128.",
        "[AVHWDeviceContext @ 0x1] [error] Failed to initialise VAAPI connection: -1 (unknown libva error).",
        "[fatal] Failed to set value '/dev/dri/renderD128' for option 'vaapi_device': Invalid argument",
        "[fatal] Failed to set value 'qsv=hw' for option 'init_hw_device': Generic error in an external library",
        "[fatal] Failed to set value 'videotoolbox=x' for option 'init_hw_device': Cannot allocate memory",
        "[error] Device creation failed: -542398533.",
        "[error] Device setup failed for decoder on input stream #0:0 : Operation not permitted",
        "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Hardware device setup failed for decoder: Operation not "
        "permitted",
        "[h264 @ 0x1] [error] No device available for decoder: device type vaapi needed for codec h264.",
        "[hevc_videotoolbox @ 0x1] [error] Error: cannot create compression session: -12908",
        "[hevc_videotoolbox @ 0x1] [error] Try -allow_sw 1. The hardware encoder may be busy, or not supported.",
        "[hevc_amf @ 0x1] [error] DLL amfrt64.dll failed to open",
        "[hevc_amf @ 0x1] [error] DLL libamfrt64.so.1 failed to open",
        "[hevc_amf @ 0x1] [error] CreateComponent(AMFVideoEncoderHW_HEVC) failed with error 30",
        "[hevc_amf @ 0x1] [error] encoder->Init() failed with error 1",
    };
    const char *const memory[] = {
        "[x265 @ 0x1] [error] malloc of 4 failed: out of memory",
        "[error] Conversion failed: Cannot allocate memory",
    };
    const char *const lacking[] = {
        "[hevc_nvenc @ 0x1] [warning] Codec not supported",
        "[hevc_nvenc @ 0x1] [warning] 10 bit encode not supported",
        "[hevc_nvenc @ 0x1] [warning] Max B-frames 3 exceed 0",
        "[hevc_nvenc @ 0x1] [warning] B frames as references are not supported",
        "[hevc_nvenc @ 0x1] [warning] Middle B frame reference mode is not supported",
        "[hevc_nvenc @ 0x1] [warning] Width 5120 exceeds 4096",
        "[hevc_vaapi @ 0x1] [error] No usable encoding entrypoint found for profile VAProfileHEVCMain (17).",
        "[hevc_vaapi @ 0x1] [error] No usable encoding profile found.",
        "[hevc_vaapi @ 0x1] [error] Driver does not support ICQ RC mode (supported modes: CQP, CBR, VBR, QVBR).",
        "[hevc_qsv @ 0x1] [error] Selected ratecontrol mode is unsupported",
        "[hevc_videotoolbox @ 0x1] [error] Error: -q:v qscale not available for encoder. Use -b:v bitrate instead.",
        "[fatal] Unknown encoder 'hevc_amf'",
        "[vost#0:0 @ 0x1] [fatal] Unknown encoder 'h264_videotoolbox'",
        "[error] Error opening output files: Encoder not found",
        "[fatal] Invalid device specification \"amf=x\": unknown device type",
        "[fatal] Unrecognized hwaccel: cuda.",
        "[error] Decoder (codec av1) not found for input stream #0:0",
        "[vist#0:0/av1 @ 0x1] [fatal] Decoding requested, but no decoder found for: av1",
        "[AVFilterGraph @ 0x1] [error] No such filter: 'libplacebo'",
        "[AVFilterGraph @ 0x1] [error] No such filter: 'zscale'",
        "[fatal] Unrecognized option 'fps_mode'.",
        "[fatal] Error splitting the argument list: Option not found",
        "[hevc_nvenc @ 0x1] [error] Unable to parse option value \"p4\"",
        "[hevc_nvenc @ 0x1] [error] Unable to parse \"preset\" option value \"p4\"",
        "[hevc_nvenc @ 0x1] [error] Error setting option preset to value p4.",
        "[NULL @ 0x1] [error] Requested output format 'mp5' is not a suitable output format",
    };
    // What an ffmpeg of any age says behind it, whatever was wrong.
    const std::string rest =
        "\n[error] Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0 - maybe "
        "incorrect parameters such as bit_rate, rate, width or height\n"
        "[vf#0:0 @ 0x1] [error] Task finished with error code: -22 (Invalid argument)\n"
        "[error] Error opening output files: Invalid argument\n";
    for (const char *line : device)
        EXPECT_EQ(Judge(187, line + rest), FFARM_JOB_ERROR_DEVICE) << line;
    for (const char *line : memory)
        EXPECT_EQ(Judge(187, line + rest), FFARM_JOB_ERROR_HOST) << line;
    for (const char *line : lacking)
        EXPECT_EQ(Judge(234, line + ("\n[hevc_nvenc @ 0x1] [fatal] No capable devices found" + rest)),
                  FFARM_JOB_ERROR_LACKING)
            << line;
    EXPECT_EQ(Judge(234, rest), FFARM_JOB_ERROR_ENCODER);
}

TEST(EncodeJudge, MindsNoDeviceThatFfmpegDidWithout)
{
    const std::string noise =
        "[AVHWDeviceContext @ 0x1] [error] Cannot load libcuda.so.1\n"
        "[error] Device creation failed: -1.\n"
        "[h264 @ 0x1] [error] Failed setup for format cuda: hwaccel initialisation returned error.\n"
        "[hevc_nvenc @ 0x1] [warning] Codec not supported\n";
    EXPECT_EQ(Judge(0, noise), -1);
    EXPECT_EQ(Judge(1, noise), FFARM_JOB_ERROR_LACKING);
    // A device that goes away in the middle makes decoding fail, and the film is not to blame.
    EXPECT_EQ(Judge(0, "[h264 @ 0x1] [error] ctx->cvdl->cuvidDecodePicture() failed -> CUDA_ERROR_ILLEGAL_ADDRESS\n"
                       "[error] Error while decoding stream #0:0: Generic error in an external library\n"),
              FFARM_JOB_ERROR_DEVICE);
}

TEST(EncodeJudge, TellsOutputFromInput)
{
    const char *const output[] = {
        "[error] file:/shared/.ffarm-1-0-1-ab.mkv.tmp: Permission denied",
        "[fatal] file:/shared/.ffarm-1-0-1-ab.mkv.tmp: No such file or directory",
        "[out#0/matroska @ 0x1] [error] Error opening output file:/shared/.ffarm: Permission denied",
        "[error] Error opening output files: Read-only file system",
        "[error] av_interleaved_write_frame(): Input/output error",
        "[out#0/matroska @ 0x1] [error] Task finished with error code: -5 (Input/output error)",
        "[error] Error writing trailer of file: Input/output error",
        "[error] file:/shared/x: Read-only file system",
    };
    const char *const input[] = {
        "[error] file:/shared/film.mkv: Permission denied",
        "[in#0 @ 0x1] [error] Error opening input: No such file or directory",
        "[error] Error opening input files: Permission denied",
        "[error] file:/shared/film.mkv: Input/output error",
    };
    std::string message;
    for (const char *line : output) {
        EXPECT_EQ(Judge(1, line, false, &message), FFARM_JOB_ERROR_HOST);
        EXPECT_EQ(message.find("box: /shared/.ffarm-1-0-1-ab.mkv.tmp can't be written there ("), 0u) << message;
    }
    for (const char *line : input) {
        EXPECT_EQ(Judge(1, line, false, &message), FFARM_JOB_ERROR_HOST);
        EXPECT_EQ(message.find("box: /shared/film.mkv can't be read there ("), 0u) << message;
    }
    // A packet that no muxer takes is the film's affair.
    EXPECT_EQ(Judge(1, "[error] av_interleaved_write_frame(): Invalid argument\n"), FFARM_JOB_ERROR_ENCODER);
    std::string far = "[error] file:/shared/" + std::string(4000, 'x') + ".mkv: Permission denied\n";
    EXPECT_EQ(Judge(1, far), FFARM_JOB_ERROR_HOST);
}

TEST(EncodeJudge, NamesTheSubjectFirst)
{
    std::string message;
    Judge(137, "", false, &message);
    EXPECT_EQ(message, "box: ffmpeg was killed by signal 9");
    Judge(1, "[fatal] no such option\n", false, &message);
    EXPECT_EQ(message, "/media/film.mkv: ffmpeg failed with status 1 on box ([fatal] no such option)");
}

TEST(ErrorFault, TellsWhetherAnotherHostMayDoBetter)
{
    const struct {
        GQuark domain;
        int code;
        FfarmFault fault;
    } cases[] = {
        {G_IO_ERROR, G_IO_ERROR_CANCELLED, FFARM_FAULT_NONE},
        {G_IO_ERROR, G_IO_ERROR_FAILED, FFARM_FAULT_HERE},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_ENCODER, FFARM_FAULT_JOB},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_MISMATCH, FFARM_FAULT_JOB},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_HOST, FFARM_FAULT_HOST},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_STALLED, FFARM_FAULT_HOST},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_LACKING, FFARM_FAULT_LACKING},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_SOURCE, FFARM_FAULT_HERE},
        {FFARM_JOB_ERROR, FFARM_JOB_ERROR_REPLACE, FFARM_FAULT_HERE},
        {FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_DISCONNECTED, FFARM_FAULT_HOST},
        {FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_NO_SPACE, FFARM_FAULT_HOST},
        {FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_LOCAL_FILE, FFARM_FAULT_HERE},
    };
    for (const auto &item : cases) {
        g_autoptr(GError) error = g_error_new_literal(item.domain, item.code, "x");
        EXPECT_EQ(ffarm_error_fault(error), item.fault) << g_quark_to_string(item.domain) << " " << item.code;
    }
}
