// SPDX-License-Identifier: LGPL-2.1-or-later
// Replacements with every system call failing in turn, and ended before and after each: a complete film is under its
// name at every instant, and what recovery leaves is one of two clean states.
#include <gtest/gtest.h>
#include <gio/gio.h>
#include "faults.h"
#include "file_names.h"
#include "replace.h"
#include "scratch.h"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

// There if the library is instrumented; the cases themselves never are.
extern "C" void __asan_init() __attribute__((weak));

namespace
{
const char old_film[] = "the old film, which somebody loves";
const char new_film[] = "the new film, which is smaller";

enum class Kind { SameName, OtherName, Keep };
enum class Where { None, Here, Mounted, Elsewhere }; // Mounted: the same file system, by another mount

struct Scenario {
    const char *name;
    Kind kind;
    Where result;
    Where trash;
    bool no_exchange, no_link;
};

const Scenario scenarios[] = {
    {"same name", Kind::SameName, Where::Here, Where::None, false, false},
    {"same name, links", Kind::SameName, Where::Here, Where::None, true, false},
    {"same name, neither", Kind::SameName, Where::Here, Where::None, true, true},
    {"same name, copied", Kind::SameName, Where::Elsewhere, Where::None, false, false},
    {"same name, trash", Kind::SameName, Where::Here, Where::Here, false, false},
    {"same name, trash, links", Kind::SameName, Where::Here, Where::Here, true, false},
    {"same name, trash, neither", Kind::SameName, Where::Here, Where::Here, true, true},
    {"same name, trash elsewhere", Kind::SameName, Where::Here, Where::Elsewhere, false, false},
    {"same name, copied, trash elsewhere, neither", Kind::SameName, Where::Elsewhere, Where::Elsewhere, true, true},
    {"same name, trash mounted", Kind::SameName, Where::Here, Where::Mounted, false, false},
    {"same name, trash mounted, links", Kind::SameName, Where::Here, Where::Mounted, true, false},
    {"other name", Kind::OtherName, Where::Here, Where::None, false, false},
    {"other name, links", Kind::OtherName, Where::Here, Where::None, true, false},
    {"other name, copied", Kind::OtherName, Where::Elsewhere, Where::None, false, false},
    {"other name, trash", Kind::OtherName, Where::Here, Where::Here, false, false},
    {"other name, trash, links", Kind::OtherName, Where::Here, Where::Here, true, false},
    {"other name, trash, neither", Kind::OtherName, Where::Here, Where::Here, true, true},
    {"other name, trash mounted", Kind::OtherName, Where::Here, Where::Mounted, false, false},
    {"other name, copied, trash elsewhere", Kind::OtherName, Where::Elsewhere, Where::Elsewhere, false, false},
    {"keep", Kind::Keep, Where::Here, Where::None, false, false},
    {"keep, links", Kind::Keep, Where::Here, Where::None, true, false},
    {"keep, copied", Kind::Keep, Where::Elsewhere, Where::None, false, false},
};

// A sanitizer makes a new process take some twenty times as long: there it is every seventh point.
const guint stride = __asan_init != nullptr ? 7 : 1;

const int errors[] = {EIO, EINTR, EPERM}; // final, passing, refused

std::string Read(const std::string &path)
{
    char text[256];
    int fd = open(path.c_str(), O_RDONLY | O_NOFOLLOW);
    if (fd < 0)
        return "";
    ssize_t length = pread(fd, text, sizeof(text), 0);
    close(fd);
    return length > 0 ? std::string(text, static_cast<size_t>(length)) : "";
}

void Write(const std::string &path, const char *text)
{
    int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0640);
    if (fd < 0 || write(fd, text, strlen(text)) != static_cast<ssize_t>(strlen(text)))
        g_error("%s: %s", path.c_str(), g_strerror(errno));
    close(fd);
}

// Removes what is below @path; adds the names of all files to @found.
void Sweep(const std::string &path, std::vector<std::string> *found, bool removes)
{
    DIR *dir = opendir(path.c_str());
    if (!dir)
        return;
    for (dirent *entry; (entry = readdir(dir));) {
        std::string name = entry->d_name, below = path + "/" + name;
        if (name == "." || name == "..")
            continue;
        if (entry->d_type == DT_DIR)
            Sweep(below, found, removes);
        else if (found)
            found->push_back(below);
        if (removes)
            remove(below.c_str());
    }
    closedir(dir);
}

// What the watcher looks at after every call.
std::string watched_film, watched_destination;
unsigned n_gone;
std::string gone_after;

void Watch(const char *call)
{
    std::string film = Read(watched_film);
    bool is_there = film == old_film || film == new_film || Read(watched_destination) == new_film;
    if (is_there)
        return;
    n_gone++;
    gone_after = call;
}

