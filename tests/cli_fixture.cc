// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli_fixture.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "media_maker.h"
#include "scratch.h"

void CliTest::SetUp()
{
    folder = scratch_new();
    g_autofree char *home = g_build_filename(folder, ".home", nullptr);
    g_assert_cmpint(g_mkdir_with_parents(home, 0700), ==, 0);
    environment["HOME"] = home;
}

void CliTest::TearDown()
{
    scratch_free(folder);
}

static void leave_terminal(gpointer)
{
    setsid();
}

GSubprocess *CliTest::Start(const std::vector<std::string> &args) const
{
    g_autofree char *program = g_build_filename(g_getenv("FFARM_BUILD_ROOT"), "src", "ffarm", nullptr);
    std::vector<const char *> argv = {program};
    for (const std::string &arg : args)
        argv.push_back(arg.c_str());
    argv.push_back(nullptr);
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_NONE);
    for (const char *name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "NO_COLOR", "PLEX_TOKEN"})
        g_subprocess_launcher_unsetenv(launcher, name);
    for (const auto &[name, value] : environment)
        g_subprocess_launcher_setenv(launcher, name.c_str(), value.c_str(), TRUE);
    g_subprocess_launcher_set_cwd(launcher, folder);
    g_subprocess_launcher_set_child_setup(launcher, leave_terminal, nullptr, nullptr);
    /* GLib writes over an older file without cutting it. */
    g_unlink(Path(".home/out").c_str());
    g_unlink(Path(".home/err").c_str());
    g_subprocess_launcher_set_stdout_file_path(launcher, Path(".home/out").c_str());
    g_subprocess_launcher_set_stderr_file_path(launcher, Path(".home/err").c_str());
    g_autoptr(GError) error = nullptr;
    GSubprocess *process = g_subprocess_launcher_spawnv(launcher, argv.data(), &error);
    g_assert_no_error(error);
    return process;
}

static std::string read_file(const std::string &path)
{
    g_autofree char *bytes = nullptr;
    gsize length = 0;
    g_file_get_contents(path.c_str(), &bytes, &length, nullptr);
    return std::string(bytes ? bytes : "", length);
}

Outcome CliTest::Finish(GSubprocess *process) const
{
    Outcome outcome;
    g_subprocess_wait(process, nullptr, nullptr);
    outcome.status = g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
                                                         : 128 + g_subprocess_get_term_sig(process);
    outcome.out = read_file(Path(".home/out"));
    outcome.err = read_file(Path(".home/err"));
    return outcome;
}

Outcome CliTest::Run(const std::vector<std::string> &args) const
{
    g_autoptr(GSubprocess) process = Start(args);
    return Finish(process);
}

std::string CliTest::Write(const char *name, const std::string &text) const
{
    g_autofree char *path = scratch_write(folder, name, text.data(), static_cast<gssize>(text.size()));
    return path;
}

std::string CliTest::Clip(const std::string &name) const
{
    g_autofree char *path = media_make_clip(folder, name.c_str(), 1);
    return path;
}

static void append_tree(const std::string &path, std::string *text)
{
    g_autoptr(GDir) dir = g_dir_open(path.c_str(), 0, nullptr);
    std::map<std::string, std::string> entries;
    for (const char *name = dir ? g_dir_read_name(dir) : nullptr; name; name = g_dir_read_name(dir))
        entries[name] = path + "/" + name;
    entries.erase(".home");
    for (const auto &[name, entry] : entries) {
        struct stat info;
        g_assert_cmpint(lstat(entry.c_str(), &info), ==, 0);
        std::string content = S_ISREG(info.st_mode) ? read_file(entry) : "";
        g_autofree char *sum = g_compute_checksum_for_data(
            G_CHECKSUM_SHA256, reinterpret_cast<const guchar *>(content.data()), content.size());
        *text += entry + " " + std::to_string(info.st_mode) + " " + std::to_string(info.st_ino) + " " +
                 std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec) + " " + sum + "\n";
        if (S_ISDIR(info.st_mode))
            append_tree(entry, text);
    }
}

std::string CliTest::Tree() const
{
    std::string text;
    append_tree(folder, &text);
    return text;
}

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

std::vector<std::shared_ptr<JsonObject>> json_lines(const std::string &out)
{
    std::vector<std::shared_ptr<JsonObject>> objects;
    EXPECT_TRUE(out.empty() || out.back() == '\n');
    EXPECT_TRUE(g_utf8_validate(out.data(), static_cast<gssize>(out.size()), nullptr));
    g_auto(GStrv) lines = g_strsplit(out.c_str(), "\n", -1);
    for (guint i = 0; lines[i] && *lines[i]; i++) {
        g_autoptr(GError) error = nullptr;
        g_autoptr(JsonNode) node = json_from_string(lines[i], &error);
        if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
            ADD_FAILURE() << "not a JSON object: " << lines[i];
            continue;
        }
        objects.emplace_back(json_object_ref(json_node_get_object(node)), json_object_unref);
        EXPECT_TRUE(json_object_has_member(objects.back().get(), "event")) << lines[i];
    }
    return objects;
}

std::vector<std::shared_ptr<JsonObject>> json_events(const std::string &out, const char *event)
{
    std::vector<std::shared_ptr<JsonObject>> found;
    for (const auto &object : json_lines(out))
        if (json_text(object, "event") == event)
            found.push_back(object);
    return found;
}

std::string json_text(const std::shared_ptr<JsonObject> &object, const char *member)
{
    return json_object_get_string_member_with_default(object.get(), member, "");
}

std::string json_file(const std::shared_ptr<JsonObject> &object)
{
    g_autofree char *name = g_path_get_basename(json_text(object, "file").c_str());
    return name;
}
