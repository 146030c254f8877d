// SPDX-License-Identifier: LGPL-2.1-or-later
// powerloss — records what ffarm does to its disks in one run, makes the disks look like what a power loss at any point
// may leave, starts ffarm there, and looks at the film. tools/powerloss.sh runs it.
#include "after_power.h"
#include "disk.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

namespace fs = std::filesystem;

struct Sums {
    size_t acts = 0, flushes = 0, pictures = 0, checked = 0, lost_at_once = 0, lost = 0, left = 0, incomplete = 0,
           hung = 0, completed = 0;
    double seconds = 0;
};

struct Options {
    std::string program, recorder, restarter, base, other, only;
    size_t n_pictures, n_jobs;
    unsigned seed;
};

class PowerLoss
{
  public:
    PowerLoss(const Options &wanted) : options(wanted) {}
    // Records a run on these disks, and checks each @n_parts-th of what may be left, from @part on.
    void Do(Disks &disks, const Scenario &scenario, size_t part, size_t n_parts);
    Sums sums;

  private:
    std::vector<Act> Record(Disks &disks, const Scenario &scenario, Picture *before) const;
    void Check(Disks &disks, const Scenario &scenario, const Picture &picture, size_t count,
               const std::vector<Act> &acts);

    Options options;
    std::mutex mutex;
};

static const unsigned n_random = 3; // mixtures for each point

std::vector<Act> PowerLoss::Record(Disks &disks, const Scenario &scenario, Picture *before) const
{
    std::string record = disks.Base() + "/record", data = record + ".data";
    fs::remove(record);
    fs::remove(data);
    disks.Prepare(scenario);
    *before = take_picture(disks.Roots());
    Ran ran = disks.Run({{"LD_PRELOAD", options.recorder},
                         {"RECORD_FOLDERS", disks.Folders()},
                         {"RECORD_TO", record},
                         {"RECORD_DATA", data}});
    std::vector<Act> acts = read_record(record, data, disks.ResultBytes());
    fs::remove(record);
    Picture all = *before, now = take_picture(disks.Roots());
    for (const Act &act : acts)
        carry_out(act, &all);
    bool is_complete = all.folders == now.folders && all.names == now.names;
    for (const auto &[path, file] : now.names)
        is_complete = is_complete && all.files.at(all.names[path]).bytes == now.files.at(file).bytes &&
                      all.files.at(all.names[path]).mtime_ns == now.files.at(file).mtime_ns;
    if (ran.status == 0 && disks.Incomplete().empty() && is_complete)
        return acts;
    fprintf(stderr, "powerloss: %s: the record does not tell all of the run (status %d)\n%s", scenario.name, ran.status,
            disks.Said().c_str());
    exit(1);
}

void PowerLoss::Check(Disks &disks, const Scenario &scenario, const Picture &picture, size_t count,
                      const std::vector<Act> &acts)
{
    std::string numbers = disks.Base() + "/numbers", boot = disks.Base() + "/boot";
    write_file(numbers, lay_out(picture, disks.Roots()));
    write_file(boot, "00000000-0000-4000-8000-000000000000\n");
    std::string at_once = disks.Lost(true);
    Ran ran = disks.Run({{"LD_PRELOAD", options.restarter}, {"RESTART_NUMBERS", numbers}, {"RESTART_BOOT", boot}});
    std::string lost = disks.Lost(false), left = disks.Leftovers(), incomplete = disks.Incomplete();
    std::lock_guard<std::mutex> lock(mutex);
    sums.checked++;
    sums.seconds += ran.seconds;
    sums.lost_at_once += !at_once.empty();
    sums.lost += !lost.empty();
    sums.left += !left.empty();
    sums.incomplete += !incomplete.empty();
    sums.completed += incomplete.empty() && left.empty();
    sums.hung += ran.status == -1 || ran.status > 130;
    if (at_once.empty() && lost.empty() && left.empty() && incomplete.empty() && ran.status == 0)
        return;
    const Act &last = acts[count - 1];
    printf("%s: behind act %zu (%s %s %s): %s; after the start, status %d: %s %s %s\n", scenario.name, count,
           last.what.c_str(), last.path.c_str(), last.to.c_str(), at_once.c_str(), ran.status, lost.c_str(),
           incomplete.c_str(), left.c_str());
    if (!options.only.empty()) {
        for (const auto &[path, file] : picture.names)
            printf("    %s: %s, %zu bytes\n", path.c_str(), file.c_str(), picture.files.at(file).bytes.size());
        printf("%s", disks.Said().c_str());
    }
    fflush(stdout);
}

void PowerLoss::Do(Disks &disks, const Scenario &scenario, size_t part, size_t n_parts)
{
    Picture before;
    std::vector<Act> acts = Record(disks, scenario, &before);
    std::set<size_t> seen;
    std::vector<std::pair<size_t, Picture>> found;
    std::mt19937 random(options.seed);
    for (size_t count = 1; count <= acts.size(); count++)
        for (Picture &picture : pictures_after(before, acts, count, n_random, &random))
            if (seen.insert(picture.Hash()).second)
                found.emplace_back(count, std::move(picture));
    if (part == 0) {
        std::lock_guard<std::mutex> lock(mutex);
        sums.acts += acts.size();
        sums.flushes +=
            static_cast<size_t>(std::count_if(acts.begin(), acts.end(), [](const Act &act) { return act.IsFlush(); }));
        sums.pictures += found.size();
    }
    std::shuffle(found.begin(), found.end(), random);
    for (size_t i = part; i < std::min(found.size(), options.n_pictures); i += n_parts)
        Check(disks, scenario, found[i].second, found[i].first, acts);
}

int main(int argc, char **argv)
{
    if (argc < 9) {
        fprintf(stderr, "usage: powerloss FFARM RECORDER RESTARTER BASE OTHER STATES SEED JOBS [SCENARIO]\n");
        return 2;
    }
    Options options = {argv[1],
                       argv[2],
                       argv[3],
                       argv[4],
                       argv[5],
                       argc > 9 ? argv[9] : "",
                       strtoul(argv[6], nullptr, 10),
                       strtoul(argv[8], nullptr, 10),
                       static_cast<unsigned>(strtoul(argv[7], nullptr, 10))};
    if (!make_pool(options.base + "/pool")) {
        fprintf(stderr, "powerloss: films can't be made\n");
        return 1;
    }
    PowerLoss loss(options);
    std::vector<std::thread> threads;
    for (size_t part = 0; part < options.n_jobs; part++)
        threads.emplace_back([&, part] {
            std::string number = "/" + std::to_string(part);
            Disks disks(options.base + "/pool", options.base + number, options.other + number, options.program);
            for (const Scenario &scenario : scenarios)
                if (options.only.empty() || options.only == scenario.name)
                    loss.Do(disks, scenario, part, options.n_jobs);
        });
    for (std::thread &thread : threads)
        thread.join();
    const Sums &sums = loss.sums;
    printf("acts recorded %zu, of which flushes %zu\nstates that a power loss may leave %zu, of which looked at %zu\n"
           "without film or result under a name before the start %zu\nfilms lost %zu\nleftovers %zu\n"
           "not completed by the next start %zu\nhung or crashed %zu\nmilliseconds a start %.0f\n",
           sums.acts, sums.flushes, sums.pictures, sums.checked, sums.lost_at_once, sums.lost, sums.left,
           sums.incomplete, sums.hung, sums.checked ? sums.seconds * 1000 / static_cast<double>(sums.checked) : 0);
    return sums.lost_at_once + sums.lost + sums.left + sums.incomplete + sums.hung > 0;
}
