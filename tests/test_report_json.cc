// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cmath>
#include <json-glib/json-glib.h>
#include "plan_maker.h"
#include "profile_maker.h"
#include "estimate.h"
#include "report_json.h"

// One line of JSON, asked by paths like "video.fps" and "hosts.0.argv.2".
class Line
{
  public:
    explicit Line(char *text)
    {
        EXPECT_NE(text, nullptr);
        EXPECT_TRUE(g_utf8_validate(text, -1, nullptr));
        EXPECT_EQ(strchr(text, '\n'), nullptr);
        g_autoptr(GError) error = nullptr;
        root = json_from_string(text, &error);
        EXPECT_EQ(error, nullptr) << text;
        g_free(text);
    }
    ~Line()
    {
        json_node_unref(root);
    }
    // The value as JSON text; "missing" if there is no such key.
    std::string operator[](const std::string &path) const
    {
        JsonNode *node = root;
        g_auto(GStrv) steps = g_strsplit(path.c_str(), ".", -1);
        for (char **step = steps; *step && node; step++) {
            if (JSON_NODE_HOLDS_ARRAY(node)) {
                JsonArray *array = json_node_get_array(node);
                guint i = (guint)strtoul(*step, nullptr, 10);
                node = i < json_array_get_length(array) ? json_array_get_element(array, i) : nullptr;
            } else {
                node =
                    JSON_NODE_HOLDS_OBJECT(node) ? json_object_get_member(json_node_get_object(node), *step) : nullptr;
            }
        }
        if (!node)
            return "missing";
        g_autofree char *text = json_to_string(node, FALSE);
        return text;
    }
    std::string Keys() const
    {
        std::string all;
        g_autoptr(GList) keys = json_object_get_members(json_node_get_object(root));
        for (GList *key = keys; key; key = key->next)
            all += std::string(all.empty() ? "" : " ") + static_cast<char *>(key->data);
        return all;
    }

  private:
    JsonNode *root;
};

TEST(JsonMedia, EveryKindOfStream)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("/m/a \"b\".mkv");
    media->container = g_strdup("matroska,webm");
    media->duration_us = 1500000;
    media->size_bytes = 5000000000;
    AddStream(media, FFARM_STREAM_VIDEO, "mjpeg", nullptr, FFARM_DISPOSITION_ATTACHED_PIC);
    FfarmStream *film = AddStream(media, FFARM_STREAM_VIDEO, "hevc", nullptr, FFARM_DISPOSITION_DEFAULT);
    film->width = 3840;
    film->height = 2160;
    film->bit_depth = 10;
    film->fps = 24000 / 1001.0;
    film->fps_num = 24000;
    film->fps_den = 1001;
    film->hdr = FFARM_HDR_HDR10;
    film->color_transfer = g_strdup("smpte2084");
    film->mastering.has_luminance = TRUE;
    film->mastering.max_luminance = 1000;
    film->max_cll = 900;
    FfarmStream *audio = AddStream(media, FFARM_STREAM_AUDIO, "ac3", "ger", FFARM_DISPOSITION_FORCED);
    audio->channels = 6;
    audio->layout = g_strdup("5.1(side)");
    audio->sample_rate = 48000;
    AddStream(media, FFARM_STREAM_SUBTITLE, "ass", "eng")->title = g_strdup("line\nbreak");
    AddStream(media, FFARM_STREAM_ATTACHMENT, "ttf")->filename = g_strdup("a.ttf");
    AddStream(media, FFARM_STREAM_VIDEO, "h264");
    ffarm_media_add_chapter(media, 0, 750000, "One");
    Line line(ffarm_json_media(media));
    const char *expected[][2] = {
        {"event", "\"media\""},
        {"file", "\"/m/a \\\"b\\\".mkv\""},
        {"file_bytes", "missing"},
        {"container", "\"matroska,webm\""},
        {"duration", "1.5"},
        {"size", "5000000000"},
        {"bitrate", "null"},
        {"valid", "true"},
        {"problems", "[]"},
        {"chapters", "1"},
        {"chapter_list.0.end", "0.75"},
        {"attachments", "1"},
        {"attachment_list.0.filename", "\"a.ttf\""},
        {"video.index", "1"},
        {"video.codec", "\"hevc\""},
        {"video.level", "null"},
        {"video.width", "3840"},
        {"video.bit_depth", "10"},
        {"video.fps", "23.976023976023978"},
        {"video.avg_frame_rate", "\"24000/1001\""},
        {"video.r_frame_rate", "null"},
        {"video.hdr", "\"hdr10\""},
        {"video.color_transfer", "\"smpte2084\""},
        {"video.color_space", "null"},
        {"video.mastering_display.max_luminance", "1000.0"},
        {"video.mastering_display.red_x", "null"},
        {"video.max_cll", "900"},
        {"video.dolby_vision", "null"},
        {"video.default", "true"},
        {"more_video.0.codec", "\"h264\""},
        {"more_video.0.hdr", "null"},
        {"more_video.1", "missing"},
        {"pictures.0.codec", "\"mjpeg\""},
        {"pictures.1", "missing"},
        {"audio.0.channels", "6"},
        {"audio.0.layout", "\"5.1(side)\""},
        {"audio.0.language", "\"ger\""},
        {"audio.0.default", "false"},
        {"audio.0.dispositions", "[\"forced\"]"},
        {"audio.0.start", "null"},
        {"subtitles.0.text", "true"},
        {"subtitles.0.title", "\"line\\nbreak\""},
        {"data", "[]"},
    };
    for (auto &pair : expected)
        EXPECT_EQ(line[pair[0]], pair[1]) << pair[0];
}

