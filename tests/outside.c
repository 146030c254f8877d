/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A program of somebody else's: built with nothing but what `pkg-config --cflags --libs ffarm` says. Looks at the first
 * FILE, then has both copied by a farm of this machine: outside FILE1 FILE2 */

#include <stdio.h>

#include <ffarm/ffarm.h>

static const char config[] = "profiles:\n"
                             "  again: {output_options: '-c copy'}\n"
                             "rules:\n"
                             "  all of them: {profile: again}\n";

static gboolean look_at(const char *path, GError **error)
{
    g_autoptr(FfarmMedia) media = ffarm_probe_file(path, 0, NULL, error);
    if (!media)
        return FALSE;
    const FfarmStream *video = ffarm_media_peek_video(media);
    printf("%s: %s, %u streams\n", path, video ? video->codec : "no video", media->streams->len);
    return video != NULL;
}

static void on_event(const FfarmEvent *event, gpointer user_data)
{
    guint *n_results = user_data;
    if (event->type != FFARM_EVENT_RESULT)
        return;
    ++*n_results;
    printf("%s: %s\n", event->job->item->input->path, ffarm_job_state_name(event->job->state));
}

static gboolean run_farm(char **paths, FfarmSummary *summary, guint *n_results, GError **error)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings = ffarm_settings_parse("config", config, sizeof config - 1, TRUE, diagnostics);
    g_autoptr(GPtrArray) inputs = g_ptr_array_new_with_free_func((GDestroyNotify)ffarm_input_free);
    g_assert_nonnull(settings);
    for (; *paths; paths++)
        g_ptr_array_add(inputs, ffarm_input_new(*paths, NULL, NULL, NULL));
    const FfarmPlanOptions plan_options = {.sequential = TRUE};
    g_autoptr(FfarmPlan) plan = ffarm_plan_new(settings, inputs, &plan_options, NULL, NULL, NULL, error);
    if (!plan)
        return FALSE;
    const FfarmFarmOptions farm_options = {.on_event = on_event, .user_data = n_results};
    return ffarm_farm_run(plan, &farm_options, summary, NULL, error);
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    FfarmSummary summary = {0};
    guint n_results = 0;
    if (argc != 3)
        return 2;
    if (!look_at(argv[1], &error) || !run_farm(argv + 1, &summary, &n_results, &error)) {
        fprintf(stderr, "outside: %s\n", error ? error->message : "no video");
        return 1;
    }
    printf("%u done, %u failed\n", summary.done, summary.failed);
    return summary.done == 2 && n_results == 2 ? 0 : 1;
}
