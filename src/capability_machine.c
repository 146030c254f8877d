/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capability_machine.h"

#include <string.h>

#include "capability_nodes.h"

#define ASK_MS 20000
#define MAX_ANSWER (512 * 1024)
#define MOST_VERSION 32

/* Lines that part the answer. */
#define DRIVER_MARK "\n--ffarm nvidia driver--\n"
#define NODES_MARK "\n--ffarm render nodes--\n"
#define ENCODERS_MARK "\n--ffarm encoders--\n"
#define ECHO(mark) "printf '\\n--ffarm " mark "--\\n'; "

/* One line, as not every login shell lets others through. $1 is ffmpeg. No times are asked for: they change when a
 * machine is started. Libraries are told apart by name and size. */
static const char script[] =
    "LC_ALL=C; export LC_ALL; uname -nsrm; id -un; id -Gn; \"$1\" -version 2>&1; "
    "echo \"$LD_LIBRARY_PATH $LIBVA_DRIVER_NAME $LIBVA_DRIVERS_PATH $CUDA_VISIBLE_DEVICES\"; "
    "sw_vers 2>/dev/null; sysctl -n hw.model machdep.cpu.brand_string 2>/dev/null; "
    "cat /proc/driver/nvidia/version 2>/dev/null; "
    "{ ldconfig -p || /sbin/ldconfig -p; } 2>/dev/null"
    " | grep -E 'lib(cuda|nvidia-encode|nvcuvid|mfx|vpl|va|amfrt)'; "
    "ls -lnL /usr/lib*/dri /usr/lib/*/dri /usr/local/lib/dri 2>/dev/null"
    " | while read -r a b c d size name; do case $name in *_drv_video.so) echo \"$size ${name##* }\";; esac; done; "
    "patience=; command -v timeout >/dev/null && patience='timeout -k 1 8'; " ECHO(
        "nvidia driver") "command -v nvidia-smi >/dev/null"
                         " && $patience nvidia-smi --query-gpu=driver_version,name --format=csv,noheader 2>&1; " ECHO(
                             "render nodes") "ls -ln /dev/dri 2>/dev/null"
                                             " | while read -r mode b user group name; do echo \"$mode $user $group "
                                             "${name##* }\"; done; " ECHO(
                                                 "encoders") "\"$1\" -hide_banner -encoders 2>/dev/null; exit 0";

void ffarm_machine_free(FfarmMachine *machine)
{
    if (!machine)
        return;
    g_free(machine->id);
    g_free(machine->listing);
    g_ptr_array_unref(machine->nodes);
    g_free(machine->nvidia_driver);
    g_free(machine);
}

static FfarmMachine *machine_new(void)
{
    FfarmMachine *machine = g_new0(FfarmMachine, 1);
    machine->nodes = g_ptr_array_new_with_free_func(g_free);
    return machine;
}

static void add(GChecksum *sum, const char *text)
{
    /* With its end, so that no two lists of texts are one. */
    g_checksum_update(sum, (const guchar *)text, (gssize)strlen(text) + 1);
}

/* @told: what the host says of itself. This ffarm's version is part of it, as its trials may be others than before. */
static char *make_id(const FfarmHost *host, const char *told)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *port = g_strdup_printf("%u", host->port);
    const char *parts[] = {FFARM_VERSION, host->address ? host->address : "this machine",
                           port,          host->user ? host->user : "",
                           host->ffmpeg,  told};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        add(sum, parts[i]);
    for (guint i = 0; i < host->devices->len; i++) {
        const FfarmDevice *device = g_ptr_array_index(host->devices, i);
        add(sum, device->engine);
        add(sum, device->name ? device->name : "");
    }
    return g_strdup(g_checksum_get_string(sum));
}

/* The first word of the answer to "driver_version,name". */
static char *parse_driver(const char *answer)
{
    gsize length = strspn(answer, "0123456789.");
    gboolean is_version = length > 0 && length <= MOST_VERSION && answer[length] == ',';
    return is_version ? g_strndup(answer, length) : NULL;
}

static gboolean lack_answer(const FfarmHost *host, GError **error)
{
    g_set_error(error, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC, "%s: it does not say which encoders its ffmpeg has",
                host->name);
    return FALSE;
}

/* A listing that does not come is none of which nothing is on. */
static gboolean check_listing(const FfarmMachine *machine, const FfarmHost *host, GError **error)
{
    return machine->listing[strspn(machine->listing, " \r\n")] || lack_answer(host, error);
}

