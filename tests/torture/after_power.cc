// SPDX-License-Identifier: LGPL-2.1-or-later
#include "after_power.h"
#include "disk.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

static const int64_t second_ns = 1000000000;

static std::string folder_of(const std::string &path)
{
    return path.substr(0, path.rfind('/'));
}

// Memory that processes share; SQLite makes it anew when nobody has it open.
static bool is_passed_over(const std::string &path)
{
    return path.size() > 4 && path.compare(path.size() - 4, 4, "-shm") == 0;
}

size_t Picture::Hash() const
{
    std::string all;
    for (const std::string &folder : folders)
        all += folder + "\n";
    for (const auto &[path, file] : names)
        all += path + "\t" + file + "\t" + std::to_string(files.at(file).mtime_ns) + "\t" + files.at(file).bytes + "\n";
    return std::hash<std::string>()(all);
}

bool Act::IsFlush() const
{
    return what.compare(0, 5, "flush") == 0;
}

bool Act::IsOfContent() const
{
    return what == "write" || what == "cut" || what == "time" || what == "fill";
}

Picture take_picture(const std::vector<std::string> &folders)
{
    Picture picture;
    for (const std::string &folder : folders) {
        picture.folders.insert(folder);
        for (const fs::directory_entry &entry : fs::recursive_directory_iterator(folder)) {
            struct stat info;
            std::string path = entry.path();
            if (entry.is_directory())
                picture.folders.insert(path);
            if (entry.is_directory() || is_passed_over(path) || lstat(path.c_str(), &info) != 0)
                continue;
            std::string file = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
            picture.names[path] = file;
            picture.files[file] = {read_file(path), info.st_mtim.tv_sec * second_ns + info.st_mtim.tv_nsec};
        }
    }
    return picture;
}

// --- acts ---

static std::vector<std::string> words_of(const std::string &line)
{
    std::vector<std::string> words;
    std::istringstream stream(line);
    for (std::string word; std::getline(stream, word, '\t');)
        words.push_back(word);
    words.resize(6);
    return words;
}

static Act read_act(const std::vector<std::string> &words, const std::string &data)
{
    Act act;
    act.what = words[0];
    bool is_of_file = act.what == "create" || act.what == "appear" || act.what == "flush-folder" ||
                      act.what == "flush" || act.IsOfContent();
    act.file = is_of_file ? words[1] : "";
    act.path = is_of_file ? words[2] : words[1];
    act.to = is_of_file ? "" : words[2];
    std::string time = act.what == "create" || act.what == "appear" || act.what == "cut" ? words[3]
                       : act.what == "time"                                              ? words[2]
                       : act.what == "write"                                             ? words[5]
                                                                                         : "0";
    time.erase(std::remove(time.begin(), time.end(), '.'), time.end());
    act.mtime_ns = std::stoll(time);
    if (act.what == "write") {
        act.offset = std::stoll(words[2]);
        act.bytes = data.substr(std::stoul(words[4]), std::stoul(words[3]));
    }
    if (act.what == "cut")
        act.length = std::stoll(words[2]);
    return act;
}

std::vector<Act> read_record(const std::string &record, const std::string &data_name, const std::string &appeared)
{
    std::vector<Act> acts;
    std::string data = read_file(data_name), line;
    std::ifstream file(record);
    while (std::getline(file, line)) {
        Act act = read_act(words_of(line), data);
        if (is_passed_over(act.path))
            continue;
        acts.push_back(act);
        if (act.what != "appear")
            continue;
        acts.back().what = "create";
        act.what = "fill";
        act.bytes = appeared;
        acts.push_back(act);
    }
    return acts;
}

static void change_content(const Act &act, Picture *picture)
{
    auto found = picture->files.find(act.file);
    if (found == picture->files.end())
        return;
    Content &content = found->second;
    content.mtime_ns = act.mtime_ns;
    if (act.what == "fill")
        content.bytes = act.bytes;
    if (act.what == "cut")
        content.bytes.resize(static_cast<size_t>(act.length));
    if (act.what != "write")
        return;
    size_t offset = static_cast<size_t>(act.offset), end = offset + act.bytes.size();
    if (content.bytes.size() < end)
        content.bytes.resize(end);
    content.bytes.replace(offset, act.bytes.size(), act.bytes);
}

static void change_names(const Act &act, Picture *picture)
{
    auto &names = picture->names;
    bool is_there = names.count(act.path) > 0, has_folder = picture->folders.count(folder_of(act.path)) > 0;
    bool has_to_folder = picture->folders.count(folder_of(act.to)) > 0;
    if (act.what == "mkdir" && has_folder) {
        picture->folders.insert(act.path);
    } else if (act.what == "rmdir") {
        picture->folders.erase(act.path);
    } else if (act.what == "create" && has_folder) {
        names[act.path] = act.file;
        picture->files[act.file] = {"", act.mtime_ns};
    } else if (act.what == "unlink") {
        names.erase(act.path);
    } else if (act.what == "exchange" && is_there && names.count(act.to) > 0) {
        std::swap(names[act.path], names[act.to]);
    } else if ((act.what == "rename" || act.what == "link") && is_there && has_to_folder) {
        names[act.to] = names[act.path];
        if (act.what == "rename")
            names.erase(act.path);
    }
}

