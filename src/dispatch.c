/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dispatch.h"

#include <string.h>
#include "source_traits.h"

#include "estimate.h"
#include "hand_out_order.h"

typedef struct {
    const FfarmHost *host;
    const char *queue;
    FfarmSeatState state;
    double left_s; /* until it comes for work again, as far as that is known */
} Seat;

/* BUSY: fit, but what its first job would use is full. */
typedef enum { FIT_UNKNOWN, FIT_NO, FIT_BUSY, FIT_YES } Fit;

typedef struct {
    FfarmJob *job;
    guint rank;
    double work; /* see ffarm_estimate_work() */
} Waiting;

/* Jobs that are alike to every seat: same cluster, profile, mixins, container and codecs, failed and refused on the
 * same hosts. */
typedef struct {
    GQueue waiting;              /* of Waiting, owned */
    const FfarmPlanItem *sample; /* the first of them, stands for all */
    GPtrArray *failed, *refused; /* of const FfarmHost* */
    GArray *fits;                /* of Fit, by seat: what the sample's choice says */
    GArray *rates;               /* of double, by seat: work in a second where that is known, else 0 */
    double work;                 /* of all that wait */
} Line;

struct FfarmDispatch {
    const FfarmPlan *plan;
    GArray *seats;            /* of Seat */
    GPtrArray *lines;         /* of Line */
    GHashTable *by_key;       /* char* -> Line */
    GHashTable *abilities;    /* const FfarmHost* -> FfarmAbilities */
    GHashTable *full, *taken; /* const FfarmHost* -> char**: devices; hosts without any have no entry */
};

static void line_free(gpointer data)
{
    Line *line = data;
    g_queue_clear_full(&line->waiting, g_free);
    g_ptr_array_unref(line->failed);
    g_ptr_array_unref(line->refused);
    g_array_unref(line->fits);
    g_array_unref(line->rates);
    g_free(line);
}

FfarmDispatch *ffarm_dispatch_new(const FfarmPlan *plan)
{
    FfarmDispatch *dispatch = g_new0(FfarmDispatch, 1);
    dispatch->plan = plan;
    dispatch->seats = g_array_new(FALSE, TRUE, sizeof(Seat));
    dispatch->lines = g_ptr_array_new_with_free_func(line_free);
    dispatch->by_key = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    dispatch->abilities = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)ffarm_abilities_unref);
    dispatch->full = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_strfreev);
    dispatch->taken = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_strfreev);
    return dispatch;
}

void ffarm_dispatch_free(FfarmDispatch *dispatch)
{
    if (!dispatch)
        return;
    g_hash_table_unref(dispatch->by_key);
    g_hash_table_unref(dispatch->abilities);
    g_hash_table_unref(dispatch->full);
    g_hash_table_unref(dispatch->taken);
    g_ptr_array_unref(dispatch->lines);
    g_array_unref(dispatch->seats);
    g_free(dispatch);
}

void ffarm_dispatch_add_seat(FfarmDispatch *dispatch, const FfarmHost *host, const char *queue)
{
    Seat seat = {.host = host, .queue = queue};
    g_array_append_val(dispatch->seats, seat);
}

/* What was found of @host's seats is open again; with FIT_YES only that they were too busy. */
static void forget_fits(FfarmDispatch *dispatch, const FfarmHost *host, Fit instead)
{
    for (guint i = 0; i < dispatch->lines->len; i++) {
        const Line *line = g_ptr_array_index(dispatch->lines, i);
        for (guint k = 0; k < line->fits->len; k++) {
            Fit *fit = &g_array_index(line->fits, Fit, k);
            if (g_array_index(dispatch->seats, Seat, k).host == host && (instead == FIT_UNKNOWN || *fit == FIT_BUSY))
                *fit = instead;
        }
    }
}

void ffarm_dispatch_set_abilities(FfarmDispatch *dispatch, const FfarmHost *host, const FfarmAbilities *abilities)
{
    g_hash_table_insert(dispatch->abilities, (gpointer)host, ffarm_abilities_ref(abilities));
    forget_fits(dispatch, host, FIT_UNKNOWN);
}

