// Connections through librdmacm. Every connection has an event channel of its own, so that one peer's events never
// wait behind another's.
#define _GNU_SOURCE
#include "verbs_internal.h"

#ifdef MIX_HAS_VERBS

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int remaining(int64_t deadline) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left = (deadline - (now.tv_sec * 1000000000LL + now.tv_nsec)) / 1000000;
    return left < 0 ? 0 : left > 1000000 ? 1000000 : (int)left;
}

static int next_event(struct rdma_event_channel *channel, int64_t deadline, struct rdma_cm_event **event) {
    for (;;) {
        if (mix_verbs.rdma_get_cm_event(channel, event) == 0) return 0;
        if (errno != EAGAIN && errno != EINTR) return -errno;
        struct pollfd entry = {.fd = channel->fd, .events = POLLIN};
        int left = remaining(deadline);
        if (poll(&entry, 1, left) == 0 && left == 0) return -ETIMEDOUT;
    }
}

// Waits for one kind of event; any other is why there will be none. `data` gets what came with it.
static int expect(
    mix_verbs_connection *connection, enum rdma_cm_event_type type, int64_t deadline, void *data
) {
    struct rdma_cm_event *event;
    int result = next_event(connection->channel, deadline, &event);
    if (result != 0) return result;
    if (event->event == type) {
        if (data && event->param.conn.private_data_len >= MIX_VERBS_PRIVATE_BYTES)
            memcpy(data, event->param.conn.private_data, MIX_VERBS_PRIVATE_BYTES);
    } else if (event->event == RDMA_CM_EVENT_REJECTED) {
        result = -ECONNREFUSED;
    } else if (event->event == RDMA_CM_EVENT_UNREACHABLE) {
        result = -EHOSTUNREACH;
    } else if (event->status < 0) {
        result = event->status;
    } else {
        result = -ECONNABORTED;
    }
    mix_verbs.rdma_ack_cm_event(event);
    return result;
}

static int set_up(mix_verbs_connection *connection, int writes, int receives) {
    mix_verbs_endpoint *endpoint = connection->endpoint;
    // Memory registered with one device is of no use to another's queue pairs.
    if (connection->id->verbs != endpoint->listener->verbs) return -ENODEV;
    uint8_t timeout = MIX_VERBS_ACK_TIMEOUT;
    (void)mix_verbs.rdma_set_option(
        connection->id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &timeout, sizeof timeout);
    struct ibv_qp_init_attr attributes = {
        .send_cq = endpoint->queue,
        .recv_cq = endpoint->queue,
        .qp_type = IBV_QPT_RC,
        .cap = {(uint32_t)writes, (uint32_t)receives, 1, 1, 220},
    };
    int result = mix_verbs.rdma_create_qp(connection->id, endpoint->domain, &attributes);
    if (result != 0) {
        // Some cards inline less.
        attributes.cap = (struct ibv_qp_cap){(uint32_t)writes, (uint32_t)receives, 1, 1, 64};
        if (mix_verbs.rdma_create_qp(connection->id, endpoint->domain, &attributes) != 0) return -errno;
    }
    connection->inline_bytes = attributes.cap.max_inline_data;
    return 0;
}

static int established(mix_verbs_connection *connection) {
    struct ibv_qp_attr attributes;
    struct ibv_qp_init_attr initial;
    struct ibv_port_attr port;
    int result = mix_verbs.ibv_query_qp(connection->id->qp, &attributes, IBV_QP_PATH_MTU, &initial);
    if (result == 0) result = mix_verbs_query_port(connection->id->verbs, connection->id->port_num, &port);
    if (result != 0) return -result;
    connection->path_mtu = (uint16_t)mix_verbs_mtu_bytes(attributes.path_mtu);
    connection->active_mtu = (uint16_t)mix_verbs_mtu_bytes(port.active_mtu);
    return mix_verbs_watch(connection->endpoint, connection->channel->fd);
}

static struct rdma_conn_param parameters(const void *data) {
    return (struct rdma_conn_param){
        .private_data = data,
        .private_data_len = MIX_VERBS_PRIVATE_BYTES,
        .retry_count = MIX_VERBS_RETRIES,
        // Credits see to it that a receive is always posted; 7 would be for ever.
        .rnr_retry_count = 3,
    };
}

