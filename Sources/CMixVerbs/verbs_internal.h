#ifndef MIX_VERBS_INTERNAL_H
#define MIX_VERBS_INTERNAL_H

#include "CMixVerbs.h"

#if !defined(MIX_NO_VERBS) && defined(__has_include)
#if __has_include(<infiniband/verbs.h>) && __has_include(<rdma/rdma_cma.h>)
#define MIX_HAS_VERBS 1
#endif
#endif

#ifdef MIX_HAS_VERBS
#include <infiniband/verbs.h>
#include <rdma/rdma_cma.h>

// The headers turn these names into inline functions that call the library's symbols directly.
#undef ibv_get_device_list
#undef ibv_query_port
#undef ibv_reg_mr

// What we call of the libraries, each with the type that its header declares.
#define MIX_IBVERBS_FUNCTIONS(use) \
    use(ibv_fork_init) use(ibv_get_device_list) use(ibv_free_device_list) use(ibv_get_device_name) \
    use(ibv_open_device) use(ibv_close_device) use(ibv_query_port) use(ibv_alloc_pd) use(ibv_dealloc_pd) \
    use(ibv_create_cq) use(ibv_destroy_cq) use(ibv_create_comp_channel) use(ibv_destroy_comp_channel) \
    use(ibv_get_cq_event) use(ibv_ack_cq_events) use(ibv_reg_mr) use(ibv_dereg_mr) use(ibv_query_qp) \
    use(ibv_get_async_event) use(ibv_ack_async_event) use(ibv_event_type_str) use(ibv_wc_status_str) \
    use(ibv_port_state_str)
#define MIX_RDMACM_FUNCTIONS(use) \
    use(rdma_create_event_channel) use(rdma_destroy_event_channel) use(rdma_create_id) use(rdma_destroy_id) \
    use(rdma_bind_addr) use(rdma_resolve_addr) use(rdma_resolve_route) use(rdma_create_qp) use(rdma_destroy_qp) \
    use(rdma_connect) use(rdma_listen) use(rdma_accept) use(rdma_reject) use(rdma_disconnect) \
    use(rdma_migrate_id) use(rdma_get_cm_event) use(rdma_ack_cm_event) use(rdma_set_option) use(rdma_get_src_port)

typedef struct {
#define MIX_MEMBER(name) __typeof__(name) *name;
    MIX_IBVERBS_FUNCTIONS(MIX_MEMBER)
    MIX_RDMACM_FUNCTIONS(MIX_MEMBER)
#undef MIX_MEMBER
    // Younger than the rest of the library: NULL where it is missing.
    __typeof__(_ibv_query_gid_ex) *ibv_query_gid_ex_;
} mix_verbs_library;

extern mix_verbs_library mix_verbs;

struct mix_verbs_endpoint {
    struct rdma_event_channel *channel;
    struct rdma_cm_id *listener;
    struct ibv_pd *domain;
    struct ibv_comp_channel *completion_channel;
    struct ibv_cq *queue;
    int descriptor;
    int wake;
    unsigned unacknowledged;
    const char *event;
};

struct mix_verbs_connection {
    mix_verbs_endpoint *endpoint;
    struct rdma_event_channel *channel;
    struct rdma_cm_id *id;
    uint32_t inline_bytes;
    uint16_t path_mtu;
    uint16_t active_mtu;
    uint8_t is_disconnected;
};

// Fills the caller's structure as the inline version in the header does, with the library's own symbol.
int mix_verbs_query_port(struct ibv_context *context, uint8_t port, struct ibv_port_attr *attributes);
static inline int mix_verbs_mtu_bytes(enum ibv_mtu mtu) { return 128 << mtu; }
int mix_verbs_watch(mix_verbs_endpoint *endpoint, int file);
#endif

#endif