/* Returns: TRUE if @devices (nullable) are others than @table had of @host. */
static gboolean note_devices(GHashTable *table, const FfarmHost *host, const char *const *devices)
{
    const char *const *before = g_hash_table_lookup(table, host);
    if ((!devices && !before) || (devices && before && g_strv_equal(devices, before)))
        return FALSE;
    if (devices)
        g_hash_table_insert(table, (gpointer)host, g_strdupv((char **)devices));
    else
        g_hash_table_remove(table, host);
    return TRUE;
}

void ffarm_dispatch_set_full(FfarmDispatch *dispatch, const FfarmHost *host, const char *const *full,
                             const char *const *taken)
{
    gboolean is_other = note_devices(dispatch->full, host, full);
    if (note_devices(dispatch->taken, host, taken) || is_other)
        forget_fits(dispatch, host, FIT_YES);
}

const FfarmAbilities *ffarm_dispatch_peek_abilities(const FfarmDispatch *dispatch, const FfarmHost *host)
{
    const FfarmAbilities *own = g_hash_table_lookup(dispatch->abilities, host);
    GHashTable *planned = dispatch->plan->abilities;
    return own || !planned ? own : g_hash_table_lookup(planned, host);
}

void ffarm_dispatch_set_seat(FfarmDispatch *dispatch, guint seat, FfarmSeatState state)
{
    g_array_index(dispatch->seats, Seat, seat).state = state;
}

static void append_hosts(GString *key, const FfarmPlan *plan, const GPtrArray *hosts)
{
    g_string_append_c(key, '\x1f');
    for (guint i = 0; i < plan->hosts->len; i++)
        if (g_ptr_array_find((GPtrArray *)hosts, g_ptr_array_index(plan->hosts, i), NULL))
            g_string_append_printf(key, "%u ", i);
}

/* What the plan looks at in a film when it says whether a host's profile suits it. */
static void append_media(GString *key, const FfarmMedia *media)
{
    const char *dot = strrchr(media->path, '.');
    g_string_append_printf(key, "%s\x1f%s\x1f", dot ? dot : "", media->container ? media->container : "");
    ffarm_traits_append_key(key, media);
    for (guint i = 0; i < media->streams->len; i++) {
        const FfarmStream *stream = g_ptr_array_index(media->streams, i);
        gboolean is_audio = stream->type == FFARM_STREAM_AUDIO;
        g_string_append_printf(key, "%d%d%s:%s ", (int)stream->type, ffarm_stream_is_picture(stream),
                               stream->codec ? stream->codec : "", is_audio ? ffarm_stream_language(stream) : "");
    }
}

/* Everything that a host's fitness depends on. */
static char *key_of(const FfarmDispatch *dispatch, const FfarmJob *job)
{
    const FfarmInput *input = job->item->input;
    g_autofree char *mixins = input->mixins ? g_strjoinv("\x1e", input->mixins) : NULL;
    GString *key = g_string_new(NULL);
    const char *parts[] = {input->cluster, input->profile, job->item->profile, mixins};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        g_string_append_printf(key, "%s%s\x1f", parts[i] ? "+" : "-", parts[i] ? parts[i] : "");
    append_media(key, job->item->media);
    append_hosts(key, dispatch->plan, job->failed_hosts);
    append_hosts(key, dispatch->plan, job->refused_by);
    return g_string_free(key, FALSE);
}

static GPtrArray *copy_hosts(const GPtrArray *hosts)
{
    GPtrArray *copy = g_ptr_array_new();
    for (guint i = 0; i < hosts->len; i++)
        g_ptr_array_add(copy, g_ptr_array_index(hosts, i));
    return copy;
}

