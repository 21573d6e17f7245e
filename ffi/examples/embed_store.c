/*
 * A daemon that has its leases in a store of its own, and takes only the DHCP engine: the store is a table of
 * functions. Here it is an array and a file; two clients ask for an address, and the answer waits for the disk.
 *
 * What a real one does besides: it reads its file when it starts, and writes it so that a crash in the middle of a row is
 * found. ddi.h says at `ddi_lease_store` what each function promises.
 */
#define _XOPEN_SOURCE 700
#include <ddi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 8, FIELD = 256 };

struct row {
    ddi_lease lease; /* its byte fields point into `fields`; version 0: never leased */
    uint8_t fields[6][FIELD];
    int is_held;
};

struct leases {
    struct row rows[ROWS]; /* 10.77.0.10 and up */
    uint64_t version, durable;
    FILE *file;
};

static void refuse(ddi_status status, const char *what, const char *text) {
    fprintf(stderr, "%s: %s: %s\n", what, ddi_status_name(status), text);
    exit(1);
}

/* A macro, so that the call comes before the words about it: C leaves open in what order arguments are computed. */
#define check(call, what, text)                      \
    do {                                             \
        ddi_status seen = (call);                    \
        if (seen < 0) refuse(seen, what, text);      \
    } while (0)

static struct row *row_of(struct leases *all, const ddi_lease_key *key) {
    static const uint8_t prefix[] = {10, 77, 0};
    if (key->space != 0 || key->family != DDI_FAMILY_V4 || memcmp(key->bytes, prefix, 3) != 0) return NULL;
    unsigned at = key->bytes[3];
    return at >= 10 && at < 10 + ROWS ? &all->rows[at - 10] : NULL;
}

static ddi_lease_key key_of(const struct leases *all, const struct row *row) {
    return (ddi_lease_key){.family = DDI_FAMILY_V4, .bytes = {10, 77, 0, (uint8_t)(10 + (row - all->rows))}};
}

static int is_free(const struct row *row, uint32_t kind) {
    uint8_t state = row->lease.version == 0 ? DDI_STATE_FREE : row->lease.state;
    return !row->is_held && state == (kind == DDI_FREE_KIND_FREE ? DDI_STATE_FREE : DDI_STATE_BACKUP);
}

static ddi_status get(void *userdata, const ddi_lease_key *key, ddi_lease *lease) {
    const struct row *row = row_of(userdata, key);
    if (row == NULL || row->lease.version == 0) return DDI_IDLE;
    uint32_t size = lease->struct_size;
    *lease = row->lease;
    lease->struct_size = size;
    return DDI_OK;
}

static int is_of(const ddi_lease *lease, const ddi_identity *identity) {
    const uint8_t *bytes = lease->client_id;
    size_t len = lease->client_id_len;
    if (identity->kind == DDI_IDENTITY_HW_ADDR) {
        if (lease->hw_addr.htype != identity->number) return 0;
        bytes = lease->hw_addr.bytes;
        len = lease->hw_addr.len;
    } else if (identity->kind != DDI_IDENTITY_CLIENT_ID) {
        return 0; /* the DHCPv4 engine looks for no other */
    }
    return len == identity->bytes_len && (len == 0 || memcmp(bytes, identity->bytes, len) == 0);
}

static ddi_status find(void *userdata, uint32_t space, const uint32_t *subnet_id, const ddi_identity *identity,
                       ddi_lease_key *keys, size_t max, size_t *count) {
    struct leases *all = userdata;
    *count = 0;
    for (size_t i = 0; space == 0 && i < ROWS && *count < max; i++) {
        const struct row *row = &all->rows[i];
        int is_there = row->lease.version != 0 && is_of(&row->lease, identity);
        if (is_there && (subnet_id == NULL || *subnet_id == row->lease.subnet_id)) keys[(*count)++] = key_of(all, row);
    }
    return DDI_OK;
}

static int is_expected(const struct row *row, uint32_t expect, uint64_t version) {
    if (expect == DDI_EXPECT_ABSENT) return row->lease.version == 0;
    return expect == DDI_EXPECT_ANY || row->lease.version == version;
}

static ddi_status put(void *userdata, const ddi_lease *lease, uint32_t expect, uint64_t expected, uint32_t forced,
                      uint64_t *version) {
    (void)forced; /* this store judges no states */
    struct leases *all = userdata;
    struct row *row = row_of(all, &lease->key);
    if (row == NULL) return DDI_E_LIMIT;
    if (!is_expected(row, expect, expected)) return DDI_E_CONFLICT;
    const uint8_t *from[] = {lease->client_id, lease->duid, lease->hostname,
                             lease->fqdn,      lease->relay_agent_info, lease->user};
    const size_t len[] = {lease->client_id_len, lease->duid_len, lease->hostname_len,
                          lease->fqdn_len,      lease->relay_agent_info_len, lease->user_len};
    for (int i = 0; i < 6; i++) {
        if (len[i] > FIELD) return DDI_E_LIMIT;
    }
    for (int i = 0; i < 6; i++) {
        if (len[i] > 0) memcpy(row->fields[i], from[i], len[i]);
    }
    row->lease = *lease;
    row->lease.client_id = row->fields[0];
    row->lease.duid = row->fields[1];
    row->lease.hostname = row->fields[2];
    row->lease.fqdn = row->fields[3];
    row->lease.relay_agent_info = row->fields[4];
    row->lease.user = row->fields[5];
    row->lease.version = *version = ++all->version;
    row->is_held = 0;
    fwrite(row, sizeof *row, 1, all->file);
    return DDI_OK;
}

