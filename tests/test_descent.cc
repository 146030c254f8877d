// SPDX-License-Identifier: LGPL-2.1-or-later
#include "decode_proof.h"
#include "descent.h"
#include "meetings.h"
#include "plan_maker.h"
#include "worker.h"

#include <fstream>

namespace
{
using Names = std::vector<std::string>;

// What ffmpeg @version said when hevc_nvenc, or a decoder, was in the recorded state @head; with the levels that a
// job's log has.
std::string Recorded(const std::string &head, const std::string &version = "7.1.5")
{
    std::ifstream file(std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/fixtures/hardware/nvidia-faults-" + version +
                       ".txt");
    std::string said;
    bool is_it = false;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("=== ", 0) == 0)
            is_it = line.find(head) != std::string::npos && said.empty();
        else if (is_it && line.rfind("   | ", 0) == 0 && line[5] == '[')
            said +=
                line.substr(5, line.find(']') - 5) + " @ 0x55]" + " [error]" + line.substr(line.find(']') + 1) + "\n";
    }
    EXPECT_NE(said, "") << head;
    return said;
}

// A rung: how it encodes and decodes.
FfarmChoice *Rung(const char *engine, const char *encoder, const char *decoder = nullptr,
                  FfarmChoice *fallback = nullptr, const char *device = nullptr)
{
    FfarmChoice *rung = g_new0(FfarmChoice, 1);
    rung->engine = g_intern_string(engine);
    rung->decoder = decoder;
    rung->device = g_strdup(device);
    rung->fallback = fallback;
    rung->profile = ffarm_profile_new("p");
    FfarmOptions *options = &rung->profile->sections[FFARM_SECTION_VIDEO];
    g_strfreev(options->words);
    const char *words[] = {"-c:v", encoder, nullptr};
    *options = {TRUE, TRUE, g_strdupv(const_cast<char **>(words))};
    return rung;
}

class Descent : public testing::Test
{
  protected:
    void SetUp() override
    {
        source = ffarm_media_new("/media/film.mkv");
        FfarmStream *video = ffarm_media_add_stream(source, FFARM_STREAM_VIDEO);
        video->codec = g_strdup("h264");
    }
    void TearDown() override
    {
        ffarm_choice_free(top);
        ffarm_media_free(source);
    }
    // "step to 2: cuda can't ..." with the rung's place in the ladder, from 1.
    std::string Ask(const FfarmChoice *rung, FfarmJobError code, const std::string &said, bool is_result = false,
                    const std::string &message = "it failed")
    {
        g_autoptr(FfarmFfmpegLog) log = ffarm_ffmpeg_log_new("out");
        ffarm_ffmpeg_log_feed(log, said.data(), said.size());
        g_autoptr(GError) error = g_error_new_literal(FFARM_JOB_ERROR, code, ("/media/film.mkv: " + message).c_str());
        g_auto(FfarmDescent) step = {};
        if (code == FFARM_JOB_ERROR_MISMATCH || is_result)
            ffarm_descent_judge_result(rung, source, error, &step);
        else
            ffarm_descent_judge_encode(rung, source, error, log, &step);
        return Show(rung, step);
    }
    std::string Show(const FfarmChoice *rung, const FfarmDescent &step)
    {
        if (!step.words)
            return step.move == FFARM_DESCENT_STAY ? "stay" : "nonsense";
        int place = 1;
        for (const FfarmChoice *at = top; at && at != step.next; at = at->fallback)
            place++;
        g_autofree char *text = ffarm_descent_describe(rung, &step);
        const std::string moves[] = {"stay", "wait", "step to " + std::to_string(place)};
        return moves[step.move] + ": " + text;
    }
    FfarmMedia *source = nullptr;
    FfarmChoice *top = nullptr;
};
const char no_10_bit[] = "STUB_10=0]", session_cap[] = "STUB_OPEN=10]", sick[] = "STUB_CUINIT=999]";
} // namespace

