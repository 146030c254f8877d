// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>
#include <gio/gio.h>

// ffmpeg_help.h — what an ffmpeg says of its own options, as far as it can be asked without a device.

struct Spoken {
    int status = -1;
    gsize bytes = 0; // on stdout
    std::string out, err;
};

// Runs @words to the end.
static inline Spoken Run(const std::vector<std::string> &words)
{
    std::vector<const char *> argv;
    for (const std::string &word : words)
        argv.push_back(word.c_str());
    argv.push_back(nullptr);
    Spoken spoken;
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        argv.data(), (GSubprocessFlags)(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE), nullptr);
    g_autoptr(GBytes) out = nullptr, err = nullptr;
    if (!process || !g_subprocess_communicate(process, nullptr, nullptr, &out, &err, nullptr))
        return spoken;
    auto text = [](GBytes *bytes) {
        gsize length = 0;
        auto *data = static_cast<const char *>(g_bytes_get_data(bytes, &length));
        return data ? std::string(data, length) : std::string();
    };
    spoken.out = text(out);
    spoken.err = text(err);
    spoken.bytes = spoken.out.size();
    if (g_subprocess_get_if_exited(process))
        spoken.status = g_subprocess_get_exit_status(process);
    return spoken;
}

class FfmpegHelp
{
  public:
    explicit FfmpegHelp(const std::string &program) : program_(program)
    {
        std::istringstream encoders(Run({program, "-hide_banner", "-encoders"}).out);
        std::string line, flags, name;
        while (std::getline(encoders, line))
            if (std::istringstream(line) >> flags >> name)
                encoders_.insert(name);
        std::istringstream full(Run({program, "-hide_banner", "-h", "full"}).out);
        bool is_generic = false;
        while (std::getline(full, line)) {
            if (line.find("AVOptions:") != std::string::npos)
                is_generic = line.rfind("AVCodecContext", 0) == 0;
            else if (is_generic)
                Add(&generic_, line);
            else if (line.size() > 1 && line[0] == '-')
                of_program_.insert(line.substr(1, line.find_first_of(" [<", 1) - 1));
        }
    }

    bool HasEncoder(const std::string &encoder) const
    {
        return encoders_.count(encoder) > 0;
    }

    // Whether `ffmpeg -LIST` ("filters", "decoders", "hwaccels") has @name.
    bool Lists(const std::string &list, const std::string &name)
    {
        std::set<std::string> &names = lists_[list];
        if (names.empty()) {
            std::istringstream lines(Run({program_, "-hide_banner", "-" + list}).out);
            std::string line, word;
            while (std::getline(lines, line)) {
                std::istringstream words(line);
                // Behind the flags, where there are any.
                for (int i = 0; i < 2 && words >> word; i++)
                    names.insert(word);
            }
        }
        return names.count(name) > 0;
    }

    // TRUE for options of ffmpeg itself, which stand before -i too.
    bool IsOfProgram(const std::string &option) const
    {
        std::string name = option.substr(1, option.find(':') - 1);
        return of_program_.count(name) > 0 || (name.rfind("no", 0) == 0 && of_program_.count(name.substr(2)) > 0);
    }

    // TRUE for options of every codec.
    bool IsOfCodecs(const std::string &option) const
    {
        return generic_.count(option.substr(1, option.find(':') - 1)) > 0;
    }

    // Why @option with @value is wrong for @encoder; empty if there is nothing to say against it.
    std::string Objection(const std::string &encoder, const std::string &option, const std::string &value)
    {
        std::string name = option.substr(1, option.find(':') - 1);
        const Table &own = OptionsOf(encoder);
        for (const Table *table : std::initializer_list<const Table *>{&own, &generic_})
            if (auto found = table->find(name); found != table->end())
                return ObjectionTo(found->second, value);
        return IsOfProgram(option) ? "" : "no such option";
    }

    // Why frames of @format are not taken as they are.
    std::string ObjectionToFormat(const std::string &encoder, const std::string &format)
    {
        OptionsOf(encoder);
        const std::set<std::string> &formats = formats_[encoder];
        return formats.count(format) > 0 ? "" : "takes no frames of this format";
    }

  private:
    struct Option {
        std::string type, flags;
        double least = -std::numeric_limits<double>::infinity(), most = std::numeric_limits<double>::infinity();
        std::map<std::string, std::string> values; // word -> flags
    };
    using Table = std::map<std::string, Option>;

    // "  -cq  <float>  E..V....... text (from 0 to 51) (default 0)", and the words for its values in lines like
    // "     vbr  1  E..V....... text" below.
    void Add(Table *table, const std::string &line)
    {
        static const std::regex option("^ +-(\\S+) +<([a-z0-9_]+)> +(\\S+)(.*)$");
        static const std::regex value("^ {5}(\\S+) +(?:-?[0-9.]+(?:e[+-]?[0-9]+)? +)?([EDFVAST.BXRP]{11,12})(?: .*)?$");
        static const std::regex range("\\(from (\\S+) to (\\S+)\\)");
        std::smatch match, limits;
        if (std::regex_match(line, match, option)) {
            last_ = &(*table)[match[1]];
            *last_ = Option();
            last_->type = match[2];
            last_->flags = match[3];
            std::string text = match[4];
            if (std::regex_search(text, limits, range)) {
                last_->least = Number(limits[1], last_->least);
                last_->most = Number(limits[2], last_->most);
            }
        } else if (last_ && std::regex_match(line, match, value)) {
            last_->values[match[1]] = match[2];
        }
    }

    // INT_MAX and its like are no limits here.
    static double Number(const std::string &text, double otherwise)
    {
        char *end = nullptr;
        double number = strtod(text.c_str(), &end);
        return end == text.c_str() || *end ? otherwise : number;
    }

    const Table &OptionsOf(const std::string &encoder)
    {
        auto known = own_.find(encoder);
        if (known != own_.end())
            return known->second;
        Table &table = own_[encoder];
        std::istringstream help(Run({program_, "-hide_banner", "-h", "encoder=" + encoder}).out);
        const std::string formats = "Supported pixel formats:";
        std::string line, word;
        last_ = nullptr;
        while (std::getline(help, line)) {
            size_t at = line.find(formats);
            std::istringstream words(at == std::string::npos ? "" : line.substr(at + formats.size()));
            while (words >> word)
                formats_[encoder].insert(word);
            Add(&table, line);
        }
        return table;
    }

    static std::string ObjectionTo(const Option &option, const std::string &value)
    {
        auto is = [](const std::string &flags, char flag) { return flags.find(flag) != std::string::npos; };
        if (!is(option.flags, 'E'))
            return "not for encoders";
        if (is(option.flags, 'P'))
            return "is deprecated";
        if (option.type == "string" || option.type == "dictionary")
            return "";
        if (auto word = option.values.find(value); word != option.values.end())
            return is(word->second, 'P') ? "has a value that is deprecated" : "";
        char *end = nullptr;
        double number = strtod(value.c_str(), &end);
        if (end == value.c_str() || *end)
            return "has no such value";
        return number < option.least || number > option.most ? "is out of its range" : "";
    }

    std::string program_;
    std::set<std::string> encoders_, of_program_;
    std::map<std::string, std::set<std::string>> lists_;
    Table generic_;
    std::map<std::string, Table> own_;
    std::map<std::string, std::set<std::string>> formats_;
    Option *last_ = nullptr;
};
