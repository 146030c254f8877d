// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <atomic>
#include <cmath>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <json-glib/json-glib.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>
#include "media_maker.h"
#include "prober.h"
#include "scratch.h"

namespace
{

std::string Text(const char *text)
{
    return text ? text : "(none)";
}

const std::string &Corpus()
{
    static const std::string folder = [] {
        g_autofree char *path = media_corpus();
        return std::string(path);
    }();
    return folder;
}

std::vector<std::string> FilesIn(const std::string &folder)
{
    std::vector<std::string> files;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
        files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    return files;
}

FfarmMedia *Probe(const std::string &path)
{
    g_autoptr(GError) error = nullptr;
    FfarmMedia *media = ffarm_probe_file(path.c_str(), 0, nullptr, &error);
    g_assert_no_error(error);
    return media;
}

std::string Problems(const FfarmMedia *media)
{
    std::string all;
    for (guint i = 0; i < media->problems->len; i++) {
        auto problem = static_cast<const FfarmProblem *>(g_ptr_array_index(media->problems, i));
        all += std::string(i ? "; " : "") + ffarm_problem_kind_name(problem->kind) + ": " + problem->text;
    }
    return all;
}

const FfarmStream *Film(const FfarmMedia *media)
{
    const FfarmStream *video = ffarm_media_peek_video(media);
    EXPECT_NE(video, nullptr);
    return video;
}

// What ffprobe says about a file, as JSON.
class Ffprobe
{
  public:
    explicit Ffprobe(const std::string &path)
    {
        const std::string url = "file:" + path;
        const char *argv[] = {"ffprobe",        "-v",  "quiet", "-show_format", "-show_streams",
                              "-show_chapters", "-of", "json",  url.c_str(),    nullptr};
        g_autoptr(GError) error = nullptr;
        g_autoptr(GSubprocess) process = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
        g_assert_no_error(error);
        g_autoptr(GBytes) output = nullptr;
        g_subprocess_communicate(process, nullptr, nullptr, &output, nullptr, &error);
        g_assert_no_error(error);
        parser = json_parser_new();
        gsize length;
        auto bytes = static_cast<const char *>(g_bytes_get_data(output, &length));
        json_parser_load_from_data(parser, bytes, static_cast<gssize>(length), &error);
        g_assert_no_error(error);
    }
    ~Ffprobe()
    {
        g_object_unref(parser);
    }
    JsonObject *Root() const
    {
        return json_node_get_object(json_parser_get_root(parser));
    }

