/*
 * A lease store that lies: each function gives each answer that it must not, at each of the first calls. The engines do
 * not crash or hang, promise nothing that builds on a lie that can be told, and go on being refused afterwards.
 */
#include "forward_store.h"

#include <stdio.h>

#define EXPECT(is_right) expect((is_right), #is_right, __LINE__)

static const char *wanted;
static int which, at_call, calls, told;

static void expect(int is_right, const char *what, int line) {
    if (!is_right) {
        fprintf(stderr, "line %d: not so: %s (%s, lie %d, call %d)\n", line, what, wanted, which, at_call);
        exit(1);
    }
}

static int lie_once(struct forward *self, const char *function) {
    (void)self;
    if (strcmp(function, wanted) != 0 || calls++ != at_call) return 0;
    told = 1;
    return which;
}

static ddi_lease_db *new_db(const ddi_pool *pool) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {9};
    ddi_lease_config *config;
    ddi_lease_db *db;
    EXPECT(ddi_lease_config_new(key, sizeof key, &config) == DDI_OK);
    EXPECT(ddi_lease_db_open_memory(config, &db) == DDI_OK);
    ddi_lease_config_free(config);
    EXPECT(ddi_lease_db_set_pools(db, pool, 1) == DDI_OK);
    return db;
}

static size_t message(uint8_t client, uint32_t type, const uint8_t *address, uint8_t *bytes, size_t cap) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .hw_type = 1, .hw_len = 6};
    size_t len;
    header.xid = header.hw_addr[5] = client;
    EXPECT(ddi_dhcp4_message_set_header(message, &header) == DDI_OK);
    EXPECT(ddi_dhcp4_message_set_type(message, type) == DDI_OK);
    if (type == 3 || type == 4) {
        EXPECT(ddi_dhcp4_message_put_option(message, 50, address, 4) == DDI_OK);
        EXPECT(ddi_dhcp4_message_put_option(message, 54, (const uint8_t[]){10, 0, 0, 1}, 4) == DDI_OK);
    }
    EXPECT(ddi_dhcp4_message_emit(message, bytes, cap, &len) == DDI_OK);
    ddi_dhcp4_message_free(message);
    return len;
}

/* The same short life, whatever the store says. Returns whether the store broke. */
static int live(ddi_dhcp_server *server, ddi_store *store, ddi_failover *failover, ddi_lease_db *db) {
    static const struct {
        uint8_t client;
        uint32_t type;
    } said[] = {{1, 1}, {1, 3}, {2, 1}, {2, 3}, {1, 3}, {2, 4}, {1, 7}, {3, 1}, {3, 3}};
    ddi_now now = {1000, 1700000000};
    int is_broken = 0;
    uint8_t address[3][4] = {{10, 0, 0, 100}, {10, 0, 0, 101}, {10, 0, 0, 102}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        uint8_t bytes[DDI_DHCP_MAX_REPLY];
        const ddi_ipv4 nobody = {{0, 0, 0, 0}};
        size_t len = message(said[i].client, said[i].type, address[said[i].client - 1], bytes, sizeof bytes);
        ddi_status s[4];
        ddi_dhcp_transmit to = {.struct_size = sizeof to};
        uint64_t durable;
        now.instant_ms += 40000;
        now.unix_s += 40;
        s[0] = ddi_dhcp_server_handle_datagram(server, &now, store, failover, 1, nobody, 68, nobody, bytes, len);
        s[1] = ddi_dhcp_server_handle_timeout(server, &now, store, failover);
        s[2] = failover == NULL ? DDI_OK : ddi_failover_handle_timeout(failover, &now, store);
        EXPECT(ddi_lease_db_commit(db, &durable) == DDI_OK);
        do {
            s[3] = ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes, &len);
            if (s[3] == DDI_OK && bytes[16] == 10) memcpy(address[said[i].client - 1], bytes + 16, 4);
        } while (s[3] == DDI_OK);
        for (int k = 0; k < 4; k++) {
            EXPECT(s[k] == DDI_OK || s[k] == DDI_IDLE || s[k] == DDI_E_STORE);
            EXPECT(!is_broken || s[k] == DDI_E_STORE || (k == 2 && failover == NULL)); /* broken is broken */
            is_broken |= s[k] == DDI_E_STORE;
        }
    }
    EXPECT(ddi_store_check(store) == (is_broken ? DDI_E_STORE : DDI_OK));
    EXPECT((strlen(ddi_store_last_error(store)) > 0) == is_broken);
    return is_broken;
}

