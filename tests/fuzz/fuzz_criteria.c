/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_criteria.c — any text as a test of numbers and as the values of any criterion: refused with words, or a test
 * that has one answer. The first byte says which criterion, each line is a value. */
#include "number_test.h"
#include "rule.h"

#include <string.h>

#define MOST_VALUES 8

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void try_number_test(const char *text)
{
    g_autoptr(GError) error = NULL;
    FfarmNumberTest test = {0};
    if (!ffarm_number_test_parse(text, &test, &error)) {
        g_assert_nonnull(error);
        return;
    }
    FfarmNumberTest opposite = test;
    opposite.is_negated = !test.is_negated;
    for (double value = 0; value < 5000; value = value * 3 + 0.25)
        g_assert_true(ffarm_number_test_holds(&test, value) != ffarm_number_test_holds(&opposite, value));
    g_assert_true(test.operation != FFARM_NUMBER_WITHIN || test.low.value <= test.high.value);
}

static void try_criterion(const char *key, const char *const *values)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FfarmRule) rule = ffarm_rule_new("fuzz", NULL);
    if (!ffarm_rule_add_criterion(rule, key, values, &error)) {
        g_assert_nonnull(error);
        return;
    }
    g_autoptr(FfarmMedia) media = ffarm_media_new("film.mkv");
    FfarmStream *stream = ffarm_media_add_stream(media, FFARM_STREAM_VIDEO);
    stream->codec = g_strdup("h264");
    stream->width = 1920;
    stream->height = 1080;
    g_autoptr(FfarmVerdict) verdict = ffarm_rule_ask(rule, media);
    g_assert_cmpuint(verdict->findings->len, ==, 1);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    if (size == 0)
        return 0;
    const char *const *names = ffarm_rule_criteria_names();
    g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
    g_auto(GStrv) values = g_strsplit(text, "\n", MOST_VALUES);
    try_number_test(text);
    if (values[0])
        try_criterion(names[data[0] % g_strv_length((char **)names)], (const char *const *)values);
    return 0;
}