  private:
    JsonParser *parser;
};

// A member as text, whatever its type; "(none)" where ffprobe has none or says that it does not know.
std::string Member(JsonObject *object, const char *name)
{
    if (!object || !json_object_has_member(object, name))
        return "(none)";
    JsonNode *node = json_object_get_member(object, name);
    if (json_node_get_value_type(node) == G_TYPE_INT64)
        return std::to_string(json_node_get_int(node));
    const std::string text = json_node_get_string(node);
    return text == "unknown" ? "(none)" : text;
}

JsonObject *Child(JsonObject *object, const char *name)
{
    return json_object_has_member(object, name) ? json_object_get_object_member(object, name) : nullptr;
}

// The side data of one type, or NULL.
JsonObject *SideData(JsonObject *stream, const std::string &type)
{
    if (!json_object_has_member(stream, "side_data_list"))
        return nullptr;
    JsonArray *list = json_object_get_array_member(stream, "side_data_list");
    for (guint i = 0; i < json_array_get_length(list); i++)
        if (Member(json_array_get_object_element(list, i), "side_data_type") == type)
            return json_array_get_object_element(list, i);
    return nullptr;
}

void ExpectSeconds(const std::string &theirs, gint64 ours_us, gint64 unknown, const char *what)
{
    if (theirs == "(none)")
        EXPECT_EQ(ours_us, unknown) << what;
    else
        EXPECT_NEAR(std::stod(theirs) * 1e6, static_cast<double>(ours_us), 1.5) << what;
}

void ExpectNumber(const std::string &theirs, gint64 ours, const char *what)
{
    EXPECT_EQ(theirs == "(none)" ? 0 : std::stoll(theirs), ours) << what;
}

// Where the container states none (transport streams) it is libavformat's average over as many audio frames as it
// happened to look at, which depends on the reader: a few per cent are no disagreement.
void ExpectStreamBitRate(const std::string &theirs, gint64 ours)
{
    const double rate = theirs == "(none)" ? 0 : std::stod(theirs);
    EXPECT_NEAR(rate, static_cast<double>(ours), rate * 0.03) << "bit_rate";
}

double Ratio(const std::string &fraction)
{
    const size_t slash = fraction.find('/');
    return std::stod(fraction.substr(0, slash)) / std::stod(fraction.substr(slash + 1));
}

void CompareFormat(JsonObject *format, const FfarmMedia *media)
{
    EXPECT_EQ(Member(format, "format_name"), Text(media->container));
    EXPECT_EQ(Member(format, "size"), std::to_string(media->size_bytes));
    ExpectNumber(Member(format, "bit_rate"), media->bitrate_bps, "bit_rate");
    EXPECT_EQ(Member(format, "nb_streams"), std::to_string(media->streams->len));
    ExpectSeconds(Member(format, "start_time"), media->start_us, G_MININT64, "start_time");
    if (!media->duration_from_packets)
        ExpectSeconds(Member(format, "duration"), media->duration_us, 0, "duration");
    EXPECT_EQ(Member(Child(format, "tags"), "title"), Text(media->title));
}

void CompareVideo(JsonObject *theirs, const FfarmStream *ours)
{
    EXPECT_EQ(Member(theirs, "width"), std::to_string(ours->width));
    EXPECT_EQ(Member(theirs, "height"), std::to_string(ours->height));
    EXPECT_EQ(Member(theirs, "pix_fmt"), Text(ours->pix_fmt));
    EXPECT_EQ(Member(theirs, "avg_frame_rate"), std::to_string(ours->fps_num) + "/" + std::to_string(ours->fps_den));
    EXPECT_EQ(Member(theirs, "r_frame_rate"),
              std::to_string(ours->base_fps_num) + "/" + std::to_string(ours->base_fps_den));
    if (Member(theirs, "sample_aspect_ratio") != "(none)") {
        EXPECT_EQ(Member(theirs, "sample_aspect_ratio"),
                  std::to_string(ours->sar_num) + ":" + std::to_string(ours->sar_den));
    }
    EXPECT_EQ(Member(theirs, "field_order"), Text(ours->field_order));
    EXPECT_EQ(Member(theirs, "color_range"), Text(ours->color_range));
    EXPECT_EQ(Member(theirs, "color_space"), Text(ours->color_space));
    EXPECT_EQ(Member(theirs, "color_transfer"), Text(ours->color_transfer));
    EXPECT_EQ(Member(theirs, "color_primaries"), Text(ours->color_primaries));
    const std::string location = Member(theirs, "chroma_location");
    EXPECT_EQ(location == "unspecified" ? "(none)" : location, Text(ours->chroma_location));
    JsonObject *matrix = SideData(theirs, "Display Matrix");
    EXPECT_EQ(matrix ? (720 - json_object_get_int_member(matrix, "rotation")) % 360 : 0, ours->rotation);
    if (JsonObject *master = SideData(theirs, "Mastering display metadata")) {
        EXPECT_DOUBLE_EQ(Ratio(Member(master, "red_x")), ours->mastering.red_x);
        EXPECT_DOUBLE_EQ(Ratio(Member(master, "blue_y")), ours->mastering.blue_y);
        EXPECT_DOUBLE_EQ(Ratio(Member(master, "white_point_x")), ours->mastering.white_x);
        EXPECT_DOUBLE_EQ(Ratio(Member(master, "max_luminance")), ours->mastering.max_luminance);
    }
    if (JsonObject *light = SideData(theirs, "Content light level metadata")) {
        ExpectNumber(Member(light, "max_content"), ours->max_cll, "max_content");
        ExpectNumber(Member(light, "max_average"), ours->max_fall, "max_average");
    }
}

void CompareAudio(JsonObject *theirs, const FfarmStream *ours)
{
    EXPECT_EQ(Member(theirs, "channels"), std::to_string(ours->channels));
    EXPECT_EQ(Member(theirs, "channel_layout"), Text(ours->layout));
    EXPECT_EQ(Member(theirs, "sample_rate"), std::to_string(ours->sample_rate));
    EXPECT_EQ(Member(theirs, "sample_fmt"), Text(ours->sample_fmt));
}

void CompareDispositions(JsonObject *theirs, guint ours)
{
    for (guint bit = 0; ffarm_disposition_name(static_cast<FfarmDisposition>(1u << bit)); bit++) {
        const char *name = ffarm_disposition_name(static_cast<FfarmDisposition>(1u << bit));
        EXPECT_EQ(Member(theirs, name), ours & (1u << bit) ? "1" : "0") << name;
    }
}

void CompareStream(JsonObject *theirs, const FfarmStream *ours)
{
    JsonObject *tags = Child(theirs, "tags");
    SCOPED_TRACE("stream " + std::to_string(ours->index));
    EXPECT_EQ(Member(theirs, "index"), std::to_string(ours->index));
    EXPECT_EQ(Member(theirs, "codec_type"), ffarm_stream_type_name(ours->type));
    EXPECT_EQ(Member(theirs, "codec_name"), Text(ours->codec));
    EXPECT_EQ(Member(theirs, "codec_tag_string"), Text(ours->codec_tag));
    EXPECT_EQ(Member(theirs, "time_base"),
              std::to_string(ours->time_base_num) + "/" + std::to_string(ours->time_base_den));
    ExpectStreamBitRate(Member(theirs, "bit_rate"), ours->bitrate_bps);
    ExpectNumber(Member(theirs, "nb_frames"), ours->frames, "nb_frames");
    ExpectSeconds(Member(theirs, "start_time"), ours->start_us, G_MININT64, "start_time");
    ExpectSeconds(Member(theirs, "duration"), ours->duration_us, 0, "duration");
    EXPECT_EQ(Member(tags, "language"), Text(ours->language));
    EXPECT_EQ(Member(tags, "title"), Text(ours->title));
    EXPECT_EQ(Member(tags, "filename"), Text(ours->filename));
    EXPECT_EQ(Member(tags, "mimetype"), Text(ours->mimetype));
    if (Member(theirs, "profile") != "(none)" && ours->profile) {
        EXPECT_EQ(Member(theirs, "profile"), ours->profile);
    }
    CompareDispositions(Child(theirs, "disposition"), ours->disposition);
    if (ours->type == FFARM_STREAM_VIDEO) {
        ExpectNumber(Member(theirs, "level"), ours->level, "level");
        CompareVideo(theirs, ours);
    } else if (ours->type == FFARM_STREAM_AUDIO) {
        CompareAudio(theirs, ours);
    }
}

void CompareChapters(JsonArray *theirs, const GPtrArray *ours)
{
    ASSERT_EQ(json_array_get_length(theirs), ours->len);
    for (guint i = 0; i < ours->len; i++) {
        auto chapter = static_cast<const FfarmChapter *>(g_ptr_array_index(ours, i));
        JsonObject *object = json_array_get_object_element(theirs, i);
        ExpectSeconds(Member(object, "start_time"), chapter->start_us, 0, "chapter start");
        ExpectSeconds(Member(object, "end_time"), chapter->end_us, 0, "chapter end");
        EXPECT_EQ(Member(Child(object, "tags"), "title"), Text(chapter->title));
    }
}

void CompareWithFfprobe(const std::string &path)
{
    SCOPED_TRACE(path);
    g_autoptr(FfarmMedia) media = Probe(path);
    Ffprobe ffprobe(path);
    CompareFormat(Child(ffprobe.Root(), "format"), media);
    JsonArray *streams = json_object_get_array_member(ffprobe.Root(), "streams");
    ASSERT_EQ(json_array_get_length(streams), media->streams->len);
    for (guint i = 0; i < media->streams->len; i++)
        CompareStream(json_array_get_object_element(streams, i),
                      static_cast<const FfarmStream *>(g_ptr_array_index(media->streams, i)));
    CompareChapters(json_object_get_array_member(ffprobe.Root(), "chapters"), media->chapters);
}

} // namespace

