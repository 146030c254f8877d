/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* exit_code.h — what the program's exit status says. */

typedef enum {
    CLI_EXIT_DONE = 0,          /* all done; skipped and below-threshold files count as done */
    CLI_EXIT_FAILED = 1,        /* some file failed */
    CLI_EXIT_USAGE = 2,         /* command line or configuration is wrong; nothing was started */
    CLI_EXIT_NO_HOST = 3,       /* no host is usable */
    CLI_EXIT_INTERRUPTED = 130, /* by SIGINT, SIGTERM or SIGHUP */
} CliExit;
