/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Preloaded into ffarm by the program powerloss: files that were made anew to look as a power loss left them have the
 * numbers (inodes) of those they stand for, and the machine was started anew since. Environment, read once and taken
 * away:
 *   RESTART_NUMBERS  a file with lines "DEVICE REAL SHOWN": the number that a file has there, and the one to be shown
 *   RESTART_BOOT     a file that stands for the kernel's number of this uptime */

#include "calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FILES 256
/* Numbers of other files must not be among those shown. */
#define OTHERS ((ino_t)1 << 40)

static struct {
    dev_t device;
    ino_t real, shown;
} numbers[MOST_FILES];
static int n_numbers;
static char boot[1024];

__attribute__((constructor)) static void begin(void)
{
    const char *name = getenv("RESTART_NUMBERS"), *boot_name = getenv("RESTART_BOOT");
    FILE *file = name ? fopen(name, "re") : NULL;
    while (file && n_numbers < MOST_FILES &&
           fscanf(file, "%lu %lu %lu", &numbers[n_numbers].device, &numbers[n_numbers].real,
                  &numbers[n_numbers].shown) == 3)
        n_numbers++;
    if (file)
        fclose(file);
    snprintf(boot, sizeof boot, "%s", boot_name ? boot_name : "");
    unsetenv("RESTART_NUMBERS");
    unsetenv("RESTART_BOOT");
    unsetenv("LD_PRELOAD");
}

int call_begins(Call *call)
{
    if (*boot && call->path && strcmp(call->path, "/proc/sys/kernel/random/boot_id") == 0)
        call->path = boot;
    return 0;
}

long call_ended(Call *call, long result)
{
    if (result != 0 || !call->info || !S_ISREG(call->info->st_mode))
        return result;
    for (int i = 0; i < n_numbers; i++)
        if (numbers[i].device == call->info->st_dev && numbers[i].real == call->info->st_ino) {
            call->info->st_ino = numbers[i].shown;
            return result;
        }
    call->info->st_ino += OTHERS;
    return result;
}