TEST(JsonMedia, AFileThatIsNoMedia)
{
    g_autoptr(FfarmMedia) media = ffarm_media_new("/m/\xff\xfe.mkv");
    ffarm_media_add_problem(media, FFARM_PROBLEM_NOT_MEDIA, "it is text");
    Line line(ffarm_json_media(media));
    EXPECT_EQ(line["file"], "\"/m/\xef\xbf\xbd\xef\xbf\xbd.mkv\"");
    EXPECT_EQ(line["file_bytes"], "\"L20v//4ubWt2\"");
    EXPECT_EQ(line["valid"], "false");
    EXPECT_EQ(line["problems"], "[\"it is text\"]");
    EXPECT_EQ(line["problem_kinds"], "[\"not_media\"]");
    EXPECT_EQ(line["video"], "null");
    EXPECT_EQ(line["container"], "null");
    EXPECT_EQ(line["duration"], "null");
    EXPECT_EQ(line["size"], "0");
    EXPECT_EQ(line["audio"], "[]");
}

class JsonPlan : public PlanTest
{
  protected:
    // All hosts make HEVC of small films with 5 frames a second.
    static gboolean Learn(const GPtrArray *hosts, GHashTable *abilities, gpointer, GError **)
    {
        const FfarmSpeed speed = {"cuda", nullptr, "hevc", 480, 5, 1};
        for (guint i = 0; i < hosts->len; i++) {
            FfarmAbilities *known = ffarm_abilities_new();
            g_ptr_array_add(known->speeds, g_memdup2(&speed, sizeof speed));
            g_hash_table_insert(abilities, g_ptr_array_index(hosts, i), known);
        }
        return TRUE;
    }
};

