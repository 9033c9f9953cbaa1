#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int mix_host_name(char *buffer, size_t size) {
    if (gethostname(buffer, size) != 0) return -errno;
    buffer[size - 1] = 0;
    return 0;
}

const char *mix_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

int mix_process_id(void) { return getpid(); }

// Name and parent of a process, from /proc; 0 when it is not to be seen.
static int parent_of(int process, char name[32]) {
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/stat", process);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = 0;
    // The name is in parentheses and may hold any character, parentheses too.
    char *open = strchr(line, '('), *close = strrchr(line, ')');
    if (!open || !close) return 0;
    snprintf(name, 32, "%.*s", (int)(close - open - 1), open + 1);
    int parent = 0;
    return sscanf(close + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

int mix_ancestor(const char *name) {
    char found[32];
    for (int process = parent_of(getpid(), found); process > 1;) {
        int parent = parent_of(process, found);
        if (strncmp(found, name, strlen(name)) == 0) return process;
        process = parent;
    }
    return 0;
}

char *const *mix_environment(void) { return environ; }

int mix_executable_path(char *buffer, size_t size) {
    ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
    if (length < 0) return -errno;
    buffer[length] = 0;
    return 0;
}

int mix_arguments(char *buffer, size_t size) {
    int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    size_t length = 0;
    ssize_t got;
    while (length < size && (got = read(file, buffer + length, size - length)) > 0) length += (size_t)got;
    close(file);
    return length < size ? (int)length : -E2BIG;
}

int mix_random(void *bytes, size_t count) {
    return getrandom(bytes, count, 0) == (ssize_t)count ? 0 : -EIO;
}

int mix_spawn(const char *path, char *const *arguments, char *const *environment, int processor, int *descriptor) {
    // fork and not posix_spawn: only between fork and exec can a child ask to die with its parent.
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(report[0]);
        close(report[1]);
        return -error;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (processor >= 0) mix_bind_to_processor(processor);
        execve(path, arguments, environment);
        int error = errno;
        ssize_t ignored = write(report[1], &error, sizeof error);
        (void)ignored;
        _exit(127);
    }
    close(report[1]);
    int error = 0;
    ssize_t got;
    do {
        got = read(report[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got != (ssize_t)sizeof error) {
        // The child has not been reaped, so that its id is its own.
        *descriptor = (int)syscall(SYS_pidfd_open, child, 0);
        if (*descriptor >= 0) return child;
        error = errno;
        kill(child, SIGKILL);
    }
    waitpid(child, NULL, 0);
    return -error;
}

int mix_reap(int process, int *status) {
    int raw = 0;
    pid_t result;
    do {
        result = waitpid(process, &raw, 0);
    } while (result < 0 && errno == EINTR);
    if (result < 0) return -errno;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return 0;
}

int mix_kill(int process, int signal) { return kill(process, signal) == 0 ? 0 : -errno; }

int mix_wait_for_any(const int *descriptors, int count, int signals, int milliseconds) {
    struct pollfd *entries = calloc((size_t)count + 1, sizeof *entries);
    if (!entries) return -ENOMEM;
    for (int i = 0; i < count; i++) entries[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    entries[count] = (struct pollfd){.fd = signals, .events = POLLIN};
    int ready;
    do {
        ready = poll(entries, (nfds_t)count + 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    int result = ready < 0 ? -errno : -ETIMEDOUT;
    for (int i = count; ready > 0 && i >= 0; i--)
        if (entries[i].revents != 0) result = i;
    free(entries);
    return result;
}

static void handled_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

int mix_signals_open(void) {
    sigset_t set;
    handled_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return signals < 0 ? -errno : signals;
}

int mix_signals_read(int signals) {
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

void mix_signals_close(int signals) {
    sigset_t set;
    handled_signals(&set);
    close(signals);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
