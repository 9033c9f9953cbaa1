#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static socklen_t abstract_address(struct sockaddr_un *address, const char *name, size_t length) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (length > sizeof address->sun_path - 1) length = sizeof address->sun_path - 1;
    memcpy(address->sun_path + 1, name, length);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int wait_ready(int socket, short events, int milliseconds) {
    struct pollfd entry = {.fd = socket, .events = events};
    int ready;
    do {
        ready = poll(&entry, 1, milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0) return -errno;
    return ready == 0 ? -ETIMEDOUT : 0;
}

// An abstract name has no file permissions: whoever knows it can connect, so the kernel's word on the user counts.
static int same_user(int socket) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -errno;
    return peer.uid == geteuid() || peer.uid == 0 ? 0 : -EPERM;
}

int mix_socket_listen(const char *name, size_t length) {
    struct sockaddr_un address;
    socklen_t size = abstract_address(&address, name, length);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return -errno;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0) {
        int error = errno;
        close(listener);
        return -error;
    }
    return listener;
}

int mix_socket_connect(const char *name, size_t length) {
    struct sockaddr_un address;
    socklen_t size = abstract_address(&address, name, length);
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection < 0) return -errno;
    int error = connect(connection, (struct sockaddr *)&address, size) != 0 ? -errno : same_user(connection);
    if (error != 0) {
        close(connection);
        return error;
    }
    return connection;
}

int mix_socket_accept(int listener, int milliseconds) {
    int error = wait_ready(listener, POLLIN, milliseconds);
    if (error != 0) return error;
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) return -errno;
    error = same_user(connection);
    if (error != 0) {
        close(connection);
        return error;
    }
    return connection;
}

int mix_socket_send(int socket, const void *bytes, size_t count, int file) {
    const char *next = bytes;
    while (count > 0) {
        union {
            char space[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control;
        struct iovec part = {.iov_base = (void *)(uintptr_t)next, .iov_len = count};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        if (file >= 0) {
            memset(&control, 0, sizeof control);
            message.msg_control = control.space;
            message.msg_controllen = sizeof control.space;
            struct cmsghdr *entry = CMSG_FIRSTHDR(&message);
            entry->cmsg_level = SOL_SOCKET;
            entry->cmsg_type = SCM_RIGHTS;
            entry->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(entry), &file, sizeof file);
        }
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        file = -1;
        next += sent;
        count -= (size_t)sent;
    }
    return 0;
}

int mix_socket_receive(int socket, void *bytes, size_t count, int *file, int milliseconds) {
    char *next = bytes;
    if (file) *file = -1;
    int64_t deadline = mix_now() + (int64_t)milliseconds * 1000000;
    while (count > 0) {
        int64_t left = (deadline - mix_now()) / 1000000;
        int error = wait_ready(socket, POLLIN, left > 0 ? (int)left : 0);
        if (error != 0) return error;
        union {
            char space[CMSG_SPACE(sizeof(int))];
            struct cmsghdr align;
        } control;
        struct iovec part = {.iov_base = next, .iov_len = count};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
        ssize_t received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (received < 0) {
            if (errno == EINTR || errno == EAGAIN) continue;
            return -errno;
        }
        if (received == 0) return -ECONNRESET;
        for (struct cmsghdr *entry = CMSG_FIRSTHDR(&message); entry; entry = CMSG_NXTHDR(&message, entry)) {
            if (entry->cmsg_level != SOL_SOCKET || entry->cmsg_type != SCM_RIGHTS) continue;
            int got;
            memcpy(&got, CMSG_DATA(entry), sizeof got);
            if (file && *file < 0) *file = got;
            else close(got);
        }
        next += received;
        count -= (size_t)received;
    }
    return 0;
}

void mix_close(int file) { close(file); }
