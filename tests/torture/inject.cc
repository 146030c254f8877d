// SPDX-License-Identifier: LGPL-2.1-or-later
// inject — runs ffarm once for every call that it makes about a film or its journal and every way in which that call
// can fail; then looks at the film, starts ffarm anew without a fault, and looks again. tools/inject.sh runs it.
#include "disk.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <sstream>
#include <thread>

namespace fs = std::filesystem;

// One way in which a call fails.
struct Way {
    const char *how;
    int error;
};

struct Point {
    const Scenario *scenario;
    std::string line, call, path; // the call, as the module describes it
    bool changes = false;
    int disk = 0;
};

struct Try {
    const Point *point;
    Way way;
};

struct Sums {
    unsigned runs = 0, struck = 0, succeeded = 0, lost = 0, left = 0, incomplete = 0, hung = 0, crashed = 0, lied = 0;
    double seconds = 0;
    std::map<std::string, unsigned> ways;
};

static const int disk_journal = 1;

static std::vector<int> errors_of(const Point &point)
{
    static const std::map<std::string, std::vector<int>> errors = {
        {"open+", {EIO, ENOSPC, EDQUOT, EROFS, EACCES, EINTR, ESTALE, EMFILE}},
        {"open", {EIO, EACCES, EINTR, ESTALE}},
        {"read", {EIO, EINTR, ESTALE}},
        {"pread", {EIO, EINTR, ESTALE}},
        {"write", {EIO, ENOSPC, EDQUOT, EINTR}},
        {"pwrite", {EIO, ENOSPC, EDQUOT, EINTR}},
        {"fsync", {EIO, ENOSPC, EDQUOT, EINTR, ESTALE}},
        {"fdatasync", {EIO, ENOSPC, EDQUOT, EINTR, ESTALE}},
        {"rename", {EIO, ENOSPC, EDQUOT, EROFS, EINTR, EBUSY, ESTALE, EXDEV}},
        {"renameat2", {EIO, ENOSPC, EDQUOT, EROFS, EINTR, EBUSY, ESTALE, EINVAL}},
        {"link", {EIO, ENOSPC, EROFS, EMLINK, EPERM, ESTALE}},
        {"unlink", {EIO, EROFS, EINTR, EBUSY, EACCES, ESTALE}},
        {"rmdir", {EIO, EROFS, EBUSY}},
        {"mkdir", {EIO, ENOSPC, EDQUOT, EROFS, EACCES, ESTALE}},
        {"ftruncate", {EIO, ENOSPC, EINTR}},
        {"fchmod", {EIO, EPERM, EROFS, ESTALE}},
        {"fchown", {EIO, EPERM, EDQUOT, EROFS}},
        {"futimens", {EIO, EPERM, EROFS, ESTALE}},
        {"fsetxattr", {EIO, ENOSPC, EPERM, ENOTSUP}},
        {"close", {EIO, ENOSPC, EDQUOT, EINTR}},
        {"stat", {EIO, EACCES, ESTALE}},
        {"lstat", {EIO, EACCES, ESTALE}},
        {"fstat", {EIO, ESTALE}},
        {"fstatat", {EIO, EACCES, ESTALE}},
        {"statvfs", {EIO, EINTR, ESTALE}},
    };
    // SQLite makes the same of all but these.
    if (point.disk == disk_journal)
        return point.changes ? std::vector<int>{EIO, ENOSPC} : std::vector<int>{EIO};
    auto found = errors.find(point.call);
    return found == errors.end() ? std::vector<int>{EIO} : found->second;
}

static std::vector<Way> ways_of(const Point &point)
{
    std::vector<Way> ways;
    for (int error : errors_of(point))
        ways.push_back({"fail", error});
    if (point.call == "write" || point.call == "pwrite")
        ways.push_back({"short", ENOSPC});
    if (!point.changes)
        return ways;
    if (point.call != "close")
        ways.push_back({"lie", EIO});
    ways.insert(ways.end(), {{"disk", ENOSPC}, {"all", EIO}});
    if (point.disk != disk_journal)
        ways.insert(ways.end(), {{"disk", EIO}, {"disk", EROFS}});
    return ways;
}

// The calls of one run without a fault.
static std::vector<Point> points_of(Disks &disks, const Scenario &scenario, const std::string &module)
{
    std::vector<Point> points;
    std::string list = disks.Base() + "/list", line;
    fs::remove(list);
    disks.Prepare(scenario);
    Ran ran = disks.Run({{"LD_PRELOAD", module}, {"INJECT_FOLDERS", disks.Folders()}, {"INJECT_LIST", list}});
    std::string wrong = disks.Lost(false) + disks.Incomplete() + disks.Leftovers();
    if (ran.status != 0 || !wrong.empty()) {
        fprintf(stderr, "inject: %s: without any fault: status %d, %s\n%s", scenario.name, ran.status, wrong.c_str(),
                disks.Said().c_str());
        exit(1);
    }
    std::ifstream file(list);
    while (std::getline(file, line)) {
        Point point = {&scenario, line, "", "", false, 0};
        int changes = 0;
        std::istringstream(line) >> point.call >> changes >> point.disk >> point.path;
        point.changes = changes != 0;
        points.push_back(point);
    }
    return points;
}

class Injection
{
  public:
    Injection(const std::string &injected, bool talks) : module(injected), is_verbose(talks) {}
    void Do(Disks &disks, const Try &what);
    Sums sums;

  private:
    void Complain(const Disks &disks, const Try &what, const std::string &wrong, const std::string &said);

    std::string module;
    bool is_verbose;
    std::mutex mutex;
};