TEST_F(Descent, LeavesOutWhatFailedAndNoMore)
{
    top = Rung("cuda", "hevc_nvenc", "cuda",
               Rung("cuda", "hevc_nvenc", "cuda", Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265"))));
    for (const char *version : {"5.1.9", "7.1.5", "9.0.2"}) {
        EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_LACKING, Recorded(no_10_bit, version)),
                  "step to 4: cuda can't encode it (10 bit encode not supported); the CPU does");
        EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_DEVICE, Recorded(sick, version)).rfind("step to 4: cuda can't encode it", 0),
                  0u);
        EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_DEVICE, Recorded(session_cap, version)).rfind("wait: ", 0), 0u);
    }
    EXPECT_EQ(
        Ask(top, FFARM_JOB_ERROR_LACKING,
            "[Parsed_null_0 @ 0x55] [error] Impossible to convert between the formats supported by x and y\n"),
        "step to 2: cuda can't do it (Impossible to convert between the formats supported by x and y); its frames "
        "take the way through memory");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_DEVICE, "[h264 @ 0x55] [error] Cannot load libnvcuvid.so.1\n"),
              "step to 3: cuda can't decode it (Cannot load libnvcuvid.so.1); the CPU decodes");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_SOURCE, "[h264 @ 0x55] [error] corrupt decoded frame\n"),
              "step to 3: cuda can't decode it ([h264 @ 0x55] [error] corrupt decoded frame); the CPU decodes");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_ENCODER, ""),
              "step to 2: cuda can't do it (/media/film.mkv: it failed); its frames take the way through memory");
    EXPECT_EQ(Ask(top->fallback->fallback, FFARM_JOB_ERROR_ENCODER, "[error] Conversion failed!\n"),
              "step to 4: cuda can't encode it ([error] Conversion failed!); the CPU does");
}

TEST_F(Descent, AsksNobodyAgainWhoMadeABadResult)
{
    top = Rung("cuda", "hevc_nvenc", "cuda", Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265")));
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_MISMATCH, ""), "step to 3: cuda made a bad result (it failed); the CPU does");
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_MISMATCH, ""),
              "step to 3: cuda made a bad result (it failed); the CPU does");
    EXPECT_EQ(Ask(top->fallback->fallback, FFARM_JOB_ERROR_MISMATCH, ""), "stay");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_HOST, "", true), "step to 2: cuda can't decode it (it failed); the CPU decodes");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_SOURCE, "", true),
              "step to 2: cuda can't decode it (it failed); the CPU decodes")
        << "damage is believed of the CPU only";
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_SOURCE, "", true), "stay");
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_HOST, "", true), "stay");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_REPLACE, "", true), "stay");
    g_clear_pointer(&top->fallback->fallback, ffarm_choice_free);
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_MISMATCH, ""), "step to 2: cuda made a bad result (it failed); the CPU decodes");
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_MISMATCH, ""),
              "stay: cuda made a bad result (it failed); there is no other way");
}

TEST_F(Descent, IsNotForWhatHardwareHasNothingToDoWith)
{
    top = Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265"));
    for (FfarmJobError code :
         {FFARM_JOB_ERROR_HOST, FFARM_JOB_ERROR_SOURCE, FFARM_JOB_ERROR_ROOM, FFARM_JOB_ERROR_REPLACE})
        EXPECT_EQ(Ask(top, code, Recorded(no_10_bit)), "stay") << code;
    for (FfarmJobError code : {FFARM_JOB_ERROR_ENCODER, FFARM_JOB_ERROR_LACKING, FFARM_JOB_ERROR_MISMATCH})
        EXPECT_EQ(Ask(top->fallback, code, Recorded(session_cap)), "stay") << code;
}

