/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* worker_double.c — stands in for a worker process that looks at files, one that a film has taken over or broken.
 *
 * Usage: worker_double MODE; what the modes do is said at their functions. A file whose name has the word "good" in it
 * is looked at honestly in every mode. */
#include "isolation.h"
#include "probe_task.h"
#include "probe_worker.h"
#include "prober.h"
#include "sandbox.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const void *bytes, gsize length)
{
    for (gsize done = 0; done < length;) {
        ssize_t count = send(0, (const char *)bytes + done, length - done, MSG_NOSIGNAL);
        if (count <= 0)
            _exit(7);
        done += (gsize)count;
    }
}

static void say_frame(ProbeFrame type, const void *bytes, gsize length)
{
    guint32 announced = (guint32)length;
    guint8 byte = (guint8)type;
    say(&announced, sizeof announced);
    say(&byte, 1);
    say(bytes, length);
}

static void hello(guint32 protocol)
{
    const guint32 words[] = {protocol, 0};
    say_frame(PROBE_FRAME_HELLO, words, sizeof words);
}

static void crash(void)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
}

static void leave(void)
{
    _exit(3);
}

static void hang(void)
{
    raise(SIGSTOP);
}

/* Beats as it should, and never comes to an end. */
static void circle(void)
{
    for (;;) {
        say_frame(PROBE_FRAME_BEAT, NULL, 0);
        sleep(1);
    }
}

/* Beats without end or measure. */
static void drum(void)
{
    for (;;)
        say_frame(PROBE_FRAME_BEAT, NULL, 0);
}

static void talk_nonsense(void)
{
    static const char nonsense[] = "\377\377\377\377\377\377 this is no frame";
    say(nonsense, sizeof nonsense);
    pause();
}

/* A frame of a type that nobody knows. */
static void talk_strangely(void)
{
    say_frame(99, "?", 1);
    pause();
}

/* A whole answer, that says what no prober says. */
static void lie(void)
{
    guint8 answer[512];
    memset(answer, 0x5a, sizeof answer);
    say_frame(PROBE_FRAME_ANSWER, answer, sizeof answer);
    pause();
}

/* Announces more than anybody may. */
static void boast(void)
{
    guint32 announced = PROBE_WORKER_MOST_ANSWER + 1;
    guint8 type = PROBE_FRAME_ANSWER;
    say(&announced, sizeof announced);
    say(&type, 1);
    pause();
}

/* Begins an answer and dies. */
static void break_off(void)
{
    guint32 announced = 1000;
    say(&announced, sizeof announced);
    say("\4 half", 6);
    crash();
}

/* An empty film without a single problem. */
static void forge(void)
{
    g_autoptr(GByteArray) answer = g_byte_array_new();
    g_autoptr(FfarmMedia) media = ffarm_media_new("x");
    guint8 state = AV_INPUT_RUNNING;
    g_byte_array_append(answer, &state, 1);
    g_byte_array_set_size(answer, 1 + 4 + 8 + 8 + 1 + 8 + 4 + 3 * 4);
    memset(answer->data + 1, 0, answer->len - 1);
    say_frame(PROBE_FRAME_ANSWER, answer->data, answer->len);
    pause();
}

/* As a demuxer does that believes a forged size: takes all it can get, and does not look whether it got it. */
static void devour(void)
{
    char *bytes;
    do
        bytes = malloc(256 << 20);
    while (bytes);
    *(volatile char *)bytes = 1;
}

static const struct {
    const char *name;
    void (*act)(void);
} modes[] = {
    {"crash", crash},
    {"leave", leave},
    {"hang", hang},
    {"circle", circle},
    {"drum", drum},
    {"nonsense", talk_nonsense},
    {"strange", talk_strangely},
    {"lie", lie},
    {"boast", boast},
    {"break-off", break_off},
    {"forge", forge},
    {"devour", devour},
};

static void no_progress(void) {}

/* Waits for a task and does it as it should, or as the mode says. */
static gboolean serve(void (*act)(void))
{
    static guint8 frame[PROBE_WORKER_MOST_TASK];
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec bytes = {frame, sizeof frame};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t count = recvmsg(0, &message, 0);
    if (count < PROBE_WORKER_HEADER)
        return FALSE;
    int fd;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    if (act && !memmem(frame, (gsize)count, "good", 4))
        act();
    g_autoptr(GByteArray) task = g_byte_array_new();
    g_byte_array_append(task, frame + PROBE_WORKER_HEADER, (guint)count - PROBE_WORKER_HEADER);
    g_autoptr(GByteArray) answer = probe_task_do(task, fd, no_progress);
    say_frame(PROBE_FRAME_ANSWER, answer->data, answer->len);
    return TRUE;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    if (g_str_equal(mode, "honest"))
        return ffarm_probe_serve();
    if (g_str_equal(mode, "maker")) {
        const char *const worker[] = {argv[0], "circle", argv[2], NULL};
        ffarm_probe_isolate(worker, NULL);
        ffarm_media_free(ffarm_probe_file(argv[3], 0, NULL, NULL));
        return 0;
    }
    if (g_str_equal(mode, "mute"))
        pause();
    if (g_str_equal(mode, "old")) {
        hello(PROBE_WORKER_PROTOCOL + 1);
        pause();
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sandbox_enter();
    hello(PROBE_WORKER_PROTOCOL);
    /* Answers before it was asked. */
    if (g_str_equal(mode, "eager"))
        say_frame(PROBE_FRAME_ANSWER, "", 1);
    void (*act)(void) = NULL;
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++)
        if (g_str_equal(mode, modes[i].name))
            act = modes[i].act;
    while (serve(act)) {
    }
    _exit(0);
}
