// One device's context with a listener, memory registrations, and the data path.
#define _GNU_SOURCE
#include "verbs_internal.h"

#ifdef MIX_HAS_VERBS

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mix_verbs_watch(mix_verbs_endpoint *endpoint, int file) {
    fcntl(file, F_SETFL, fcntl(file, F_GETFL) | O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(endpoint->descriptor, EPOLL_CTL_ADD, file, &event) == 0 ? 0 : -errno;
}

static int set_up(mix_verbs_endpoint *endpoint, mix_verbs_address *address, int completions) {
    if ((endpoint->descriptor = epoll_create1(EPOLL_CLOEXEC)) < 0) return -errno;
    if ((endpoint->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) return -errno;
    if (!(endpoint->channel = mix_verbs.rdma_create_event_channel())) return -errno;
    fcntl(endpoint->channel->fd, F_SETFL, O_NONBLOCK);
    if (mix_verbs.rdma_create_id(endpoint->channel, &endpoint->listener, NULL, RDMA_PS_TCP) != 0) return -errno;

    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(address->port), .sin6_scope_id = address->interface};
    memcpy(&six.sin6_addr, address->address, 16);
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&four.sin_addr, address->address + 12, 4);
    struct sockaddr *socket = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr) ? (struct sockaddr *)&four : (struct sockaddr *)&six;
    if (mix_verbs.rdma_bind_addr(endpoint->listener, socket) != 0) return -errno;
    if (mix_verbs.rdma_listen(endpoint->listener, 128) != 0) return -errno;
    struct ibv_context *context = endpoint->listener->verbs;
    if (!context) return -ENODEV;
    address->port = ntohs(mix_verbs.rdma_get_src_port(endpoint->listener));

    if (!(endpoint->domain = mix_verbs.ibv_alloc_pd(context))) return -errno;
    if (!(endpoint->completion_channel = mix_verbs.ibv_create_comp_channel(context))) return -errno;
    if (!(endpoint->queue = mix_verbs.ibv_create_cq(context, completions, NULL, endpoint->completion_channel, 0)))
        return -errno;
    int result = mix_verbs_watch(endpoint, endpoint->completion_channel->fd);
    if (result == 0) result = mix_verbs_watch(endpoint, context->async_fd);
    if (result == 0) result = mix_verbs_watch(endpoint, endpoint->wake);
    return result;
}

int mix_verbs_open(mix_verbs_address *address, int completions, mix_verbs_endpoint **out) {
    if (!mix_verbs_available(NULL)) return -ENODEV;
    mix_verbs_endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (!endpoint) return -ENOMEM;
    endpoint->descriptor = endpoint->wake = -1;
    int result = set_up(endpoint, address, completions);
    if (result != 0) {
        mix_verbs_close(endpoint);
        return result < 0 ? result : -EIO;
    }
    *out = endpoint;
    return 0;
}

void mix_verbs_close(mix_verbs_endpoint *endpoint) {
    if (endpoint->queue) {
        mix_verbs.ibv_ack_cq_events(endpoint->queue, endpoint->unacknowledged);
        mix_verbs.ibv_destroy_cq(endpoint->queue);
    }
    if (endpoint->completion_channel) mix_verbs.ibv_destroy_comp_channel(endpoint->completion_channel);
    if (endpoint->domain) mix_verbs.ibv_dealloc_pd(endpoint->domain);
    if (endpoint->listener) mix_verbs.rdma_destroy_id(endpoint->listener);
    if (endpoint->channel) mix_verbs.rdma_destroy_event_channel(endpoint->channel);
    if (endpoint->descriptor >= 0) close(endpoint->descriptor);
    if (endpoint->wake >= 0) close(endpoint->wake);
    free(endpoint);
}

const char *mix_verbs_device_name(const mix_verbs_endpoint *endpoint) {
    return mix_verbs.ibv_get_device_name(endpoint->listener->verbs->device);
}

int mix_verbs_descriptor(const mix_verbs_endpoint *endpoint) { return endpoint->descriptor; }

int mix_verbs_arm(mix_verbs_endpoint *endpoint) {
    struct ibv_cq *queue;
    void *context;
    uint64_t count;
    while (mix_verbs.ibv_get_cq_event(endpoint->completion_channel, &queue, &context) == 0) endpoint->unacknowledged++;
    (void)!read(endpoint->wake, &count, sizeof count);
    return -ibv_req_notify_cq(endpoint->queue, 0);
}