// A journal of one line that outlives the process.
char *journal;

gboolean Keep(const FfarmReplaceRecord *record, gpointer, GError **)
{
    g_autofree char *line = ffarm_replace_record_format(record);
    g_strlcpy(journal, line, 8192);
    return TRUE;
}

class ReplaceFaults : public testing::Test
{
  protected:
    void SetUp() override
    {
        char *made = g_build_filename("/dev/shm", "ffarm-test-XXXXXX", nullptr);
        ASSERT_NE(g_mkdtemp(made), nullptr);
        home = made;
        g_free(made);
        away = scratch_new();
        has_mount = mount("tmpfs", away, "tmpfs", 0, "size=16m") == 0; // else it is just slower
        journal = static_cast<char *>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        ASSERT_NE(journal, MAP_FAILED);
    }
    void TearDown() override
    {
        munmap(journal, 8192);
        Sweep(home, nullptr, true);
        rmdir(home.c_str());
        if (has_mount)
            umount(away);
        scratch_free(away);
    }

    void Prepare(const Scenario &wanted)
    {
        scenario = &wanted;
        Sweep(home, nullptr, true);
        Sweep(away, nullptr, true);
        film = home + "/film.avi";
        destination = wanted.kind == Kind::SameName ? film : home + "/film.mkv";
        result = (wanted.result == Where::Here ? home : away) + "/.ffarm-1.mkv.tmp";
        trash = wanted.trash == Where::None ? "" : (wanted.trash == Where::Elsewhere ? away : home) + "/trash";
        fault_mount(wanted.trash == Where::Mounted ? trash.c_str() : nullptr);
        Write(film, old_film);
        Write(result, new_film);
        watched_film = film;
        watched_destination = destination;
        *journal = '\0';
    }
    // Replaces with @plan on. Returns: how many calls there were.
    guint Run(FaultPlan plan, bool *is_done)
    {
        struct stat info;
        g_autoptr(FfarmMedia) source = ffarm_media_new(film.c_str());
        g_autoptr(GError) error = nullptr;
        stat(film.c_str(), &info);
        source->device = info.st_dev;
        source->inode = info.st_ino;
        source->size_bytes = info.st_size;
        source->mtime_ns = info.st_mtim.tv_sec * G_GINT64_CONSTANT(1000000000) + info.st_mtim.tv_nsec;
        FfarmReplaceParams params = {};
        params.result = result.c_str();
        params.destination = destination.c_str();
        params.source = source;
        params.keep_source = scenario->kind == Kind::Keep;
        params.trash_dir = trash.empty() ? nullptr : trash.c_str();
        params.keep_times = TRUE;
        params.on_step = Keep;
        plan.no_exchange = scenario->no_exchange;
        plan.no_link = scenario->no_link;
        plan.watch = Watch;
        fault_on(&plan);
        *is_done = ffarm_replace(&params, nullptr, &error);
        guint calls = fault_off();
        EXPECT_EQ(*is_done, error == nullptr);
        return calls;
    }
    // Recovers with @plan on, and says in @outcome how that ended.
    guint Recover(FaultPlan plan, FfarmReplaceRecovery *outcome, std::string *message)
    {
        g_autoptr(GError) error = nullptr;
        g_autoptr(FfarmReplaceRecord) record = ffarm_replace_record_parse(journal, &error);
        if (!record) {
            *message = error->message;
            *outcome = FFARM_REPLACE_RECOVERED_UNCLEAR;
            return 0;
        }
        plan.no_exchange = scenario->no_exchange;
        plan.no_link = scenario->no_link;
        plan.watch = Watch;
        fault_on(&plan);
        *outcome = ffarm_replace_recover(record, Keep, nullptr, &error);
        guint calls = fault_off();
        if (error)
            *message = error->message;
        return calls;
    }
    // Runs @body in a child. TRUE if it ended by its fault.
    template <typename Body> static bool Dies(Body body)
    {
        pid_t pid = fork();
        if (pid == 0) {
            body();
            _exit(n_gone > 0 ? 1 : 0);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == FAULT_EXIT)) << status;
        return WIFEXITED(status) && WEXITSTATUS(status) == FAULT_EXIT;
    }

    // @result_may_stay: its owner removes it.
    std::string Leftovers(bool result_may_stay) const
    {
        std::vector<std::string> found;
        Sweep(home, &found, false);
        Sweep(away, &found, false);
        std::string text;
        for (const std::string &path : found) {
            bool is_expected =
                path == film || path == destination || (result_may_stay && path == result) ||
                g_str_has_suffix(path.c_str(), "/.ffarm-trash") != 0 ||
                (!trash.empty() && path.rfind(trash + "/", 0) == 0 && path.find("/.ffarm-") == std::string::npos);
            if (!is_expected)
                text += " " + path;
        }
        return text;
    }
    unsigned CountInTrash() const
    {
        std::vector<std::string> found;
        unsigned count = 0;
        if (!trash.empty())
            Sweep(trash, &found, false);
        for (const std::string &path : found)
            count += Read(path) == old_film ? 1 : 0;
        return count;
    }
    bool Exists(const std::string &path) const
    {
        struct stat info;
        return lstat(path.c_str(), &info) == 0;
    }
    // What is wrong with the disk, "" if nothing is.
    std::string Judge(bool is_finished, bool result_may_stay) const
    {
        std::string wrong = Leftovers(result_may_stay);
        if (!wrong.empty())
            return "left:" + wrong;
        if (Read(destination) != (is_finished ? new_film : scenario->kind == Kind::SameName ? old_film : ""))
            return "the destination is wrong";
        bool source_goes = is_finished && scenario->kind == Kind::OtherName;
        if (scenario->kind != Kind::SameName && Read(film) != (source_goes ? "" : old_film))
            return "the source is wrong";
        if (source_goes && Exists(film))
            return "the source is still there";
        unsigned in_trash = CountInTrash(), wanted = is_finished && !trash.empty() ? 1 : 0;
        return in_trash == wanted ? "" : "in the trash: " + std::to_string(in_trash);
    }
    void ExpectClean(bool is_finished, bool result_may_stay, const std::string &where)
    {
        std::string wrong = Judge(is_finished, result_may_stay);
        EXPECT_EQ(wrong, "") << scenario->name << ", " << where << "\n" << journal;
        EXPECT_EQ(n_gone, 0u) << scenario->name << ", " << where << ": the film was gone after " << gone_after;
        n_gone = 0;
    }
    void ExpectRecovered(const std::string &where)
    {
        FfarmReplaceRecovery outcome;
        std::string message;
        for (int nth = 0; nth < 2; nth++) { // a second time changes nothing
            Recover({}, &outcome, &message);
            EXPECT_NE(outcome, FFARM_REPLACE_RECOVERED_UNCLEAR) << scenario->name << ", " << where << ": " << message;
            ExpectClean(outcome == FFARM_REPLACE_RECOVERED_FINISHED, false, where);
        }
    }

    const Scenario *scenario = nullptr;
    std::string home, film, destination, result, trash;
    char *away = nullptr;
    bool has_mount = false;
};
} // namespace