// Another host's ffmpeg may have it; no engine of this one is to blame.
TEST_F(Descent, IsNotForFiltersThatEveryRungNeeds)
{
    const char said[] = "[AVFilterGraph @ 0x55] [error] No such filter: 'zscale'\n";
    top = Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265"));
    auto graph = [](FfarmChoice *rung, const char *value) {
        g_auto(GStrv) own = g_strdupv(rung->profile->sections[FFARM_SECTION_VIDEO].words);
        g_strfreev(rung->profile->sections[FFARM_SECTION_VIDEO].words);
        const char *words[] = {own[0], own[1], "-vf", value, nullptr};
        rung->profile->sections[FFARM_SECTION_VIDEO].words = g_strdupv(const_cast<char **>(words));
    };
    graph(top, "zscale=t=linear,format=yuv420p");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_LACKING, said).rfind("step to 2: ", 0), 0u) << "the CPU does without";
    graph(top->fallback, "hqdn3d,zscale=t=linear");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_LACKING, said), "stay");
}

TEST_F(Descent, BlamesHardwareForThePictureOnly)
{
    top = Rung("cuda", "hevc_nvenc", "cuda", Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265")));
    for (const char *message :
         {"audio stream 0 of the result ends at 3.00 s, its video at 4.00 s",
          "subtitle stream 2 of the result is in language ger, the source's is eng",
          "the result has 1 audio stream, 2 "
          "were planned",
          "the result has 3 chapters, the source 4", "chapter 2 of the result begins at 1.00 s, the source's at 2.00 s",
          "attachment 0 of the result has other bytes than the source's", "the result is titled 'a', the source 'b'; x",
          "cover art stream 0 of the result is png, mjpeg was planned",
          "video stream 0 of the result is titled 'a', the source's 'b'; add 'expect: {metadata: any}' to the profile "
          "if that is meant"})
        EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_MISMATCH, "", true, message), "stay") << message;
    for (const char *message :
         {"video stream 0 of the result is 64x72, the source's is 64x64", "the result has 3 damaged packets",
          "the result can't be decoded to its end (x)", "SSIM of the picture is 0.3 at 3 s, the least is 0.9"})
        EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_MISMATCH, "", true, message).rfind("step to 3: ", 0), 0u) << message;
}

TEST_F(Descent, GoesOnWithoutADriverThatHangsOrHasNoMemory)
{
    top = Rung("vaapi", "hevc_vaapi", "vaapi", Rung("vaapi", "hevc_vaapi", nullptr, Rung("cpu", "libx265")));
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_STALLED, "", false, "ffmpeg made no progress for 9 s and was stopped"),
              "step to 3: vaapi can't do it (ffmpeg made no progress for 9 s and was stopped); the CPU does");
    EXPECT_EQ(Ask(top->fallback->fallback, FFARM_JOB_ERROR_STALLED, ""), "stay");
    const std::string memory = "[hevc_vaapi @ 0x55] [error] Cannot allocate memory\n";
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_HOST, memory),
              "step to 3: vaapi can't encode it ([hevc_vaapi @ 0x55] [error] Cannot allocate memory); the CPU does");
    EXPECT_EQ(Ask(top->fallback, FFARM_JOB_ERROR_HOST, memory + "[error] x: No space left on device\n"), "stay");
    EXPECT_EQ(Ask(top->fallback->fallback, FFARM_JOB_ERROR_HOST, memory), "stay");
}

TEST_F(Descent, HearsOfBusyDevicesFromFfmpegAndNotFromAFilmsTitle)
{
    top = Rung("cuda", "hevc_nvenc", nullptr, Rung("cpu", "libx265"));
    EXPECT_EQ(
        Ask(top, FFARM_JOB_ERROR_ENCODER, "[info]   title : OpenEncodeSessionEx failed: out of memory\n[error] no\n"),
        "step to 2: cuda can't encode it ([error] no); the CPU does");
}

