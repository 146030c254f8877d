// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// disk.h — small disks with one film each for the programs inject and powerloss: what ffarm is told to do there, and
// what has to be true of the film afterwards, judged by bytes.

#include <map>
#include <string>
#include <vector>

using Environment = std::map<std::string, std::string>;

enum class Trash { None, Beside, Elsewhere };

struct Scenario {
    const char *name;
    const char *film; // film.mkv is replaced under its own name, film.avi under another
    const char *originals;
    Trash trash;
    bool encodes_elsewhere;   // fls_path is on another disk
    bool is_output_elsewhere; // -o names another disk
    bool is_journal_new;      // else it was there before
};
extern const std::vector<Scenario> scenarios;

// What a run came to. status: exit status; 128 + N after signal N; -1: it had to be ended, as it hung.
struct Ran {
    int status = 0;
    double seconds = 0;
};

// Films and what ffmpeg would make of them; made once by ffmpeg, in folder/pool.
bool make_pool(const std::string &folder);

class Disks
{
  public:
    // Below @base, and, for what has to lie elsewhere, below @other.
    Disks(const std::string &pool, const std::string &base, const std::string &other, const std::string &program);

    // Everything anew: the film at its place, nothing else but, where it is to be there before, a journal.
    void Prepare(const Scenario &scenario);
    Ran Run(const Environment &added) const;
    // Settles what was left and does nothing else.
    Ran Resume(const Environment &added) const;
    // What ffarm said last.
    std::string Said() const;

    // Each says what is wrong; "" if nothing is.
    std::string Lost(bool may_be_hidden) const; // neither film nor result where the user would find it, complete
    std::string Incomplete() const;             // the work is not done, or not all of it
    std::string Leftovers() const;              // files of ffarm's own

    std::string Folders() const; // for INJECT_FOLDERS and RECORD_FOLDERS: media, journal, elsewhere
    std::string Base() const
    {
        return base;
    }
    std::vector<std::string> Roots() const
    {
        return {media, state, other};
    }
    std::string ResultBytes() const
    {
        return result_bytes;
    }

  private:
    Ran Start(const std::vector<std::string> &arguments, const Environment &added) const;
    void WriteConfiguration() const;
    bool IsOriginal(const std::string &path) const;
    bool IsInTrash() const;

    std::string pool, base, other_base, program;
    std::string media, films, state, other, seed; // seed: a journal as an earlier run leaves it
    const Scenario *scenario = nullptr;
    std::string source, result, trash, original_bytes, result_bytes;
};

std::string read_file(const std::string &path);
void write_file(const std::string &path, const std::string &bytes, int mode = 0644);
// All plain files below @folder, sorted.
std::vector<std::string> files_below(const std::string &folder);