TEST_F(ReplaceFaults, EveryScenarioWorks)
{
    for (const Scenario &wanted : scenarios) {
        bool is_done = false;
        Prepare(wanted);
        Run({}, &is_done);
        EXPECT_TRUE(is_done) << wanted.name;
        ExpectClean(true, false, "no fault");
        ExpectRecovered("after the end");
    }
}

TEST_F(ReplaceFaults, EveryCallFailsInTurn)
{
    unsigned points = 0, done = 0, undone = 0, left = 0;
    for (const Scenario &wanted : scenarios)
        for (const char *const *call = fault_calls; *call; call++) {
            bool is_done = false;
            Prepare(wanted);
            guint calls = Run({FAULT_NONE, *call, 0, 0, FALSE, FALSE, nullptr}, &is_done);
            for (FaultMode mode : {FAULT_FAIL, FAULT_LIE, FAULT_STICKY})
                for (int failure : errors)
                    for (guint nth = 1; nth <= calls; nth++) {
                        if (mode != FAULT_FAIL && failure != EIO)
                            break; // which error it is makes a difference only where the call is tried again
                        std::string where = std::string(*call) + " " + std::to_string(nth) + ", mode " +
                                            std::to_string(mode) + ", " + g_strerror(failure);
                        Prepare(wanted);
                        Run({mode, *call, nth, failure, FALSE, FALSE, nullptr}, &is_done);
                        points++;
                        bool is_left = *journal && !strstr(journal, "'done'") && !strstr(journal, "'undone'");
                        done += is_done;
                        undone += !is_done && !is_left;
                        left += is_left;
                        if (!is_left)
                            ExpectClean(is_done, !is_done || wanted.result == Where::Elsewhere, where);
                        if (*journal)
                            ExpectRecovered(where);
                        if (HasFailure())
                            return;
                    }
        }
    printf("%u failures of a call: replaced %u, undone %u, left to recovery %u; films gone 0\n", points, done, undone,
           left);
    EXPECT_GT(done, 0u);
    EXPECT_GT(undone, 0u);
    EXPECT_GT(left, 0u);
}