/* Takes @answer apart. */
static gboolean take_answer(FfarmMachine *machine, const FfarmHost *host, char *answer, GError **error)
{
    char *encoders = g_strrstr(answer, ENCODERS_MARK);
    char *nodes = encoders ? g_strrstr_len(answer, encoders - answer + 1, NODES_MARK) : NULL;
    char *driver = nodes ? g_strrstr_len(answer, nodes - answer + 1, DRIVER_MARK) : NULL;
    if (!driver)
        return lack_answer(host, error);
    machine->listing = g_strdup(encoders + strlen(ENCODERS_MARK));
    *encoders = '\0';
    machine->id = make_id(host, answer);
    ffarm_nodes_parse(nodes + strlen(NODES_MARK), machine->nodes);
    machine->nvidia_driver = parse_driver(driver + strlen(DRIVER_MARK));
    return check_listing(machine, host, error);
}

static gboolean ask_posix(FfarmMachine *machine, FfarmRunner *runner, GCancellable *cancellable, GError **error)
{
    const FfarmHost *host = ffarm_runner_peek_host(runner);
    const char *argv[] = {"sh", "-c", script, "ffarm", host->ffmpeg, NULL};
    g_autofree char *answer = NULL;
    int status = 0;
    return ffarm_runner_ask(runner, argv, ASK_MS, MAX_ANSWER, &answer, NULL, &status, cancellable, error) &&
           take_answer(machine, host, answer, error);
}

/* --- Windows --- */

/* Adds what @argv prints to @told; a program that is not there, or does not end, adds nothing.
 * Returns: FALSE if nothing more can be asked. */
static gboolean add_answer(FfarmRunner *runner, const char *const *argv, GString *told, GCancellable *cancellable,
                           GError **error)
{
    g_autofree char *output = NULL;
    g_autoptr(GError) inner = NULL;
    int status = 0;
    if (ffarm_runner_ask(runner, argv, ASK_MS, MAX_ANSWER, &output, NULL, &status, cancellable, &inner)) {
        g_string_append_printf(told, "%s\n", output);
        return TRUE;
    }
    gboolean is_harmless = g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_EXEC) ||
                           g_error_matches(inner, FFARM_REMOTE_ERROR, FFARM_REMOTE_ERROR_TIMEOUT);
    if (!is_harmless)
        g_propagate_error(error, g_steal_pointer(&inner));
    return is_harmless;
}

/* Machine, user, system and graphics cards. */
static gboolean add_system(FfarmRunner *runner, GString *told, GCancellable *cancellable, GError **error)
{
    static const char powershell[] =
        "[Environment]::OSVersion.VersionString; [Environment]::MachineName; [Environment]::UserName;"
        " Get-CimInstance Win32_VideoController | ForEach-Object { $_.Name + ' ' + $_.DriverVersion }";
    const char *system[] = {"powershell", "-NoProfile", "-NonInteractive", "-Command", powershell, NULL};
    const char *cards[] = {"wmic", "path", "Win32_VideoController", "get", "Name,DriverVersion", "/value", NULL};
    const char *version[] = {"wmic", "os", "get", "Version,CSName", "/value", NULL};
    gsize before = told->len;
    if (!add_answer(runner, system, told, cancellable, error))
        return FALSE;
    return told->len > before + 1 || (add_answer(runner, cards, told, cancellable, error) &&
                                      add_answer(runner, version, told, cancellable, error));
}

static gboolean ask_windows(FfarmMachine *machine, FfarmRunner *runner, GCancellable *cancellable, GError **error)
{
    const FfarmHost *host = ffarm_runner_peek_host(runner);
    const char *version[] = {host->ffmpeg, "-version", NULL};
    const char *nvidia[] = {"nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader", NULL};
    const char *encoders[] = {host->ffmpeg, "-hide_banner", "-encoders", NULL};
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(GString) gpus = g_string_new(NULL);
    int status = 0;
    if (!add_answer(runner, version, told, cancellable, error) || !add_system(runner, told, cancellable, error) ||
        !add_answer(runner, nvidia, gpus, cancellable, error) ||
        !ffarm_runner_ask(runner, encoders, ASK_MS, MAX_ANSWER, &machine->listing, NULL, &status, cancellable, error))
        return FALSE;
    machine->nvidia_driver = parse_driver(gpus->str);
    g_string_append(told, gpus->str);
    machine->id = make_id(host, told->str);
    return check_listing(machine, host, error);
}

FfarmMachine *ffarm_machine_ask(FfarmRunner *runner, GCancellable *cancellable, GError **error)
{
    g_autoptr(FfarmMachine) machine = machine_new();
    gboolean is_windows = ffarm_runner_os(runner) == FFARM_OS_WINDOWS;
    gboolean is_told =
        is_windows ? ask_windows(machine, runner, cancellable, error) : ask_posix(machine, runner, cancellable, error);
    return is_told ? g_steal_pointer(&machine) : NULL;
}