TEST_F(JsonPlan, ItemsSayHowLongTheyWillTake)
{
    Configure("config:\n  clusters:\n    home:\n      one: {type: local}\n      two: {type: local, profile: q}\n"
              "profiles:\n  p: {output_options: -c:v hevc_nvenc}\n  q: {output_options: -c:v libx264}\n"
              "rules:\n  s: {profile: p}\n");
    options.learn = Learn;
    Clip("a.mkv");
    Give("a.mkv", "home");
    ASSERT_TRUE(Plan());
    Line line(ffarm_json_plan_item(plan, Item(0)));
    EXPECT_NEAR(std::stod(line["hosts.0.estimated_seconds"]), ffarm_estimate_frames(Item(0)->media) / 5, 0.01);
    EXPECT_GT(std::stod(line["hosts.0.estimated_seconds"]), 0.9);
    EXPECT_EQ(line["hosts.1.host"], "\"two\"");
    EXPECT_EQ(line["hosts.1.estimated_seconds"], "null");
}

TEST_F(JsonPlan, ItemsSayWhoAndHow)
{
    Configure("config:\n  clusters:\n    home:\n      one: {type: streaming, ip: x, working_dir: /tmp}\n"
              "      two: {type: local, profiles: [q]}\n"
              "profiles:\n  p: {output_options: -c:v hevc_nvenc, extension: .mkv}\n  q: {output_options: -c copy}\n"
              "rules:\n  r: {profile: q, criteria: {vcodec: av1, res_height: '>=64'}}\n  s: {profile: p}\n");
    Clip("a.mp4");
    Give("a.mp4", "home");
    Give("none.mp4", "home");
    ASSERT_TRUE(Plan());
    Line line(ffarm_json_plan_item(plan, Item(0)));
    EXPECT_EQ(line.Keys(), "event file status reason rule trace profile estimated_size hosts refused");
    std::string job = Item(0)->job_id;
    const std::pair<std::string, std::string> expected[] = {
        {"event", "\"plan\""},
        {"file", "\"" + Path("a.mp4") + "\""},
        {"status", "\"encode\""},
        {"reason", "null"},
        {"rule", "\"s\""},
        {"trace.0.rule", "\"r\""},
        {"trace.0.matches", "false"},
        {"trace.0.criteria.0.criterion", "\"vcodec\""},
        {"trace.0.criteria.0.asked", "\"av1\""},
        {"trace.0.criteria.0.found", "\"h264\""},
        {"trace.0.criteria.0.holds", "false"},
        {"trace.0.criteria.1.holds", "true"},
        {"trace.1.matches", "true"},
        {"trace.1.criteria", "[]"},
        {"profile", "\"p\""},
        {"estimated_size", "null"},
        {"hosts.0.cluster", "\"home\""},
        {"hosts.0.host", "\"one\""},
        {"hosts.0.type", "\"streaming\""},
        {"hosts.0.engine", "\"cuda\""},
        {"hosts.0.profile", "\"p\""},
        {"hosts.0.argv.0", "\"ffmpeg\""},
        {"hosts.0.input", "\"/tmp/ffarm-" + job + "/in.mp4\""},
        {"hosts.0.output", "\"/tmp/ffarm-" + job + "/out.mkv\""},
        {"hosts.0.destination", "\"" + Path("a.mkv") + "\""},
        {"hosts.0.estimated_seconds", "null"},
        {"hosts.0.warnings", "[]"},
        {"hosts.1", "missing"},
        {"refused.0.host", "\"two\""},
        {"refused.0.reason", "\"profile 'p' is not among the host's profiles\""},
    };
    for (auto &pair : expected)
        EXPECT_EQ(line[pair.first], pair.second) << pair.first;
    Line invalid(ffarm_json_plan_item(plan, Item(1)));
    EXPECT_EQ(invalid["status"], "\"invalid\"");
    EXPECT_NE(invalid["reason"], "null");
    EXPECT_EQ(invalid["hosts"], "[]");
    EXPECT_EQ(invalid["trace"], "[]");
    Line start(ffarm_json_start(plan));
    EXPECT_EQ(start["files"], "2");
    EXPECT_EQ(start["encode"], "1");
    EXPECT_EQ(start["invalid"], "1");
    EXPECT_EQ(start["hosts"], "2");
    std::string text = start["time"].substr(1, start["time"].size() - 2);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text.c_str(), nullptr);
    ASSERT_NE(time, nullptr) << text;
    EXPECT_EQ(text.back(), 'Z');
}

