// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>
#include <string>
#include "scratch.h"
#include "settings.h"

namespace
{

std::string source_path(const char *name)
{
    return std::string(g_getenv("FFARM_SOURCE_ROOT")) + "/" + name;
}

// All diagnostics of a text, as a person reads them, and the settings if there are any.
struct Loaded {
    explicit Loaded(const std::string &text, bool is_strict = false)
    {
        g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
        settings = ffarm_settings_parse("a.yml", text.data(), text.size(), is_strict, diagnostics);
        errors = diagnostics->errors;
        warnings = diagnostics->warnings;
        for (guint i = 0; i < diagnostics->items->len; i++) {
            g_autofree char *line =
                ffarm_diagnostic_format(static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[i]));
            said += std::string(line) + "\n";
        }
    }
    ~Loaded()
    {
        ffarm_settings_free(settings);
    }
    Loaded(const Loaded &) = delete;

    const FfarmHost *host(guint cluster, guint index) const
    {
        const auto *of = static_cast<FfarmCluster *>(settings->clusters->pdata[cluster]);
        return static_cast<FfarmHost *>(of->hosts->pdata[index]);
    }
    std::string section(const char *profile, FfarmSection section) const
    {
        g_autofree char *text = g_strjoinv(" ", ffarm_settings_profile(settings, profile)->sections[section].words);
        return text;
    }
    std::string video(const char *profile) const
    {
        return section(profile, FFARM_SECTION_VIDEO);
    }
    std::string output(const char *profile) const
    {
        return section(profile, FFARM_SECTION_OUTPUT);
    }

    FfarmSettings *settings;
    guint errors, warnings;
    std::string said;
};

std::string joined(char **words)
{
    g_autofree char *text = words ? g_strjoinv(" ", words) : g_strdup("(none)");
    return text;
}

} // namespace

TEST(Originals, AreReplacedUnlessSomethingElseIsSaid)
{
    Loaded unsaid("profiles: {p: {output_options: -c copy}}");
    EXPECT_EQ(unsaid.settings->originals, FFARM_ORIGINALS_REPLACE);
    EXPECT_STREQ(unsaid.settings->trash_dir, ".ffarm-originals");
    EXPECT_EQ(unsaid.settings->trash_days, 0u);
    EXPECT_TRUE(unsaid.settings->keep_times);
    EXPECT_EQ(ffarm_settings_profile(unsaid.settings, "p")->originals, FFARM_ORIGINALS_UNSET);
    Loaded said("config: {originals: trash, trash_dir: /t, trash_days: 7, keep_times: no}\n"
                "profiles:\n"
                "  p: {output_options: -c copy, originals: keep, keep_times: yes}\n"
                "  q: {include: p}\n");
    ASSERT_EQ(said.errors, 0u) << said.said;
    EXPECT_EQ(said.settings->originals, FFARM_ORIGINALS_TRASH);
    EXPECT_STREQ(said.settings->trash_dir, "/t");
    EXPECT_EQ(said.settings->trash_days, 7u);
    EXPECT_FALSE(said.settings->keep_times);
    EXPECT_EQ(ffarm_settings_profile(said.settings, "q")->originals, FFARM_ORIGINALS_KEEP);
    EXPECT_EQ(ffarm_settings_profile(said.settings, "q")->keep_times, FFARM_TRISTATE_YES);
}

