/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "number_test.h"

#include <math.h>
#include "error.h"

/* How exact a whole number is meant: small enough to tell 23.976 from 24 frames per second. */
#define LEAST_TOLERANCE 0.0005

static void skip_blanks(const char **text)
{
    while (g_ascii_isspace(**text))
        (*text)++;
}

static gboolean read_char(const char **text, char c)
{
    if (**text != c)
        return FALSE;
    (*text)++;
    skip_blanks(text);
    return TRUE;
}

/* Digits with an optional fraction. The tolerance is half a unit of the last digit of the fraction. */
static gboolean read_number(const char **text, FfarmWrittenNumber *number)
{
    const char *p = *text;
    double unit = 1;
    while (g_ascii_isdigit(*p))
        p++;
    if (p == *text)
        return FALSE;
    if (*p == '.') {
        const char *fraction = ++p;
        for (; g_ascii_isdigit(*p); p++)
            unit /= 10;
        if (p == fraction)
            return FALSE;
    }
    number->value = g_ascii_strtod(*text, NULL);
    number->tolerance = unit < 1 ? unit / 2 : LEAST_TOLERANCE;
    *text = p;
    skip_blanks(text);
    return isfinite(number->value);
}

static FfarmNumberOperator read_operator(const char **text)
{
    if (read_char(text, '<'))
        return read_char(text, '=') ? FFARM_NUMBER_AT_MOST : FFARM_NUMBER_LESS;
    if (read_char(text, '>'))
        return read_char(text, '=') ? FFARM_NUMBER_AT_LEAST : FFARM_NUMBER_MORE;
    return FFARM_NUMBER_EQUAL;
}

gboolean ffarm_number_test_parse(const char *text, FfarmNumberTest *test, GError **error)
{
    FfarmNumberTest read = {0};
    const char *rest = text;
    skip_blanks(&rest);
    read.is_negated = read_char(&rest, '!');
    read.operation = read_operator(&rest);
    gboolean is_test = read_number(&rest, &read.low);
    if (is_test && read.operation == FFARM_NUMBER_EQUAL && read_char(&rest, '-')) {
        read.operation = FFARM_NUMBER_WITHIN;
        is_test = read_number(&rest, &read.high);
    }
    if (!is_test || *rest) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "'%s' is no test of a number, expected N, <N, <=N, >N, >=N or A-B, or one of them after '!'", text);
        return FALSE;
    }
    if (read.operation == FFARM_NUMBER_WITHIN && read.low.value > read.high.value) {
        g_set_error(error, FFARM_CONFIG_ERROR, FFARM_CONFIG_ERROR_INVALID,
                    "'%s' is a range that no number is in, write the smaller number first", text);
        return FALSE;
    }
    *test = read;
    return TRUE;
}

/* -1, 0 or 1, as @value is less than, the same as or more than what was written. */
static int compare(double value, const FfarmWrittenNumber *number)
{
    if (fabs(value - number->value) < number->tolerance)
        return 0;
    return value < number->value ? -1 : 1;
}

static gboolean holds_without_negation(const FfarmNumberTest *test, double value)
{
    int order = compare(value, &test->low);
    switch (test->operation) {
    case FFARM_NUMBER_LESS:
        return order < 0;
    case FFARM_NUMBER_AT_MOST:
        return order <= 0;
    case FFARM_NUMBER_MORE:
        return order > 0;
    case FFARM_NUMBER_AT_LEAST:
        return order >= 0;
    case FFARM_NUMBER_WITHIN:
        return order >= 0 && compare(value, &test->high) <= 0;
    default:
        return order == 0;
    }
}

gboolean ffarm_number_test_holds(const FfarmNumberTest *test, double value)
{
    return holds_without_negation(test, value) != test->is_negated;
}
