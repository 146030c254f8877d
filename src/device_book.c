/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "device_book.h"

#define FIRST_PATIENCE 3
#define MAX_PATIENCE 96

typedef struct {
    const FfarmHost *host;
    char *name;       /* "cuda", "cuda:1" */
    char *alias;      /* "cuda:0" of "cuda", and the other way round, where both are in use; NULL: it has none */
    guint slots;      /* by the configuration; 0: as many as there are */
    guint running;    /* of ours */
    guint begun;      /* of ours, ever */
    guint limit;      /* learned; 0: none */
    guint good;       /* ended well since the limit was set */
    guint patience;   /* how many are to end well before it is raised */
    guint tries;      /* found in use so often in a row, while none of ours ran there */
    gint64 closed_us; /* until then; 0: open */
} Device;

struct FfarmDeviceBook {
    GPtrArray *devices; /* of Device */
};

static void device_free(gpointer data)
{
    Device *device = data;
    g_free(device->name);
    g_free(device->alias);
    g_free(device);
}

FfarmDeviceBook *ffarm_device_book_new(void)
{
    FfarmDeviceBook *book = g_new0(FfarmDeviceBook, 1);
    book->devices = g_ptr_array_new_with_free_func(device_free);
    return book;
}

void ffarm_device_book_free(FfarmDeviceBook *book)
{
    if (!book)
        return;
    g_ptr_array_unref(book->devices);
    g_free(book);
}

char *ffarm_device_name(const char *engine, const char *device)
{
    return device ? g_strdup_printf("%s:%s", engine, device) : g_strdup(engine);
}

/* The first GPU of cuda is the one that it takes itself. */
static gboolean is_first(const char *engine, const char *device)
{
    return !device || (g_strcmp0(engine, "cuda") == 0 && g_strcmp0(device, "0") == 0);
}

/* The least of what is configured for the device, by whichever of its names. */
static guint configured_slots(const FfarmHost *host, const char *engine, const char *device)
{
    guint slots = 0;
    for (guint i = 0; i < host->devices->len; i++) {
        const FfarmDevice *configured = g_ptr_array_index(host->devices, i);
        gboolean is_it = g_strcmp0(configured->name, device) == 0 ||
                         (is_first(engine, configured->name) && is_first(engine, device));
        if (g_strcmp0(configured->engine, engine) == 0 && is_it)
            slots = slots ? MIN(slots, configured->slots) : configured->slots;
    }
    return slots;
}

/* Returns: the device's other name, new string; NULL if it has none. */
static char *other_name(const char *engine, const char *device)
{
    if (g_strcmp0(engine, "cuda") != 0 || !is_first(engine, device))
        return NULL;
    return g_strdup(device ? "cuda" : "cuda:0");
}

static gboolean is_configured(const FfarmHost *host, const char *name)
{
    for (guint i = 0; i < host->devices->len; i++) {
        const FfarmDevice *configured = g_ptr_array_index(host->devices, i);
        g_autofree char *own = ffarm_device_name(configured->engine, configured->name);
        if (g_strcmp0(own, name) == 0)
            return TRUE;
    }
    return FALSE;
}

static Device *find_named(const FfarmDeviceBook *book, const FfarmHost *host, const char *name)
{
    for (guint i = 0; i < book->devices->len; i++) {
        Device *device = g_ptr_array_index(book->devices, i);
        gboolean is_it = g_strcmp0(device->name, name) == 0 || g_strcmp0(device->alias, name) == 0;
        if (device->host == host && is_it)
            return device;
    }
    return NULL;
}

static Device *find(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *name)
{
    g_autofree char *full = ffarm_device_name(engine, name);
    g_autofree char *other = other_name(engine, name);
    Device *device = find_named(book, host, full);
    if (device)
        return device;
    device = other ? find_named(book, host, other) : NULL;
    if (device) {
        device->alias = g_steal_pointer(&full);
        return device;
    }
    device = g_new0(Device, 1);
    device->host = host;
    device->name = g_steal_pointer(&full);
    device->slots = configured_slots(host, engine, name);
    if (is_configured(host, other))
        device->alias = g_steal_pointer(&other);
    device->patience = FIRST_PATIENCE;
    g_ptr_array_add(book->devices, device);
    return device;
}