TEST(ProberCorpus, HasAtLeastFortyFilms)
{
    EXPECT_GE(FilesIn(Corpus() + "/good").size(), 40u);
}

TEST(ProberCorpus, AgreesWithFfprobeOnEveryFilm)
{
    for (const std::string &path : FilesIn(Corpus() + "/good"))
        CompareWithFfprobe(path);
}

TEST(ProberCorpus, AgreesWithFfprobeOnSound)
{
    for (const std::string &path : FilesIn(Corpus() + "/bad/no_video"))
        CompareWithFfprobe(path);
}

TEST(ProberCorpus, FindsNothingWrongWithGoodFilms)
{
    for (const std::string &path : FilesIn(Corpus() + "/good")) {
        g_autoptr(FfarmMedia) media = Probe(path);
        EXPECT_TRUE(ffarm_media_is_valid(media)) << path << ": " << Problems(media);
        EXPECT_GT(media->duration_us, 0) << path;
    }
}

TEST(ProberCorpus, NamesEveryProblemByItsKind)
{
    for (const auto &folder : std::filesystem::directory_iterator(Corpus() + "/bad"))
        for (const std::string &path : FilesIn(folder.path().string())) {
            g_autoptr(FfarmMedia) media = Probe(path);
            ASSERT_EQ(media->problems->len, 1u) << path << ": " << Problems(media);
            EXPECT_EQ(Problems(media).rfind(folder.path().filename().string() + ": ", 0), 0u)
                << path << ": " << Problems(media);
        }
}

