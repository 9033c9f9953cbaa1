#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

extern char **environ;

int mix_host_name(char *buffer, size_t size) {
    if (gethostname(buffer, size) != 0) return -errno;
    buffer[size - 1] = 0;
    return 0;
}

const char *mix_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

const char *mix_signal_text(int signal) {
    const char *text = sigabbrev_np(signal);
    return text ? text : "unknown signal";
}

int mix_process_id(void) { return getpid(); }

char *const *mix_environment(void) { return environ; }

int mix_random(void *bytes, size_t count) {
    char *next = bytes;
    while (count > 0) {
        ssize_t got = getrandom(next, count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        next += got;
        count -= (size_t)got;
    }
    return 0;
}

int mix_executable_path(char *buffer, size_t size) {
    ssize_t length = readlink("/proc/self/exe", buffer, size - 1);
    if (length < 0) return -errno;
    buffer[length] = 0;
    // A binary that was replaced while it runs has no path any more, but the link still starts it.
    if (access(buffer, X_OK) != 0) strncpy(buffer, "/proc/self/exe", size);
    return 0;
}

// ---------------------------------------------------------------- signals of a launcher

// Dispositions belong to the process, so what follows exists once: at most one launcher catches signals at a time.
static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define FORWARDED ((int)(sizeof forwarded / sizeof forwarded[0]))
static struct sigaction previous[FORWARDED], previous_child;
static int caught[2] = {-1, -1};
static int catching;

// A handler and a pipe, not signalfd: a signal for the process may arrive in any thread, and only this thread's
// mask is ours.
static void note_signal(int signal, siginfo_t *info, void *context) {
    (void)context;
    int error = errno;
    // The terminal sends to the whole foreground group: the children have that signal already.
    unsigned char note = (unsigned char)(signal | (info->si_code == SI_KERNEL ? 0x80 : 0));
    ssize_t ignored = write(caught[1], &note, 1);
    (void)ignored;
    errno = error;
}

int mix_signals_catch(void) {
    int expected = 0;
    if (!__atomic_compare_exchange_n(&catching, &expected, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return -EBUSY;
    if (pipe2(caught, O_CLOEXEC | O_NONBLOCK) != 0) {
        int error = errno;
        __atomic_store_n(&catching, 0, __ATOMIC_RELEASE);
        return -error;
    }
    for (int i = 0; i < FORWARDED; i++) {
        sigaction(forwarded[i], NULL, &previous[i]);
        if (previous[i].sa_handler == SIG_IGN) continue;  // nohup and background jobs want it so
        struct sigaction action = {.sa_sigaction = note_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
        sigemptyset(&action.sa_mask);
        sigaction(forwarded[i], &action, NULL);
    }
    // Where SIGCHLD is ignored the kernel reaps children itself, and their status is lost.
    sigaction(SIGCHLD, NULL, &previous_child);
    if (previous_child.sa_handler == SIG_IGN || (previous_child.sa_flags & SA_NOCLDWAIT)) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigemptyset(&action.sa_mask);
        sigaction(SIGCHLD, &action, NULL);
    }
    return caught[0];
}

static void restore_signals(void) {
    for (int i = 0; i < FORWARDED; i++) sigaction(forwarded[i], &previous[i], NULL);
    sigaction(SIGCHLD, &previous_child, NULL);
}

void mix_signals_release(void) {
    restore_signals();
    close(caught[0]);
    close(caught[1]);
    caught[0] = caught[1] = -1;
    __atomic_store_n(&catching, 0, __ATOMIC_RELEASE);
}

int mix_signals_next(int *from_terminal) {
    unsigned char note;
    if (read(caught[0], &note, 1) != 1) return 0;
    *from_terminal = note >> 7;
    return note & 0x7f;
}

// ---------------------------------------------------------------- children

static void become(const char *path, char *const *arguments, char *const *environment, int processor, int flags) {
    if (flags & MIX_SPAWN_NO_INPUT) {
        int nothing = open("/dev/null", O_RDONLY);
        if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0) return;
        if (nothing != STDIN_FILENO) close(nothing);
    }
    if (processor >= 0) mix_bind_to_processor(processor);
    execve(path, arguments, environment);
}

int mix_spawn(const char *path, char *const *arguments, char *const *environment, int processor, int flags) {
    // fork and not posix_spawn: only between fork and exec can a child ask to die with its parent.
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -errno;
    // No signal may run the parent's handlers in the child, where they would write to the parent's pipe.
    sigset_t all, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    pid_t parent = getpid();
    pid_t child = fork();
    int error = errno;
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        if (__atomic_load_n(&catching, __ATOMIC_ACQUIRE)) restore_signals();
        // Not the caller's mask: a worker thread of a pool blocks nearly everything, and a program hardly expects that.
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        become(path, arguments, environment, processor, flags);
        error = errno;
        ssize_t ignored = write(report[1], &error, sizeof error);
        (void)ignored;
        _exit(127);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close(report[1]);
    if (child < 0) {
        close(report[0]);
        return -error;
    }
    ssize_t got;
    do {
        got = read(report[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
    close(report[0]);
    if (got == (ssize_t)sizeof error) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
        return -error;
    }
    return child;
}

int mix_process_file(int process) {
    int file = (int)syscall(SYS_pidfd_open, process, 0);
    return file < 0 ? -errno : file;
}

int mix_wait_ready(const int *files, int count, int milliseconds) {
    struct pollfd entries[count];
    for (int i = 0; i < count; i++) entries[i] = (struct pollfd){.fd = files[i], .events = POLLIN};
    int ready = poll(entries, (nfds_t)count, milliseconds);
    return ready < 0 && errno != EINTR ? -errno : ready < 0 ? 0 : ready;
}

int mix_reap(int process, int *status, int *signal) {
    int raw = 0;
    pid_t got;
    do {
        got = waitpid(process, &raw, WNOHANG);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    if (got == 0) return 0;
    *signal = WIFSIGNALED(raw) ? WTERMSIG(raw) : 0;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + *signal;
    return 1;
}

int mix_kill(int process, int signal) { return kill(process, signal) == 0 ? 0 : -errno; }