TEST_F(Descent, GoesFromOneDeviceToAnother)
{
    top = Rung("cuda", "hevc_nvenc", nullptr, Rung("cuda", "hevc_nvenc", nullptr, nullptr, "1"), "0");
    EXPECT_EQ(Ask(top, FFARM_JOB_ERROR_DEVICE, "[hevc_nvenc @ 0x55] [error] No capable devices found\n"),
              "step to 2: cuda:0 can't encode it ([hevc_nvenc @ 0x55] [error] No capable devices found); cuda:1 does");
}

TEST(DescentFinding, KnowsWhatWillNotChangeWithTheFilm)
{
    FfarmCapability finding = {};
    const struct {
        FfarmCapabilityClass class_;
        const char *words;
        gboolean is_lasting;
    } cases[] = {
        {FFARM_CAPABILITY_CAP_MISSING, "10 bit encode not supported", TRUE},
        {FFARM_CAPABILITY_CAP_MISSING, "Width 5120 exceeds 4096", FALSE},
        {FFARM_CAPABILITY_CAP_MISSING, "Interlaced encoding is not supported", FALSE},
        {FFARM_CAPABILITY_BROKEN, "CUDA_ERROR_UNKNOWN", FALSE},
        {FFARM_CAPABILITY_DRIVER_MISSING, "Cannot load libcuda.so.1", TRUE},
        {FFARM_CAPABILITY_BUILD_LACKS, "Unknown encoder 'av1_nvenc'", TRUE},
        {FFARM_CAPABILITY_UNKNOWN, "Conversion failed!", FALSE},
        {FFARM_CAPABILITY_WRONG_PICTURE, "the result is 64x72", FALSE},
        {FFARM_CAPABILITY_KNOB, "Error setting option rc", FALSE},
    };
    for (const auto &it : cases) {
        finding.class_ = it.class_;
        finding.words = const_cast<char *>(it.words);
        EXPECT_EQ(ffarm_descent_is_lasting(&finding), it.is_lasting) << it.words;
    }
}