TEST(ProberCorpus, TakesEveryNameForAFile)
{
    const std::vector<std::string> names = FilesIn(Corpus() + "/traps");
    ASSERT_GE(names.size(), 14u);
    g_autofree char *before = g_get_current_dir();
    ASSERT_EQ(chdir((Corpus() + "/traps").c_str()), 0);
    for (const std::string &path : names) {
        const std::string name = std::filesystem::path(path).filename().string();
        g_autoptr(FfarmMedia) media = Probe(name); // as typed in that folder: "-dash.mkv", "http:evil.mkv"
        EXPECT_TRUE(ffarm_media_is_valid(media)) << name << ": " << Problems(media);
        EXPECT_STREQ(media->path, name.c_str());
        EXPECT_EQ(media->streams->len, 2u) << name;
    }
    ASSERT_EQ(chdir(before), 0);
    EXPECT_FALSE(std::filesystem::exists(Corpus() + "/traps/PWNED"));
}

struct Expectation {
    const char *file;
    FfarmHdr hdr;
    int bit_depth;
    bool vfr, interlaced;
    int rotation;
};

TEST(ProberFilm, KnowsColourTimeAndGeometry)
{
    const Expectation expectations[] = {
        {"h264-aac.mkv", FFARM_HDR_NONE, 8, false, false, 0},
        {"h264-10bit.mkv", FFARM_HDR_NONE, 10, false, false, 0},
        {"hdr10.mkv", FFARM_HDR_HDR10, 10, false, false, 0},
        {"hdr10.mp4", FFARM_HDR_HDR10, 10, false, false, 0},
        {"hdr10-only-in-stream.ts", FFARM_HDR_HDR10, 10, false, false, 0},
        {"dolby-vision.mp4", FFARM_HDR_DOLBY_VISION, 10, false, false, 0},
        {"pq.mkv", FFARM_HDR_PQ, 10, false, false, 0},
        {"hlg.mkv", FFARM_HDR_HLG, 10, false, false, 0},
        {"interlaced.mkv", FFARM_HDR_NONE, 8, false, true, 0},
        {"interlaced.mp4", FFARM_HDR_NONE, 8, false, true, 0},
        {"interlaced-mpeg2.mpg", FFARM_HDR_NONE, 8, false, true, 0},
        {"vfr.mkv", FFARM_HDR_NONE, 8, true, false, 0},
        {"vfr.mp4", FFARM_HDR_NONE, 8, true, false, 0},
        {"telecine.mkv", FFARM_HDR_NONE, 8, false, false, 0},
        {"fps-5994.mkv", FFARM_HDR_NONE, 8, false, false, 0},
        {"rotated-180.mp4", FFARM_HDR_NONE, 8, false, false, 180},
    };
    for (const Expectation &expected : expectations) {
        SCOPED_TRACE(expected.file);
        g_autoptr(FfarmMedia) media = Probe(Corpus() + "/good/" + expected.file);
        const FfarmStream *film = Film(media);
        EXPECT_EQ(film->hdr, expected.hdr);
        EXPECT_EQ(film->bit_depth, expected.bit_depth);
        EXPECT_EQ(film->is_vfr, expected.vfr);
        EXPECT_EQ(film->is_interlaced, expected.interlaced);
        EXPECT_EQ(film->rotation, expected.rotation);
    }
}