static Line *line_of(FfarmDispatch *dispatch, const FfarmJob *job)
{
    g_autofree char *key = key_of(dispatch, job);
    Line *line = g_hash_table_lookup(dispatch->by_key, key);
    if (line)
        return line;
    line = g_new0(Line, 1);
    g_queue_init(&line->waiting);
    line->sample = job->item;
    line->failed = copy_hosts(job->failed_hosts);
    line->refused = copy_hosts(job->refused_by);
    line->fits = g_array_new(FALSE, TRUE, sizeof(Fit));
    line->rates = g_array_new(FALSE, TRUE, sizeof(double));
    g_ptr_array_add(dispatch->lines, line);
    g_hash_table_insert(dispatch->by_key, g_steal_pointer(&key), line);
    return line;
}

void ffarm_dispatch_queue(FfarmDispatch *dispatch, FfarmJob *job, guint rank)
{
    Waiting *waiting = g_new(Waiting, 1);
    Line *line = line_of(dispatch, job);
    *waiting = (Waiting){job, rank, ffarm_estimate_work(job->item->media)};
    g_queue_push_tail(&line->waiting, waiting);
    line->work += waiting->work;
}

static Waiting *take_nth(Line *line, guint n)
{
    Waiting *waiting = g_queue_pop_nth(&line->waiting, n);
    line->work = g_queue_is_empty(&line->waiting) ? 0 : line->work - waiting->work;
    return waiting;
}

static gboolean is_for_queue(const FfarmChoice *choice, const char *queue)
{
    return choice->any_queue || g_strcmp0(choice->queue, queue) == 0;
}

/* @is_now: with what devices can take now. */
static FfarmChoice *choose(const FfarmDispatch *dispatch, const FfarmPlanItem *item, const FfarmHost *host,
                           gboolean is_now, FfarmRefusal *refusal)
{
    const FfarmConditions conditions = {
        .abilities = ffarm_dispatch_peek_abilities(dispatch, host),
        .full = is_now ? g_hash_table_lookup(dispatch->full, host) : NULL,
        .taken = is_now ? g_hash_table_lookup(dispatch->taken, host) : NULL,
    };
    return ffarm_plan_choose(dispatch->plan, item, host, &conditions, refusal);
}

/* @rate: gets how fast the seat is at the sample. */
static Fit ask_plan(const FfarmDispatch *dispatch, const Line *line, const Seat *seat, double *rate)
{
    g_autoptr(FfarmChoice) choice = choose(dispatch, line->sample, seat->host, FALSE, NULL);
    if (!choice || !is_for_queue(choice, seat->queue))
        return FIT_NO;
    const FfarmAbilities *abilities = ffarm_dispatch_peek_abilities(dispatch, seat->host);
    gboolean is_tried = abilities && abilities->encoders;
    *rate = is_tried ? ffarm_estimate_rate(line->sample->media, choice, abilities)
                     : ffarm_estimate_best_rate(line->sample->media, choice, abilities);
    return FIT_YES;
}

static FfarmSeatState state_of(const FfarmDispatch *dispatch, guint number)
{
    return g_array_index(dispatch->seats, Seat, number).state;
}

/* TRUE if the seat could take jobs of this line, failures aside, wherever it is. */
static gboolean is_fit(const FfarmDispatch *dispatch, Line *line, guint number)
{
    const Seat *seat = &g_array_index(dispatch->seats, Seat, number);
    if (g_ptr_array_find(line->refused, seat->host, NULL))
        return FALSE;
    if (line->fits->len < dispatch->seats->len) {
        g_array_set_size(line->fits, dispatch->seats->len);
        g_array_set_size(line->rates, dispatch->seats->len);
    }
    Fit *fit = &g_array_index(line->fits, Fit, number);
    if (*fit == FIT_UNKNOWN)
        *fit = ask_plan(dispatch, line, seat, &g_array_index(line->rates, double, number));
    return *fit >= FIT_BUSY;
}

static gboolean has_failed_at(const FfarmDispatch *dispatch, const Line *line, guint number)
{
    const Seat *seat = &g_array_index(dispatch->seats, Seat, number);
    return g_ptr_array_find(line->failed, seat->host, NULL);
}