namespace
{
// One attempt by hand: a film, a host whose ffmpeg is a stand-in, and a ladder of what the profiles "hardware" and
// "cpu" make of it.
class Worker : public PlanTest
{
  protected:
    void SetUp() override
    {
        PlanTest::SetUp();
        static std::string state = Path("state");
        g_setenv("XDG_STATE_HOME", state.c_str(), TRUE);
    }
    // @body: sh, with $out, $in and the real $ffmpeg; the "hardware" is asked for by hevc_nvenc.
    FfarmJobState Do(const std::string &body)
    {
        Clip(film);
        before = Read(film);
        g_autofree char *real = g_find_program_in_path("ffmpeg");
        std::string text = "#!/bin/sh\nffmpeg=" + std::string(real) + "\nlog=" + Path("calls") +
                           "\nfor last; do :; done\nout=${last#file:}\n" + body + "\n";
        Touch("ffmpeg", text.c_str());
        chmod(Path("ffmpeg").c_str(), 0755);
        Configure("config:\n  clusters:\n    c:\n      box: {type: local, engines: [cuda, cpu], ffmpeg: " +
                  Path("ffmpeg") + "}\nprofiles:\n  hardware: {output_options: -c:v hevc_nvenc" + more_options +
                  "}\n"
                  "  cpu: {output_options: -c copy}\n");
        Give(film, "c", "hardware");
        EXPECT_TRUE(Plan());
        g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
        g_free(Item(0)->input->profile);
        Item(0)->input->profile = g_strdup("cpu");
        choice->fallback = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
        if (has_decoder) {
            static const char *const options[] = {"-hwaccel", "cuda", "-hwaccel_output_format", "cuda", nullptr};
            choice->decoder = "cuda";
            choice->wants_proof = TRUE;
            choice->proof_options = g_strdupv(const_cast<char **>(options));
        }
        FfarmWork work = {};
        work.plan = plan;
        work.item = Item(0);
        work.choice = choice;
        work.stall_ms = stall_ms;
        work.attempt = 1;
        g_autoptr(GPtrArray) meetings = ffarm_meetings_new();
        for (guint i = 0; i < met; i++)
            ffarm_meetings_note(meetings, Host(0), "cuda", 0);
        for (guint i = 0; i < meetings->len; i++)
            static_cast<FfarmMeeting *>(g_ptr_array_index(meetings, i))->others_begun = TRUE;
        work.meetings = meetings;
        work.on_state = [](FfarmJobState state, gpointer test) {
            static_cast<Worker *>(test)->states.push_back(ffarm_job_state_name(state));
        };
        work.on_progress = [](const FfarmProgress *, gpointer) {};
        work.on_transfer = [](gint64, gint64, gpointer) {};
        work.on_message = [](const char *message, gpointer test) {
            static_cast<Worker *>(test)->messages.push_back(message);
        };
        work.on_rung = [](const FfarmChoice *rung, const char *reason, gpointer test) {
            static_cast<Worker *>(test)->rung_us = g_get_monotonic_time();
            static_cast<Worker *>(test)->rungs.push_back(std::string(rung->engine) + " after " + reason);
        };
        work.on_finding = [](const FfarmCapability *finding, gpointer test) {
            static_cast<Worker *>(test)->findings.push_back(
                std::string(finding->engine) + " " + (finding->codec ? finding->codec : "") + " " +
                std::to_string(finding->depth) + " " + ffarm_capability_class_name(finding->class_));
        };
        work.on_decoder = [](const FfarmDecodeCapability *found, gpointer test) {
            static_cast<Worker *>(test)->decoders.push_back(std::string(found->engine) + " " + found->codec + " " +
                                                            found->profile + " " + found->pix_fmt + " " +
                                                            ffarm_capability_class_name(found->class_));
        };
        work.user_data = this;
        g_autoptr(FfarmRunner) runner = ffarm_runner_new(Host(0));
        EXPECT_TRUE(ffarm_runner_open(runner, 0, nullptr, nullptr));
        g_autoptr(FfarmOutcome) outcome = ffarm_worker_do(runner, &work, nullptr);
        engine = outcome->choice->engine;
        begun_us = outcome->watch.begin_us;
        if (outcome->error) {
            failure = outcome->error->message;
            code = outcome->error->code;
        }
        log = outcome->log ? ReadFile(outcome->log) : "";
        return outcome->state;
    }
    static std::string ReadFile(const std::string &path)
    {
        g_autofree char *text = nullptr;
        gsize length = 0;
        return g_file_get_contents(path.c_str(), &text, &length, nullptr) ? std::string(text, length) : "(none)";
    }
    std::string Read(const std::string &name)
    {
        return ReadFile(Path(name));
    }
    // Shell that prints what was recorded of @head and fails.
    static std::string Fail(const std::string &head)
    {
        return "cat >&2 <<'END'\n" + Recorded(head) + "END\nexit 187\n";
    }
    static std::string OnHardware(const std::string &body)
    {
        return "case \" $* \" in *hevc_nvenc*) echo x >> $log\n" + body + ";; esac\nexec $ffmpeg \"$@\"";
    }
    std::string film = "film.mkv", before, engine, failure, log;
    int code = -1;
    guint stall_ms = 10000, met = 0;
    gint64 rung_us = 0, begun_us = 0; // when the next rung's turn came; when the last encode began by its own words
    std::string more_options; // of the hardware's profile
    bool has_decoder = false; // the hardware's rung decodes there, too, which nobody has proved
    Names states, messages, rungs, findings, decoders;
};
} // namespace

TEST_F(Worker, GoesOnWithTheCpuWhereTheEngineCanNot)
{
    EXPECT_EQ(Do(OnHardware("echo rubbish > \"$out\"\n" + Fail(no_10_bit))), FFARM_JOB_DONE) << failure;
    EXPECT_EQ(engine, "cpu");
    EXPECT_NE(Read("film.mkv"), before);
    EXPECT_EQ(messages, (Names{"box: " + Path("film.mkv") +
                               ": cuda can't encode it (10 bit encode not supported); the CPU does"}));
    EXPECT_EQ(rungs, (Names{"cpu after cuda: 10 bit encode not supported"}));
    EXPECT_EQ(findings, (Names{"cuda hevc 8 cap_missing"}));
    EXPECT_EQ(states, (Names{"encoding", "verifying", "replacing"}));
    EXPECT_EQ(Read("calls"), "x\n");
}

