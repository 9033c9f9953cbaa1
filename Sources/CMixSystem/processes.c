#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
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

int mix_spawn(const char *path, char *const *arguments, char *const *environment, int processor) {
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
    if (got == (ssize_t)sizeof error) {
        waitpid(child, NULL, 0);
        return -error;
    }
    return child;
}

int mix_wait_for_child(int milliseconds, int *status) {
    sigset_t child, old;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &old);
    int64_t deadline = mix_now() + (int64_t)milliseconds * 1000000;
    int result;
    for (;;) {
        int raw = 0;
        result = waitpid(-1, &raw, WNOHANG);
        if (result < 0) result = -errno;
        if (result > 0) *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
        int64_t left = deadline - mix_now();
        if (result != 0 || left <= 0) break;
        struct timespec time = {.tv_sec = left / 1000000000, .tv_nsec = left % 1000000000};
        if (sigtimedwait(&child, NULL, &time) < 0 && errno == EINTR) break;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return result;
}

int mix_kill(int process, int signal) { return kill(process, signal) == 0 ? 0 : -errno; }
