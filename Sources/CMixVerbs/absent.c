// The same functions where the libraries' headers were not there: nothing but a reason.
#include "verbs_internal.h"

#ifndef MIX_HAS_VERBS

#include <errno.h>

int mix_verbs_available(const char **reason) {
    if (reason) *reason = "built without the headers of libibverbs and librdmacm";
    return 0;
}

#define MIX_UNUSED __attribute__((unused))
int mix_verbs_ports(mix_verbs_port *ports MIX_UNUSED, int capacity MIX_UNUSED) { return -ENODEV; }
int mix_verbs_gids(
    const char *device MIX_UNUSED, int port MIX_UNUSED, mix_verbs_gid *gids MIX_UNUSED, int capacity MIX_UNUSED
) {
    return -ENODEV;
}
int mix_verbs_open(
    mix_verbs_address *address MIX_UNUSED, int completions MIX_UNUSED, mix_verbs_endpoint **endpoint MIX_UNUSED
) {
    return -ENODEV;
}

// No endpoint was ever opened, so nobody can call what needs one.
#define MIX_ABSENT(type, name, parameters, value) \
    type name parameters { return value; }
#define MIX_E mix_verbs_endpoint *e MIX_UNUSED
#define MIX_C mix_verbs_connection *c MIX_UNUSED
#define MIX_CC const mix_verbs_connection *c MIX_UNUSED
#define MIX_NOTHING
MIX_ABSENT(void, mix_verbs_close, (MIX_E), MIX_NOTHING)
MIX_ABSENT(const char *, mix_verbs_device_name, (const MIX_E), "")
MIX_ABSENT(int, mix_verbs_descriptor, (const MIX_E), -1)
MIX_ABSENT(int, mix_verbs_arm, (MIX_E), -ENODEV)
MIX_ABSENT(void, mix_verbs_wake, (MIX_E), MIX_NOTHING)
MIX_ABSENT(const char *, mix_verbs_device_event, (MIX_E), "")
MIX_ABSENT(int, mix_verbs_register,
    (MIX_E, void *address MIX_UNUSED, size_t bytes MIX_UNUSED, mix_verbs_region **region MIX_UNUSED), -ENODEV)
MIX_ABSENT(void, mix_verbs_deregister, (mix_verbs_region *region MIX_UNUSED), MIX_NOTHING)
MIX_ABSENT(uint32_t, mix_verbs_local_key, (const mix_verbs_region *region MIX_UNUSED), 0)
MIX_ABSENT(uint32_t, mix_verbs_remote_key, (const mix_verbs_region *region MIX_UNUSED), 0)
MIX_ABSENT(int, mix_verbs_prepare,
    (MIX_E, const mix_verbs_address *peer MIX_UNUSED, int writes MIX_UNUSED, int receives MIX_UNUSED,
        int64_t deadline MIX_UNUSED, mix_verbs_connection **connection MIX_UNUSED), -ENODEV)
MIX_ABSENT(int, mix_verbs_connect,
    (MIX_C, const void *request MIX_UNUSED, void *reply MIX_UNUSED, int64_t deadline MIX_UNUSED), -ENODEV)
MIX_ABSENT(int, mix_verbs_next_request,
    (MIX_E, int writes MIX_UNUSED, int receives MIX_UNUSED, int64_t deadline MIX_UNUSED, void *request MIX_UNUSED,
        mix_verbs_connection **connection MIX_UNUSED), -ENODEV)
MIX_ABSENT(int, mix_verbs_accept, (MIX_C, const void *reply MIX_UNUSED, int64_t deadline MIX_UNUSED), -ENODEV)
MIX_ABSENT(void, mix_verbs_reject, (MIX_C), MIX_NOTHING)
MIX_ABSENT(int, mix_verbs_is_disconnected, (MIX_C), 1)
MIX_ABSENT(void, mix_verbs_disconnect, (MIX_C), MIX_NOTHING)
MIX_ABSENT(uint32_t, mix_verbs_queue_pair, (MIX_CC), 0)
MIX_ABSENT(int, mix_verbs_inline_bytes, (MIX_CC), 0)
MIX_ABSENT(int, mix_verbs_path_mtu, (MIX_CC), 0)
MIX_ABSENT(int, mix_verbs_active_mtu, (MIX_CC), 0)
MIX_ABSENT(int, mix_verbs_post_writes, (MIX_C, const mix_verbs_write *writes MIX_UNUSED, int count MIX_UNUSED), -ENODEV)
MIX_ABSENT(int, mix_verbs_post_receives, (MIX_C, uint64_t id MIX_UNUSED, int count MIX_UNUSED), -ENODEV)
MIX_ABSENT(int, mix_verbs_poll, (MIX_E, mix_verbs_completion *completions MIX_UNUSED, int capacity MIX_UNUSED), -ENODEV)
MIX_ABSENT(const char *, mix_verbs_status_text, (int status MIX_UNUSED), "")
MIX_ABSENT(int, mix_verbs_is_flush, (int status MIX_UNUSED), 0)

#endif