TEST(ProberFilm, OnlyVfrFilmsVary)
{
    for (const std::string &path : FilesIn(Corpus() + "/good")) {
        g_autoptr(FfarmMedia) media = Probe(path);
        EXPECT_EQ(Film(media)->is_vfr, path.find("/vfr.") != std::string::npos) << path;
    }
}

TEST(ProberFilm, HasItsMasteringDisplayFromTheStream)
{
    g_autoptr(FfarmMedia) media = Probe(Corpus() + "/good/hdr10-only-in-stream.ts");
    const FfarmStream *film = Film(media);
    EXPECT_DOUBLE_EQ(film->mastering.red_x, 0.68);
    EXPECT_DOUBLE_EQ(film->mastering.white_y, 0.329);
    EXPECT_DOUBLE_EQ(film->mastering.max_luminance, 1000);
    EXPECT_DOUBLE_EQ(film->mastering.min_luminance, 0.005);
    EXPECT_EQ(film->max_cll, 1000u);
    EXPECT_EQ(film->max_fall, 400u);
    EXPECT_EQ(film->dovi_profile, -1);
}

TEST(ProberFilm, HasItsDolbyVisionRecord)
{
    g_autoptr(FfarmMedia) media = Probe(Corpus() + "/good/dolby-vision.mp4");
    EXPECT_EQ(Film(media)->dovi_profile, 8);
    EXPECT_EQ(Film(media)->dovi_level, 1);
    EXPECT_EQ(Film(media)->dovi_compatibility, 1);
    EXPECT_EQ(Film(media)->max_cll, 1000u); // its base layer is HDR10
}

TEST(ProberFilm, IsNotItsCoverArt)
{
    g_autoptr(FfarmMedia) media = Probe(Corpus() + "/good/cover.mkv");
    EXPECT_EQ(ffarm_media_count_streams(media, FFARM_STREAM_VIDEO), 2u);
    EXPECT_STREQ(Film(media)->codec, "h264");
}