void mix_verbs_wake(mix_verbs_endpoint *endpoint) {
    uint64_t one = 1;
    (void)!write(endpoint->wake, &one, sizeof one);
}

const char *mix_verbs_device_event(mix_verbs_endpoint *endpoint) {
    struct ibv_async_event event;
    while (mix_verbs.ibv_get_async_event(endpoint->listener->verbs, &event) == 0) {
        switch (event.event_type) {
        case IBV_EVENT_DEVICE_FATAL:
        case IBV_EVENT_CQ_ERR:
            endpoint->event = mix_verbs.ibv_event_type_str(event.event_type);
            break;
        case IBV_EVENT_PORT_ERR:
            if (event.element.port_num == endpoint->listener->port_num)
                endpoint->event = mix_verbs.ibv_event_type_str(event.event_type);
            break;
        default:
            break;
        }
        mix_verbs.ibv_ack_async_event(&event);
    }
    return endpoint->event;
}

// ---------------------------------------------------------------- memory

// A region is libibverbs' own object under our name.
int mix_verbs_register(mix_verbs_endpoint *endpoint, void *address, size_t bytes, mix_verbs_region **region) {
    struct ibv_mr *memory = mix_verbs.ibv_reg_mr(
        endpoint->domain, address, bytes, IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
    if (!memory) return -errno;
    *region = (mix_verbs_region *)memory;
    return 0;
}

void mix_verbs_deregister(mix_verbs_region *region) { mix_verbs.ibv_dereg_mr((struct ibv_mr *)region); }
uint32_t mix_verbs_local_key(const mix_verbs_region *region) { return ((const struct ibv_mr *)region)->lkey; }
uint32_t mix_verbs_remote_key(const mix_verbs_region *region) { return ((const struct ibv_mr *)region)->rkey; }

// ---------------------------------------------------------------- the data path

int mix_verbs_post_writes(mix_verbs_connection *connection, const mix_verbs_write *writes, int count) {
    struct ibv_send_wr requests[MIX_VERBS_BATCH], *bad;
    struct ibv_sge elements[MIX_VERBS_BATCH];
    if (count > MIX_VERBS_BATCH) return -EINVAL;
    for (int i = 0; i < count; i++) {
        const mix_verbs_write *write = &writes[i];
        elements[i] = (struct ibv_sge){(uintptr_t)write->local, write->bytes, write->local_key};
        requests[i] = (struct ibv_send_wr){
            .wr_id = write->id,
            .next = i + 1 < count ? &requests[i + 1] : NULL,
            .sg_list = &elements[i],
            .num_sge = write->bytes ? 1 : 0,
            .opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
            .send_flags = (write->is_signaled ? IBV_SEND_SIGNALED : 0) | (write->is_inline ? IBV_SEND_INLINE : 0),
            .imm_data = htonl(write->immediate),
            .wr.rdma = {write->remote, write->remote_key},
        };
    }
    return -ibv_post_send(connection->id->qp, requests, &bad);
}

int mix_verbs_post_receives(mix_verbs_connection *connection, uint64_t id, int count) {
    struct ibv_recv_wr requests[MIX_VERBS_BATCH], *bad;
    while (count > 0) {
        int batch = count < MIX_VERBS_BATCH ? count : MIX_VERBS_BATCH;
        // No buffers: writes with immediate carry their own address.
        for (int i = 0; i < batch; i++)
            requests[i] = (struct ibv_recv_wr){.wr_id = id, .next = i + 1 < batch ? &requests[i + 1] : NULL};
        int result = ibv_post_recv(connection->id->qp, requests, &bad);
        if (result != 0) return -result;
        count -= batch;
    }
    return 0;
}

int mix_verbs_poll(mix_verbs_endpoint *endpoint, mix_verbs_completion *completions, int capacity) {
    struct ibv_wc entries[MIX_VERBS_BATCH];
    int count = ibv_poll_cq(endpoint->queue, capacity < MIX_VERBS_BATCH ? capacity : MIX_VERBS_BATCH, entries);
    for (int i = 0; i < count; i++) {
        completions[i] = (mix_verbs_completion){
            .id = entries[i].wr_id,
            .queue_pair = entries[i].qp_num,
            .immediate = ntohl(entries[i].imm_data),
            .vendor_error = entries[i].vendor_err,
            .status = (int)entries[i].status,
        };
    }
    return count < 0 ? -EIO : count;
}

#endif