// A network file system that is busy for a moment costs a moment; one that stays so costs the result, not the film.
TEST_F(ReplaceFaults, WhatPassesIsTriedAgain)
{
    const int passing[] = {EAGAIN, EBUSY, ESTALE, EINTR};
    unsigned points = 0;
    for (const Scenario &wanted : scenarios)
        for (const char *call : {"rename", "renameat2", "link", "unlink"})
            for (guint nth = 1, calls = 1; nth <= calls; nth++) {
                bool is_done = false;
                int failure = passing[points++ % G_N_ELEMENTS(passing)];
                std::string where = std::string(call) + " " + std::to_string(nth) + ", " + g_strerror(failure);
                Prepare(wanted);
                calls = Run({FAULT_FAIL, call, nth, failure, FALSE, FALSE, nullptr}, &is_done);
                EXPECT_TRUE(is_done) << wanted.name << ", " << where;
                ExpectClean(true, wanted.result == Where::Elsewhere, where);
            }
    printf("%u calls that failed once\n", points);
    EXPECT_GT(points, 50u);
}

TEST_F(ReplaceFaults, WhatDoesNotPassIsGivenUpInTime)
{
    for (const char *call : {"rename", "renameat2", "unlink"}) {
        bool is_done = false;
        Prepare(scenarios[0]);
        gint64 begin_us = g_get_monotonic_time();
        guint calls = Run({FAULT_STICKY, call, 1, ESTALE, FALSE, FALSE, nullptr}, &is_done);
        EXPECT_LT(g_get_monotonic_time() - begin_us, 5 * G_USEC_PER_SEC);
        EXPECT_LE(calls, 40u) << call;
        EXPECT_EQ(n_gone, 0u) << call;
        if (*journal)
            ExpectRecovered(call);
    }
}

TEST_F(ReplaceFaults, TheProcessEndsAtEveryCall)
{
    unsigned points = 0, finished = 0, undone = 0;
    for (const Scenario &wanted : scenarios)
        for (FaultMode mode : {FAULT_DIE, FAULT_DIE_AFTER})
            for (guint nth = 1;; nth += stride, points++) {
                Prepare(wanted);
                bool is_dead = Dies([&] {
                    bool is_done;
                    Run({mode, nullptr, nth, 0, FALSE, FALSE, nullptr}, &is_done);
                });
                if (!is_dead)
                    break;
                Watch("the end");
                if (*journal)
                    ExpectRecovered("ended at call " + std::to_string(nth) + ", mode " + std::to_string(mode));
                (Read(destination) == new_film ? finished : undone)++;
                if (HasFailure())
                    return;
            }
    printf("%u ends of the process: finished %u, undone %u; films gone 0\n", points, finished, undone);
    EXPECT_GT(finished, 0u);
    EXPECT_GT(undone, 0u);
}

TEST_F(ReplaceFaults, TheProcessEndsAgainAtEveryCallOfTheRecovery)
{
    unsigned points = 0;
    for (const Scenario &wanted : scenarios)
        for (guint first = 1;; first += 11 * stride) {
            bool is_dead = false;
            for (guint second = 1;; second += 5, points++) {
                Prepare(wanted);
                is_dead = Dies([&] {
                    bool is_done;
                    Run({FAULT_DIE_AFTER, nullptr, first, 0, FALSE, FALSE, nullptr}, &is_done);
                });
                bool dies_again =
                    is_dead && *journal && Dies([&] {
                        FfarmReplaceRecovery outcome;
                        std::string message;
                        Recover({FAULT_DIE_AFTER, nullptr, second, 0, FALSE, FALSE, nullptr}, &outcome, &message);
                    });
                if (!dies_again)
                    break;
                Watch("the second end");
                ExpectRecovered("ended at call " + std::to_string(first) + " and " + std::to_string(second));
                if (HasFailure())
                    return;
            }
            if (!is_dead)
                break;
        }
    printf("%u ends of the process in a recovery; films gone 0\n", points);
    EXPECT_GT(points, 0u);
}

TEST_F(ReplaceFaults, NewFoldersLast)
{
    std::string above = home + "/one", folder = above + "/two";
    FaultPlan plan = {FAULT_NONE, "fsync", 0, 0, FALSE, FALSE, nullptr};
    fault_on(&plan);
    EXPECT_EQ(ffarm_folder_make(folder.c_str(), 0777), 0);
    EXPECT_EQ(fault_off(), 2u); // each is a name in the folder above
    fault_on(&plan);
    EXPECT_EQ(ffarm_folder_make(folder.c_str(), 0777), 0);
    EXPECT_EQ(fault_off(), 0u);
}

TEST_F(ReplaceFaults, FolderThatCannotLastIsNotMade)
{
    std::string folder = home + "/one";
    FaultPlan plan = {FAULT_FAIL, "fsync", 1, EIO, FALSE, FALSE, nullptr};
    fault_on(&plan);
    EXPECT_EQ(ffarm_folder_make(folder.c_str(), 0777), EIO);
    fault_off();
    EXPECT_FALSE(Exists(folder));
}
