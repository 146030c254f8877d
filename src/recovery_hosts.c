/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "recovery_hosts.h"

#include <string.h>

#include "deadline.h"
#include "runner.h"

#define OPEN_MS 10000
#define STOP_MS 15000
#define MAX_NAMED 8 /* hosts in a message */

/* One host, and what was left there. */
typedef struct {
    FfarmHost *host;   /* NULL: not in the configuration any more */
    char *name;        /* CLUSTER/HOST */
    GPtrArray *traces; /* of FfarmLeftTrace, borrowed */
    GCancellable *cancellable;
    char *complaint; /* NULL: all is gone */
    GThread *thread;
} Cleaning;

static void cleaning_free(gpointer data)
{
    Cleaning *cleaning = data;
    ffarm_host_free(cleaning->host);
    g_ptr_array_unref(cleaning->traces);
    g_free(cleaning->name);
    g_free(cleaning->complaint);
    g_free(cleaning);
}

/* The pattern does not match its own spelling, and so neither this shell nor grep.
 * Where there is no /proc, ps lists what this user runs. A lease's wrapper has the whole command line too; it may go,
 * as what it guards goes with it. */
static const char stop_script[] =
    "find_ours() {"
    " if [ -r /proc/self/cmdline ]; then"
    "  for f in $(grep -l \"$1\" /proc/[0-9]*/cmdline 2>/dev/null); do"
    "   f=${f%/cmdline}; [ -O \"$f\" ] && echo \"${f#/proc/}\"; done;"
    " else ps -x -o pid= -o args= | grep \"$1\" | while read -r p rest; do echo \"$p\"; done; fi; };"
    "i=0; while p=$(find_ours \"$1\"); [ -n \"$p\" ]; do"
    " [ $i = 0 ] && kill -TERM $p; [ $i = 5 ] && kill -KILL $p; [ $i -ge 8 ] && exit 1;"
    " i=$((i+1)); sleep 1; done 2>/dev/null; exit 0";

char **ffarm_recovery_stop_argv(const char *run_id)
{
    g_autofree char *pattern = g_strdup_printf("[f]farm-%s-", run_id);
    const char *argv[] = {"sh", "-c", stop_script, "sh", pattern, NULL};
    return g_strdupv((char **)argv);
}

static gboolean stop_run(Cleaning *cleaning, FfarmRunner *runner, const char *run_id, GError **error)
{
    int status = 0;
    /* Windows' sshd ends a session's processes with it. */
    if (ffarm_runner_os(runner) == FFARM_OS_WINDOWS)
        return TRUE;
    g_auto(GStrv) argv = ffarm_recovery_stop_argv(run_id);
    if (!ffarm_runner_ask(runner, (const char *const *)argv, STOP_MS, 1024, NULL, NULL, &status, cleaning->cancellable,
                          error))
        return FALSE;
    if (status == 0)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_BUSY, "an encode of run %s does not end", run_id);
    return FALSE;
}

static gboolean stop_runs(Cleaning *cleaning, FfarmRunner *runner, GError **error)
{
    g_autoptr(GHashTable) stopped = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < cleaning->traces->len; i++) {
        const FfarmLeftTrace *trace = g_ptr_array_index(cleaning->traces, i);
        if (g_hash_table_add(stopped, trace->run_id) && !stop_run(cleaning, runner, trace->run_id, error))
            return FALSE;
    }
    return TRUE;
}

/* Whatever a journal says: what does not carry the attempt's name is not ours. */
static gboolean remove_trace(Cleaning *cleaning, FfarmRunner *runner, FfarmLeftTrace *trace, GError **error)
{
    if (!trace->there || !ffarm_left_trace_is_ours(trace, trace->there))
        return TRUE;
    gboolean is_gone = trace->is_folder ? ffarm_runner_remove_dir(runner, trace->there, cleaning->cancellable, error)
                                        : ffarm_runner_remove(runner, trace->there, cleaning->cancellable, error);
    return is_gone;
}

static gboolean clean(Cleaning *cleaning, FfarmRunner *runner, GError **error)
{
    if (!ffarm_runner_open(runner, OPEN_MS, cleaning->cancellable, error) || !stop_runs(cleaning, runner, error))
        return FALSE;
    for (guint i = 0; i < cleaning->traces->len; i++) {
        FfarmLeftTrace *trace = g_ptr_array_index(cleaning->traces, i);
        /* On a mounted host it is the same file as here, which a replacement may need. */
        if (trace->is_kept && !trace->is_folder)
            continue;
        if (!remove_trace(cleaning, runner, trace, error))
            return FALSE;
        trace->gone |= FFARM_TRACE_THERE;
    }
    return TRUE;
}

static gpointer clean_host(gpointer data)
{
    Cleaning *cleaning = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmRunner) runner = ffarm_runner_new(cleaning->host);
    if (!clean(cleaning, runner, &error))
        cleaning->complaint = g_strdup(error->message);
    return NULL;
}