static gboolean has_fresh_seat(const FfarmDispatch *dispatch, Line *line)
{
    for (guint i = 0; i < dispatch->seats->len; i++)
        if (state_of(dispatch, i) == FFARM_SEAT_HERE && !has_failed_at(dispatch, line, i) && is_fit(dispatch, line, i))
            return TRUE;
    return FALSE;
}

static gboolean may_serve(const FfarmDispatch *dispatch, Line *line, guint number)
{
    if (!is_fit(dispatch, line, number) || g_array_index(line->fits, Fit, number) == FIT_BUSY)
        return FALSE;
    return !has_failed_at(dispatch, line, number) || !has_fresh_seat(dispatch, line);
}

static Line *best_line(const FfarmDispatch *dispatch, guint seat)
{
    Line *best = NULL;
    guint best_rank = 0;
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        const Waiting *first = g_queue_peek_head(&line->waiting);
        if (!first || (best && first->rank >= best_rank) || !may_serve(dispatch, line, seat))
            continue;
        best = line;
        best_rank = first->rank;
    }
    return best;
}

/* How much of @line's work the seat does in a second; 0: none, or that is not known. */
static double rate_of(const FfarmDispatch *dispatch, Line *line, guint number)
{
    return is_fit(dispatch, line, number) ? g_array_index(line->rates, double, number) : 0;
}

double ffarm_dispatch_peek_rate(const FfarmDispatch *dispatch, guint seat)
{
    Line *line = best_line(dispatch, seat);
    return line ? rate_of(dispatch, line, seat) : 0;
}

/* The seats that are here and known to work at @line's pace. @total: gets what they do together. */
static GArray *list_paces(const FfarmDispatch *dispatch, Line *line, double *total)
{
    GArray *paces = g_array_new(FALSE, FALSE, sizeof(FfarmPace));
    *total = 0;
    for (guint i = 0; i < dispatch->seats->len; i++) {
        const FfarmPace pace = {rate_of(dispatch, line, i), g_array_index(dispatch->seats, Seat, i).left_s};
        if (state_of(dispatch, i) != FFARM_SEAT_HERE || pace.rate <= 0)
            continue;
        g_array_append_val(paces, pace);
        *total += pace.rate;
    }
    return paces;
}

/* What waits in other lines, in terms of one whose seats do @total a second: what takes all of them as long. */
static double other_work(const FfarmDispatch *dispatch, const Line *than, double total)
{
    double work = 0;
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        if (line == than || g_queue_is_empty(&line->waiting))
            continue;
        double own = 0;
        g_autoptr(GArray) paces = list_paces(dispatch, line, &own);
        if (own > 0)
            work += line->work * total / own;
    }
    return work;
}

static GArray *list_works(const Line *line)
{
    GArray *works = g_array_sized_new(FALSE, FALSE, sizeof(double), line->waiting.length);
    for (const GList *link = line->waiting.head; link; link = link->next)
        g_array_append_val(works, ((const Waiting *)link->data)->work);
    return works;
}

/* Which of @line's jobs the seat takes: the first, unless the longest go first and are better left to others. */
static guint pick(const FfarmDispatch *dispatch, Line *line, guint seat)
{
    double rate = rate_of(dispatch, line, seat), total = 0;
    if (dispatch->plan->order != FFARM_ORDER_LONGEST || rate <= 0 || line->waiting.length < 2)
        return 0;
    g_autoptr(GArray) paces = list_paces(dispatch, line, &total);
    g_autoptr(GArray) works = list_works(line);
    double work = line->work + other_work(dispatch, line, total);
    double end =
        ffarm_hand_out_end((const FfarmPace *)(gpointer)paces->data, paces->len, work, g_array_index(works, double, 0));
    return ffarm_hand_out_pick((const double *)(gpointer)works->data, works->len, rate, end);
}