static int run(int with_failover) {
    ddi_dhcp_config *config = ddi_dhcp_config_new();
    ddi_dhcp_server *server;
    ddi_failover *failover = NULL;
    uint32_t subnet, pool;
    ddi_pool shared = {.struct_size = sizeof shared};
    EXPECT(ddi_dhcp_config_add_link_address(config, 1, (ddi_ipv4){{10, 0, 0, 1}}) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, (ddi_ipv4){{10, 0, 0, 0}}, 24, &subnet) == DDI_OK);
    EXPECT(ddi_dhcp_config_set_lease_seconds(config, subnet, 100, 100, 100) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_pool(config, subnet, (ddi_ipv4){{10, 0, 0, 100}}, (ddi_ipv4){{10, 0, 0, 119}}, &pool) == 0);
    EXPECT(ddi_dhcp_server_new(config, 1, &server) == DDI_OK);
    ddi_dhcp_config_free(config);
    EXPECT(ddi_dhcp_server_pool(server, 0, &shared) == DDI_OK);
    struct forward forward = {.db = new_db(&shared), .lie = lie_once};
    ddi_lease_store functions = forward_functions(&forward);
    ddi_store *store;
    EXPECT(ddi_store_new(&functions, &store) == DDI_OK);
    calls = told = 0;
    if (with_failover) { /* alone, after an operator's word */
        ddi_now now = {1000, 1700000000};
        uint32_t relationship;
        ddi_failover_config *pair = ddi_failover_config_new();
        EXPECT(ddi_failover_config_add(pair, (const uint8_t *)"x", 1, DDI_FAILOVER_PRIMARY, &relationship) == DDI_OK);
        EXPECT(ddi_failover_config_add_pool(pair, relationship, &shared) == DDI_OK);
        EXPECT(ddi_failover_config_set(pair, relationship, DDI_FAILOVER_MCLT_SECONDS, 10) == DDI_OK);
        EXPECT(ddi_failover_new(pair, &now, &failover) == DDI_OK);
        ddi_failover_config_free(pair);
        EXPECT(ddi_failover_handle_saved(failover, 0, UINT64_MAX) == DDI_OK);
        ddi_status s = ddi_failover_handle_command(failover, &now, store, 0, DDI_FAILOVER_COMMAND_PARTNER_DOWN);
        EXPECT(s == DDI_OK || s == DDI_E_STORE);
        EXPECT(ddi_failover_handle_saved(failover, 0, UINT64_MAX) == DDI_OK);
    }
    int is_broken = live(server, store, failover, forward.db);
    ddi_failover_free(failover);
    ddi_dhcp_server_free(server);
    ddi_store_free(store);
    EXPECT(forward.released == 1);
    ddi_lease_db_free(forward.db);
    return is_broken;
}

int main(void) {
    static const char *const functions[] = {"get",     "find",    "put",     "remove",          "durable", "next_free",
                                            "hold",    "pool_of", "expired", "next_expiration", "scan_v4", "pool_counts"};
    int broken = 0, lies_told = 0;
    wanted = "nothing";
    EXPECT(!run(0) && !run(1));
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        wanted = functions[i];
        for (which = 1; which <= 9; which++) {
            for (at_call = 0; at_call < 8; at_call += 1 + at_call / 2) {
                for (int with_failover = 0; with_failover < 2; with_failover++) {
                    int is_broken = run(with_failover);
                    broken += is_broken;
                    lies_told += told;
                    /* What can only be a lie breaks the store; `put` may say no as it likes. */
                    int may_refuse = strcmp(wanted, "put") == 0 || strcmp(wanted, "remove") == 0;
                    if (told && (which == 2 || (which == 1 && !may_refuse)) && strcmp(wanted, "durable") != 0) EXPECT(is_broken);
                }
            }
        }
    }
    printf("%d lies, %d stores broken\n", lies_told, broken);
    EXPECT(broken > 100);

    /* A table with a function missing is refused, and not released. */
    struct forward forward = {0};
    ddi_lease_store table = forward_functions(&forward);
    ddi_store *store = NULL;
    table.scan_v4 = NULL;
    EXPECT(ddi_store_new(&table, &store) == DDI_E_NULL && store == NULL && forward.released == 0);
    table = forward_functions(&forward);
    table.struct_size = 8;
    EXPECT(ddi_store_new(&table, &store) == DDI_E_ARGUMENT);
    EXPECT(ddi_store_new(NULL, &store) == DDI_E_NULL && ddi_store_new(&table, NULL) == DDI_E_NULL);
    return 0;
}