static FfarmHost *find_host(const FfarmSettings *settings, const FfarmLeftTrace *trace)
{
    if (!trace->cluster) {
        FfarmHost *host = ffarm_host_new(NULL, trace->host, FFARM_HOST_LOCAL);
        ffarm_host_add_queue(host, NULL, 1);
        return host;
    }
    const FfarmCluster *cluster = ffarm_settings_cluster(settings, trace->cluster);
    for (guint i = 0; cluster && i < cluster->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(cluster->hosts, i);
        if (strcmp(host->name, trace->host) == 0)
            return ffarm_host_copy(host);
    }
    return NULL;
}

static GPtrArray *group_by_host(const GPtrArray *traces, const FfarmSettings *settings, GCancellable *cancellable)
{
    GPtrArray *cleanings = g_ptr_array_new_with_free_func(cleaning_free);
    g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < traces->len; i++) {
        FfarmLeftTrace *trace = g_ptr_array_index(traces, i);
        g_autofree char *name = g_strdup_printf("%s/%s", trace->cluster ? trace->cluster : "", trace->host);
        Cleaning *cleaning = g_hash_table_lookup(by_name, name);
        if (!cleaning) {
            cleaning = g_new0(Cleaning, 1);
            cleaning->host = find_host(settings, trace);
            cleaning->name = g_steal_pointer(&name);
            cleaning->traces = g_ptr_array_new();
            cleaning->cancellable = cancellable;
            g_ptr_array_add(cleanings, cleaning);
            g_hash_table_insert(by_name, cleaning->name, cleaning);
        }
        g_ptr_array_add(cleaning->traces, trace);
    }
    return cleanings;
}

static const char *name_first_left(const Cleaning *cleaning)
{
    for (guint i = 0; i < cleaning->traces->len; i++) {
        const FfarmLeftTrace *trace = g_ptr_array_index(cleaning->traces, i);
        if (trace->there && !(trace->gone & FFARM_TRACE_THERE))
            return trace->there;
    }
    return NULL;
}

static void complain(GPtrArray *complaints, const Cleaning *cleaning, gboolean was_too_slow)
{
    const char *left = name_first_left(cleaning);
    g_autofree char *what = left ? g_filename_display_name(left) : g_strdup("an encode");
    const char *reason = was_too_slow ? "it did not answer in time" : cleaning->complaint;
    g_ptr_array_add(complaints,
                    g_strdup_printf("%s: %s may be left there from an earlier run, which the next start tries "
                                    "to mend: %s",
                                    cleaning->name, what, reason));
}

/* One line for all of them, as this is said at every start. */
static void complain_unnamed(GPtrArray *complaints, const GPtrArray *cleanings)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint count = 0;
    for (guint i = 0; i < cleanings->len; i++) {
        const Cleaning *cleaning = g_ptr_array_index(cleanings, i);
        const char *left = cleaning->host ? NULL : name_first_left(cleaning);
        if (cleaning->host || count++ >= MAX_NAMED)
            continue;
        g_autofree char *what = left ? g_filename_display_name(left) : NULL;
        g_string_append_printf(names, "%s%s%s%s%s", names->len > 0 ? ", " : "", cleaning->name, what ? " (" : "",
                               what ? what : "", what ? ")" : "");
    }
    if (count > MAX_NAMED)
        g_string_append_printf(names, " and %u more", count - MAX_NAMED);
    if (count > 0)
        g_ptr_array_add(
            complaints,
            g_strdup_printf("%s: may hold files of earlier runs, but the configuration does not name %s any "
                            "more; name %s once again to have them removed",
                            names->str, count == 1 ? "this host" : "these hosts", count == 1 ? "it" : "them"));
}

GPtrArray *ffarm_recovery_clean_hosts(const GPtrArray *traces, const FfarmSettings *settings, guint timeout_ms,
                                      GCancellable *cancellable)
{
    GPtrArray *complaints = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(FfarmDeadline) deadline = ffarm_deadline_new(timeout_ms, cancellable);
    g_autoptr(GPtrArray) cleanings = group_by_host(traces, settings, ffarm_deadline_peek_cancellable(deadline));
    for (guint i = 0; i < cleanings->len; i++) {
        Cleaning *cleaning = g_ptr_array_index(cleanings, i);
        if (cleaning->host)
            cleaning->thread = g_thread_new("recovery", clean_host, cleaning);
    }
    for (guint i = 0; i < cleanings->len; i++) {
        Cleaning *cleaning = g_ptr_array_index(cleanings, i);
        if (cleaning->thread)
            g_thread_join(cleaning->thread);
        if (cleaning->complaint)
            complain(complaints, cleaning, ffarm_deadline_has_passed(deadline));
    }
    complain_unnamed(complaints, cleanings);
    return complaints;
}