/* For how long the seat will work on @work of @line, as far as that is known. */
static void note_left(FfarmDispatch *dispatch, Line *line, guint seat, double work)
{
    double rate = rate_of(dispatch, line, seat);
    g_array_index(dispatch->seats, Seat, seat).left_s = rate > 0 ? work / rate : 0;
}

void ffarm_dispatch_set_left(FfarmDispatch *dispatch, guint seat, double seconds)
{
    g_array_index(dispatch->seats, Seat, seat).left_s = seconds;
}

/* A job of @line for @seat, taken out of the line. Returns: NULL if it is not for this seat, or not now; the line is
 * another one for it then. */
static FfarmJob *try_line(FfarmDispatch *dispatch, Line *line, guint seat, FfarmChoice **choice)
{
    const Seat *asking = &g_array_index(dispatch->seats, Seat, seat);
    guint nth = pick(dispatch, line, seat);
    const Waiting *picked = g_queue_peek_nth(&line->waiting, nth);
    FfarmJob *job = picked->job;
    g_auto(FfarmRefusal) refusal = {0};
    g_autoptr(FfarmChoice) answer = choose(dispatch, job->item, asking->host, TRUE, &refusal);
    if (!answer && refusal.is_busy) {
        g_array_index(line->fits, Fit, seat) = FIT_BUSY;
        return NULL;
    }
    g_autofree Waiting *waiting = take_nth(line, nth);
    if (answer && is_for_queue(answer, asking->queue)) {
        note_left(dispatch, line, seat, waiting->work);
        *choice = g_steal_pointer(&answer);
        return job;
    }
    /* This one is not like its line's first after all: it waits among those that the host refuses. */
    g_ptr_array_add(job->refused_by, (gpointer)asking->host);
    ffarm_dispatch_queue(dispatch, job, waiting->rank);
    return NULL;
}

FfarmJob *ffarm_dispatch_next(FfarmDispatch *dispatch, guint seat, FfarmChoice **choice)
{
    FfarmJob *job = NULL;
    ffarm_dispatch_set_left(dispatch, seat, 0);
    for (Line *line; !job && (line = best_line(dispatch, seat));)
        job = try_line(dispatch, line, seat, choice);
    return job;
}

/* TRUE if a seat that is in @state or nearer may take jobs of this line. */
static gboolean has_seat(const FfarmDispatch *dispatch, Line *line, FfarmSeatState state)
{
    for (guint i = 0; i < dispatch->seats->len; i++)
        if (state_of(dispatch, i) <= state && is_fit(dispatch, line, i))
            return TRUE;
    return FALSE;
}

static FfarmJob *take_first(Line *line)
{
    g_autofree Waiting *waiting = take_nth(line, 0);
    return waiting->job;
}

FfarmJob *ffarm_dispatch_take_orphan(FfarmDispatch *dispatch)
{
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        if (!g_queue_is_empty(&line->waiting) && !has_seat(dispatch, line, FFARM_SEAT_AWAY))
            return take_first(line);
    }
    return NULL;
}

FfarmJob *ffarm_dispatch_take_any(FfarmDispatch *dispatch)
{
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        if (!g_queue_is_empty(&line->waiting))
            return take_first(line);
    }
    return NULL;
}

gboolean ffarm_dispatch_has_fresh_host(FfarmDispatch *dispatch, const FfarmJob *job)
{
    return has_fresh_seat(dispatch, line_of(dispatch, job));
}

gboolean ffarm_dispatch_has_taker(FfarmDispatch *dispatch)
{
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        if (!g_queue_is_empty(&line->waiting) && has_seat(dispatch, line, FFARM_SEAT_HERE))
            return TRUE;
    }
    return FALSE;
}

gboolean ffarm_dispatch_has_work_for(FfarmDispatch *dispatch, guint seat)
{
    for (guint i = 0; i < dispatch->lines->len; i++) {
        Line *line = g_ptr_array_index(dispatch->lines, i);
        if (!g_queue_is_empty(&line->waiting) && is_fit(dispatch, line, seat))
            return TRUE;
    }
    return FALSE;
}