static ddi_status drop(void *userdata, const ddi_lease_key *key, uint32_t expect, uint64_t expected, uint64_t *version) {
    struct leases *all = userdata;
    struct row *row = row_of(all, key);
    if (row == NULL || !is_expected(row, expect, expected)) return DDI_E_CONFLICT;
    if (row->lease.version == 0) return DDI_IDLE;
    memset(row, 0, sizeof *row);
    fwrite(row, sizeof *row, 1, all->file);
    *version = ++all->version;
    return DDI_OK;
}

static uint64_t durable(void *userdata) {
    return ((struct leases *)userdata)->durable;
}

static ddi_status next_free(void *userdata, uint32_t pool, uint32_t kind, ddi_lease_key *key) {
    struct leases *all = userdata;
    struct row *best = NULL; /* the one that was written longest ago; never is 0 */
    for (size_t i = 0; pool == 0 && i < ROWS; i++) {
        struct row *row = &all->rows[i];
        if (is_free(row, kind) && (best == NULL || row->lease.version < best->lease.version)) best = row;
    }
    if (best == NULL) return DDI_IDLE;
    best->is_held = 1;
    *key = key_of(all, best);
    return DDI_OK;
}

static ddi_status hold(void *userdata, const ddi_lease_key *key) {
    struct row *row = row_of(userdata, key);
    if (row == NULL || (!is_free(row, DDI_FREE_KIND_FREE) && !is_free(row, DDI_FREE_KIND_BACKUP))) return DDI_IDLE;
    row->is_held = 1;
    return DDI_OK;
}

static void release_hold(void *userdata, const ddi_lease_key *key) {
    struct row *row = row_of(userdata, key);
    if (row != NULL) row->is_held = 0;
}

static ddi_status pool_of(void *userdata, const ddi_lease_key *key, uint32_t *pool) {
    *pool = 0;
    return row_of(userdata, key) == NULL ? DDI_IDLE : DDI_OK;
}

static int waits(const struct row *row) {
    uint8_t state = row->lease.version == 0 ? DDI_STATE_FREE : row->lease.state;
    uint64_t end = row->lease.expiration_time;
    return (state == DDI_STATE_ACTIVE || state == DDI_STATE_ABANDONED) && end != DDI_TIME_UNSET && end != DDI_TIME_NEVER;
}

static ddi_status expired(void *userdata, uint64_t unix_s, ddi_lease_key *keys, size_t max, size_t *count) {
    struct leases *all = userdata;
    *count = 0;
    for (size_t i = 0; i < ROWS && *count < max; i++) {
        const struct row *row = &all->rows[i];
        if (waits(row) && row->lease.expiration_time <= unix_s) keys[(*count)++] = key_of(all, row);
    }
    return DDI_OK;
}

static ddi_status next_expiration(void *userdata, uint64_t *unix_s) {
    const struct leases *all = userdata;
    *unix_s = DDI_TIME_NEVER;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &all->rows[i];
        if (waits(row) && row->lease.expiration_time < *unix_s) *unix_s = row->lease.expiration_time;
    }
    return *unix_s == DDI_TIME_NEVER ? DDI_IDLE : DDI_OK;
}

static ddi_status scan_v4(void *userdata, uint32_t space, ddi_ipv4 first, ddi_ipv4 last, ddi_lease_key *keys,
                          size_t max, size_t *count) {
    struct leases *all = userdata;
    *count = 0;
    for (size_t i = 0; space == 0 && i < ROWS && *count < max; i++) {
        ddi_lease_key key = key_of(all, &all->rows[i]);
        int is_inside = memcmp(key.bytes, first.bytes, 4) >= 0 && memcmp(key.bytes, last.bytes, 4) <= 0;
        if (all->rows[i].lease.version != 0 && is_inside) keys[(*count)++] = key;
    }
    return DDI_OK;
}

static ddi_status pool_counts(void *userdata, uint32_t pool, ddi_pool_counts *counts) {
    const struct leases *all = userdata;
    if (pool != 0) return DDI_IDLE;
    counts->total = ROWS;
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &all->rows[i];
        uint8_t state = row->lease.version == 0 ? DDI_STATE_FREE : row->lease.state;
        counts->free += state == DDI_STATE_FREE;
        counts->never_leased += row->lease.version == 0;
        counts->backup += state == DDI_STATE_BACKUP;
        counts->active += state == DDI_STATE_ACTIVE;
        counts->abandoned += state == DDI_STATE_ABANDONED;
        counts->held += row->is_held != 0;
    }
    counts->ending = ROWS - counts->free - counts->backup - counts->active - counts->abandoned;
    return DDI_OK;
}

