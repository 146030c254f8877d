/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include "args.h"

#define FIELD(member) G_STRUCT_OFFSET(CliArgs, member)

static const CliOption options[] = {
    {'c', "cluster", "NAME", CLI_VERB_RUN, CLI_TEXT, FIELD(cluster), TRUE,
     "encode the FILEs after it on this cluster's hosts",
     "Without it, files are encoded on this machine, in the queues of the configuration."},
    {'c', "cluster", "NAME", CLI_VERB_HOSTS, CLI_TEXTS, FIELD(clusters), FALSE,
     "only this cluster's hosts (may be repeated)", NULL},
    {'p', "profile", "NAME", CLI_VERB_RUN, CLI_TEXT, FIELD(profile), TRUE, "use this profile for the FILEs after it",
     "The rules of the configuration are not asked for them, nor does a host's own profile count."},
    {'t', "template", "NAME", CLI_VERB_RUN, CLI_TEXT, FIELD(profile), TRUE, "use this template for the FILEs after it",
     NULL},
    {'m', "mixin", "A,B", CLI_VERB_RUN, CLI_WORDS, FIELD(mixins), TRUE,
     "mix these into the profile of the FILEs after it",
     "The first mixin that has video, audio or subtitle options replaces those of the profile."},
    {0, "from-file", "FILE", CLI_VERB_RUN, CLI_LIST, 0, FALSE, "take names from FILE, one a line (-: standard input)",
     "What is finished is taken off the list, so that it always says what still needs doing; what failed stays on it."},
    {0, "null", NULL, CLI_VERB_RUN, CLI_FLAG, FIELD(is_null), FALSE, "names in lists end in NUL, not in a line break",
     NULL},
    {0, "host", "NAME", CLI_VERB_RUN | CLI_VERB_HOSTS, CLI_TEXTS, FIELD(hosts), FALSE,
     "only this host (may be repeated)", NULL},
    {'y', "config", "FILE", CLI_VERB_RUN | CLI_VERB_HOSTS | CLI_VERB_PROFILES | CLI_VERB_CHECK, CLI_TEXT, FIELD(config),
     FALSE, "read this configuration", NULL},
    {'k', "keep", NULL, CLI_VERB_RUN, CLI_FLAG, FIELD(keep), FALSE,
     "keep the source; the result is beside it, with .tmp", NULL},
    {'o', "output-dir", "DIR", CLI_VERB_RUN, CLI_TEXT, FIELD(output_dir), FALSE,
     "write results below DIR; sources stay untouched",
     "For an argument that is a folder, the tree below it is repeated there. An existing file is never overwritten."},
    {'s', "sequential", NULL, CLI_VERB_RUN, CLI_FLAG, FIELD(sequential), FALSE, "one encode at a time", NULL},
    {0, "dry-run", NULL, CLI_VERB_RUN, CLI_FLAG, FIELD(dry_run), FALSE,
     "say what would happen, test hosts, change nothing",
     "Prints for every file the rule that matches, the profile, and for each host that may take it the command line of "
     "ffmpeg; with -v also what each rule asked and what the file has. Nothing is written, here or on a host."},
    {0, "again", NULL, CLI_VERB_RUN, CLI_FLAG, FIELD(again), FALSE, "encode also what was done before",
     "Otherwise a file that an earlier run has encoded with the same profile, or found not worth it, is skipped as "
     "long "
     "as its size and its time of change are the same. So is the result itself."},
    {0, "order", "given|longest|shortest", CLI_VERB_RUN, CLI_CHOICE, FIELD(order), FALSE,
     "which files go first (given)",
     "By their frames and pixels. With 'longest' slow hosts leave the longest films to fast ones, as far as earlier "
     "encodes have shown how fast they are."},
    {0, "keep-failed", "DIR", CLI_VERB_RUN, CLI_TEXT, FIELD(keep_failed), FALSE,
     "keep results that fail their proof in DIR",
     "A result that is not the same film as its source is never put in its place, and is removed otherwise. Nothing in "
     "DIR is "
     "overwritten; the message of the failed file names what was kept."},
    {0, "retries", "N", CLI_VERB_RUN, CLI_NUMBER, FIELD(retries), FALSE,
     "give a failed host's file to another N times (2)", NULL},
    {0, "refresh", NULL, CLI_VERB_HOSTS, CLI_FLAG, FIELD(refresh), FALSE, "try anew what each host can encode",
     "Otherwise what was proved is believed for seven days, and what failed for one, as long as the host's ffmpeg, "
     "driver and kernel are the same."},
    {0, "failed", NULL, CLI_VERB_RETRY | CLI_VERB_HISTORY, CLI_FLAG, FIELD(failed), FALSE, "only what failed", NULL},
    {0, "now", NULL, CLI_VERB_STOP, CLI_FLAG, FIELD(now), FALSE, "stop running encodes too", NULL},
    {0, "json", NULL, CLI_VERB_ALL & ~(CLI_VERB_HELP | CLI_VERB_STOP), CLI_FLAG, FIELD(json), FALSE,
     "one JSON object a line on standard output",
     "Nothing else is written there. Every object has a member \"event\"."},
    {0, "progress", "auto|bar|plain|none", CLI_VERB_RUN | CLI_VERB_RESUME | CLI_VERB_RETRY, CLI_CHOICE, FIELD(progress),
     FALSE, "how progress is shown (auto)", NULL},
    {0, "color", "auto|always|never", CLI_VERB_ALL & ~CLI_VERB_HELP, CLI_CHOICE, FIELD(color), FALSE,
     "when to use colours (auto: on a terminal)", NULL},
    {'v', "verbose", NULL, CLI_VERB_ALL & ~CLI_VERB_HELP, CLI_COUNT, FIELD(verbose), FALSE,
     "say more; twice: details of ssh and ffmpeg too", NULL},
    {'q', "quiet", NULL, CLI_VERB_ALL & ~CLI_VERB_HELP, CLI_FLAG, FIELD(quiet), FALSE, "say only what went wrong",
     NULL},
    {'h', "help", NULL, CLI_VERB_ALL, CLI_FLAG, FIELD(help), FALSE, "show this help", NULL},
    {0, "version", NULL, CLI_VERB_ALL, CLI_FLAG, FIELD(version), FALSE,
     "show the version, and those of the libraries in use", NULL},
};

const CliOption *cli_options(guint *n_options)
{
    *n_options = G_N_ELEMENTS(options);
    return options;
}
