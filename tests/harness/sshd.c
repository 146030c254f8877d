/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sshd.h"

#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"

#define START_LIMIT_US (20 * G_USEC_PER_SEC)

static char *find_sshd(void)
{
    char *path = g_find_program_in_path("sshd");
    /* The server isn't on the PATH of ordinary users, and it insists on being called by its full path. */
    if (!path && g_file_test("/usr/sbin/sshd", G_FILE_TEST_IS_EXECUTABLE))
        path = g_strdup("/usr/sbin/sshd");
    return path;
}

gboolean sshd_is_available(void)
{
    g_autofree char *server = find_sshd();
    g_autofree char *client = g_find_program_in_path("ssh");
    g_autofree char *keygen = g_find_program_in_path("ssh-keygen");
    return server && client && keygen;
}

static void make_key(const char *type, const char *path)
{
    const char *argv[] = {"ssh-keygen", "-q", "-t", type, "-N", "", "-C", "test", "-f", path, NULL};
    int status = -1;
    g_autoptr(GError) error = NULL;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

static char *read_text(const char *path)
{
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text ? text : g_strdup("");
}

static char *public_key(const char *private_path)
{
    g_autofree char *path = g_strconcat(private_path, ".pub", NULL);
    return read_text(path);
}

/* A port that was free a moment ago; should somebody else take it first, the server says so and the next one is tried.
 */
static guint guess_port(const char *address)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof name;
    g_assert_cmpint(inet_pton(AF_INET, address, &name.sin_addr), ==, 1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    guint port = 0;
    if (bind(fd, (struct sockaddr *)&name, sizeof name) == 0 && getsockname(fd, (struct sockaddr *)&name, &length) == 0)
        port = ntohs(name.sin_port);
    close(fd);
    /* An address of another network namespace can't be bound here, and nobody else listens on it there. */
    return port ? port : 2222;
}

static void write_server_config(const Sshd *sshd, const SshdOptions *options, const char *path)
{
    const char *sftp = "/usr/lib/openssh/sftp-server";
    g_autoptr(GString) text = g_string_new(options->server_lines);
    g_string_append_c(text, '\n');
    g_string_append_printf(text, "ListenAddress %s\nPort %u\n", sshd->address, sshd->port);
    g_string_append_printf(text, "HostKey %s\nAuthorizedKeysFile %s\n", sshd->host_key, sshd->authorized);
    /* The one keyword that may not stand twice. */
    if (!strstr(text->str, "Subsystem"))
        g_string_append_printf(text, "Subsystem sftp %s\n",
                               g_file_test(sftp, G_FILE_TEST_IS_EXECUTABLE) ? sftp : "internal-sftp");
    /* Nobody's login scripts; those of a test go into the server's folder. */
    g_string_append_printf(text, "SetEnv HOME=%s\n", sshd->folder);
    g_string_append(text, "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
                          "KbdInteractiveAuthentication no\nUseDNS no\nPrintMotd no\nLogLevel VERBOSE\n"
                          "MaxStartups 200:30:300\n");
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
}

static void write_client_config(const Sshd *sshd, const SshdOptions *options)
{
    g_autofree char *text =
        g_strdup_printf("%s\n"
                        "Host *\n"
                        "    UserKnownHostsFile %s\n"
                        "    GlobalKnownHostsFile none\n"
                        "    IdentityFile %s\n"
                        "    IdentitiesOnly yes\n"
                        "    UpdateHostKeys no\n",
                        options->client_lines ? options->client_lines : "", sshd->known_hosts, sshd->key);
    g_assert_true(g_file_set_contents(sshd->client_config, text, -1, NULL));
    g_autofree char *script = g_strdup_printf("#!/bin/sh\nexec ssh -F '%s' \"$@\"\n", sshd->client_config);
    g_assert_true(g_file_set_contents_full(sshd->ssh, script, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0700, NULL));
}

static void write_known_hosts(const Sshd *sshd)
{
    g_autofree char *key = public_key(sshd->host_key);
    g_autofree char *line = g_strdup_printf("[%s]:%u %s", sshd->address, sshd->port, key);
    g_assert_true(g_file_set_contents(sshd->known_hosts, line, -1, NULL));
}

void sshd_know_port(const Sshd *sshd, guint port)
{
    g_autofree char *known = read_text(sshd->known_hosts);
    g_autofree char *key = public_key(sshd->host_key);
    g_autofree char *lines = g_strdup_printf("%s[127.0.0.1]:%u %s", known, port, key);
    g_assert_true(g_file_set_contents(sshd->known_hosts, lines, -1, NULL));
}

/* Runs in the server's process before exec: it must not outlive a test that crashes. */
static void die_with_parent(gpointer data)
{
    (void)data;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void spawn_server(Sshd *sshd, const SshdOptions *options, const char *config)
{
    g_autofree char *server = find_sshd();
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    if (options->netns) {
        const char *prefix[] = {"ip", "netns", "exec", options->netns};
        for (guint i = 0; i < G_N_ELEMENTS(prefix); i++)
            g_ptr_array_add(argv, (gpointer)prefix[i]);
    }
    const char *own[] = {server, "-D", "-f", config, "-E", sshd->log, NULL};
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        g_ptr_array_add(argv, (gpointer)own[i]);
    g_autoptr(GError) error = NULL;
    g_spawn_async(NULL, (char **)argv->pdata, NULL,
                  G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, die_with_parent, NULL,
                  &sshd->pid, &error);
    g_assert_no_error(error);
}

static gboolean can_connect(const Sshd *sshd)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((guint16)sshd->port)};
    inet_pton(AF_INET, sshd->address, &name.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    gboolean is_up = connect(fd, (struct sockaddr *)&name, sizeof name) == 0;
    close(fd);
    return is_up;
}

static gboolean can_log_in(const Sshd *sshd, const char *command)
{
    g_autofree char *port = g_strdup_printf("%u", sshd->port);
    const char *argv[] = {sshd->ssh, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-n",    "-p",
                          port,      "-l", sshd->user,      "--", sshd->address,      command, NULL};
    int status = -1;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                 NULL, &status, NULL);
    return status == 0;
}

