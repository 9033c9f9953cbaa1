// CMixVerbs: RDMA through libibverbs and librdmacm, which are opened at run time. Their headers stay behind this one,
// so that everything above compiles and starts on a machine that has neither.
//
// Every function that can fail returns a negative errno. Nothing here is safe to call from two threads on one endpoint.
#ifndef CMIXVERBS_H
#define CMIXVERBS_H

#include <stddef.h>
#include <stdint.h>

// 1 when there is a device; otherwise 0 and the reason, a string that stays. Looked up once per process.
int mix_verbs_available(const char **reason);

// ---------------------------------------------------------------- devices

typedef struct {
    char device[64];
    uint8_t number;     // of the port, from 1
    uint8_t is_active;
    uint8_t is_ethernet;
    uint16_t mtu;       // active, in bytes
    int gid_count;      // length of the table, holes included
    char state[24];
} mix_verbs_port;

typedef struct {
    uint8_t bytes[16];
    int index;
    char type[12];      // "RoCE v2", "RoCE v1", "IB"
    uint32_t interface; // index of the network interface, 0: none
    char interface_name[16];
} mix_verbs_gid;

// Both return how many there are, and write at most `capacity`.
int mix_verbs_ports(mix_verbs_port *ports, int capacity);
int mix_verbs_gids(const char *device, int port, mix_verbs_gid *gids, int capacity);

// ---------------------------------------------------------------- endpoints

// What a peer needs to connect: an IPv6 address (IPv4 mapped into it) and a port of librdmacm's.
typedef struct {
    uint8_t address[16];
    uint32_t interface; // of the own machine, for link-local addresses
    uint16_t port;
} mix_verbs_address;

// One device's context, protection domain and completion queue, and a listener on one of its addresses.
typedef struct mix_verbs_endpoint mix_verbs_endpoint;
// `address->port` 0 takes any and comes back filled. `completions`: room in the queue.
int mix_verbs_open(mix_verbs_address *address, int completions, mix_verbs_endpoint **endpoint);
void mix_verbs_close(mix_verbs_endpoint *endpoint);
const char *mix_verbs_device_name(const mix_verbs_endpoint *endpoint);
// Readable when there is a completion after mix_verbs_arm, an event of a device or of a connection, or a wake-up.
int mix_verbs_descriptor(const mix_verbs_endpoint *endpoint);
// The next completion makes the descriptor readable; also takes back earlier readiness.
int mix_verbs_arm(mix_verbs_endpoint *endpoint);
// Makes the descriptor readable until it is armed again.
void mix_verbs_wake(mix_verbs_endpoint *endpoint);
// Text of an event that ended the device or its port, NULL when there is none.
const char *mix_verbs_device_event(mix_verbs_endpoint *endpoint);

typedef struct mix_verbs_region mix_verbs_region;
int mix_verbs_register(mix_verbs_endpoint *endpoint, void *address, size_t bytes, mix_verbs_region **region);
void mix_verbs_deregister(mix_verbs_region *region);
uint32_t mix_verbs_local_key(const mix_verbs_region *region);
uint32_t mix_verbs_remote_key(const mix_verbs_region *region);

// ---------------------------------------------------------------- connections

// What the connection manager carries for us with a request for a connection, at most.
#define MIX_VERBS_PRIVATE_BYTES 56
// Acknowledgement timeout 4.096 µs × 2^17 = 0.54 s, 7 retries: a dead wire is an error after 4 to 5 s.
#define MIX_VERBS_ACK_TIMEOUT 17
#define MIX_VERBS_RETRIES 7

typedef struct mix_verbs_connection mix_verbs_connection;
// Deadlines are in nanoseconds of CLOCK_MONOTONIC; -ETIMEDOUT after that. Order of calls on the active side: prepare,
// post receives, connect; on the passive side: next_request, post receives, accept (or only reject).
int mix_verbs_prepare(
    mix_verbs_endpoint *endpoint, const mix_verbs_address *peer, int writes, int receives, int64_t deadline,
    mix_verbs_connection **connection);
// -ECONNREFUSED when the peer refuses. `reply` gets what the peer sent with its consent.
int mix_verbs_connect(
    mix_verbs_connection *connection, const void *request, void *reply, int64_t deadline);
int mix_verbs_next_request(
    mix_verbs_endpoint *endpoint, int writes, int receives, int64_t deadline, void *request,
    mix_verbs_connection **connection);
int mix_verbs_accept(mix_verbs_connection *connection, const void *reply, int64_t deadline);
// Refuses, and frees the connection.
void mix_verbs_reject(mix_verbs_connection *connection);
// 1 when the peer or the device ended the connection (asks the kernel).
int mix_verbs_is_disconnected(mix_verbs_connection *connection);
// Disconnects and frees.
void mix_verbs_disconnect(mix_verbs_connection *connection);

uint32_t mix_verbs_queue_pair(const mix_verbs_connection *connection);
int mix_verbs_inline_bytes(const mix_verbs_connection *connection);
// The path's, in bytes.
int mix_verbs_path_mtu(const mix_verbs_connection *connection);
// The device's port's.
int mix_verbs_active_mtu(const mix_verbs_connection *connection);

// ---------------------------------------------------------------- the data path

// A write with immediate into the peer's memory.
typedef struct {
    uint64_t id;
    const void *local;
    uint64_t remote;
    uint32_t local_key;
    uint32_t remote_key;
    uint32_t bytes;
    uint32_t immediate;
    uint8_t is_signaled;
    uint8_t is_inline;
} mix_verbs_write;

typedef struct {
    uint64_t id;
    uint32_t queue_pair;
    uint32_t immediate; // of a write that arrived
    uint32_t vendor_error;
    int status;         // 0: success
} mix_verbs_completion;

// Writes linked into one list: one ring of the doorbell.
#define MIX_VERBS_BATCH 32
int mix_verbs_post_writes(mix_verbs_connection *connection, const mix_verbs_write *writes, int count);
int mix_verbs_post_receives(mix_verbs_connection *connection, uint64_t id, int count);
// How many completions were taken, at most MIX_VERBS_BATCH.
int mix_verbs_poll(mix_verbs_endpoint *endpoint, mix_verbs_completion *completions, int capacity);
const char *mix_verbs_status_text(int status);
// 1 when the status only says that an earlier one was an error.
int mix_verbs_is_flush(int status);

#endif
