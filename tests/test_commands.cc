// SPDX-License-Identifier: LGPL-2.1-or-later
// Every command that a codec can become, word by word against what real ffmpegs say of their options, and the CPU's in
// earnest. FFARM_TEST_FFMPEGS: programs to ask, separated by blanks; not set: the ffmpeg of this machine.
#include <string.h>
#include <memory>
#include <string>
#include <vector>
#include <gtest/gtest.h>
#include "capability_recipe.h"
#include "command.h"
#include "ffmpeg_help.h"
#include "profile.h"
#include "profile_maker.h"
#include "profile_options.h"
#include "recipe.h"

namespace
{

const char *const codecs[] = {"h264", "hevc", "av1"};
const char *const extensions[] = {".mkv", ".mp4"};
const char *const qualities[] = {"low", "medium", "high", "0", "1", "16", "28", "40", "47", "50", "51"};
const char *const speeds[] = {"fast", "balanced", "best"};

std::vector<std::string> Programs()
{
    g_auto(GStrv) words = g_strsplit_set(g_getenv("FFARM_TEST_FFMPEGS") ? g_getenv("FFARM_TEST_FFMPEGS") : "", " ", -1);
    std::vector<std::string> programs;
    for (char **word = words; *word; word++)
        if (**word)
            programs.push_back(*word);
    return programs.empty() ? std::vector<std::string>{"ffmpeg"} : programs;
}

// One way to encode.
struct Command {
    std::string engine, encoder, trace;
    std::vector<std::string> input, words;
};

std::string ValueOf(const std::vector<std::string> &words, const std::string &option)
{
    for (size_t i = 0; i + 1 < words.size(); i++)
        if (words[i] == option)
            return words[i + 1];
    return "";
}

std::vector<Command> Commands(const char *codec, const char *depth, const char *extension, const char *quality,
                              const char *speed)
{
    std::unique_ptr<FfarmProfile, void (*)(FfarmProfile *)> profile(ffarm_profile_new("p"), ffarm_profile_free);
    profile->codec = g_strdup(codec);
    profile->bit_depth = g_strdup(depth);
    profile->extension = g_strdup(extension);
    profile->quality = g_strdup(quality);
    profile->speed = g_strdup(speed);
    g_autoptr(GPtrArray) list = ffarm_profile_options_list(profile.get());
    std::vector<Command> commands;
    for (guint i = 0; i < list->len; i++) {
        auto *options = static_cast<FfarmProfileOptions *>(list->pdata[i]);
        if (options->obstacle)
            continue;
        Command command;
        command.engine = options->engine;
        for (char **word = options->input; *word; word++)
            command.input.push_back(*word);
        for (char **word = options->output; *word; word++)
            command.words.push_back(*word);
        command.encoder = ValueOf(command.words, "-c:v");
        g_autofree char *input = g_strjoinv(" ", options->input), *output = g_strjoinv(" ", options->output);
        command.trace = std::string(extension) + ": " + input + " -i ... " + output;
        commands.push_back(command);
    }
    return commands;
}

std::vector<Command> AllCommands()
{
    std::vector<Command> all;
    for (const char *codec : codecs)
        for (const char *depth : {"8", "10"})
            for (const char *extension : extensions)
                for (const char *quality : qualities)
                    for (const char *speed : speeds) {
                        std::vector<Command> some = Commands(codec, depth, extension, quality, speed);
                        all.insert(all.end(), some.begin(), some.end());
                    }
    return all;
}

// What sets the quality or rate of @words. Without a bitrate of 0 NVENC of old versions heeds its default one beside
// -cq.
std::vector<std::string> KnobsOf(const std::vector<std::string> &words)
{
    static const std::vector<std::string> knobs = {"-crf",  "-cq",  "-qp", "-global_quality", "-q:v", "-q", "-qscale:v",
                                                   "-qp_i", "-b:v", "-b",  "-maxrate",        "-qmin"};
    std::vector<std::string> found;
    for (size_t i = 0; i < words.size(); i++)
        if (std::count(knobs.begin(), knobs.end(), words[i]) && !(words[i] == "-b:v" && words[i + 1] == "0"))
            found.push_back(words[i]);
    return found;
}

// What can be told without an ffmpeg that has the encoder: no Debian has AMF or VideoToolbox.
std::string OutOfRange(const Command &command)
{
    bool is_av1 = command.encoder.rfind("av1_", 0) == 0;
    for (const char *option : {"-qp_i", "-qp_p", "-qp_b", "-qp", "-cq", "-global_quality", "-q:v"}) {
        std::string value = ValueOf(command.words, option);
        int most = strcmp(option, "-q:v") == 0 ? 100 : is_av1 ? 255 : 51;
        if (!value.empty() && (atoi(value.c_str()) < 1 || atoi(value.c_str()) > most))
            return std::string(option) + " " + value;
    }
    return "";
}

// All that @help has to say against options in pairs.
std::string Objections(FfmpegHelp *help, const std::string &encoder, const std::vector<std::string> &words)
{
    std::string objections;
    for (size_t i = 0; i + 1 < words.size(); i += 2) {
        std::string why = help->Objection(encoder, words[i], words[i + 1]);
        if (why.empty() && words[i] == "-pix_fmt")
            why = help->ObjectionToFormat(encoder, words[i + 1]);
        if (!why.empty())
            objections += words[i] + " " + words[i + 1] + ": " + why + "\n";
    }
    return objections;
}

// What ffmpeg says at "verbose" of options that it did not use, or only takes for now.
std::string Complaints(const std::string &said)
{
    std::string complaints, line;
    std::istringstream lines(said);
    while (std::getline(lines, line))
        for (const char *text :
             {"has not been used for any stream", "nrecognized option", "eprecated", "ncompatible pixel format",
              "out of range", "not recognized", "Error setting option", "nknown option"})
            if (line.find(text) != std::string::npos)
                complaints += line + "\n";
    return complaints;
}

// Five frames by @command, to a pipe.
Spoken Encode(const std::string &program, const Command &command, const char *extension)
{
    std::vector<std::string> words = {
        program, "-nostdin", "-hide_banner", "-v", "verbose", "-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=0.2"};
    words.insert(words.end(), command.words.begin(), command.words.end());
    if (strcmp(extension, ".mp4") == 0)
        words.insert(words.end(), {"-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "pipe:1"});
    else
        words.insert(words.end(), {"-f", "matroska", "pipe:1"});
    return Run(words);
}

} // namespace

class CommandsOf : public testing::TestWithParam<std::string>
{
  protected:
    // Asked once for all cases.
    static FfmpegHelp *Help()
    {
        static std::map<std::string, std::unique_ptr<FfmpegHelp>> known;
        std::unique_ptr<FfmpegHelp> &help = known[GetParam()];
        if (!help)
            help = std::make_unique<FfmpegHelp>(GetParam());
        return help.get();
    }

    static std::vector<std::string> Split(const std::string &text, const char *delimiter)
    {
        g_auto(GStrv) parts = g_strsplit(text.c_str(), delimiter, -1);
        return std::vector<std::string>(parts, parts + g_strv_length(parts));
    }

    // @seen: gets the commands
    static void CheckWay(const FfarmProfile *profile, const FfarmWay *way, std::set<std::string> *seen)
    {
        std::unique_ptr<FfarmProfile, void (*)(FfarmProfile *)> filled(ffarm_recipe_fill_way(profile, way, "matroska"),
                                                                       ffarm_profile_free);
        g_auto(GStrv) output = ffarm_command_output_options(filled.get(), 0);
        std::vector<std::string> words(output, output + g_strv_length(output));
        char **input = filled->sections[FFARM_SECTION_INPUT].words;
        g_autofree char *before = g_strjoinv(" ", input), *behind = g_strjoinv(" ", output);
        SCOPED_TRACE(std::string(before) + " -i ... " + behind);
        std::string encoder = ValueOf(words, "-c:v");
        seen->insert(std::string(before) + behind);
        EXPECT_EQ(Objections(Help(), encoder, words), "");
        for (const std::string &filter : Split(ValueOf(words, "-vf"), ","))
            EXPECT_TRUE(filter.empty() || Help()->Lists("filters", Split(filter, "=")[0])) << filter;
        for (char **word = input; *word && word[1]; word += 2) {
            EXPECT_TRUE(Help()->IsOfProgram(*word) || Help()->IsOfCodecs(*word)) << *word;
            const char *list = strcmp(*word, "-hwaccel") == 0   ? "hwaccels"
                               : g_str_has_prefix(*word, "-c:") ? "decoders"
                                                                : nullptr;
            EXPECT_TRUE(!list || Help()->Lists(list, word[1])) << word[1];
        }
    }

    // Encodes with what the CPU's encoder of @codec is told; 0 if there is none.
    static gsize EncodeHere(const char *codec, const char *depth, const char *extension, const char *quality,
                            const char *speed)
    {
        for (const Command &command : Commands(codec, depth, extension, quality, speed)) {
            if (command.engine != "cpu" || !Help()->HasEncoder(command.encoder))
                continue;
            Spoken spoken = Encode(GetParam(), command, extension);
            EXPECT_EQ(spoken.status, 0) << command.trace << "\n" << spoken.err;
            EXPECT_EQ(Complaints(spoken.err), "") << command.trace;
            EXPECT_GT(spoken.bytes, 0u) << command.trace;
            return spoken.bytes;
        }
        return 0;
    }
};

TEST_P(CommandsOf, WrongWordsAreFoundOut)
{
    if (!Help()->HasEncoder("libsvtav1") || !Help()->HasEncoder("hevc_nvenc"))
        GTEST_SKIP() << GetParam() << " was built without";
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-rc", "vbr"), "");
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-bf", "3"), "");
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-vf", "null"), "");
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-rc", "cqp"), "has no such value");
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-preset:v", "p8"), "has no such value");
    EXPECT_EQ(Help()->Objection("hevc_nvenc", "-cq", "52"), "is out of its range");
    EXPECT_EQ(Help()->Objection("libsvtav1", "-cq", "20"), "no such option");
    EXPECT_EQ(Help()->Objection("libsvtav1", "-lowres", "1"), "not for encoders");
    EXPECT_NE(Help()->ObjectionToFormat("libsvtav1", "nv12"), "");
    EXPECT_TRUE(Help()->IsOfProgram("-vaapi_device"));
    EXPECT_FALSE(Help()->IsOfProgram("-cq"));
    EXPECT_EQ(Complaints("Codec AVOption cq (x) has not been used for any stream.\n"),
              "Codec AVOption cq (x) has not been used for any stream.\n");
}

TEST_P(CommandsOf, EveryOptionAndValueIsKnownToTheEncoder)
{
    std::set<std::string> checked, absent;
    std::vector<Command> all = AllCommands();
    EXPECT_GE(all.size(), 54u * 33);
    for (const Command &command : all) {
        SCOPED_TRACE(command.trace);
        EXPECT_EQ(KnobsOf(command.words).size(), 1u);
        EXPECT_EQ(command.words.size() % 2, 0u);
        EXPECT_EQ(OutOfRange(command), "");
        if (!Help()->HasEncoder(command.encoder)) {
            absent.insert(command.encoder);
            continue;
        }
        checked.insert(command.encoder);
        ASSERT_EQ(Objections(Help(), command.encoder, command.words), "");
        for (size_t i = 0; i < command.input.size(); i += 2)
            ASSERT_TRUE(Help()->IsOfProgram(command.input[i])) << command.input[i];
    }
    EXPECT_GE(checked.size(), 3u) << "nothing was asked of " << GetParam();
    for (const std::string &encoder : absent)
        std::cout << "not built into " << GetParam() << ": " << encoder << "\n";
}

TEST_P(CommandsOf, EveryWayOfDecodingAndFilteringIsKnown)
{
    std::unique_ptr<FfarmMedia, void (*)(FfarmMedia *)> film(ffarm_media_new("film.mkv"), ffarm_media_free);
    FfarmStream *video = AddStream(film.get(), FFARM_STREAM_VIDEO, "hevc");
    video->pix_fmt = g_strdup("yuv420p10le");
    video->bit_depth = 10;
    video->width = 1921;
    video->height = 1080;
    video->is_interlaced = TRUE;
    video->hdr = FFARM_HDR_HDR10;
    const FfarmTraits hard = ffarm_traits_of(film.get());
    FfarmTraits easy = hard;
    easy.is_odd = easy.is_interlaced = FALSE;
    easy.depth = 8;
    std::set<std::string> seen;
    for (const char *encoder : {"cuda", "qsv", "vaapi", "cpu"})
        for (const char *decoder : {(const char *)nullptr, "cuda", "qsv", "vaapi"})
            for (bool stays : {false, true})
                for (int depth : {8, 10})
                    for (const FfarmTraits *traits : std::initializer_list<const FfarmTraits *>{&hard, &easy}) {
                        if (strcmp(encoder, "cpu") != 0 && decoder && strcmp(encoder, decoder) != 0)
                            continue;
                        if (stays && (!decoder || strcmp(encoder, "cpu") == 0 || traits == &hard))
                            continue;
                        FfarmWay way = {};
                        way.engine = encoder;
                        way.decoder = decoder;
                        way.node = way.decoder_node = g_strcmp0(decoder, "cuda") == 0 ? "0" : "/dev/dri/renderD128";
                        way.node = strcmp(encoder, "cuda") == 0 ? "0" : way.node;
                        way.stays = stays;
                        way.os = FFARM_OS_LINUX;
                        way.depth = depth;
                        way.traits = traits;
                        std::unique_ptr<FfarmProfile, void (*)(FfarmProfile *)> profile(ffarm_profile_new("p"),
                                                                                        ffarm_profile_free);
                        profile->codec = g_strdup("hevc");
                        profile->hdr = g_strdup(depth == 8 ? "tonemap" : "keep");
                        CheckWay(profile.get(), &way, &seen);
                    }
    EXPECT_GE(seen.size(), 20u);
}

TEST_P(CommandsOf, EveryOptionOfTheTrialsIsKnown)
{
    guint asked = 0;
    for (const FfarmRecipe *recipe = ffarm_recipes(); recipe->engine; recipe++)
        for (int depth : {8, 10})
            for (bool is_second : {false, true}) {
                if (!Help()->HasEncoder(recipe->encoder) || (is_second && !recipe->other_knob))
                    continue;
                const char *device = strcmp(recipe->engine, "cuda") == 0 ? "0" : "/dev/dri/renderD128";
                g_auto(GStrv) argv = ffarm_recipe_argv(recipe, "ffmpeg", FFARM_OS_LINUX, device, depth, is_second);
                g_autofree char *trace = g_strjoinv(" ", argv);
                SCOPED_TRACE(trace);
                char **word = argv;
                for (; *word && strcmp(*word, "-i") != 0; word++)
                    EXPECT_TRUE(**word != '-' || Help()->IsOfProgram(*word)) << *word;
                ASSERT_TRUE(word[0] && word[1]);
                std::vector<std::string> words;
                for (word += 2; *word && word[1]; word++)
                    words.push_back(*word);
                ASSERT_EQ(words.size() % 2, 0u);
                // Whether the encoder takes the frames is what a trial is to find out.
                for (size_t i = 0; i < words.size(); i += 2) {
                    bool is_muxer = words[i] == "-f";
                    EXPECT_EQ(is_muxer ? "" : Help()->Objection(recipe->encoder, words[i], words[i + 1]), "")
                        << words[i];
                }
                EXPECT_EQ(KnobsOf(words).size(), 1u);
                asked++;
            }
    EXPECT_GE(asked, 6u);
}

TEST_P(CommandsOf, TheCpuTakesEveryWordWithoutComplaint)
{
    guint encodes = 0;
    for (const char *codec : codecs)
        for (const char *depth : {"8", "10"}) {
            for (const char *speed : speeds)
                encodes += EncodeHere(codec, depth, ".mkv", "medium", speed) > 0;
            encodes += EncodeHere(codec, depth, ".mp4", "low", "fast") > 0;
        }
    EXPECT_GE(encodes, 8u);
}

// A knob that an encoder takes and does not heed leaves the size as it was.
TEST_P(CommandsOf, TheCpuHeedsTheQuality)
{
    for (const char *codec : codecs) {
        gsize before = 0;
        for (const char *quality : {"51", "28", "16", "0"}) {
            gsize bytes = EncodeHere(codec, "8", ".mkv", quality, "fast");
            if (bytes == 0)
                break;
            EXPECT_GT(bytes, before) << codec << ", quality " << quality;
            before = bytes;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Programs, CommandsOf, testing::ValuesIn(Programs()), [](const auto &info) {
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char letter) { return !isalnum(letter); }, '_');
    return name;
});