TEST_F(Worker, TellsTheDepthThatTheEncoderFailedAt)
{
    more_options = " -pix_fmt p010le";
    EXPECT_EQ(Do(OnHardware(Fail(no_10_bit))), FFARM_JOB_DONE) << failure;
    EXPECT_EQ(findings, (Names{"cuda hevc 10 cap_missing"}));
}

TEST_F(Worker, DoesNotStepDownForABusyDevice)
{
    EXPECT_EQ(Do(OnHardware(Fail(session_cap))), FFARM_JOB_FAILED);
    EXPECT_EQ(code, FFARM_JOB_ERROR_BUSY);
    EXPECT_EQ(failure, "box: cuda: OpenEncodeSessionEx failed: out of memory (10): (no details)");
    EXPECT_EQ(engine, "cuda");
    EXPECT_EQ(findings, Names{});
    EXPECT_EQ(Read("film.mkv"), before);
}

TEST_F(Worker, TakesWhatIsRefusedTwiceForMissingWhereOneWordIsForBoth)
{
    EXPECT_EQ(Do(OnHardware("echo '[hevc_videotoolbox @ 0x55] [error] Error: cannot create compression session: "
                            "-12908' >&2; exit 187")),
              FFARM_JOB_DONE)
        << failure;
    EXPECT_EQ(Read("calls"), "x\nx\n");
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(findings, (Names{"cuda hevc 8 cap_missing"}));
}

TEST_F(Worker, WaitsNoLongerForADeviceThatTakesOthers)
{
    met = FFARM_MEETINGS_PATIENCE;
    EXPECT_EQ(Do(OnHardware(Fail(session_cap))), FFARM_JOB_DONE) << failure;
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(findings, Names{});
}

TEST_F(Worker, MakesABadPictureAnewOnce)
{
    // A film of another size, from the hardware and then from the CPU, too.
    EXPECT_EQ(Do("echo x >> $log\n$ffmpeg -v error -y -i \"" + Path("film.mkv") +
                 "\" -vf scale=32:32 -c:v libx264 -preset ultrafast -c:a copy -f matroska \"file:$out\"\nprintf "
                 "'frame=25\\nprogress=end\\n'"),
              FFARM_JOB_FAILED);
    EXPECT_EQ(code, FFARM_JOB_ERROR_MISMATCH);
    EXPECT_EQ(Read("calls"), "x\nx\n");
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(states, (Names{"encoding", "verifying", "encoding", "verifying"}));
    EXPECT_GT(rung_us, 0);
    EXPECT_GE(begun_us, rung_us) << "the hardware's time was counted, too";
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0], "cuda hevc 8 wrong_picture");
    EXPECT_EQ(Read("film.mkv"), before);
}

TEST_F(Worker, LearnsNothingFromTheNameOfAFilm)
{
    film = "CUDA_ERROR_UNKNOWN\n[nvenc @ 0x55] [error] Cannot load libcuda.so.1\n.mkv";
    EXPECT_EQ(Do(OnHardware("cat >&2 <<'END'\n[error] file:" + Path(film) + ": is strange\nEND\nexit 1")),
              FFARM_JOB_DONE)
        << failure;
    EXPECT_EQ(findings, (Names{"cuda hevc 8 unknown"}));
    EXPECT_TRUE(Read(film) != before);
}

TEST_F(Worker, DoesNotStepDownForAFullDisk)
{
    EXPECT_EQ(Do(OnHardware("echo '[error] av_interleaved_write_frame(): No space left on device' >&2; exit 228")),
              FFARM_JOB_FAILED);
    EXPECT_EQ(rungs, Names{});
    EXPECT_EQ(findings, Names{});
}

