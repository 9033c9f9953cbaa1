#define _GNU_SOURCE
#include "CMixSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(mix_part) == sizeof(struct iovec) && offsetof(mix_part, bytes) == offsetof(struct iovec, iov_len),
               "parts are passed to the kernel as they are");

// ---------------------------------------------------------------- addresses

static int text_of(const struct sockaddr *address, socklen_t length, char *text, size_t size, int *port) {
    char service[16];
    if (getnameinfo(address, length, text, (socklen_t)size, service, sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return -EAFNOSUPPORT;
    // An IPv4 peer of a socket for both families: as everybody writes it.
    if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.')) memmove(text, text + 7, strlen(text + 7) + 1);
    if (port) {
        *port = 0;
        for (const char *digit = service; *digit >= '0' && *digit <= '9'; digit++) *port = *port * 10 + (*digit - '0');
    }
    return 0;
}

static int address_of(const char *numeric, int port, struct sockaddr_storage *address, socklen_t *length) {
    char service[16];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(numeric, service, &hints, &found) != 0) return -EINVAL;
    memcpy(address, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

int mix_tcp_resolve(const char *host, int index, char *numeric, size_t size, const char **reason) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found, *next;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        *reason = error == EAI_SYSTEM ? mix_error_text(errno) : gai_strerror(error);
        return -EHOSTUNREACH;
    }
    for (next = found; next && index > 0; index--) next = next->ai_next;
    int result = next ? text_of(next->ai_addr, next->ai_addrlen, numeric, size, NULL) : -ENOENT;
    freeaddrinfo(found);
    return result;
}

int mix_tcp_interface(int index, char *name, size_t name_size, char *numeric, size_t size, int *is_up, int *is_loopback) {
    struct ifaddrs *all, *next;
    if (getifaddrs(&all) != 0) return -errno;
    int result = -ENOENT;
    for (next = all; next; next = next->ifa_next) {
        if (!next->ifa_addr) continue;
        int family = next->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        if (index-- > 0) continue;
        snprintf(name, name_size, "%s", next->ifa_name);
        *is_up = (next->ifa_flags & IFF_UP) != 0;
        *is_loopback = (next->ifa_flags & IFF_LOOPBACK) != 0;
        socklen_t length = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        result = text_of(next->ifa_addr, length, numeric, size, NULL);
        break;
    }
    freeifaddrs(all);
    return result;
}

int mix_tcp_route(const char *numeric, char *local, size_t size) {
    struct sockaddr_storage address;
    socklen_t length;
    int error = address_of(numeric, 9, &address, &length);
    if (error != 0) return error;
    // Connecting a datagram socket sends nothing, but makes the kernel choose the route and thus the local address.
    int probe = socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return -errno;
    if (connect(probe, (struct sockaddr *)&address, length) != 0) error = -errno;
    length = sizeof address;
    if (error == 0 && getsockname(probe, (struct sockaddr *)&address, &length) != 0) error = -errno;
    close(probe);
    return error != 0 ? error : text_of((struct sockaddr *)&address, length, local, size, NULL);
}

int mix_tcp_peer(int socket, char *numeric, size_t size, int *port) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getpeername(socket, (struct sockaddr *)&address, &length) != 0) return -errno;
    return text_of((struct sockaddr *)&address, length, numeric, size, port);
}

// ---------------------------------------------------------------- connections

static int listen_at(struct sockaddr *address, socklen_t length, int *port) {
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -errno;
    int on = 1, off = 0;
    // Old connections in TIME_WAIT must not keep a new job from its port; a listener still does.
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->sa_family == AF_INET6) setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (bind(listener, address, length) != 0 || listen(listener, 4096) != 0 ||
        getsockname(listener, (struct sockaddr *)&bound, &size) != 0) {
        int error = errno;
        close(listener);
        return -error;
    }
    *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
    return listener;
}

int mix_tcp_listen(const char *numeric, int port, int *chosen) {
    struct sockaddr_storage address;
    socklen_t length;
    if (numeric) {
        int error = address_of(numeric, port, &address, &length);
        return error != 0 ? error : listen_at((struct sockaddr *)&address, length, chosen);
    }
    struct sockaddr_in6 both = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT, .sin6_port = htons((uint16_t)port)};
    int listener = listen_at((struct sockaddr *)&both, sizeof both, chosen);
    if (listener != -EAFNOSUPPORT && listener != -EADDRNOTAVAIL) return listener;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY), .sin_port = htons((uint16_t)port)};
    return listen_at((struct sockaddr *)&four, sizeof four, chosen);
}

int mix_tcp_accept(int listener) {
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return connection >= 0 ? connection : -errno;
}

int mix_tcp_connect(const char *numeric, int port, int milliseconds) {
    struct sockaddr_storage address;
    socklen_t length;
    int error = address_of(numeric, port, &address, &length);
    if (error != 0) return error;
    int connection = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0) return -errno;
    if (connect(connection, (struct sockaddr *)&address, length) != 0) {
        error = -errno;
        if (errno == EINPROGRESS) {
            int ready = mix_wait_file(connection, 1, milliseconds);
            socklen_t size = sizeof error;
            if (ready < 0) error = ready;
            else if (getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = -errno;
            else error = -error;
        }
    }
    if (error == 0) {
        // A port of this machine that nobody listens at can connect to itself.
        struct sockaddr_storage here, there;
        socklen_t here_length = sizeof here, there_length = sizeof there;
        memset(&here, 0, sizeof here);
        memset(&there, 0, sizeof there);
        if (getsockname(connection, (struct sockaddr *)&here, &here_length) != 0 ||
            getpeername(connection, (struct sockaddr *)&there, &there_length) != 0)
            error = -errno;
        else if (here_length == there_length && memcmp(&here, &there, here_length) == 0) error = -ECONNREFUSED;
    }
    if (error == 0) return connection;
    close(connection);
    return error;
}

int mix_wait_file(int file, int to_write, int milliseconds) {
    struct pollfd entry = {.fd = file, .events = to_write ? POLLOUT : POLLIN};
    int64_t deadline = mix_now() + (int64_t)milliseconds * 1000000;
    while (1) {
        int64_t left = (deadline - mix_now() + 999999) / 1000000;
        int ready = poll(&entry, 1, left > 0 ? (int)left : 0);
        if (ready > 0) return 0;
        if (ready == 0) return -ETIMEDOUT;
        if (errno != EINTR) return -errno;
    }
}

void mix_tcp_prepare(int socket, int silence) {
    int on = 1;
    int idle = silence / 2 > 1 ? silence / 2 : 1, count = 3, interval = (silence - idle) / count > 1 ? (silence - idle) / count : 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

int mix_tcp_silence(int socket) {
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    // What this end has repeated without an answer. A peer that lives but does not read answers its probes.
    return info.tcpi_retransmits < 2 && info.tcpi_probes < 2 ? 0 : (int)info.tcpi_last_ack_recv;
}

void mix_tcp_shut_down(int socket) { shutdown(socket, SHUT_WR); }

ssize_t mix_tcp_write(int socket, const mix_part *parts, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ssize_t mix_tcp_read(int socket, const mix_part *parts, int count) {
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    ssize_t received;
    do {
        received = recvmsg(socket, &message, MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}
