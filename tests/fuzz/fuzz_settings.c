/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_settings.c — any bytes as a configuration: refused with words, or loaded; never anything else. */
#include "settings.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(FfarmDiagnostics) diagnostics = ffarm_diagnostics_new();
    g_autoptr(FfarmSettings) settings =
        ffarm_settings_parse("fuzz.yml", (const char *)data, size, size % 2, diagnostics);
    g_assert_true((settings == NULL) == (diagnostics->errors > 0));
    for (guint i = 0; i < diagnostics->items->len; i++) {
        g_autofree char *text = ffarm_diagnostic_format(g_ptr_array_index(diagnostics->items, i));
        g_assert_true(g_utf8_validate(text, -1, NULL));
    }
    return 0;
}