void Injection::Complain(const Disks &disks, const Try &what, const std::string &wrong, const std::string &said)
{
    printf("%s: %s at '%s' with %s: %s\n", what.point->scenario->name, what.way.how, what.point->line.c_str(),
           strerrorname_np(what.way.error), wrong.c_str());
    if (is_verbose)
        printf("--- with the fault\n%s--- after it\n%s", said.c_str(), disks.Said().c_str());
    fflush(stdout);
}

void Injection::Do(Disks &disks, const Try &what)
{
    std::string struck = disks.Base() + "/struck";
    fs::remove(struck);
    disks.Prepare(*what.point->scenario);
    Ran ran = disks.Run({{"LD_PRELOAD", module},
                         {"INJECT_FOLDERS", disks.Folders()},
                         {"INJECT_AT", what.point->line},
                         {"INJECT_HOW", what.way.how},
                         {"INJECT_ERRNO", std::to_string(what.way.error)},
                         {"INJECT_STRUCK", struck}});
    std::string said = disks.Said(), lost = disks.Lost(true), lie = ran.status == 0 ? disks.Incomplete() : "";
    Ran next = disks.Run({});
    std::string incomplete = disks.Incomplete(), left = disks.Leftovers();
    lost += disks.Lost(false);
    std::lock_guard<std::mutex> lock(mutex);
    sums.runs++;
    sums.struck += fs::exists(struck);
    sums.succeeded += ran.status == 0;
    sums.ways[std::string(what.way.how) + " " + strerrorname_np(what.way.error)]++;
    sums.seconds += ran.seconds + next.seconds;
    bool hung = ran.status == -1 || next.status == -1, crashed = ran.status > 128 || next.status > 130;
    sums.lost += !lost.empty();
    sums.left += !left.empty();
    sums.incomplete += !incomplete.empty();
    sums.lied += !lie.empty();
    sums.hung += hung;
    sums.crashed += crashed;
    std::string wrong = lost + (lie.empty() ? "" : " status 0, yet " + lie) + " " + incomplete + " " + left +
                        (hung ? " hung" : "") + (crashed ? " crashed" : "");
    if (wrong.find_first_not_of(' ') != std::string::npos)
        Complain(disks, what,
                 wrong + " (status " + std::to_string(ran.status) + ", then " + std::to_string(next.status) + ")",
                 said);
}

static void say(const Sums &sums, const std::vector<Point> &points, size_t n_tries)
{
    std::map<std::string, unsigned> calls;
    for (const Point &point : points)
        calls[point.call]++;
    printf("calls that failed:");
    for (const auto &[name, count] : calls)
        printf(" %s %u", name.c_str(), count);
    printf("\nruns by what failed and how:");
    for (const auto &[name, count] : sums.ways)
        printf(" %s %u", name.c_str(), count);
    printf("\n\npoints %zu\nways to fail %zu\nruns %u, of which %u met their fault and %u ended well all the same\n"
           "films lost %u\nfalse reports of success %u\nleftovers %u\nnot completed by the next start %u\n"
           "hung %u\ncrashed %u\nmilliseconds a run %.0f\n",
           points.size(), n_tries, sums.runs, sums.struck, sums.succeeded, sums.lost, sums.lied, sums.left,
           sums.incomplete, sums.hung, sums.crashed, sums.runs ? sums.seconds * 1000 / sums.runs : 0);
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        fprintf(stderr, "usage: inject FFARM MODULE BASE OTHER EVERY SEED JOBS [SCENARIO [PART OF A LINE]]\n");
        return 2;
    }
    std::string base = argv[3], other = argv[4], only = argc > 8 ? argv[8] : "", part = argc > 9 ? argv[9] : "";
    size_t every = strtoul(argv[5], nullptr, 10), n_jobs = strtoul(argv[7], nullptr, 10);
    if (!make_pool(base + "/pool")) {
        fprintf(stderr, "inject: films can't be made\n");
        return 1;
    }
    std::vector<std::unique_ptr<Disks>> disks;
    for (size_t i = 0; i < n_jobs; i++) {
        char number[32]; // so long that the module makes all of them alike
        snprintf(number, sizeof(number), "/%08zu", i);
        disks.push_back(std::make_unique<Disks>(base + "/pool", base + number, other + number, argv[1]));
    }
    std::vector<Point> points;
    for (const Scenario &scenario : scenarios)
        if (only.empty() || only == scenario.name)
            for (const Point &point : points_of(*disks[0], scenario, argv[2]))
                if (point.line.find(part) != std::string::npos)
                    points.push_back(point);
    std::vector<Try> tries, chosen;
    for (const Point &point : points)
        for (const Way &way : ways_of(point))
            tries.push_back({&point, way});
    std::mt19937 random(static_cast<unsigned>(strtoul(argv[6], nullptr, 10)));
    std::shuffle(tries.begin(), tries.end(), random);
    chosen.assign(tries.begin(), tries.begin() + static_cast<long>((tries.size() + every - 1) / every));
    Injection injection(argv[2], !part.empty());
    std::atomic<size_t> next = 0;
    std::vector<std::thread> threads;
    for (std::unique_ptr<Disks> &one : disks)
        threads.emplace_back([&] {
            for (size_t i; (i = next++) < chosen.size();)
                injection.Do(*one, chosen[i]);
        });
    for (std::thread &thread : threads)
        thread.join();
    const Sums &sums = injection.sums;
    say(sums, points, tries.size());
    return sums.lost + sums.lied + sums.left + sums.incomplete + sums.hung + sums.crashed > 0;
}