TEST_F(Worker, StepsDownOnceForWhatHangs)
{
    stall_ms = 1000;
    EXPECT_EQ(Do(OnHardware("exec sleep 20")), FFARM_JOB_DONE) << failure;
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(findings, (Names{"cuda hevc 8 unknown"}));
}

TEST_F(Worker, KeepsTheWordsOfEveryRung)
{
    EXPECT_EQ(Do("case \" $* \" in *hevc_nvenc*) " + Fail(sick) + ";; esac\necho '[error] second' >&2; exit 1"),
              FFARM_JOB_FAILED);
    EXPECT_NE(log.find("CUDA_ERROR_UNKNOWN"), std::string::npos);
    EXPECT_NE(log.find("[error] second"), std::string::npos);
    EXPECT_EQ(findings, (Names{"cuda hevc 8 broken"}));
    EXPECT_EQ(Read("film.mkv"), before);
}

namespace
{
const char refuses_decoding[] = "STUB_DEC_UNSUPPORTED=1] args: -hwaccel cuda -hwaccel_output_format cuda -i DIR -vf "
                                "hwdownload,format=nv12";

class DecodeProof : public testing::Test
{
  protected:
    void SetUp() override
    {
        source = ffarm_media_new("/media/film.mkv");
        video = ffarm_media_add_stream(source, FFARM_STREAM_VIDEO);
        video->index = 2;
        video->bit_depth = 8;
        video->fps = 25;
    }
    void TearDown() override
    {
        ffarm_media_free(source);
    }
    FfarmDecodeTrial Trial(double seconds = 100)
    {
        static const char *const options[] = {"-hwaccel", "cuda", nullptr};
        source->duration_us = static_cast<gint64>(seconds * G_USEC_PER_SEC);
        return {"ffmpeg", options, "/there/in.mkv", source, video};
    }
    static std::string Judge(int status, gint64 frames, const std::string &said = "", gint64 expected = 10)
    {
        g_autoptr(FfarmFfmpegLog) log = ffarm_ffmpeg_log_new(nullptr);
        ffarm_ffmpeg_log_feed(log, said.data(), said.size());
        ffarm_ffmpeg_log_end(log);
        g_autofree char *words = nullptr;
        FfarmCapabilityClass class_ = ffarm_decode_proof_judge(status, frames, expected, log, &words);
        return std::string(ffarm_capability_class_name(class_)) + (words ? std::string(": ") + words : "");
    }
    FfarmMedia *source = nullptr;
    FfarmStream *video = nullptr;
};
} // namespace

TEST_F(DecodeProof, TakesFramesOutOfTheDevice)
{
    FfarmDecodeTrial trial = Trial();
    for (const auto &[depth, format] : {std::make_pair(8, "nv12"), {10, "p010le"}, {12, "p016le"}}) {
        video->bit_depth = depth;
        g_auto(GStrv) argv = ffarm_decode_proof_argv(&trial);
        g_autofree char *line = g_strjoinv(" ", argv);
        EXPECT_EQ(line,
                  std::string("ffmpeg -nostdin -hide_banner -loglevel level+info -progress pipe:1 -nostats -hwaccel "
                              "cuda -noautorotate -i file:/there/in.mkv -map 0:2 -frames:v 10 -vf "
                              "hwdownload,format=") +
                      format + " -f null -");
    }
}

TEST_F(DecodeProof, ExpectsNoMoreThanAShortFilmHas)
{
    const std::pair<double, gint64> cases[] = {{100, 10}, {0.44, 10}, {0.4, 9}, {0.2, 4},
                                               {0.04, 1}, {0.01, 1},  {0, 10}};
    for (const auto &[seconds, frames] : cases) {
        FfarmDecodeTrial trial = Trial(seconds);
        EXPECT_EQ(ffarm_decode_proof_expect(&trial), frames) << seconds;
    }
    video->fps = 0;
    FfarmDecodeTrial trial = Trial();
    EXPECT_EQ(ffarm_decode_proof_expect(&trial), 10);
}