static void release(void *userdata) {
    struct leases *all = userdata;
    fclose(all->file);
    free(all);
}

/* What the daemon calls a transaction: one sync for all puts since the last one. */
static void commit(struct leases *all) {
    uint64_t version = all->version;
    if (fflush(all->file) == 0 && fsync(fileno(all->file)) == 0) all->durable = version;
}

/* A message of a client with this hardware address, handed to the server. */
static void client_says(ddi_dhcp_server *server, ddi_store *store, uint8_t client, uint32_t type, ddi_ipv4 wanted) {
    const ddi_now now = {1000, 1700000000};
    const ddi_ipv4 nobody = {{0, 0, 0, 0}}, all = {{255, 255, 255, 255}};
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .xid = client, .hw_type = 1, .hw_len = 6};
    header.hw_addr[5] = client;
    check(ddi_dhcp4_message_set_header(message, &header), "header", ddi_dhcp4_message_last_error(message));
    check(ddi_dhcp4_message_set_type(message, type), "type", ddi_dhcp4_message_last_error(message));
    if (type == 3) {
        check(ddi_dhcp4_message_put_option(message, 50, wanted.bytes, 4), "option", "");
        check(ddi_dhcp4_message_put_option(message, 54, (const uint8_t[]){10, 77, 0, 1}, 4), "option", "");
    }
    uint8_t bytes[1500];
    size_t len;
    check(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len), "emit", "");
    ddi_dhcp4_message_free(message);
    ddi_status s = ddi_dhcp_server_handle_datagram(server, &now, store, NULL, 1, nobody, 68, all, bytes, len);
    check(s, "datagram", ddi_dhcp_server_last_error(server));
}

/* The next reply's message type and address; 0 if none may leave. */
static unsigned reply(ddi_dhcp_server *server, ddi_store *store, ddi_ipv4 *address) {
    uint8_t bytes[DDI_DHCP_MAX_REPLY];
    size_t len;
    ddi_dhcp_transmit to = {.struct_size = sizeof to};
    ddi_status s = ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes, &len);
    check(s, "reply", ddi_dhcp_server_last_error(server));
    if (s == DDI_IDLE) return 0;
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header};
    check(ddi_dhcp4_packet_parse(packet, bytes, len), "reply", ddi_dhcp4_packet_last_error(packet));
    check(ddi_dhcp4_packet_header(packet, &header), "reply", "");
    ddi_dhcp4_packet_free(packet);
    *address = header.yiaddr;
    return header.message_type;
}

static void expect(unsigned got, unsigned wanted, const char *what) {
    printf("%s: %u\n", what, got);
    if (got != wanted) exit(1);
}

int main(void) {
    struct leases *all = calloc(1, sizeof *all);
    if (all == NULL || (all->file = tmpfile()) == NULL) return 1;
    const ddi_lease_store functions = {
        .struct_size = sizeof functions, .userdata = all, .release = release, .get = get, .find = find, .put = put,
        .remove = drop, .durable = durable, .next_free = next_free, .hold = hold, .release_hold = release_hold,
        .pool_of = pool_of, .expired = expired, .next_expiration = next_expiration, .scan_v4 = scan_v4,
        .pool_counts = pool_counts,
    };
    ddi_store *store;
    check(ddi_store_new(&functions, &store), "store", "");

    ddi_dhcp_config *config = ddi_dhcp_config_new();
    ddi_dhcp_server *server;
    uint32_t subnet, pool;
    check(ddi_dhcp_config_add_link_address(config, 1, (ddi_ipv4){{10, 77, 0, 1}}), "link", "");
    check(ddi_dhcp_config_add_subnet(config, 7, (ddi_ipv4){{10, 77, 0, 0}}, 24, &subnet), "subnet", "");
    ddi_status s = ddi_dhcp_config_add_pool(config, subnet, (ddi_ipv4){{10, 77, 0, 10}},
                                            (ddi_ipv4){{10, 77, 0, 10 + ROWS - 1}}, &pool);
    check(s, "pool", ddi_dhcp_config_last_error(config));
    check(ddi_dhcp_server_new(config, 1, &server), "server", ddi_dhcp_config_last_error(config));
    ddi_dhcp_config_free(config);

    ddi_ipv4 address = {{0, 0, 0, 0}}, none = address;
    for (uint8_t client = 1; client <= 2; client++) {
        client_says(server, store, client, 1, none);
        expect(reply(server, store, &address), 2, "DISCOVER is answered with an OFFER");
        client_says(server, store, client, 3, address);
    }
    expect(reply(server, store, &address), 0, "REQUEST is not answered before the lease is durable");
    commit(all);
    expect(reply(server, store, &address), 5, "after the commit: an ACK");
    expect(reply(server, store, &address), 5, "and one for the other client");
    expect((unsigned)all->version, 2, "leases in the daemon's own store");

    ddi_dhcp_server_free(server);
    ddi_store_free(store); /* releases `all` */
    return 0;
}
