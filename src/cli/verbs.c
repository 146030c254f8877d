/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verbs.h"

#include <string.h>

#include "commands.h"

static const CliExample run_examples[] = {
    {"ffarm film.mkv", "encode one file as the rules say"},
    {"ffarm --dry-run -c home *.mkv", "show what would happen; change nothing"},
    {"ffarm -c home /volume1/media", "a folder, on all hosts of a cluster"},
    {"ffarm -c home a.mkv -c studio b.mkv", "different files to different clusters"},
    {"ffarm -p hevc -o /tmp/out a.mkv", "a given profile; results elsewhere"},
    {NULL, NULL},
};

static const CliExample probe_examples[] = {
    {"ffarm probe film.mkv", "what the file holds, for people"},
    {"ffarm probe --json /volume1/media", "one line of JSON for every film"},
    {NULL, NULL},
};

static const CliExample hosts_examples[] = {
    {"ffarm hosts", "every host of every cluster"},
    {"ffarm hosts -c home --host win10", "one host"},
    {"ffarm hosts --refresh", "after a new graphics card"},
    {NULL, NULL},
};

static const CliExample profiles_examples[] = {
    {"ffarm profiles", "what ffmpeg is told, engine by engine"},
    {"ffarm profiles -y new.yml --json", "of another configuration, for programs"},
    {NULL, NULL},
};

static const CliExample check_examples[] = {
    {"ffarm check", "the configuration that a run would use"},
    {"ffarm check new.yml", "another one, before it is put in place"},
    {NULL, NULL},
};

static const CliExample resume_examples[] = {
    {"ffarm resume", "go on with the last one broken off"},
    {NULL, NULL},
};

static const CliExample retry_examples[] = {
    {"ffarm retry --failed", "try again what failed in the last run"},
    {NULL, NULL},
};

static const CliExample history_examples[] = {
    {"ffarm history", "all runs, the last first"},
    {"ffarm history --failed tox6p", "the files that failed in one run"},
    {NULL, NULL},
};

static const CliExample stop_examples[] = {
    {"ffarm stop", "finish what runs, start nothing new"},
    {"ffarm stop --now", "as Ctrl-C would"},
    {NULL, NULL},
};

static const CliExample help_examples[] = {
    {"ffarm help run", "the options of a verb"},
    {NULL, NULL},
};

static const CliVerb verbs[] = {
    {"run", CLI_VERB_RUN, "FILE|DIR...", FALSE, "encode files, here or on a cluster",
     "Every FILE is looked at, matched to a profile by the rules of the configuration,\n"
     "encoded by a host that is free, and put in the place of its source once the\n"
     "result has been verified. A DIR is searched for films. 'run' may be left out.\n",
     run_examples, cmd_run},
    {"probe", CLI_VERB_PROBE, "FILE|DIR...", TRUE, "say what files hold and what ails them",
     "Opens every FILE, and every film in every DIR, and says what it holds. The exit\n"
     "status is 1 if some file could not be encoded.\n",
     probe_examples, cmd_probe},
    {"hosts", CLI_VERB_HOSTS, NULL, FALSE, "test the hosts of the configuration",
     "Logs in to every enabled host and says how long that took, what it runs, which\n"
     "ffmpeg it has, what its hardware really encodes, whether its working folder can\n"
     "be written to and, for mounted hosts, whether both sides see the same files. The\n"
     "exit status is 1 if some host is not usable, 3 if none is.\n",
     hosts_examples, cmd_hosts},
    {"profiles", CLI_VERB_PROFILES, NULL, FALSE, "list profiles and their options",
     "Lists the profiles and templates of the configuration, then the built-in ones.\n"
     "One with a 'codec' has options for every engine; the others have their own.\n",
     profiles_examples, cmd_profiles},
    {"check", CLI_VERB_CHECK, "[FILE...]", FALSE, "find the mistakes in a configuration",
     "Reads the configuration strictly: keys that a run would only warn about are\n"
     "errors here. The exit status is 2 if there is any error.\n",
     check_examples, cmd_check},
    {"resume", CLI_VERB_RESUME, "[RUN]", FALSE, "go on with a run that was broken off",
     "Takes up the files that the run had not finished, with the options, the folder\n"
     "and the configuration that it was given. Without RUN it is the last one that\n"
     "was broken off, be it by Ctrl-C, 'ffarm stop' or a power cut.\n",
     resume_examples, cmd_resume},
    {"retry", CLI_VERB_RETRY, "[RUN]", FALSE, "try again what a run did not get done",
     "Takes up the files that failed, and those that were not finished, as the run was\n"
     "asked to do them. Without RUN it is the last one that left any.\n",
     retry_examples, cmd_retry},
    {"history", CLI_VERB_HISTORY, "[RUN]", FALSE, "list runs, and the files of one",
     "Without RUN, a line for each run of the last 90 days. With it, also a line for\n"
     "each of its files: what became of it, sizes, time, host and reason. The first\n"
     "letters of a RUN will do.\n",
     history_examples, cmd_history},
    {"stop", CLI_VERB_STOP, "[RUN]", FALSE, "let runs come to an end early",
     "What is being encoded is finished, nothing new starts; 'ffarm resume' goes on\n"
     "later. Without RUN this goes for every run of this user on this machine.\n",
     stop_examples, cmd_stop},
    {"help", CLI_VERB_HELP, "[VERB]", FALSE, "explain a verb", "Without VERB, lists all of them.\n", help_examples,
     cmd_help},
};

const CliVerb *cli_verbs(guint *n_verbs)
{
    *n_verbs = G_N_ELEMENTS(verbs);
    return verbs;
}

const CliVerb *cli_verb_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

const char **cli_verb_names(void)
{
    const char **names = g_new0(const char *, G_N_ELEMENTS(verbs) + 1);
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        names[i] = verbs[i].name;
    return names;
}
