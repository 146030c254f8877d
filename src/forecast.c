/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast.h"

#include <math.h>

typedef struct {
    const FfarmHost *host;
    const char *queue;
    gboolean any_queue;
    double seconds;
} Way;

typedef struct {
    const FfarmPlanItem *item;
    double work;
    guint first, n_ways; /* those of it that are known, among all */
} File;

typedef struct {
    const FfarmHost *host;
    const char *queue;
    double free_s;
} Seat;

struct FfarmForecast {
    const FfarmPlan *plan;
    GArray *files; /* of File */
    GArray *ways;  /* of Way */
};

FfarmForecast *ffarm_forecast_new(const FfarmPlan *plan)
{
    FfarmForecast *forecast = g_new(FfarmForecast, 1);
    forecast->plan = plan;
    forecast->files = g_array_new(FALSE, FALSE, sizeof(File));
    forecast->ways = g_array_new(FALSE, FALSE, sizeof(Way));
    return forecast;
}

void ffarm_forecast_free(FfarmForecast *forecast)
{
    if (!forecast)
        return;
    g_array_unref(forecast->files);
    g_array_unref(forecast->ways);
    g_free(forecast);
}

static File *file_of(FfarmForecast *forecast, const FfarmPlanItem *item)
{
    GArray *files = forecast->files;
    if (files->len == 0 || g_array_index(files, File, files->len - 1).item != item) {
        File file = {.item = item, .work = ffarm_estimate_work(item->media), .first = forecast->ways->len};
        g_array_append_val(files, file);
    }
    return &g_array_index(files, File, files->len - 1);
}

void ffarm_forecast_add(FfarmForecast *forecast, const FfarmPlanItem *item, const FfarmChoice *choice,
                        const FfarmEstimate *estimate)
{
    File *file = file_of(forecast, item);
    if (estimate->seconds <= 0)
        return;
    Way way = {choice->host, choice->queue, choice->any_queue, estimate->seconds};
    g_array_append_val(forecast->ways, way);
    file->n_ways++;
}

static gint compare_work(gconstpointer a, gconstpointer b)
{
    double left = ((const File *)a)->work, right = ((const File *)b)->work;
    return left < right ? -1 : left > right;
}

static gint compare_work_falling(gconstpointer a, gconstpointer b)
{
    return compare_work(b, a);
}

/* The cluster's files in the order in which they are handed out. */
static GArray *list_files(const FfarmForecast *forecast, const char *cluster)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(File));
    for (guint i = 0; i < forecast->files->len; i++) {
        const File *file = &g_array_index(forecast->files, File, i);
        if (g_strcmp0(file->item->input->cluster, cluster) == 0)
            g_array_append_val(list, *file);
    }
    if (forecast->plan->order != FFARM_ORDER_GIVEN)
        g_array_sort(list, forecast->plan->order == FFARM_ORDER_LONGEST ? compare_work_falling : compare_work);
    return list;
}

static GArray *list_seats(const FfarmPlan *plan, const char *cluster)
{
    GArray *seats = g_array_new(FALSE, FALSE, sizeof(Seat));
    for (guint i = 0; i < plan->hosts->len; i++) {
        const FfarmHost *host = g_ptr_array_index(plan->hosts, i);
        for (guint k = 0; g_strcmp0(host->cluster, cluster) == 0 && k < host->queues->len; k++) {
            const FfarmQueue *queue = g_ptr_array_index(host->queues, k);
            Seat seat = {host, queue->name, 0};
            for (guint n = 0; n < queue->slots; n++)
                g_array_append_val(seats, seat);
        }
    }
    return seats;
}

/* Puts @file on the slot that comes for it: whichever is free first, or, where the longest go first, whichever would
 * have it done first. Returns: when it is done; 0: there is no such slot. */
static double seat_file(const FfarmForecast *forecast, const File *file, GArray *seats, double not_before)
{
    gboolean by_end = forecast->plan->order == FFARM_ORDER_LONGEST;
    Seat *best = NULL;
    double best_key = 0, best_end = 0;
    for (guint i = 0; i < file->n_ways; i++) {
        const Way *way = &g_array_index(forecast->ways, Way, file->first + i);
        for (guint k = 0; k < seats->len; k++) {
            Seat *seat = &g_array_index(seats, Seat, k);
            if (seat->host != way->host || (!way->any_queue && g_strcmp0(seat->queue, way->queue) != 0))
                continue;
            double begin = MAX(seat->free_s, not_before), end = begin + way->seconds, key = by_end ? end : begin;
            if (best && (key > best_key || (key == best_key && end >= best_end)))
                continue;
            best = seat;
            best_key = key;
            best_end = end;
        }
    }
    if (best)
        best->free_s = best_end;
    return best_end;
}

guint ffarm_forecast_finish(const FfarmForecast *forecast, const char *cluster, double *seconds, guint *n_unknown)
{
    g_autoptr(GArray) files = list_files(forecast, cluster);
    g_autoptr(GArray) seats = list_seats(forecast->plan, cluster);
    double last = 0;
    *n_unknown = 0;
    for (guint i = 0; i < files->len; i++) {
        const File *file = &g_array_index(files, File, i);
        double end = seat_file(forecast, file, seats, forecast->plan->sequential ? last : 0);
        if (file->n_ways == 0 || end <= 0)
            (*n_unknown)++;
        last = MAX(last, end);
    }
    *seconds = *n_unknown == 0 ? last : 0;
    return files->len;
}
