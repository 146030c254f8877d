/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_shell.c — any words, each ended by a NUL: quoted for a shell and taken apart again by a model of it, they are
 * the same. The real shells have the word in tests/test_shell.cc. */
#include "shell.h"
#include "windows_line.h"

#include <string.h>

#define MOST_WORDS 16

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

/* Splits a line as sh does, as far as we use its language: blanks, backslashes, single and double quotes. What has a
 * meaning that we never want is an error. */
static GPtrArray *split_as_sh(const char *line)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) word = NULL;
    for (const char *c = line; *c; c++) {
        if (*c == ' ') {
            if (word)
                g_ptr_array_add(words, g_string_free(g_steal_pointer(&word), FALSE));
            continue;
        }
        g_assert_null(strchr("\n\r\t\"$`!#&*()[]{}|;<>?~^%=", *c));
        if (!word)
            word = g_string_new(NULL);
        if (*c == '\'') {
            const char *end = strchr(c + 1, '\'');
            g_assert_nonnull(end);
            g_string_append_len(word, c + 1, end - c - 1);
            c = end;
        } else if (*c == '\\') {
            g_assert_true(*++c);
            g_string_append_c(word, *c);
        } else {
            g_string_append_c(word, *c);
        }
    }
    if (word)
        g_ptr_array_add(words, g_string_free(g_steal_pointer(&word), FALSE));
    return words;
}

/* What printf %b prints, less the line breaks at its end that $(...) drops. */
static char *unfold(const char *text)
{
    GString *plain = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        if (*c != '\\') {
            g_string_append_c(plain, *c);
        } else if (*++c == '\\') {
            g_string_append_c(plain, '\\');
        } else {
            g_assert_true(*c == '0' && c[1] && c[2] && c[3]);
            g_string_append_c(plain, (char)g_ascii_strtoull((char[]){c[1], c[2], c[3], '\0'}, NULL, 8));
            c += 3;
        }
    }
    while (plain->len > 0 && plain->str[plain->len - 1] == '\n')
        g_string_truncate(plain, plain->len - 1);
    return g_string_free(plain, FALSE);
}

static void check_words(const GPtrArray *words, guint first, const char *const *argv)
{
    g_assert_cmpuint(words->len - first, ==, g_strv_length((char **)argv));
    for (guint i = 0; argv[i]; i++)
        g_assert_cmpstr(g_ptr_array_index(words, first + i), ==, argv[i]);
}

/* The line for a login shell, and where it is folded, that for the sh inside. */
static void try_posix(const char *const *argv)
{
    g_autofree char *line = ffarm_shell_quote(FFARM_SHELL_POSIX, argv, NULL);
    g_autoptr(GPtrArray) words = split_as_sh(line);
    gboolean is_folded = words->len == 6 && g_str_has_prefix(g_ptr_array_index(words, 3), "eval \"$(printf");
    if (!is_folded || (g_strv_length((char **)argv) == 6 && g_str_equal(argv[3], g_ptr_array_index(words, 3)))) {
        check_words(words, 0, argv);
        return;
    }
    g_assert_cmpstr(g_ptr_array_index(words, 3), ==, "eval \"$(printf %b \"$1\")\"");
    g_assert_null(strpbrk(line, "\n\r"));
    g_autofree char *script = unfold(g_ptr_array_index(words, 5));
    g_assert_true(g_str_has_prefix(script, "exec "));
    g_autoptr(GPtrArray) inner = g_ptr_array_new_with_free_func(g_free);
    for (const char *c = script + 5; *c;) {
        g_autoptr(GString) word = g_string_new(NULL);
        for (; *c && *c != ' '; c++) {
            g_assert_true(*c == '\'' || *c == '\\');
            const char *end = *c == '\'' ? strchr(c + 1, '\'') : c + 1;
            g_assert_nonnull(end);
            g_string_append_len(word, *c == '\'' ? c + 1 : end, *c == '\'' ? end - c - 1 : 1);
            c = end;
        }
        g_ptr_array_add(inner, g_string_free(g_steal_pointer(&word), FALSE));
        c += *c == ' ';
    }
    check_words(inner, 0, g_str_equal(argv[0], "exec") ? argv + 1 : argv);
}

static void try_windows(const char *const *argv)
{
    if (!ffarm_shell_check_windows(argv, NULL))
        return;
    g_autofree char *arguments = ffarm_shell_quote_crt(argv + 1);
    g_autofree char *whole = g_strconcat("ffmpeg ", arguments, NULL);
    g_auto(GStrv) split = windows_line_split(whole);
    for (guint i = 1; argv[i]; i++)
        g_assert_cmpstr(split[i], ==, argv[i]);
    const char *program[MOST_WORDS + 2] = {"ffmpeg"};
    for (guint i = 1; argv[i]; i++)
        program[i] = argv[i];
    g_autofree char *line = ffarm_shell_quote(FFARM_SHELL_CMD, program, NULL);
    g_autofree char *through = line ? windows_line_through_cmd(line) : NULL;
    g_auto(GStrv) after = through ? windows_line_split(through) : NULL;
    g_assert_true(!line || through);
    for (guint i = 1; line && argv[i]; i++)
        g_assert_cmpstr(after[i], ==, argv[i]);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    for (gsize at = 0; at < size && words->len < MOST_WORDS;) {
        char *word = g_strndup((const char *)data + at, size - at);
        at += strlen(word) + 1;
        g_ptr_array_add(words, word);
    }
    if (words->len == 0)
        return 0;
    g_ptr_array_add(words, NULL);
    const char *const *argv = (const char *const *)words->pdata;
    try_posix(argv);
    try_windows(argv);
    g_autofree char *shown = ffarm_shell_display(argv);
    g_assert_true(g_utf8_validate(shown, -1, NULL));
    for (const char *c = shown; *c; c++)
        g_assert_false(g_ascii_iscntrl(*c));
    return 0;
}
