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
    Log log(ffarm_ffmpeg_log_new());
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
    Log log(ffarm_ffmpeg_log_new());
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
    Log log(ffarm_ffmpeg_log_new());
    std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 8; i++)
        ffarm_ffmpeg_log_feed(log.get(), megabyte.data(), megabyte.size());
    gsize length = 0;
    ffarm_ffmpeg_log_peek_tail(log.get(), &length);
    EXPECT_EQ(length, 65536u);
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
        {1, "[fatal] Unknown encoder 'hevc_nvenc'\n", FFARM_JOB_ERROR_HOST},
        {1, "[hevc_nvenc @ 0x1] [error] Cannot load libcuda.so.1\n", FFARM_JOB_ERROR_HOST},
        {1, "[error] file:/films/x.mkv: No such file or directory\n", FFARM_JOB_ERROR_HOST},
        {0, "[error] file:/films/x.mkv: Input/output error\n", FFARM_JOB_ERROR_HOST},
        {0, "[matroska,webm @ 0x1] [error] File ended prematurely at pos. 7\n", FFARM_JOB_ERROR_SOURCE},
        {0, "[error] Error while decoding stream #0:0: Invalid data found when processing input\n",
         FFARM_JOB_ERROR_SOURCE},
        {0, "[warning] file:x.ts: corrupt input packet in stream 0\n", FFARM_JOB_ERROR_SOURCE},
        {1, "[mov,mp4 @ 0x1] [error] moov atom not found\n", FFARM_JOB_ERROR_SOURCE},
        {1, "[fatal] Unrecognized option 'xyz'.\n", FFARM_JOB_ERROR_ENCODER},
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
