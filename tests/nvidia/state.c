/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool state_text(const char *name, char *text, unsigned size)
{
    const char *path = getenv("FFARM_NVIDIA_STATE");
    FILE *file = path ? fopen(path, "re") : NULL;
    bool is_told = false;
    char word[128];
    size_t length = strlen(name);
    while (file && !is_told && fscanf(file, "%127s", word) == 1) {
        is_told = strncmp(word, name, length) == 0 && word[length] == '=';
        if (is_told)
            snprintf(text, size, "%s", word + length + 1);
    }
    if (file)
        fclose(file);
    return is_told;
}

long state_number(const char *name, long otherwise)
{
    char text[64];
    return state_text(name, text, sizeof text) ? strtol(text, NULL, 10) : otherwise;
}