TEST_F(JsonPlan, WhatAHostFallsBackOn)
{
    Configure("config:\n  clusters:\n    home:\n      one: {type: local, engines: [videotoolbox, vaapi, cpu]}\n"
              "profiles:\n  p: {codec: av1}\n");
    options.learn = [](const GPtrArray *hosts, GHashTable *found, gpointer, GError **) -> gboolean {
        FfarmAbilities *abilities = ffarm_abilities_new();
        abilities->os = FFARM_OS_LINUX;
        g_hash_table_insert(found, hosts->pdata[0], abilities);
        return TRUE;
    };
    g_autofree char *corpus = media_corpus();
    ASSERT_EQ(symlink((std::string(corpus) + "/good/hevc-10bit.mkv").c_str(), Path("a.mkv").c_str()), 0);
    Give("a.mkv", "home", "p");
    ASSERT_TRUE(Plan());
    auto *video = const_cast<FfarmStream *>(ffarm_media_peek_video(Item(0)->media));
    video->width = video->height = 1024;
    Line line(ffarm_json_plan_item(plan, Item(0)));
    const std::vector<std::pair<const char *, std::string>> expected = {
        {"hosts.0.engine", "\"vaapi\""},
        {"hosts.0.device", "null"},
        {"hosts.0.decoder", "\"vaapi\""},
        {"hosts.0.within_device", "true"},
        {"hosts.0.tries_decoder", "true"},
        {"hosts.0.passed_over", "\"videotoolbox has no encoder for av1\""},
        {"hosts.0.fallbacks.0.engine", "\"vaapi\""},
        {"hosts.0.fallbacks.0.decoder", "\"vaapi\""},
        {"hosts.0.fallbacks.0.within_device", "false"},
        {"hosts.0.fallbacks.1.decoder", "null"},
        {"hosts.0.fallbacks.1.tries_decoder", "false"},
        {"hosts.0.fallbacks.2.engine", "\"cpu\""},
        {"hosts.0.fallbacks.2.argv.0", "\"ffmpeg\""},
        {"hosts.0.fallbacks.3", "missing"},
    };
    for (auto &pair : expected)
        EXPECT_EQ(line[pair.first], pair.second) << pair.first;
}