TEST(SettingsParse, ReadsEveryKeyOfConfig)
{
    Loaded a("config:\n  default_queue_file: ~/queue.txt\n  ffmpeg: /opt/ffmpeg\n  ssh: /opt/ssh\n"
             "  queues: {qsv: 1, cuda: 2}\n  plex_server: 192.168.2.61:32400\n  plex_token: abc\n  colorize: no\n"
             "  automap: off\n  fls_path: /fast\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    EXPECT_EQ(a.settings->default_queue_file, std::string(g_get_home_dir()) + "/queue.txt");
    EXPECT_STREQ(a.settings->ffmpeg, "/opt/ffmpeg");
    EXPECT_STREQ(a.settings->ssh, "/opt/ssh");
    EXPECT_STREQ(a.settings->plex_server, "192.168.2.61:32400");
    EXPECT_STREQ(a.settings->plex_token, "abc");
    EXPECT_EQ(a.settings->colorize, FFARM_TRISTATE_NO);
    EXPECT_FALSE(a.settings->automap);
    EXPECT_STREQ(a.settings->fls_path, "/fast");
    ASSERT_EQ(a.settings->queues->len, 2u);
    const auto *cuda = static_cast<FfarmQueue *>(a.settings->queues->pdata[1]);
    EXPECT_STREQ(cuda->name, "cuda");
    EXPECT_EQ(cuda->slots, 2u);
    EXPECT_FALSE(a.settings->is_builtin);
}

TEST(SettingsParse, HasDefaultsForWhatIsAbsentOrNull)
{
    Loaded a("config:\n  plex_server: null\n  colorize: auto\n  queues:\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    EXPECT_STREQ(a.settings->ffmpeg, "ffmpeg");
    EXPECT_STREQ(a.settings->ssh, "ssh");
    EXPECT_EQ(a.settings->plex_server, nullptr);
    EXPECT_EQ(a.settings->colorize, FFARM_TRISTATE_UNSET);
    EXPECT_TRUE(a.settings->automap);
    EXPECT_EQ(a.settings->queues->len, 0u);
}

TEST(SettingsParse, TakesThePlexTokenFromTheEnvironmentWhereTheFileHasNone)
{
    g_setenv("PLEX_TOKEN", "secret", TRUE);
    Loaded a("config: {}\n"), b("config: {plex_token: own}\n");
    g_unsetenv("PLEX_TOKEN");
    EXPECT_STREQ(a.settings->plex_token, "secret");
    EXPECT_STREQ(b.settings->plex_token, "own");
}

TEST(SettingsParse, ReadsQueuesWrittenAsAList)
{
    Loaded a("config:\n  queues:\n    - q1: 1\n    - q2: 3\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    ASSERT_EQ(a.settings->queues->len, 2u);
    EXPECT_EQ(static_cast<FfarmQueue *>(a.settings->queues->pdata[1])->slots, 3u);
}

TEST(SettingsParse, ReadsEveryKeyOfAHost)
{
    Loaded a(
        "config:\n  ssh: /opt/ssh\n  clusters:\n    home:\n      box:\n        type: Streaming\n        os: win10\n"
        "        ip: box.lan\n        port: 2222\n        user: matt\n        identity: ~/.ssh/id\n"
        "        host_key: accept-new\n        transport: openssh\n        ffmpeg: c:/ffmpeg\n"
        "        working_dir: 'c:\\temp'\n        path-substitutions:\n          - '/tv/ m:Video\\Television\\'\n"
        "          - {src: /my films, dest: 'z:\\'}\n        profiles: [hevc, h264]\n        queues: {cuda: 2, "
        "default: 3}\n"
        "        engines: [cuda, cpu]\n        status: disabled\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    const FfarmHost *host = a.host(0, 0);
    EXPECT_STREQ(host->cluster, "home");
    EXPECT_STREQ(host->name, "box");
    EXPECT_EQ(host->type, FFARM_HOST_STREAMING);
    EXPECT_EQ(host->os, FFARM_OS_WINDOWS);
    EXPECT_STREQ(host->address, "box.lan");
    EXPECT_EQ(host->port, 2222u);
    EXPECT_STREQ(host->user, "matt");
    EXPECT_EQ(host->identity, std::string(g_get_home_dir()) + "/.ssh/id");
    EXPECT_EQ(host->host_key, FFARM_HOST_KEY_ACCEPT_NEW);
    EXPECT_EQ(host->transport, FFARM_TRANSPORT_OPENSSH);
    EXPECT_STREQ(host->ssh, "/opt/ssh");
    EXPECT_STREQ(host->ffmpeg, "c:/ffmpeg");
    EXPECT_STREQ(host->working_dir, "c:\\temp");
    ASSERT_EQ(host->substitutions->len, 2u);
    const auto *first = static_cast<FfarmSubstitution *>(host->substitutions->pdata[0]);
    const auto *second = static_cast<FfarmSubstitution *>(host->substitutions->pdata[1]);
    EXPECT_STREQ(first->src, "/tv/");
    EXPECT_STREQ(first->dest, "m:Video\\Television\\");
    EXPECT_STREQ(second->src, "/my films");
    EXPECT_STREQ(second->dest, "z:\\");
    EXPECT_EQ(joined(host->profiles), "hevc h264");
    EXPECT_EQ(host->profile, nullptr);
    ASSERT_EQ(host->queues->len, 2u);
    EXPECT_EQ(static_cast<FfarmQueue *>(host->queues->pdata[1])->name, nullptr)
        << "'default' is the queue without a name";
    EXPECT_EQ(ffarm_host_count_slots(host), 5u);
    EXPECT_EQ(joined(host->engines), "cuda cpu");
    EXPECT_FALSE(host->is_enabled);
}

TEST(SettingsParse, HasDefaultsForHosts)
{
    Loaded a("config:\n  clusters:\n    home:\n      here: {type: local, engines: auto}\n"
             "      there: {type: mounted, ip: 10.0.0.2, path-substitution: {src: /a/, dest: /b/}, profile: qsv}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    const FfarmHost *here = a.host(0, 0), *there = a.host(0, 1);
    EXPECT_TRUE(here->is_enabled);
    EXPECT_EQ(here->engines, nullptr);
    ASSERT_EQ(here->queues->len, 1u);
    EXPECT_EQ(ffarm_host_count_slots(here), 1u);
    EXPECT_STREQ(there->ffmpeg, "ffmpeg");
    EXPECT_EQ(there->port, 0u);
    EXPECT_EQ(there->os, FFARM_OS_UNKNOWN);
    EXPECT_STREQ(there->profile, "qsv");
    g_autofree char *mapped = ffarm_host_map_path(there, "/a/film.mkv");
    EXPECT_STREQ(mapped, "/b/film.mkv");
}

TEST(SettingsParse, GivesAHostAsManySlotsAsItsDevicesTake)
{
    Loaded a("config:\n  clusters:\n    home:\n"
             "      a: {type: local, devices: {cuda:0: 2, \"vaapi:/dev/dri/renderD129\": 3, cpu: 1}}\n"
             "      b: {type: local, devices: {cuda: 4}, queues: {gpu: 2}}\n"
             "      c: {type: local, devices: {}}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    auto host = [&](guint i) {
        return static_cast<FfarmHost *>(g_ptr_array_index(ffarm_settings_cluster(a.settings, "home")->hosts, i));
    };
    ASSERT_EQ(host(0)->devices->len, 3u);
    auto *device = static_cast<FfarmDevice *>(g_ptr_array_index(host(0)->devices, 1));
    EXPECT_STREQ(device->engine, "vaapi");
    EXPECT_STREQ(device->name, "/dev/dri/renderD129");
    EXPECT_EQ(device->slots, 3u);
    EXPECT_EQ(static_cast<FfarmDevice *>(g_ptr_array_index(host(0)->devices, 2))->name, nullptr);
    EXPECT_EQ(ffarm_host_count_slots(host(0)), 6u);
    EXPECT_EQ(ffarm_host_count_slots(host(1)), 2u);
    EXPECT_EQ(ffarm_host_count_slots(host(2)), 1u);
}

TEST(SettingsParse, ReadsEveryFormOfOptions)
{
    Loaded a("profiles:\n  a:\n    input_options: -hwaccel cuvid\n    output_options_video: |\n      -c:v x264  # with "
             "a comment\n"
             "      # and a line of it, that's it\n      -vf 'scale=1280:-2, format=nv12'\n"
             "    output_options_audio:\n      - \"-c:a aac\"\n      - -b:a 384k\n    output_options_subtitle:\n"
             "    output_options: ''\n  b:\n    output_options_subtitles: '-c:s copy'\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    EXPECT_EQ(a.section("a", FFARM_SECTION_INPUT), "-hwaccel cuvid");
    EXPECT_EQ(a.video("a"), "-c:v x264 -vf scale=1280:-2, format=nv12");
    const FfarmProfile *profile = ffarm_settings_profile(a.settings, "a");
    EXPECT_EQ(g_strv_length(profile->sections[FFARM_SECTION_VIDEO].words), 4u);
    EXPECT_FALSE(profile->sections[FFARM_SECTION_VIDEO].is_list);
    EXPECT_EQ(a.section("a", FFARM_SECTION_AUDIO), "-c:a aac -b:a 384k");
    EXPECT_TRUE(profile->sections[FFARM_SECTION_AUDIO].is_list);
    EXPECT_TRUE(profile->sections[FFARM_SECTION_SUBTITLE].is_set);
    EXPECT_TRUE(profile->sections[FFARM_SECTION_OUTPUT].is_set);
    EXPECT_EQ(a.section("b", FFARM_SECTION_SUBTITLE), "-c:s copy");
}

TEST(SettingsParse, ReadsEveryKeyOfAProfile)
{
    Loaded a("config: {queues: {cuda: 1}}\nprofiles:\n  a:\n    extension: .mkv\n    threshold: 18.5\n    "
             "threshold_check: '20'\n"
             "    queue: cuda\n    automap: yes\n    quality: 21\n    audio:\n      include_languages: [eng, no]\n"
             "      exclude_languages: [ger]\n      default_language: eng\n    subtitle: {include_languages: eng}\n"
             "    engines:\n      cuda: {output_options_video: -c:v hevc_nvenc, input_options: [-hwaccel cuda]}\n"
             "  b:\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    const FfarmProfile *profile = ffarm_settings_profile(a.settings, "a");
    EXPECT_STREQ(profile->extension, ".mkv");
    EXPECT_EQ(profile->threshold, 18.5);
    EXPECT_EQ(profile->threshold_check, 20);
    EXPECT_STREQ(profile->queue, "cuda");
    EXPECT_EQ(profile->automap, FFARM_TRISTATE_YES);
    EXPECT_STREQ(profile->quality, "21");
    EXPECT_EQ(joined(profile->audio.include_languages), "eng no") << "no is Norwegian here";
    EXPECT_EQ(joined(profile->audio.exclude_languages), "ger");
    EXPECT_STREQ(profile->audio.default_language, "eng");
    EXPECT_EQ(joined(profile->subtitle.include_languages), "eng");
    EXPECT_EQ(profile->line, 3u);
    EXPECT_EQ(profile->column, 3u);
    g_autoptr(FfarmProfile) cuda = ffarm_profile_for_engine(profile, "cuda");
    EXPECT_EQ(joined(cuda->sections[FFARM_SECTION_VIDEO].words), "-c:v hevc_nvenc");
    const FfarmProfile *empty = ffarm_settings_profile(a.settings, "b");
    EXPECT_EQ(empty->threshold, 0);
    EXPECT_EQ(empty->threshold_check, 100);
    EXPECT_EQ(empty->automap, FFARM_TRISTATE_UNSET);
}

TEST(SettingsParse, MergesIncludesAsTheyAreDocumented)
{
    Loaded a(
        "profiles:\n  hq:\n    output_options:\n      - \"-crf 18\"\n      - \"-preset slow\"\n      - \"-c:a copy\"\n"
        "      - \"-f matroska\"\n    threshold: 20\n    extension: .mkv\n  hevc_cuda:\n    include: hq\n"
        "    output_options:\n      - \"-c:v hevc_nvenc\"\n      - \"-c:a aac\"\n    threshold: 18\n"
        "  replaced:\n    include: hq\n    output_options: -c:v libx264\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.output("hevc_cuda"), "-crf 18 -preset slow -c:a aac -f matroska -c:v hevc_nvenc");
    const FfarmProfile *profile = ffarm_settings_profile(a.settings, "hevc_cuda");
    EXPECT_EQ(profile->threshold, 18);
    EXPECT_STREQ(profile->extension, ".mkv");
    EXPECT_EQ(a.output("replaced"), "-c:v libx264");
    EXPECT_EQ(ffarm_settings_profile(a.settings, "replaced")->threshold, 20);
}

TEST(SettingsParse, MergesSeveralParentsLeftToRightAndBeforeTheyAreDefined)
{
    Loaded a("profiles:\n  child:\n    include: one two\n    output_options: [-z 9]\n"
             "  two: {output_options: [-x 2, -y 2], extension: .mp4, audio: {include_languages: [jpn]}}\n"
             "  one: {include: [root], output_options: [-x 1], extension: .mkv, quality: high}\n"
             "  root: {output_options: [-w 0], automap: no, threshold: 5, audio: {include_languages: [eng], "
             "default_language: eng}}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.output("child"), "-w 0 -x 2 -y 2 -z 9");
    const FfarmProfile *child = ffarm_settings_profile(a.settings, "child");
    EXPECT_STREQ(child->extension, ".mp4");
    EXPECT_STREQ(child->quality, "high");
    EXPECT_EQ(child->automap, FFARM_TRISTATE_NO);
    EXPECT_EQ(child->threshold, 5);
    EXPECT_EQ(joined(child->audio.include_languages), "jpn");
    EXPECT_EQ(child->audio.default_language, nullptr) << "languages are replaced as a whole";
    EXPECT_STREQ(child->name, "child");
    EXPECT_EQ(child->line, 2u);
}

TEST(SettingsParse, LetsAChildsNullSectionShowItsParents)
{
    Loaded a("profiles:\n  base: {output_options_video: [-c:v hevc_nvenc]}\n  child:\n    include: base\n"
             "    output_options_video:\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.video("child"), "-c:v hevc_nvenc");
}

TEST(SettingsParse, MergesEnginesOfIncludedProfiles)
{
    Loaded a(
        "profiles:\n  base: {engines: {cuda: {output_options_video: [-c:v hevc_nvenc, -preset p5]}}}\n"
        "  child: {include: base, engines: {cuda: {output_options_video: [-preset p7]}, qsv: {input_options: -x}}}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    const FfarmProfile *child = ffarm_settings_profile(a.settings, "child");
    ASSERT_EQ(child->engines->len, 2u);
    EXPECT_EQ(joined(ffarm_profile_find_engine(child, "cuda")->sections[FFARM_SECTION_VIDEO].words),
              "-c:v hevc_nvenc -preset p7");
}

TEST(SettingsParse, TurnsTemplatesIntoProfiles)
{
    Loaded a("config: {queues: {qsv: 1}}\ntemplates:\n  qsv:\n    cli:\n      input-options: -hwaccel qsv\n"
             "      video-codec: \"-c:v hevc_qsv -preset medium\"\n      audio-codec: \"-c:a ac3\"\n      subtitles: "
             "\"-c:s copy\"\n"
             "    audio-lang: \"*eng ger\"\n    subtitle-lang: eng\n    threshold: 20\n    threshold_check: 30\n"
             "    extension: '.mkv'\n    queue: qsv\nrules:\n  all: {profile: qsv}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    const FfarmProfile *profile = ffarm_settings_profile(a.settings, "qsv");
    EXPECT_TRUE(profile->is_template);
    EXPECT_EQ(a.section("qsv", FFARM_SECTION_INPUT), "-hwaccel qsv");
    EXPECT_EQ(a.video("qsv"), "-c:v hevc_qsv -preset medium");
    EXPECT_EQ(a.section("qsv", FFARM_SECTION_AUDIO), "-c:a ac3");
    EXPECT_EQ(a.section("qsv", FFARM_SECTION_SUBTITLE), "-c:s copy");
    EXPECT_EQ(joined(profile->audio.include_languages), "eng ger");
    EXPECT_STREQ(profile->audio.default_language, "eng");
    EXPECT_STREQ(profile->subtitle.default_language, "eng") << "the only one is the default";
    EXPECT_EQ(profile->threshold, 20);
    EXPECT_EQ(profile->threshold_check, 30);
    EXPECT_STREQ(profile->queue, "qsv");
}

TEST(SettingsParse, ReadsRulesInTheOrderOfTheFile)
{
    Loaded a("profiles: {hevc: }\nrules:\n  'z: last in the alphabet':\n    profile: Skip\n    criteria: {vcodec: "
             "[hevc, av1]}\n"
             "  old spelling:\n    profile: hevc\n    rules: {fps: 25, vcodec: !hevc , source_size: '>500'}\n"
             "  as a list:\n    profile: hevc\n    criteria:\n      - vcodec: '!hevc'\n      - hdr: no\n  default: "
             "{profile: hevc}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    ASSERT_EQ(a.settings->rules->len, 4u);
    const auto *first = static_cast<FfarmRule *>(a.settings->rules->pdata[0]);
    EXPECT_STREQ(first->name, "z: last in the alphabet");
    EXPECT_EQ(first->profile, nullptr);
    EXPECT_EQ(first->criteria->len, 1u);
    const auto *second = static_cast<FfarmRule *>(a.settings->rules->pdata[1]);
    EXPECT_STREQ(second->profile, "hevc");
    EXPECT_EQ(second->criteria->len, 3u);
    EXPECT_EQ(second->line, 6u);
    EXPECT_EQ(static_cast<FfarmRule *>(a.settings->rules->pdata[2])->criteria->len, 2u);
    EXPECT_EQ(static_cast<FfarmRule *>(a.settings->rules->pdata[3])->criteria->len, 0u);
}

TEST(SettingsParse, FillsInBuiltInProfilesWhereThereAreNone)
{
    Loaded a("config: {}\n"), b("rules:\n  all: {profile: hevc}\n"), c("profiles: {mine: }\n");
    ASSERT_TRUE(a.settings && b.settings && c.settings);
    for (const char *name : {"hevc", "hevc_cuda", "hevc_qsv", "qsv", "cuda", "h264"})
        EXPECT_NE(ffarm_settings_profile(a.settings, name), nullptr) << name;
    EXPECT_STREQ(ffarm_settings_profile(a.settings, "hevc")->codec, "hevc");
    EXPECT_EQ(a.video("qsv"), "-c:v hevc_qsv -preset medium");
    EXPECT_EQ(a.video("hevc_cuda"), "-c:v hevc_nvenc -preset p5");
    EXPECT_EQ(ffarm_settings_profile(a.settings, "hevc_cuda")->engines->len, 0u) << "it is about one engine";
    EXPECT_EQ(a.settings->rules->len, 2u);
    EXPECT_EQ(b.settings->rules->len, 1u);
    EXPECT_NE(ffarm_settings_profile(b.settings, "hevc"), nullptr);
    EXPECT_EQ(ffarm_settings_profile(c.settings, "qsv"), nullptr);
    EXPECT_EQ(c.settings->rules->len, 0u);
    EXPECT_FALSE(a.settings->is_builtin);
}

TEST(SettingsParse, HasFourProfilesInAnyCase)
{
    Loaded a("profiles:\n  mine: {include: av1, speed: best}\n  hevc: {output_options: -c:v libx265}\n"
             "  small: {include: hevc}\nrules:\n  all: {profile: h264}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    EXPECT_EQ(a.settings->profiles->len, 6u);
    for (const char *codec : {"h264", "av1", "copy"}) {
        const FfarmProfile *profile = ffarm_settings_profile(a.settings, codec);
        ASSERT_NE(profile, nullptr) << codec;
        EXPECT_STREQ(profile->codec, codec);
        EXPECT_EQ(profile->line, 0u);
        EXPECT_EQ(profile->threshold_check, 100);
    }
    const FfarmProfile *mine = ffarm_settings_profile(a.settings, "mine");
    EXPECT_STREQ(mine->codec, "av1");
    EXPECT_STREQ(mine->speed, "best");
    EXPECT_STREQ(mine->quality, "medium");
    EXPECT_STREQ(mine->extension, ".mkv");
    EXPECT_EQ(ffarm_settings_profile(a.settings, "hevc")->codec, nullptr) << "the file's own wins";
    EXPECT_EQ(a.output("small"), "-c:v libx265");
}

TEST(SettingsParse, ReadsCodecSpeedAndDepth)
{
    Loaded a(
        "profiles:\n  base: {speed: fast, bit_depth: 10}\n  child: {include: base, codec: HEVC, bit_depth: auto}\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    const FfarmProfile *child = ffarm_settings_profile(a.settings, "child");
    EXPECT_STREQ(child->codec, "hevc");
    EXPECT_STREQ(child->speed, "fast");
    EXPECT_STREQ(child->bit_depth, "auto");
}

TEST(SettingsParse, TakesAnEmptyFile)
{
    for (const char *text : {"", "\n", "# nothing\n", "---\n", "~\n", "{}\n", "\xef\xbb\xbf", "\xef\xbb\xbf# x\r\n"}) {
        Loaded a(text);
        EXPECT_NE(a.settings, nullptr) << text << a.said;
        EXPECT_EQ(a.said, "");
    }
}

TEST(SettingsParse, TellsUnknownKeysAndRefusesThemOnlyWhenStrict)
{
    const char *text = "profiles:\n  a:\n    exstension: .mkv\n";
    Loaded lenient(text), strict(text, true);
    EXPECT_NE(lenient.settings, nullptr);
    EXPECT_EQ(lenient.said,
              "a.yml:3:5: warning: unknown key 'exstension', did you mean 'extension'?\n    exstension: .mkv\n    ^\n");
    EXPECT_EQ(strict.settings, nullptr);
    EXPECT_EQ(strict.said,
              "a.yml:3:5: unknown key 'exstension', did you mean 'extension'?\n    exstension: .mkv\n    ^\n");
}

TEST(SettingsParse, RefusesMisspeltOptionsEvenInARun)
{
    Loaded profile("profiles:\n  a:\n    output-options: -c copy\n");
    EXPECT_EQ(profile.settings, nullptr);
    EXPECT_NE(profile.said.find("a.yml:3:5: without 'output_options' ffmpeg would choose by itself how to encode"),
              std::string::npos)
        << profile.said;
    Loaded tmpl("templates:\n  a:\n    cli:\n      video_codec: -c:v copy\n");
    EXPECT_EQ(tmpl.settings, nullptr);
    EXPECT_NE(tmpl.said.find("without 'video-codec'"), std::string::npos) << tmpl.said;
}

TEST(SettingsParse, FindsAllErrorsInOneRunInTheOrderOfTheFile)
{
    Loaded a("rules:\n  x: {profile: nowhere}\nprofiles:\n  a: {threshold: lots}\n  b: {include: c}\nconfig:\n  "
             "automap: perhaps\n");
    EXPECT_EQ(a.settings, nullptr);
    EXPECT_EQ(a.errors, 4u);
    EXPECT_EQ(a.said, "a.yml:2:16: unknown profile 'nowhere'\n  x: {profile: nowhere}\n               ^\n"
                      "a.yml:4:18: 'threshold' is 'lots', expected a number from 0 to 100\n  a: {threshold: lots}\n    "
                      "             ^\n"
                      "a.yml:5:16: unknown profile 'c' is included (b -> c)\n  b: {include: c}\n               ^\n"
                      "a.yml:7:12: 'automap' is 'perhaps', expected yes or no\n  automap: perhaps\n           ^\n");
}

TEST(SettingsParse, PlacesAnOpenQuoteWhereItIs)
{
    Loaded a("profiles:\n  a:\n    output_options_video: |\n      -c:v libx264\n        -vf \"scale\n  b:\n    "
             "output_options: -x 'y\n");
    EXPECT_EQ(
        a.said,
        "a.yml:5:13: 'output_options_video' has a quote that is never closed\n        -vf \"scale\n            ^\n"
        "a.yml:7:24: 'output_options' has a quote that is never closed\n    output_options: -x 'y\n"
        "                       ^\n");
}

TEST(SettingsParse, WarnsOfARuleThatIsNeverAsked)
{
    Loaded a("rules:\n  all: {profile: hevc}\n  late: {profile: SKIP, criteria: {vcodec: hevc}}\n");
    EXPECT_NE(a.settings, nullptr);
    EXPECT_EQ(a.warnings, 1u);
    EXPECT_NE(a.said.find("a.yml:3:3: warning: rule 'late' is never asked: rule 'all' in line 2 matches everything"),
              std::string::npos)
        << a.said;
}

TEST(SettingsParse, WarnsOfAQueueThatNobodyHas)
{
    Loaded a("profiles: {p: {queue: cuda}}\n"), b("config: {queues: {cuda: 1}}\nprofiles: {p: {queue: cuda}}\n"),
        c("config: {clusters: {c: {h: {type: local, queues: {cuda: 1}}}}}\nprofiles: {p: {queue: cuda}}\n");
    EXPECT_EQ(a.warnings, 1u);
    EXPECT_NE(a.settings, nullptr);
    EXPECT_EQ(b.said, "");
    EXPECT_EQ(c.said, "");
}

TEST(SettingsParse, RefusesARuleWithAnUnknownKeyEvenInARun)
{
    Loaded a("rules:\n  small:\n    profile: SKIP\n    criterea: {res_height: '<720'}\n");
    EXPECT_EQ(a.settings, nullptr) << "without its criteria the rule would skip every file";
}

TEST(SettingsParse, TakesMergeKeysAndAliases)
{
    Loaded a("profiles:\n  base: &base\n    extension: .mkv\n    output_options_video: &video [-c:v libx265]\n"
             "  a: {<<: *base, threshold: 10}\n  b:\n    <<: [{extension: .mp4}, *base]\n    output_options_audio: "
             "*video\n");
    ASSERT_NE(a.settings, nullptr) << a.said;
    EXPECT_EQ(a.said, "");
    EXPECT_STREQ(ffarm_settings_profile(a.settings, "a")->extension, ".mkv");
    EXPECT_STREQ(ffarm_settings_profile(a.settings, "b")->extension, ".mp4");
    EXPECT_EQ(a.video("b"), "-c:v libx265");
    EXPECT_EQ(a.section("b", FFARM_SECTION_AUDIO), "-c:v libx265");
}

TEST(SettingsLoad, HasABuiltInDefault)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_load(nullptr, TRUE, diagnostics);
    ASSERT_NE(settings, nullptr);
    EXPECT_EQ(diagnostics->items->len, 0u);
    EXPECT_TRUE(settings->is_builtin);
    EXPECT_EQ(settings->path, nullptr);
    EXPECT_EQ(settings->clusters->len, 0u);
    g_autoptr(FfarmMedia) media = ffarm_media_new("/film.mkv");
    FfarmStream *video = ffarm_media_add_stream(media, FFARM_STREAM_VIDEO);
    video->codec = g_strdup("h264");
    const FfarmRule *rule = ffarm_rules_match(settings->rules, media, nullptr);
    ASSERT_NE(rule, nullptr);
    EXPECT_STREQ(rule->profile, "hevc");
    for (const char *codec : {"hevc", "av1"}) {
        g_free(video->codec);
        video->codec = g_strdup(codec);
        EXPECT_EQ(ffarm_rules_match(settings->rules, media, nullptr)->profile, nullptr) << codec;
    }
}

TEST(SettingsLoad, SaysWhyAFileCanNotBeRead)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    EXPECT_EQ(ffarm_settings_load("/nowhere/ffarm.yml", FALSE, diagnostics), nullptr);
    ASSERT_EQ(diagnostics->errors, 1u);
    const auto *diagnostic = static_cast<FfarmDiagnostic *>(diagnostics->items->pdata[0]);
    EXPECT_STREQ(diagnostic->message, "can't be read: No such file or directory");
    EXPECT_STREQ(diagnostic->file, "/nowhere/ffarm.yml");
    EXPECT_EQ(diagnostic->line, 0u);
}

TEST(SettingsLoad, RemembersItsPath)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    std::string path = source_path("fixtures/rules/good/seed-sample.yml");
    g_autoptr(FfarmSettings) settings = ffarm_settings_load(path.c_str(), FALSE, diagnostics);
    ASSERT_NE(settings, nullptr);
    EXPECT_EQ(settings->path, path);
    EXPECT_EQ(ffarm_settings_cluster(settings, "nowhere"), nullptr);
    const FfarmCluster *household = ffarm_settings_cluster(settings, "household");
    ASSERT_NE(household, nullptr);
    EXPECT_EQ(household->hosts->len, 2u);
    EXPECT_STREQ(static_cast<FfarmHost *>(household->hosts->pdata[1])->working_dir, "c:/temp");
}

TEST(SettingsLoad, TakesThePieceOfTheGuideThatBeginsWithClusters)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    std::string path = source_path("fixtures/rules/good/seed-walkthrough.yml");
    g_autoptr(FfarmSettings) settings = ffarm_settings_load(path.c_str(), TRUE, diagnostics);
    ASSERT_NE(settings, nullptr);
    const FfarmCluster *household = ffarm_settings_cluster(settings, "household");
    ASSERT_NE(household, nullptr);
    const auto *workstation = static_cast<FfarmHost *>(household->hosts->pdata[0]);
    EXPECT_EQ(workstation->type, FFARM_HOST_MOUNTED);
    EXPECT_NE(ffarm_settings_profile(settings, workstation->profile), nullptr);
}

TEST(SettingsParse, DoubtsAnAllowedProfileThatDoesNotExist)
{
    const char *text = "config: {clusters: {c: {h: {type: local, profiles: [hevc, hevk]}}}}\nprofiles: {hevc: }\n";
    Loaded lenient(text), strict(text, true);
    EXPECT_NE(lenient.settings, nullptr) << lenient.said;
    EXPECT_EQ(lenient.warnings, 1u);
    EXPECT_EQ(strict.settings, nullptr);
    EXPECT_NE(strict.said.find("unknown profile 'hevk', did you mean 'hevc'?"), std::string::npos) << strict.said;
}

// Runs in a process of its own, since GLib asks for the home directory only once.
static void find_in_turn()
{
    char *home = scratch_new();
    g_autofree char *config = g_build_filename(home, "xdg", nullptr);
    g_setenv("HOME", home, TRUE);
    g_setenv("XDG_CONFIG_HOME", config, TRUE);
    const char *const names[] = {".transcode.yml", ".config/ffarm/ffarm.yml", "xdg/ffarm/ffarm.yml"};
    g_autofree char *none = ffarm_settings_find();
    bool is_right = none == nullptr;
    for (const char *name : names) {
        g_autofree char *path = scratch_write(home, name, "config: {}\n", -1);
        g_autofree char *found = ffarm_settings_find();
        is_right = is_right && g_strcmp0(found, path) == 0;
    }
    scratch_free(home);
    exit(is_right ? 0 : 1);
}

TEST(SettingsFind, PrefersXdgThenConfigThenTheOldPlace)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(find_in_turn(), ::testing::ExitedWithCode(0), "");
}
