/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* diagnostic.h — what is wrong with a configuration, and where. All of it is collected in one run, not only the first.
 *
 * Threads: one at a time. */

typedef enum {
    FFARM_SEVERITY_WARNING, /* said, but the file can be used */
    FFARM_SEVERITY_ERROR,   /* the file can't be used */
} FfarmSeverity;

typedef struct {
    FfarmSeverity severity;
    char *file;    /* as given; "(built-in)" for the embedded default */
    guint line;    /* from 1; 0: about the file as a whole */
    guint column;  /* from 1, counted in characters (not bytes) of the line */
    char *message; /* what is wrong, what was expected, the nearest known name; one line, no full stop */
    char *source;  /* the offending line as it stands in the file, tabs and all, cut at 200 characters; nullable */
} FfarmDiagnostic;

/* A list of diagnostics, in the order of the file once ffarm_diagnostics_sort() was called. */
typedef struct {
    GPtrArray *items; /* of FfarmDiagnostic */
    guint errors, warnings;
} FfarmDiagnostics;

FfarmDiagnostics *ffarm_diagnostics_new(void) G_GNUC_WARN_UNUSED_RESULT;
void ffarm_diagnostics_free(FfarmDiagnostics *diagnostics); /* NULL is legal */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FfarmDiagnostics, ffarm_diagnostics_free)

void ffarm_diagnostics_add(FfarmDiagnostics *diagnostics, FfarmSeverity severity, const char *file, guint line, guint column,
                           const char *source, const char *format, ...) G_GNUC_PRINTF(7, 8);
void ffarm_diagnostics_sort(FfarmDiagnostics *diagnostics);

/* "FILE:LINE:COL: message", then the line and a caret below the column, as a person reads it.
 * Returns: new string, several lines, ends without a line break. */
char *ffarm_diagnostic_format(const FfarmDiagnostic *diagnostic) G_GNUC_WARN_UNUSED_RESULT;

/* The name out of @names (NULL-terminated) that @name was most likely meant to be, by edit distance (transpositions count
 * once) of at most a third of its length. Returns: borrowed; NULL if none is near. */
const char *ffarm_nearest_name(const char *name, const char *const *names);

G_END_DECLS