TEST_F(JsonPlan, EventsOfAJob)
{
    Configure("profiles:\n  p: {output_options: -c copy}\n");
    Clip("a.mkv");
    Give("a.mkv", nullptr, "p");
    Give("none.mkv", nullptr, "p");
    ASSERT_TRUE(Plan());
    g_autoptr(FfarmChoice) choice = ffarm_plan_choose(plan, Item(0), Host(0), nullptr, nullptr);
    g_autoptr(FfarmJob) job = ffarm_job_new(Item(0));
    FfarmProgress progress = {};
    progress.fraction = 0.25;
    progress.eta_us = -1;
    progress.saving = NAN;
    FfarmEvent event = {};
    event.type = FFARM_EVENT_JOB;
    event.job = job;
    {
        Line line(ffarm_json_event(&event));
        EXPECT_EQ(line.Keys(), "event time file cluster host profile engine state passed_over attempt error");
        EXPECT_EQ(line["state"], "\"queued\"");
        EXPECT_EQ(line["host"], "null");
        EXPECT_EQ(line["profile"], "\"p\"");
    }
    event.host = Host(0);
    job->engine = choice->engine;
    event.choice = choice;
    event.type = FFARM_EVENT_PROGRESS;
    event.progress = &progress;
    {
        Line line(ffarm_json_event(&event));
        EXPECT_EQ(line["host"], "\"local\"");
        EXPECT_EQ(line["cluster"], "null");
        EXPECT_EQ(line["engine"], "\"cpu\"");
        EXPECT_EQ(line["fraction"], "0.25");
        for (const char *unknown : {"speed", "fps", "eta", "size", "saving"})
            EXPECT_EQ(line[unknown], "null") << unknown;
    }
    event.type = FFARM_EVENT_RESULT;
    job->state = FFARM_JOB_DONE;
    job->output = g_strdup("/m/a.mkv");
    job->output_size = 77;
    job->ssim = 0.5;
    job->passed_over = g_strdup("cuda: no");
    job->elapsed_us = 2500000;
    {
        Line line(ffarm_json_event(&event));
        EXPECT_EQ(line["status"], "\"done\"");
        EXPECT_EQ(line["output"], "\"/m/a.mkv\"");
        EXPECT_EQ(line["output_size"], "77");
        EXPECT_EQ(line["ssim"], "0.5");
        EXPECT_EQ(line["vmaf"], "null");
        EXPECT_EQ(line["passed_over"], "\"cuda: no\"");
        EXPECT_EQ(line["elapsed"], "2.5");
        EXPECT_EQ(line["error"], "null");
        EXPECT_EQ(line["source_size"], std::to_string(Item(0)->media->size_bytes));
    }
    g_autoptr(FfarmJob) bad = ffarm_job_new(Item(1));
    bad->state = FFARM_JOB_FAILED;
    event.job = bad;
    event.choice = nullptr;
    event.host = nullptr;
    {
        Line line(ffarm_json_event(&event));
        EXPECT_EQ(line["status"], "\"failed\"");
        EXPECT_EQ(line["error"], line["reason"]);
        EXPECT_NE(line["error"], "null");
    }
    event.type = FFARM_EVENT_TRANSFER;
    EXPECT_EQ(ffarm_json_event(&event), nullptr);
    event.type = FFARM_EVENT_MESSAGE;
    EXPECT_EQ(ffarm_json_event(&event), nullptr);
}

TEST_F(JsonPlan, SummaryAndHost)
{
    Configure("profiles:\n  p: {output_options: -c copy}\n");
    ASSERT_TRUE(Plan());
    FfarmSummary summary = {};
    summary.done = 3;
    summary.source_bytes = 10;
    summary.elapsed_us = 1000;
    Line line(ffarm_json_summary(plan, &summary));
    EXPECT_EQ(line["done"], "3");
    EXPECT_EQ(line["failed"], "0");
    EXPECT_EQ(line["source_size"], "10");
    EXPECT_EQ(line["elapsed"], "0.001");

    FfarmHost *host = ffarm_host_new("home", "box", FFARM_HOST_MOUNTED);
    ffarm_host_add_queue(host, nullptr, 2);
    FfarmHostReport report = {};
    report.host = host;
    report.free_bytes = -1;
    report.working_dir_writable = -1;
    report.mapping_proved = 1;
    char why[] = "box: connection refused";
    report.error = why;
    Line down(ffarm_json_host(&report));
    EXPECT_EQ(down["type"], "\"mounted\"");
    EXPECT_EQ(down["reachable"], "false");
    EXPECT_EQ(down["error"], "\"box: connection refused\"");
    EXPECT_EQ(down["os"], "null");
    EXPECT_EQ(down["free"], "null");
    EXPECT_EQ(down["working_dir_writable"], "null");
    EXPECT_EQ(down["mapping_proved"], "true");
    EXPECT_EQ(down["engines"], "[\"auto\"]");
    EXPECT_EQ(down["slots"], "2");
    report.free_bytes = 5000000000;
    host->engines = g_strsplit("cuda cpu", " ", -1);
    Line up(ffarm_json_host(&report));
    EXPECT_EQ(up["free"], "5000000000");
    EXPECT_EQ(up["engines"], "[\"cuda\",\"cpu\"]");
    ffarm_host_free(host);
}
