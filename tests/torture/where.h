/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "calls.h"

#define WHERE_MAX 1024

/* where.h — which file a call is about, for modules that care for some folders only. */

/* The folders, absolute and separated by ':', of the environment's @variable, which is taken away so that children are
 * spared. */
void where_begin(const char *variable);

/* Returns: the place among the folders of the one that the call's first name or file is in; -1 if it is in none, or
 * made by another process than the one that began. @path (WHERE_MAX bytes): its absolute path. */
int where_is(const Call *call, char *path);

/* The absolute path of the call's second name. */
void where_to(const Call *call, char *path);