int mix_verbs_prepare(
    mix_verbs_endpoint *endpoint, const mix_verbs_address *peer, int writes, int receives, int64_t deadline,
    mix_verbs_connection **out
) {
    mix_verbs_connection *connection = calloc(1, sizeof *connection);
    if (!connection) return -ENOMEM;
    connection->endpoint = endpoint;
    int result = 0;
    if (!(connection->channel = mix_verbs.rdma_create_event_channel())) result = -errno;
    else fcntl(connection->channel->fd, F_SETFL, O_NONBLOCK);
    if (result == 0 && mix_verbs.rdma_create_id(connection->channel, &connection->id, connection, RDMA_PS_TCP) != 0)
        result = -errno;

    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(peer->port), .sin6_scope_id = peer->interface};
    memcpy(&six.sin6_addr, peer->address, 16);
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(peer->port)};
    memcpy(&four.sin_addr, peer->address + 12, 4);
    struct sockaddr *target = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    // From the listener's address, so that the chosen device is the one that is used; any port.
    struct sockaddr_storage source;
    memcpy(&source, &endpoint->listener->route.addr.src_storage, sizeof source);
    if (source.ss_family == AF_INET) ((struct sockaddr_in *)&source)->sin_port = 0;
    else ((struct sockaddr_in6 *)&source)->sin6_port = 0;

    if (result == 0
        && mix_verbs.rdma_resolve_addr(connection->id, (struct sockaddr *)&source, target, remaining(deadline)) != 0)
        result = -errno;
    if (result == 0) result = expect(connection, RDMA_CM_EVENT_ADDR_RESOLVED, deadline, NULL);
    if (result == 0 && mix_verbs.rdma_resolve_route(connection->id, remaining(deadline)) != 0) result = -errno;
    if (result == 0) result = expect(connection, RDMA_CM_EVENT_ROUTE_RESOLVED, deadline, NULL);
    if (result == 0) result = set_up(connection, writes, receives);
    if (result != 0) {
        mix_verbs_disconnect(connection);
        return result;
    }
    *out = connection;
    return 0;
}

int mix_verbs_connect(mix_verbs_connection *connection, const void *request, void *reply, int64_t deadline) {
    struct rdma_conn_param values = parameters(request);
    memset(reply, 0, MIX_VERBS_PRIVATE_BYTES);
    if (mix_verbs.rdma_connect(connection->id, &values) != 0) return -errno;
    int result = expect(connection, RDMA_CM_EVENT_ESTABLISHED, deadline, reply);
    return result != 0 ? result : established(connection);
}

int mix_verbs_next_request(
    mix_verbs_endpoint *endpoint, int writes, int receives, int64_t deadline, void *request, mix_verbs_connection **out
) {
    struct rdma_cm_event *event;
    struct rdma_cm_id *id = NULL;
    while (!id) {
        int result = next_event(endpoint->channel, deadline, &event);
        if (result != 0) return result;
        memset(request, 0, MIX_VERBS_PRIVATE_BYTES);
        if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST) {
            id = event->id;
            // A stranger may send less: zeros match no token.
            if (event->param.conn.private_data_len >= MIX_VERBS_PRIVATE_BYTES)
                memcpy(request, event->param.conn.private_data, MIX_VERBS_PRIVATE_BYTES);
        }
        mix_verbs.rdma_ack_cm_event(event);
    }
    mix_verbs_connection *connection = calloc(1, sizeof *connection);
    if (connection) connection->channel = mix_verbs.rdma_create_event_channel();
    if (!connection || !connection->channel) {
        mix_verbs.rdma_destroy_id(id);
        free(connection);
        return -ENOMEM;
    }
    connection->endpoint = endpoint;
    connection->id = id;
    fcntl(connection->channel->fd, F_SETFL, O_NONBLOCK);
    int result = mix_verbs.rdma_migrate_id(id, connection->channel) == 0 ? 0 : -errno;
    if (result == 0) result = set_up(connection, writes, receives);
    if (result != 0) {
        mix_verbs_reject(connection);
        return result;
    }
    *out = connection;
    return 0;
}

int mix_verbs_accept(mix_verbs_connection *connection, const void *reply, int64_t deadline) {
    struct rdma_conn_param values = parameters(reply);
    if (mix_verbs.rdma_accept(connection->id, &values) != 0) return -errno;
    int result = expect(connection, RDMA_CM_EVENT_ESTABLISHED, deadline, NULL);
    return result != 0 ? result : established(connection);
}

static void release(mix_verbs_connection *connection) {
    if (connection->id) {
        if (connection->id->qp) mix_verbs.rdma_destroy_qp(connection->id);
        mix_verbs.rdma_destroy_id(connection->id);
    }
    if (connection->channel) mix_verbs.rdma_destroy_event_channel(connection->channel);
    free(connection);
}

void mix_verbs_reject(mix_verbs_connection *connection) {
    mix_verbs.rdma_reject(connection->id, NULL, 0);
    release(connection);
}

void mix_verbs_disconnect(mix_verbs_connection *connection) {
    if (connection->id && connection->id->qp) mix_verbs.rdma_disconnect(connection->id);
    release(connection);
}

int mix_verbs_is_disconnected(mix_verbs_connection *connection) {
    struct rdma_cm_event *event;
    while (mix_verbs.rdma_get_cm_event(connection->channel, &event) == 0) {
        if (event->event == RDMA_CM_EVENT_DISCONNECTED || event->event == RDMA_CM_EVENT_DEVICE_REMOVAL)
            connection->is_disconnected = 1;
        mix_verbs.rdma_ack_cm_event(event);
    }
    return connection->is_disconnected;
}

uint32_t mix_verbs_queue_pair(const mix_verbs_connection *connection) { return connection->id->qp->qp_num; }
int mix_verbs_inline_bytes(const mix_verbs_connection *connection) { return (int)connection->inline_bytes; }
int mix_verbs_path_mtu(const mix_verbs_connection *connection) { return connection->path_mtu; }
int mix_verbs_active_mtu(const mix_verbs_connection *connection) { return connection->active_mtu; }

#endif
