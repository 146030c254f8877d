/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"
#include "sandbox_filter.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEAST_MEMORY (G_GUINT64_CONSTANT(1) << 30)
#define MOST_MEMORY (G_GUINT64_CONSTANT(4) << 30)
#define MOST_DESCRIPTORS 16

/* Sanitizers keep terabytes of addresses for themselves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

guint64 sandbox_memory_bytes(void)
{
#ifdef IS_SANITIZED
    return 0;
#else
    guint64 pages = (guint64)MAX(sysconf(_SC_PHYS_PAGES), 0), page_bytes = (guint64)sysconf(_SC_PAGESIZE);
    return CLAMP(pages * page_bytes / 2, LEAST_MEMORY, MOST_MEMORY);
#endif
}

static gboolean limit(__rlimit_resource_t resource, rlim_t most)
{
    const struct rlimit both = {most, most};
    return setrlimit(resource, &both) == 0;
}

/* Where memory runs out, this process is the one that nobody misses. */
static void volunteer_for_oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, "1000", 4) != 4)
        g_debug("the kernel takes no wish about which process it ends first");
    close(fd);
}

static gboolean drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2];
    memset(none, 0, sizeof none);
    return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* A set of rules that handles every way to use a name, and allows none. */
static gboolean forbid_files(void)
{
    const struct landlock_ruleset_attr all = {.handled_access_fs = 2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
    if (rules < 0)
        return FALSE;
    gboolean is_done = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return is_done;
}

SandboxParts sandbox_enter(void)
{
    guint64 memory = sandbox_memory_bytes();
    guint parts = 0;
    volunteer_for_oom();
    if (limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, MOST_DESCRIPTORS))
        parts |= SANDBOX_LIMITS;
    if (memory > 0 && limit(RLIMIT_AS, memory))
        parts |= SANDBOX_MEMORY;
    if (drop_privileges())
        parts |= SANDBOX_PRIVILEGES;
    if (forbid_files())
        parts |= SANDBOX_FILES;
    if (sandbox_filter_install())
        parts |= SANDBOX_CALLS;
    return parts;
}
