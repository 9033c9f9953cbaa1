// The libraries, opened at run time, and what devices they offer.
#define _GNU_SOURCE
#include "verbs_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef MIX_HAS_VERBS

mix_verbs_library mix_verbs;
static char unavailable[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int load(void) {
    void *verbs = dlopen("libibverbs.so.1", RTLD_NOW | RTLD_LOCAL);
    void *manager = verbs ? dlopen("librdmacm.so.1", RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!manager) {
        snprintf(unavailable, sizeof unavailable, "%.200s", dlerror());
        return 0;
    }
    const char *missing = NULL;
    // dlsym gives an object pointer; POSIX says that it may be stored in a function's.
#define MIX_LOAD_FROM(library, name) \
    *(void **)&mix_verbs.name = dlsym(library, #name); \
    if (!mix_verbs.name) missing = #name;
#define MIX_LOAD_VERBS(name) MIX_LOAD_FROM(verbs, name)
#define MIX_LOAD_MANAGER(name) MIX_LOAD_FROM(manager, name)
    MIX_IBVERBS_FUNCTIONS(MIX_LOAD_VERBS)
    MIX_RDMACM_FUNCTIONS(MIX_LOAD_MANAGER)
    *(void **)&mix_verbs.ibv_query_gid_ex_ = dlsym(verbs, "_ibv_query_gid_ex");
    if (missing) snprintf(unavailable, sizeof unavailable, "the RDMA libraries are too old: no %s", missing);
    return missing == NULL;
}

static void look(void) {
    if (!load()) return;
    // Before any registration: a process that forks would otherwise lose registered pages to copy-on-write. Where
    // the kernel copies such pages for the child instead (5.12 and later), this does nothing.
    int result = mix_verbs.ibv_fork_init();
    int count = 0;
    struct ibv_device **devices = mix_verbs.ibv_get_device_list(&count);
    if (!devices) {
        int error = errno;
        snprintf(
            unavailable, sizeof unavailable,
            error == ENOSYS ? "this kernel has no InfiniBand support (%s)" : "devices can't be listed: %s", strerror(error));
        return;
    }
    mix_verbs.ibv_free_device_list(devices);
    if (count == 0) snprintf(unavailable, sizeof unavailable, "this machine has no RDMA device");
    else if (result != 0) snprintf(unavailable, sizeof unavailable, "ibv_fork_init failed: %s", strerror(result));
}

int mix_verbs_available(const char **reason) {
    pthread_once(&once, look);
    if (reason) *reason = unavailable;
    return unavailable[0] == 0;
}

int mix_verbs_query_port(struct ibv_context *context, uint8_t port, struct ibv_port_attr *attributes) {
    memset(attributes, 0, sizeof *attributes);
    return mix_verbs.ibv_query_port(context, port, (struct _compat_ibv_port_attr *)attributes);
}

static void describe(const char *device, struct ibv_context *context, uint8_t number, mix_verbs_port *port) {
    struct ibv_port_attr attributes;
    memset(port, 0, sizeof *port);
    snprintf(port->device, sizeof port->device, "%s", device);
    port->number = number;
    if (mix_verbs_query_port(context, number, &attributes) != 0) return;
    port->is_active = attributes.state == IBV_PORT_ACTIVE;
    port->is_ethernet = attributes.link_layer == IBV_LINK_LAYER_ETHERNET;
    port->mtu = (uint16_t)mix_verbs_mtu_bytes(attributes.active_mtu);
    port->gid_count = attributes.gid_tbl_len;
    snprintf(port->state, sizeof port->state, "%s", mix_verbs.ibv_port_state_str(attributes.state));
}

int mix_verbs_ports(mix_verbs_port *ports, int capacity) {
    if (!mix_verbs_available(NULL)) return -ENODEV;
    int count = 0, found = 0;
    struct ibv_device **devices = mix_verbs.ibv_get_device_list(&count);
    if (!devices) return -errno;
    for (int i = 0; i < count; i++) {
        struct ibv_context *context = mix_verbs.ibv_open_device(devices[i]);
        if (!context) continue;
        // Ports are numbered from 1; the first number that can't be asked for is past the last.
        struct ibv_port_attr attributes;
        for (uint8_t number = 1; number < 255 && mix_verbs_query_port(context, number, &attributes) == 0; number++, found++)
            if (found < capacity) describe(mix_verbs.ibv_get_device_name(devices[i]), context, number, &ports[found]);
        mix_verbs.ibv_close_device(context);
    }
    mix_verbs.ibv_free_device_list(devices);
    return found;
}

static int gids(struct ibv_context *context, int port, mix_verbs_gid *gids, int capacity) {
    struct ibv_port_attr attributes;
    if (!mix_verbs.ibv_query_gid_ex_) return -ENOSYS;
    if (mix_verbs_query_port(context, (uint8_t)port, &attributes) != 0) return -errno;
    int found = 0;
    for (int index = 0; index < attributes.gid_tbl_len; index++) {
        struct ibv_gid_entry entry;
        if (mix_verbs.ibv_query_gid_ex_(context, (uint32_t)port, (uint32_t)index, &entry, 0, sizeof entry) != 0) continue;
        if (found++ >= capacity) continue;
        mix_verbs_gid *gid = &gids[found - 1];
        memset(gid, 0, sizeof *gid);
        memcpy(gid->bytes, entry.gid.raw, sizeof gid->bytes);
        gid->index = index;
        gid->interface = entry.ndev_ifindex;
        if (entry.ndev_ifindex) if_indextoname(entry.ndev_ifindex, gid->interface_name);
        const char *type = entry.gid_type == IBV_GID_TYPE_ROCE_V2   ? "RoCE v2"
                           : entry.gid_type == IBV_GID_TYPE_ROCE_V1 ? "RoCE v1"
                                                                    : "IB";
        snprintf(gid->type, sizeof gid->type, "%s", type);
    }
    return found;
}

int mix_verbs_gids(const char *device, int port, mix_verbs_gid *table, int capacity) {
    if (!mix_verbs_available(NULL)) return -ENODEV;
    int count = 0, result = -ENODEV;
    struct ibv_device **devices = mix_verbs.ibv_get_device_list(&count);
    if (!devices) return -errno;
    for (int i = 0; i < count; i++) {
        if (strcmp(mix_verbs.ibv_get_device_name(devices[i]), device) != 0) continue;
        struct ibv_context *context = mix_verbs.ibv_open_device(devices[i]);
        result = context ? gids(context, port, table, capacity) : -errno;
        if (context) mix_verbs.ibv_close_device(context);
    }
    mix_verbs.ibv_free_device_list(devices);
    return result;
}

const char *mix_verbs_status_text(int status) { return mix_verbs.ibv_wc_status_str((enum ibv_wc_status)status); }
int mix_verbs_is_flush(int status) { return status == IBV_WC_WR_FLUSH_ERR; }

#endif
