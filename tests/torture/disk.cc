// SPDX-License-Identifier: LGPL-2.1-or-later
#include "disk.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

const std::vector<Scenario> scenarios = {
    {"replace, same name", "film.mkv", "replace", Trash::None, false, false, false},
    {"replace, new journal", "film.mkv", "replace", Trash::None, false, false, true},
    {"replace, other name", "film.avi", "replace", Trash::None, false, false, false},
    {"replace, copied", "film.mkv", "replace", Trash::None, true, false, false},
    {"trash, same name", "film.mkv", "trash", Trash::Beside, false, false, false},
    {"trash, other name", "film.avi", "trash", Trash::Beside, false, false, false},
    {"trash elsewhere, same name", "film.mkv", "trash", Trash::Elsewhere, false, false, false},
    {"trash elsewhere, copied, other name", "film.avi", "trash", Trash::Elsewhere, true, false, false},
    {"keep", "film.mkv", "keep", Trash::None, false, false, false},
    {"output elsewhere", "film.avi", "keep", Trash::None, false, true, false},
};

static const int longest_run_ms = 60000;
static const char trash_beside[] = ".ffarm-originals";

std::string read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
}

void write_file(const std::string &path, const std::string &bytes, int mode)
{
    std::ofstream(path, std::ios::binary) << bytes;
    chmod(path.c_str(), static_cast<mode_t>(mode));
}

std::vector<std::string> files_below(const std::string &folder)
{
    std::vector<std::string> found;
    std::error_code ignored;
    for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder, ignored))
        if (!entry.is_directory())
            found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
}

static std::string result_name(const std::string &film)
{
    return film.substr(0, film.rfind('.')) + ".mkv";
}

bool make_pool(const std::string &folder)
{
    const std::string ffmpeg = "ffmpeg -nostdin -v error -y ";
    const std::string source =
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=1,noise=alls=40 -f lavfi -i sine=duration=1 ";
    const std::string small = " -c:v libx264 -preset ultrafast -crf 40 -c:a copy -threads 1 ";
    fs::create_directories(folder);
    std::string commands =
        "cd '" + folder + "' && " + ffmpeg + source + "-c:v libx264 -preset ultrafast -crf 4 -c:a aac film.mkv && " +
        ffmpeg + source + "-c:v mpeg4 -q:v 2 -c:a libmp3lame film.avi && " + ffmpeg + "-i film.mkv" + small +
        "film.mkv.result && " + ffmpeg + "-i film.avi" + small + "film.avi.result && ffmpeg -version >version";
    // The muxer goes by the name.
    for (size_t at; (at = commands.find(".result && ")) != std::string::npos;)
        commands.replace(at, 11, "-result.mkv && ");
    return system(commands.c_str()) == 0;
}

Disks::Disks(const std::string &pool_folder, const std::string &base_folder, const std::string &elsewhere,
             const std::string &ffarm)
    : pool(pool_folder), base(base_folder), other_base(elsewhere), program(ffarm), media(base + "/media"),
      films(media + "/films"), state(base + "/state"), other(elsewhere + "/other"), seed(base + "/seed")
{
    fs::create_directories(base);
    scenario = &scenarios.front();
    WriteConfiguration();
    fs::create_directories(state);
    Resume({}); // says that there is nothing, and leaves a journal
    fs::rename(state, seed);
}

// Stands in for ffmpeg: the encode is ready. Where calls are recorded it tells what it made, as it does so by itself.
static std::string stand_in(const std::string &pool, const std::string &film, const std::string &base)
{
    return "#!/bin/sh\ncase \" $* \" in\n*' -version '*) exec cat '" + pool +
           "/version' ;;\n*' -progress '*) ;;\n*) exec ffmpeg \"$@\" ;;\n"
           "esac\nfor output; do :; done\noutput=${output#file:}\ncat '" +
           pool + "/" + film + "-result.mkv' >\"$output\"\n[ ! -f '" + base +
           "/record' ] || printf 'appear\\t%s\\t%s\\t%s\\n' $(stat -c %d:%i \"$output\") \"$output\" $(stat -c %.9Y "
           "\"$output\") >>'" +
           base + "/record'\nprintf 'frame=25\\nout_time_us=1000000\\nprogress=end\\n'\n";
}

void Disks::WriteConfiguration() const
{
    std::string text = "config:\n  ffmpeg: " + base + "/ffmpeg\n  settle_time: 0\n  host_wait: 0\n  originals: ";
    text += scenario->originals;
    if (scenario->trash != Trash::None)
        text += "\n  trash_dir: " + (scenario->trash == Trash::Beside ? trash_beside : other + "/trash");
    if (scenario->encodes_elsewhere)
        text += "\n  fls_path: " + other + "/fast";
    text += "\n  clusters: {here: {me: {type: local, ffmpeg: " + base +
            "/ffmpeg}}}\nprofiles:\n  small: {output_options: [-c:v libx264, "
            "-c:a copy], extension: .mkv}\nrules:\n  everything: {profile: small}\n";
    write_file(base + "/config.yml", text);
    write_file(base + "/ffmpeg", stand_in(pool, scenario->film, base), 0755);
}