TEST(ProberFilm, KnowsAttachmentsAndTextSubtitles)
{
    g_autoptr(FfarmMedia) fonts = Probe(Corpus() + "/good/fonts.mkv");
    EXPECT_EQ(ffarm_media_count_streams(fonts, FFARM_STREAM_ATTACHMENT), 2u);
    EXPECT_STREQ(ffarm_media_peek_stream(fonts, FFARM_STREAM_ATTACHMENT, 0)->filename, "Größe.ttf");
    EXPECT_EQ(ffarm_media_peek_stream(fonts, FFARM_STREAM_ATTACHMENT, 0)->attachment_bytes, 3000);
    EXPECT_NE(ffarm_media_peek_stream(fonts, FFARM_STREAM_ATTACHMENT, 0)->attachment_checksum, 0);
    g_autoptr(FfarmMedia) text = Probe(Corpus() + "/good/subtitles-text.mkv");
    EXPECT_TRUE(ffarm_media_peek_stream(text, FFARM_STREAM_SUBTITLE, 2)->is_text);
    g_autoptr(FfarmMedia) pictures = Probe(Corpus() + "/good/subtitles-pgs.mkv");
    EXPECT_FALSE(ffarm_media_peek_stream(pictures, FFARM_STREAM_SUBTITLE, 0)->is_text);
}

TEST(ProberDuration, IsReadFromPacketsWhereNothingStatesIt)
{
    for (const char *name : {"live.mkv", "h264.h264"}) {
        g_autoptr(FfarmMedia) media = Probe(Corpus() + "/good/" + name);
        EXPECT_TRUE(media->duration_from_packets) << name;
        EXPECT_NEAR(static_cast<double>(media->duration_us), 1e6, 5e4) << name;
    }
}

class Prober : public testing::Test
{
  protected:
    void SetUp() override
    {
        folder = scratch_new();
    }
    void TearDown() override
    {
        scratch_free(folder);
    }
    std::string In(const char *name) const
    {
        return std::string(folder) + "/" + name;
    }
    char *folder = nullptr;
};

TEST_F(Prober, SaysWhyAFileCannotBeOpened)
{
    ASSERT_EQ(mkfifo(In("pipe.mkv").c_str(), 0600), 0);
    const std::pair<std::string, const char *> expectations[] = {
        {In("missing.mkv"), "open: can't be opened: No such file or directory"},
        {folder, "open: is a folder, not a file"},
        {In("pipe.mkv"), "open: is a named pipe, not a file"},
        {"/dev/zero", "open: is a device or socket, not a file"},
    };
    for (const auto &[path, words] : expectations) {
        g_autoptr(FfarmMedia) media = Probe(path);
        EXPECT_EQ(Problems(media), words);
        EXPECT_EQ(media->container, nullptr);
    }
}

TEST_F(Prober, IdentifiesTheFileBehindALink)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 1);
    ASSERT_EQ(symlink("clip.mkv", In("soft.mkv").c_str()), 0);
    ASSERT_EQ(link(clip, In("hard.mkv").c_str()), 0);
    g_autoptr(FfarmMedia) one = Probe(clip);
    for (const char *name : {"soft.mkv", "hard.mkv"}) {
        g_autoptr(FfarmMedia) other = Probe(In(name));
        EXPECT_EQ(other->inode, one->inode);
        EXPECT_EQ(other->device, one->device);
        EXPECT_EQ(other->links, 2u);
        EXPECT_EQ(other->mtime_ns, one->mtime_ns);
    }
}

TEST_F(Prober, OpensNothingThatAPlaylistNames)
{
    g_autofree char *clip = media_make_clip(folder, "clip.ts", 1);
    g_autofree char *text = g_strdup_printf("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n%s\n#EXT-X-ENDLIST\n", clip);
    g_autofree char *list = scratch_write(folder, "list.mkv", text, -1);
    g_autoptr(FfarmMedia) media = Probe(list);
    EXPECT_TRUE(ffarm_media_has_problem(media, FFARM_PROBLEM_NOT_MEDIA));
    EXPECT_EQ(media->streams->len, 0u);
}

