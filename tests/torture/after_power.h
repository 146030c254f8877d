// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// after_power.h — what a disk may look like when the power failed during a recorded run. Assumed of the file system: it
// keeps names and contents apart, each rename is one act, and what was flushed before the power failed is there, a
// file's content by a flush of the file, its name by a flush of its folder. Of the rest any part may be there.

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

struct Content {
    std::string bytes;
    int64_t mtime_ns = 0;
};

// Files are known by "DEVICE:INODE".
struct Picture {
    std::set<std::string> folders;
    std::map<std::string, std::string> names; // path -> file
    std::map<std::string, Content> files;

    // One for all that look the same.
    size_t Hash() const;
};

// One call that was carried out.
struct Act {
    std::string what, file, path, to;
    int64_t offset = 0, length = 0, mtime_ns = 0;
    std::string bytes;

    bool IsFlush() const;
    bool IsOfContent() const; // else it is of names
};

// What lies below @folders now; what SQLite makes anew is left out.
Picture take_picture(const std::vector<std::string> &folders);

// Reads what the module record wrote. @appeared: content of what ffmpeg made.
std::vector<Act> read_record(const std::string &record, const std::string &data, const std::string &appeared);

void carry_out(const Act &act, Picture *picture);

// All that the disk may look like if the power fails just behind the first @count of @acts: nothing that was not
// flushed is there; all of it; names only; contents only; all but one act; one act alone; all up to one; half of the
// last write; and
// @n_random mixtures.
std::vector<Picture> pictures_after(const Picture &before, const std::vector<Act> &acts, size_t count,
                                    unsigned n_random, std::mt19937 *random);

// Makes the folders look like @picture. Returns: lines "DEVICE REAL SHOWN" for the module restart.
std::string lay_out(const Picture &picture, const std::vector<std::string> &folders);