void Disks::Prepare(const Scenario &wanted)
{
    if (scenario != &wanted || result.empty()) {
        scenario = &wanted;
        WriteConfiguration();
        original_bytes = read_file(pool + "/" + wanted.film);
        result_bytes = read_file(pool + "/" + wanted.film + "-result.mkv");
    }
    for (const std::string &folder : {media, state, other})
        fs::remove_all(folder);
    fs::create_directories(films);
    fs::create_directories(other + "/fast");
    if (wanted.is_journal_new)
        fs::create_directories(state);
    else
        fs::copy(seed, state, fs::copy_options::recursive);
    source = films + "/" + wanted.film;
    bool is_kept = strcmp(wanted.originals, "keep") == 0;
    std::string name = result_name(wanted.film);
    result = wanted.is_output_elsewhere ? other + "/out/" + name : films + "/" + name + (is_kept ? ".tmp" : "");
    trash = wanted.trash == Trash::None     ? ""
            : wanted.trash == Trash::Beside ? films + "/" + trash_beside
                                            : other + "/trash";
    write_file(source, original_bytes);
    const timespec times[2] = {{1580608922, 0}, {1580608922, 123456789}};
    utimensat(AT_FDCWD, source.c_str(), times, 0);
}

Ran Disks::Start(const std::vector<std::string> &arguments, const Environment &added) const
{
    Environment environment = {{"PATH", "/usr/bin:/bin"}, {"HOME", base},
                               {"TMPDIR", base},          {"LC_ALL", "C.UTF-8"},
                               {"XDG_STATE_HOME", state}, {"XDG_CONFIG_HOME", base},
                               {"FFARM_DISKS", base}};
    environment.insert(added.begin(), added.end());
    std::vector<std::string> texts;
    std::vector<char *> words, variables;
    for (const auto &[name, value] : environment)
        texts.push_back(name + "=" + value);
    for (std::string &text : texts)
        variables.push_back(text.data());
    std::vector<std::string> line = arguments;
    line.insert(line.begin(), program);
    for (std::string &word : line)
        words.push_back(word.data());
    variables.push_back(nullptr);
    words.push_back(nullptr);
    std::string said = base + "/said";
    auto begin = std::chrono::steady_clock::now();
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), in = open("/dev/null", O_RDONLY);
        dup2(in, 0);
        dup2(out, 1);
        dup2(out, 2);
        execve(words[0], words.data(), variables.data());
        _exit(127);
    }
    pollfd end = {static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
    bool hung = poll(&end, 1, longest_run_ms) == 0;
    close(end.fd);
    if (hung)
        kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return {hung ? -1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), took.count()};
}

Ran Disks::Run(const Environment &added) const
{
    std::vector<std::string> arguments = {"--retries", "0", "-y", base + "/config.yml", "-c", "here", films};
    if (scenario->is_output_elsewhere)
        arguments.insert(arguments.begin(), {"-o", other + "/out"});
    return Start(arguments, added);
}

Ran Disks::Resume(const Environment &added) const
{
    return Start({"resume"}, added);
}

std::string Disks::Said() const
{
    return read_file(base + "/said");
}

std::string Disks::Folders() const
{
    return media + ":" + state + ":" + other;
}

bool Disks::IsOriginal(const std::string &path) const
{
    return read_file(path) == original_bytes;
}

bool Disks::IsInTrash() const
{
    if (trash.empty())
        return false;
    for (const std::string &path : files_below(trash))
        if (path.find("/.ffarm-", trash.size()) == std::string::npos && IsOriginal(path))
            return true;
    return false;
}

std::string Disks::Lost(bool may_be_hidden) const
{
    bool is_there = IsOriginal(source), is_done = read_file(result) == result_bytes;
    bool is_hidden = false;
    for (const std::string &path : files_below(films))
        is_hidden |= IsOriginal(path);
    if (!is_there && !is_done)
        return "the film is lost";
    if (source != result && fs::exists(result) && !is_done)
        return "what has the result's name is no result";
    if (strcmp(scenario->originals, "keep") == 0 && !is_there)
        return "the original is gone, which was to be kept";
    if (!trash.empty() && !is_there && !IsInTrash() && !(may_be_hidden && is_hidden))
        return "the original is in no trash";
    return "";
}

std::string Disks::Incomplete() const
{
    if (read_file(result) != result_bytes)
        return "the result is not there";
    if (strcmp(scenario->originals, "keep") == 0)
        return IsOriginal(source) ? "" : "the original is not there";
    if (source != result && fs::exists(source))
        return "the original is still there";
    return trash.empty() || IsInTrash() ? "" : "the original is not in the trash";
}

std::string Disks::Leftovers() const
{
    std::string list;
    for (const std::string &folder : {media, other})
        for (const std::string &path : files_below(folder)) {
            bool is_trash = !trash.empty() && path.rfind(trash + "/", 0) == 0;
            std::string name = path.substr(path.rfind('/') + 1);
            std::string bytes = is_trash ? read_file(path) : "";
            bool is_expected = is_trash ? name == ".ffarm-trash" || (name.rfind(".ffarm-", 0) != 0 &&
                                                                     (bytes == original_bytes || bytes == result_bytes))
                                        : path == source || path == result;
            if (!is_expected)
                list += " " + path;
        }
    return list.empty() ? "" : "left over:" + list;
}