TEST_F(Prober, NoticesEveryCutOfAFilm)
{
    for (const char *name : {"film.mkv", "film.mp4", "film.avi"})
        for (guint percent : {1u, 10u, 35u, 60u, 85u, 99u}) {
            g_autofree char *clip = media_make_clip(folder, name, 2);
            media_cut(clip, percent);
            g_autoptr(FfarmMedia) media = Probe(clip);
            EXPECT_FALSE(ffarm_media_is_valid(media)) << name << " " << percent;
            if (percent >= 10) {
                EXPECT_TRUE(ffarm_media_has_problem(media, FFARM_PROBLEM_TRUNCATED)) << name << " " << percent;
            }
        }
}

// Cut out of a longer one, with the times that it had there.
TEST_F(Prober, TakesAnEndForALengthWhereTheFilmBeginsLate)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 2);
    const char *args[] = {"-i", clip, "-c", "copy", "-output_ts_offset", "100", nullptr};
    g_autofree char *late = media_make(folder, "late.mkv", args);
    g_autoptr(FfarmMedia) media = ffarm_probe_file(late, 0, nullptr, nullptr);
    EXPECT_TRUE(ffarm_media_is_valid(media));
    EXPECT_NEAR(static_cast<double>(media->duration_us), 2e6, 100000);
    media_cut(late, 50);
    g_autoptr(FfarmMedia) cut = ffarm_probe_file(late, 0, nullptr, nullptr);
    EXPECT_FALSE(ffarm_media_is_valid(cut));
}