TEST_F(DecodeProof, BelievesFramesOnly)
{
    EXPECT_EQ(Judge(0, 10), "proved");
    EXPECT_EQ(Judge(0, 3, "", 3), "proved");
    EXPECT_EQ(Judge(0, 9), "wrong_picture: ffmpeg ended well, and 9 frames of 10 came");
    EXPECT_EQ(Judge(0, 0), "wrong_picture: ffmpeg ended well, and 0 frames of 10 came");
    EXPECT_EQ(Judge(1, 10), "unknown: status 1");
    EXPECT_EQ(Judge(139, 10), "crashed: signal 11");
    EXPECT_EQ(Judge(137, 10), "lost: signal 9");
    EXPECT_EQ(Judge(187, 0, "[AVHWDeviceContext @ 0x1] [error] cu->cuInit(0) failed -> CUDA_ERROR_OUT_OF_MEMORY\n"),
              "in_use: cu->cuInit(0) failed -> CUDA_ERROR_OUT_OF_MEMORY");
    EXPECT_EQ(Judge(218, 0,
                    "[error] Impossible to convert between the formats supported by the filter 'x' and the filter "
                    "'auto_scale_0'\n"),
              "cap_missing: Impossible to convert between the formats supported by the filter 'x' and the filter "
              "'auto_scale_0'");
    for (const char *version : {"5.1.9", "7.1.5", "9.0.2"})
        EXPECT_EQ(Judge(218, 0, Recorded(refuses_decoding, version))
                      .rfind("cap_missing: Hardware is lacking required capabilities", 0),
                  0u)
            << Judge(218, 0, Recorded(refuses_decoding, version));
}

TEST_F(Worker, TriesADecoderBeforeItIsUsed)
{
    has_decoder = true;
    EXPECT_EQ(Do("case \" $* \" in *hwdownload*) echo try >> $log; echo frame=10; echo progress=end; exit 0;; esac\n" +
                 OnHardware("$ffmpeg -v error -y -i \"" + Path("film.mkv") +
                            "\" -map 0 -c copy -c:v libx265 -preset ultrafast -x265-params log-level=none -f matroska "
                            "\"file:$out\"; exit $?")),
              FFARM_JOB_DONE)
        << failure;
    EXPECT_EQ(engine, "cuda");
    EXPECT_EQ(Read("calls"), "try\nx\n");
    EXPECT_EQ(rungs, Names{});
    EXPECT_EQ(decoders.size(), 1u);
    EXPECT_EQ(decoders[0].substr(decoders[0].rfind(' ')), " proved");
}

TEST_F(Worker, DoesWithoutADecoderThatDoesNotDecode)
{
    has_decoder = true;
    EXPECT_EQ(Do("case \" $* \" in *hwdownload*) echo try >> $log\n" + Fail(refuses_decoding) + ";; esac\n" +
                 OnHardware("exit 1")),
              FFARM_JOB_DONE)
        << failure;
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(Read("calls"), "try\n") << "the rung with that decoder was used";
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_NE(messages[0].find("cuda can't decode it (Hardware is lacking required capabilities)"), std::string::npos)
        << messages[0];
    ASSERT_EQ(decoders.size(), 1u);
    EXPECT_EQ(decoders[0].substr(decoders[0].rfind(' ')), " cap_missing");
    EXPECT_EQ(findings, Names{});
}

TEST_F(Worker, LearnsNothingOfADecoderFromAnEmptySuccess)
{
    has_decoder = true;
    EXPECT_EQ(Do("case \" $* \" in *hwdownload*) exit 0;; esac\n" + OnHardware("exit 1")), FFARM_JOB_DONE) << failure;
    EXPECT_EQ(engine, "cpu");
    EXPECT_EQ(decoders, Names{});
}