void carry_out(const Act &act, Picture *picture)
{
    if (act.IsOfContent())
        change_content(act, picture);
    else if (!act.IsFlush())
        change_names(act, picture);
}

// --- what may be lost ---

static bool flushes(const Act &flush, const Act &act)
{
    if (flush.what == "flush-all")
        return true;
    if (flush.what == "flush")
        return act.IsOfContent() && act.file == flush.file;
    return !act.IsOfContent() &&
           (folder_of(act.path) == flush.path || (!act.to.empty() && folder_of(act.to) == flush.path));
}

static std::vector<size_t> find_unflushed(const std::vector<Act> &acts, size_t count)
{
    std::vector<size_t> found;
    for (size_t i = 0; i < count; i++) {
        bool lasts = acts[i].IsFlush();
        for (size_t k = i + 1; k < count && !lasts; k++)
            lasts = acts[k].IsFlush() && flushes(acts[k], acts[i]);
        if (!lasts)
            found.push_back(i);
    }
    return found;
}

using Choice = std::function<bool(size_t nth, const Act &act)>; // TRUE: the nth act that was not flushed is there

static Picture picture_with(const Picture &before, const std::vector<Act> &acts, size_t count,
                            const std::vector<size_t> &unflushed, const Choice &is_there)
{
    Picture picture = before;
    size_t nth = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_sure = nth >= unflushed.size() || unflushed[nth] != i;
        if (is_sure || is_there(nth, acts[i]))
            carry_out(acts[i], &picture);
        nth += !is_sure;
    }
    return picture;
}

// Everything is there, but of the last write that was not flushed only the first half. FALSE if there is no such write.
static bool picture_with_half(const Picture &before, std::vector<Act> acts, size_t count,
                              const std::vector<size_t> &unflushed, Picture *picture)
{
    auto last = std::find_if(unflushed.rbegin(), unflushed.rend(),
                             [&](size_t i) { return acts[i].what == "write" || acts[i].what == "fill"; });
    if (last == unflushed.rend())
        return false;
    acts[*last].bytes.resize(acts[*last].bytes.size() / 2);
    *picture = before;
    for (size_t i = 0; i < count; i++)
        carry_out(acts[i], picture);
    return true;
}

std::vector<Picture> pictures_after(const Picture &before, const std::vector<Act> &acts, size_t count,
                                    unsigned n_random, std::mt19937 *random)
{
    std::vector<size_t> unflushed = find_unflushed(acts, count);
    std::vector<Picture> pictures;
    auto add = [&](const Choice &choice) { pictures.push_back(picture_with(before, acts, count, unflushed, choice)); };
    add([](size_t, const Act &) { return false; });
    add([](size_t, const Act &) { return true; });
    add([](size_t, const Act &act) { return !act.IsOfContent(); });
    add([](size_t, const Act &act) { return act.IsOfContent() || act.what == "create" || act.what == "mkdir"; });
    for (size_t one = 0; one < unflushed.size(); one++) {
        add([one](size_t nth, const Act &) { return nth != one; });
        add([one](size_t nth, const Act &) { return nth == one; });
        add([one](size_t nth, const Act &) { return nth <= one; });
    }
    for (unsigned i = 0; i < n_random && unflushed.size() > 1; i++)
        add([random](size_t, const Act &) { return (*random)() % 2 == 0; });
    Picture half;
    if (picture_with_half(before, acts, count, unflushed, &half))
        pictures.push_back(half);
    return pictures;
}

std::string lay_out(const Picture &picture, const std::vector<std::string> &folders)
{
    std::map<std::string, std::string> laid; // file -> path
    std::string numbers;
    for (const std::string &folder : folders)
        fs::remove_all(folder);
    for (const std::string &folder : picture.folders)
        fs::create_directories(folder);
    for (const auto &[path, file] : picture.names) {
        if (laid.count(file) > 0) {
            fs::create_hard_link(laid[file], path);
            continue;
        }
        const Content &content = picture.files.at(file);
        struct stat info;
        write_file(path, content.bytes, 0600);
        const timespec time = {content.mtime_ns / second_ns, content.mtime_ns % second_ns}, times[2] = {time, time};
        utimensat(AT_FDCWD, path.c_str(), times, 0);
        if (lstat(path.c_str(), &info) == 0)
            numbers += std::to_string(info.st_dev) + " " + std::to_string(info.st_ino) + " " +
                       file.substr(file.find(':') + 1) + "\n";
        laid[file] = path;
    }
    return numbers;
}