TEST_F(Prober, StopsWhenCancelled)
{
    g_autofree char *clip = media_make_clip(folder, "clip.mkv", 1);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autoptr(GError) error = nullptr;
    g_cancellable_cancel(cancellable);
    EXPECT_EQ(ffarm_probe_file(clip, 0, cancellable, &error), nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_NE(strstr(error->message, "clip.mkv"), nullptr);
}

// A live recording of some hundred megabytes, sparse on disk, that has to be read to its end.
static std::string LongRead(const char *folder)
{
    g_autofree char *start = nullptr;
    gsize length = 0;
    g_file_get_contents((Corpus() + "/good/h264.h264").c_str(), &start, &length, nullptr);
    g_autofree char *path = scratch_write(folder, "long.h264", start, static_cast<gssize>(length));
    EXPECT_EQ(truncate(path, G_GINT64_CONSTANT(64) << 30), 0);
    return path;
}

TEST_F(Prober, StopsInTheMiddleOfReading)
{
    const std::string path = LongRead(folder);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    GThread *canceller = g_thread_new(
        "canceller",
        [](gpointer data) -> gpointer {
            g_usleep(150000);
            g_cancellable_cancel(static_cast<GCancellable *>(data));
            return nullptr;
        },
        cancellable);
    g_autoptr(GError) error = nullptr;
    const gint64 began = g_get_monotonic_time();
    g_autoptr(FfarmMedia) media = ffarm_probe_file(path.c_str(), 20000, cancellable, &error);
    const gint64 took_us = g_get_monotonic_time() - began;
    g_thread_join(canceller);
    EXPECT_EQ(media, nullptr);
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_GE(took_us, 140000);
    EXPECT_LT(took_us, 5000000);
}

TEST_F(Prober, StopsAtTheDeadline)
{
    const std::string path = LongRead(folder);
    const gint64 began = g_get_monotonic_time();
    g_autoptr(FfarmMedia) media = ffarm_probe_file(path.c_str(), 200, nullptr, nullptr);
    EXPECT_LT(g_get_monotonic_time() - began, 5000000);
    EXPECT_TRUE(ffarm_media_has_problem(media, FFARM_PROBLEM_TIMEOUT)) << Problems(media);
}

namespace
{

struct Delivery {
    guint next = 0;
    guint valid = 0;
    GThread *thread = g_thread_self();
    GCancellable *cancel_at_ten = nullptr;
    const std::vector<const char *> *paths = nullptr;
};

void Take(FfarmMedia *media, guint position, gpointer user_data)
{
    auto delivery = static_cast<Delivery *>(user_data);
    EXPECT_EQ(position, delivery->next++);
    EXPECT_EQ(g_thread_self(), delivery->thread);
    EXPECT_STREQ(media->path, (*delivery->paths)[position]);
    delivery->valid += ffarm_media_is_valid(media);
    if (delivery->cancel_at_ten && position == 10)
        g_cancellable_cancel(delivery->cancel_at_ten);
    ffarm_media_free(media);
}

std::vector<const char *> Repeat(const std::vector<std::string> &files, size_t count)
{
    std::vector<const char *> paths;
    for (size_t i = 0; i < count; i++)
        paths.push_back(files[i % files.size()].c_str());
    return paths;
}

} // namespace

TEST(ProberMany, AreDeliveredInOrder)
{
    const std::vector<std::string> files = FilesIn(Corpus() + "/good");
    const std::vector<const char *> paths = Repeat(files, files.size() * 4);
    Delivery delivery;
    delivery.paths = &paths;
    g_autoptr(GError) error = nullptr;
    EXPECT_TRUE(
        ffarm_probe_files(paths.data(), static_cast<guint>(paths.size()), 8, 0, Take, &delivery, nullptr, &error));
    EXPECT_EQ(delivery.next, paths.size());
    EXPECT_EQ(delivery.valid, paths.size());
}

TEST(ProberMany, AreTwentyThousand)
{
    const std::vector<std::string> files = {Corpus() + "/bad/empty/empty.mkv"};
    const std::vector<const char *> paths = Repeat(files, 20000);
    Delivery delivery;
    delivery.paths = &paths;
    EXPECT_TRUE(
        ffarm_probe_files(paths.data(), static_cast<guint>(paths.size()), 0, 0, Take, &delivery, nullptr, nullptr));
    EXPECT_EQ(delivery.next, 20000u);
}

TEST(ProberMany, AreNone)
{
    EXPECT_TRUE(ffarm_probe_files(nullptr, 0, 0, 0, Take, nullptr, nullptr, nullptr));
}

TEST(ProberMany, StopWhenCancelled)
{
    const std::vector<std::string> files = FilesIn(Corpus() + "/good");
    const std::vector<const char *> paths = Repeat(files, 5000);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Delivery delivery;
    delivery.paths = &paths;
    delivery.cancel_at_ten = cancellable;
    g_autoptr(GError) error = nullptr;
    EXPECT_FALSE(
        ffarm_probe_files(paths.data(), static_cast<guint>(paths.size()), 4, 0, Take, &delivery, cancellable, &error));
    EXPECT_TRUE(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
    EXPECT_GE(delivery.next, 11u);
    EXPECT_LT(delivery.next, 100u);
}

TEST(ProberName, MayBeVideoByItsExtension)
{
    for (const char *name : {"film.mkv", "/a.b/FILM.MP4", "x.M2ts", ".hidden.avi", "a.webm", "a.y4m", "a.264", "a.f4v"})
        EXPECT_TRUE(ffarm_probe_name_may_be_video(name)) << name;
    for (const char *name : {"film", "film.", "film.srt", "dir.mkv/file", "film.mkv.part", "", "mkv", "film.mkv~"})
        EXPECT_FALSE(ffarm_probe_name_may_be_video(name)) << name;
}

TEST(ProberVersions, NameTheThreeLibraries)
{
    const std::string versions = ffarm_probe_versions();
    for (const char *library : {"libavformat ", "libavcodec ", "libavutil "})
        EXPECT_NE(versions.find(library), std::string::npos) << versions;
}
