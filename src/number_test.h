/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* number_test.h — private: the tests of numbers that rules are made of: N, <N, <=N, >N, >=N, A-B, each with an optional
 * '!'. Pure. Threads: safe. */

typedef enum {
    FFARM_NUMBER_EQUAL,
    FFARM_NUMBER_LESS,
    FFARM_NUMBER_AT_MOST,
    FFARM_NUMBER_MORE,
    FFARM_NUMBER_AT_LEAST,
    FFARM_NUMBER_WITHIN, /* inclusive at both ends */
} FfarmNumberOperator;

/* A number as someone wrote it down: 23.976 also means 24000/1001, since nobody writes more digits than they know. */
typedef struct {
    double value;
    double tolerance; /* how far off a value may be and still be this number */
} FfarmWrittenNumber;

typedef struct {
    gboolean is_negated;
    FfarmNumberOperator operation;
    FfarmWrittenNumber low;  /* the number, or the range's lower end */
    FfarmWrittenNumber high; /* the range's upper end */
} FfarmNumberTest;

/* Reads @text; blanks around numbers and operators are passed over. Numbers are decimal, without sign or exponent.
 * Returns: FALSE with FFARM_CONFIG_ERROR when it is no such test or a range that nothing is in; @test is then
 * untouched. */
gboolean ffarm_number_test_parse(const char *text, FfarmNumberTest *test, GError **error);

gboolean ffarm_number_test_holds(const FfarmNumberTest *test, double value);

G_END_DECLS
