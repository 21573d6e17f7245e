/* What the test programs share. */
#include <ddi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(is_right) expect((is_right), #is_right, __FILE__, __LINE__)
#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

static inline void expect(int is_right, const char *what, const char *file, int line) {
    if (!is_right) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        exit(1);
    }
}

static inline ddi_lease_db *memory_db(void) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {9};
    ddi_lease_config *config;
    ddi_lease_db *db;
    EXPECT(ddi_lease_config_new(key, sizeof key, &config) == DDI_OK);
    EXPECT(ddi_lease_db_open_memory(config, &db) == DDI_OK);
    ddi_lease_config_free(config);
    return db;
}

static inline ddi_lease active_lease(uint8_t host) {
    ddi_lease lease = {.struct_size = sizeof lease, .key = {.family = DDI_FAMILY_V4, .bytes = {10, 0, 0, host}}};
    lease.state = DDI_STATE_ACTIVE;
    lease.expiration_time = 1700000000;
    lease.client_id = (const uint8_t *)"a client's own id";
    lease.client_id_len = 17;
    return lease;
}

/* A server of 10.0.0.0/24, with one pool, .100 to .119, and the address .1 on link 1. */
static inline ddi_dhcp_server *small_server(void) {
    ddi_dhcp_config *config = ddi_dhcp_config_new();
    ddi_dhcp_server *server;
    uint32_t subnet, pool;
    EXPECT(ddi_dhcp_config_add_link_address(config, 1, (ddi_ipv4){{10, 0, 0, 1}}) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, (ddi_ipv4){{10, 0, 0, 0}}, 24, &subnet) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_pool(config, subnet, (ddi_ipv4){{10, 0, 0, 100}}, (ddi_ipv4){{10, 0, 0, 119}}, &pool) == 0);
    EXPECT(ddi_dhcp_server_new(config, 1, &server) == DDI_OK);
    ddi_dhcp_config_free(config);
    return server;
}

/* The relationships of that server: one, of which it is the primary. */
static inline ddi_failover *small_failover(ddi_dhcp_server *server, const ddi_now *now) {
    ddi_failover_config *config = ddi_failover_config_new();
    ddi_failover *failover;
    ddi_pool pool = {.struct_size = sizeof pool};
    uint32_t relationship;
    EXPECT(ddi_dhcp_server_pool(server, 0, &pool) == DDI_OK);
    EXPECT(ddi_failover_config_add(config, TEXT("pair"), DDI_FAILOVER_PRIMARY, &relationship) == DDI_OK);
    EXPECT(ddi_failover_config_add_pool(config, relationship, &pool) == DDI_OK);
    EXPECT(ddi_failover_new(config, now, &failover) == DDI_OK);
    ddi_failover_config_free(config);
    return failover;
}

/* A zone "example." with four records. */
static inline ddi_zone *small_zone(void) {
    static const char text[] = "$TTL 60\n@ SOA ns host 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\n";
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    ddi_name apex;
    uint32_t wanted;
    EXPECT(ddi_name_parse(TEXT("example."), &apex) == DDI_OK && ddi_zone_loader_new(&apex, NULL, 0, &loader) == DDI_OK);
    EXPECT(ddi_zone_loader_push(loader, TEXT(text), &wanted) == DDI_OK);
    EXPECT(ddi_zone_loader_end(loader, &wanted) == DDI_OK && ddi_zone_loader_finish(loader, &zone) == DDI_OK);
    ddi_zone_loader_free(loader);
    return zone;
}