/* Returns: FALSE when the server gave up, for another one had taken the port. */
static gboolean wait_until_ready(Sshd *sshd, const char *command)
{
    gint64 limit = g_get_monotonic_time() + START_LIMIT_US;
    while (!can_connect(sshd) || (*command && !can_log_in(sshd, command))) {
        if (waitpid(sshd->pid, NULL, WNOHANG) == sshd->pid) {
            g_autofree char *log = read_text(sshd->log);
            if (strstr(log, "Address already in use"))
                return FALSE;
            g_error("sshd ended at once: %s", log);
        }
        if (g_get_monotonic_time() > limit) {
            g_autofree char *log = read_text(sshd->log);
            g_error("nobody can log in to the test's sshd: %s", log);
        }
        g_usleep(10000);
    }
    return TRUE;
}

static void make_files(Sshd *sshd, const SshdOptions *options)
{
    sshd->folder = scratch_new();
    sshd->key = g_build_filename(sshd->folder, "user_key", NULL);
    sshd->host_key = g_build_filename(sshd->folder, "host_key", NULL);
    sshd->authorized = g_build_filename(sshd->folder, "authorized_keys", NULL);
    sshd->known_hosts = g_build_filename(sshd->folder, "known_hosts", NULL);
    sshd->client_config = g_build_filename(sshd->folder, "ssh_config", NULL);
    sshd->ssh = g_build_filename(sshd->folder, "ssh", NULL);
    sshd->log = g_build_filename(sshd->folder, "log", NULL);
    make_key("ed25519", sshd->key);
    make_key(options->host_key_type ? options->host_key_type : "ed25519", sshd->host_key);
    g_autofree char *key = public_key(sshd->key);
    g_assert_true(g_file_set_contents(sshd->authorized, key, -1, NULL));
    write_client_config(sshd, options);
    if (geteuid() == 0)
        g_assert_cmpint(g_mkdir_with_parents("/run/sshd", 0755), ==, 0);
}

Sshd *sshd_start(const SshdOptions *options)
{
    static const SshdOptions defaults = {0};
    if (!options)
        options = &defaults;
    Sshd *sshd = g_new0(Sshd, 1);
    sshd->address = g_strdup(options->address ? options->address : "127.0.0.1");
    sshd->user = g_strdup(g_get_user_name());
    make_files(sshd, options);
    g_autofree char *config = g_build_filename(sshd->folder, "sshd_config", NULL);
    do {
        unlink(sshd->log);
        sshd->port = guess_port(sshd->address);
        write_server_config(sshd, options, config);
        write_known_hosts(sshd);
        spawn_server(sshd, options, config);
    } while (!wait_until_ready(sshd, options->wait_command ? options->wait_command : "exit 0"));
    return sshd;
}

/* Fills in parent and name of a process. The name may hold blanks and brackets, so the last bracket ends it. */
static gboolean read_process(pid_t pid, pid_t *parent, char *name, gsize size)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = read_text(path);
    const char *open = strchr(text, '(');
    const char *close = strrchr(text, ')');
    if (!open || !close)
        return FALSE;
    g_strlcpy(name, open + 1, MIN(size, (gsize)(close - open)));
    *parent = (pid_t)strtol(close + 3, NULL, 10);
    return TRUE;
}

/* Calls kill() for all descendants of @ancestor, or only for those of the given name. Returns: how many there were. */
static guint kill_below(pid_t ancestor, const char *only)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    guint count = 0;
    for (const char *entry; (entry = g_dir_read_name(dir));) {
        pid_t pid = (pid_t)strtol(entry, NULL, 10);
        pid_t parent = 0;
        char name[64];
        if (pid <= 0 || !read_process(pid, &parent, name, sizeof name) || parent != ancestor)
            continue;
        count += kill_below(pid, only);
        if (only && strcmp(name, only) != 0)
            continue;
        kill(pid, SIGKILL);
        count++;
    }
    return count;
}

void sshd_drop_connections(Sshd *sshd)
{
    kill_below(sshd->pid, "sshd");
}

void sshd_switch_off(Sshd *sshd)
{
    /* Stopped, the server can't take new connections while those it has are being ended. */
    kill(sshd->pid, SIGSTOP);
    kill_below(sshd->pid, NULL);
    kill(sshd->pid, SIGKILL);
    waitpid(sshd->pid, NULL, 0);
    sshd->pid = 0;
}

void sshd_switch_on(Sshd *sshd)
{
    static const SshdOptions defaults = {0};
    g_autofree char *config = g_build_filename(sshd->folder, "sshd_config", NULL);
    spawn_server(sshd, &defaults, config);
    g_assert_true(wait_until_ready(sshd, ""));
}

void sshd_stop(Sshd *sshd)
{
    if (!sshd)
        return;
    if (sshd->pid)
        sshd_switch_off(sshd);
    scratch_free(sshd->folder);
    g_free(sshd->address);
    g_free(sshd->user);
    g_free(sshd->key);
    g_free(sshd->host_key);
    g_free(sshd->authorized);
    g_free(sshd->known_hosts);
    g_free(sshd->client_config);
    g_free(sshd->ssh);
    g_free(sshd->log);
    g_free(sshd);
}