void ffarm_device_book_take(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *device)
{
    find(book, host, engine, device)->running++;
}

void ffarm_device_book_give_back(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *device)
{
    Device *it = find(book, host, engine, device);
    g_return_if_fail(it->running > 0);
    it->running--;
}

gboolean ffarm_device_book_note_begun(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                      const char *device)
{
    Device *it = find(book, host, engine, device);
    gboolean was_in_use = it->tries > 0;
    it->begun++;
    it->tries = 0;
    it->closed_us = 0;
    return was_in_use;
}

guint ffarm_device_book_count_begun(const FfarmDeviceBook *book, const FfarmHost *host, const char *name)
{
    const Device *device = find_named(book, host, name);
    return device ? device->begun : 0;
}

gboolean ffarm_device_book_is_used(FfarmDeviceBook *book, const FfarmHost *host, const char *engine, const char *device)
{
    return find(book, host, engine, device)->running > 0;
}

gboolean ffarm_device_book_note_good(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                     const char *device)
{
    Device *it = find(book, host, engine, device);
    if (it->limit == 0 || ++it->good < it->patience)
        return FALSE;
    it->good = 0;
    it->limit++;
    return TRUE;
}

static gint64 own_pause_us(guint tries)
{
    static const guint pauses_s[] = {5, 10, 20, 40, 80, 160, 300};
    return pauses_s[CLAMP(tries, 1, G_N_ELEMENTS(pauses_s)) - 1] * G_USEC_PER_SEC;
}

/* It has become too many again since the limit was raised: that is tried less often. */
static void learn_limit(Device *device)
{
    if (device->limit > device->running)
        device->patience = MIN(2 * device->patience, MAX_PATIENCE);
    device->limit = device->running;
    device->good = 0;
}

FfarmDeviceBusy ffarm_device_book_note_busy(FfarmDeviceBook *book, const FfarmHost *host, const char *engine,
                                            const char *device, gint64 now_us, gint64 pause_us)
{
    Device *it = find(book, host, engine, device);
    if (it->running > 0) {
        learn_limit(it);
        return (FfarmDeviceBusy){.limit = it->limit};
    }
    it->tries++;
    it->closed_us = now_us + (pause_us > 0 ? pause_us : own_pause_us(it->tries));
    return (FfarmDeviceBusy){.tries = it->tries, .until_us = it->closed_us};
}

static gboolean is_full(const Device *device, gint64 now_us)
{
    return device->closed_us > now_us || (device->limit > 0 && device->running >= device->limit) ||
           (device->slots > 0 && device->running >= device->slots) ||
           /* What was in use a moment ago is tried with one, not with all that wait. */
           (device->tries > 0 && device->running > 0);
}

static void add_names(GPtrArray *names, const Device *device)
{
    g_ptr_array_add(names, g_strdup(device->name));
    if (device->alias)
        g_ptr_array_add(names, g_strdup(device->alias));
}

/* Takes @names over. Returns: NULL if there are none. */
static char **finish(GPtrArray *names)
{
    gboolean is_empty = names->len == 0;
    if (!is_empty)
        g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(names, is_empty);
}

char **ffarm_device_book_full(const FfarmDeviceBook *book, const FfarmHost *host, gint64 now_us)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < book->devices->len; i++) {
        const Device *device = g_ptr_array_index(book->devices, i);
        if (device->host == host && is_full(device, now_us))
            add_names(names, device);
    }
    return finish(names);
}

char **ffarm_device_book_taken(const FfarmDeviceBook *book, const FfarmHost *host)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; i < book->devices->len; i++) {
        const Device *device = g_ptr_array_index(book->devices, i);
        if (device->host == host && device->tries >= FFARM_DEVICE_PATIENT_TRIES)
            add_names(names, device);
    }
    return finish(names);
}

gint64 ffarm_device_book_next_us(const FfarmDeviceBook *book, gint64 now_us)
{
    gint64 next_us = -1;
    for (guint i = 0; i < book->devices->len; i++) {
        gint64 closed_us = ((const Device *)g_ptr_array_index(book->devices, i))->closed_us;
        if (closed_us > now_us && (next_us < 0 || closed_us < next_us))
            next_us = closed_us;
    }
    return next_us;
}
