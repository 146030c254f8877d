/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_replace_record.c — any text as what the journal says of a replacement on its way: refused with words, or a
 * record that is the same once more when it is written and read again. */
#include "replace_record.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(FfarmReplaceRecord) record = ffarm_replace_record_parse(text, &error);
    g_assert_true((record == NULL) == (error != NULL));
    if (!record)
        return 0;
    g_autofree char *written = ffarm_replace_record_format(record);
    g_autoptr(FfarmReplaceRecord) again = ffarm_replace_record_parse(written, NULL);
    g_assert_nonnull(again);
    g_autofree char *written_again = ffarm_replace_record_format(again);
    g_assert_cmpstr(written, ==, written_again);
    for (const char *c = written; *c; c++)
        g_assert_true(g_ascii_isprint(*c));
    return 0;
}
