/*
 * One of everything: a handle of each type, with something in it, and a value for each kind of argument. What
 * `tests/abuse.rs` calls each function with; a member is named as its type, without `ddi_`.
 */
#define _XOPEN_SOURCE 700
#define DDI_TESTING
#include "check.h"
#include "forward_store.h"

#include <dirent.h>
#include <unistd.h>

struct world {
    ddi_lease_config *lease_config;
    ddi_lease_db *lease_db;
    ddi_batch *batch;
    ddi_lease_compaction *lease_compaction;
    ddi_store *store;
    ddi_failover_config *failover_config;
    ddi_failover *failover;
    ddi_dhcp4_packet *dhcp4_packet;
    ddi_dhcp4_message *dhcp4_message;
    ddi_dhcp_config *dhcp_config;
    ddi_dhcp_server *dhcp_server;
    ddi_tsig_signer *tsig_signer;
    ddi_tsig_verifier *tsig_verifier;
    ddi_tsig_key *tsig_key;
    ddi_tsig_keys *tsig_keys;
    ddi_acl *acl;
    ddi_answer_config *answer_config;
    ddi_zone *zone;
    ddi_zone_loader *zone_loader;
    ddi_zone_walk *zone_walk;
    ddi_zone_edit *zone_edit;
    ddi_zone_set *zone_set;
    ddi_zone_compaction *zone_compaction; /* NULL without a journal */
    ddi_zone_reader *zone_reader;
    ddi_xfr_out *xfr_out;
    ddi_xfr_in *xfr_in;
    ddi_secondary_config *secondary_config;
    ddi_secondary *secondary;
    ddi_notifier *notifier;
    ddi_update_policy *update_policy;
    ddi_updates *updates;
    ddi_update_forwarder *update_forwarder;
    ddi_update_request *update_request;
    ddi_ddns_client *ddns_client;
    ddi_testing *testing;
    /* Values. */
    ddi_now now;
    ddi_name name;
    ddi_addr addr;
    ddi_lease_key lease_key;
    ddi_lease lease;
    ddi_identity identity;
    ddi_pool pool;
    ddi_asker asker;
    ddi_ddns_change ddns_change;
    ddi_dhcp4_header dhcp4_header;
    ddi_lease_store lease_store;
    ddi_log log;
    struct forward forward;
    uint8_t discover[300];
    uint8_t update[512];
    size_t update_len;
    char journal[32]; /* empty: none */
};

static const uint8_t SOA_QUERY[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1};
static const uint8_t AXFR_QUERY[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 252, 0, 1};

static void hear_nothing(void *userdata, uint32_t level, ddi_status status, const uint8_t *text, size_t text_len) {
    EXPECT(userdata == NULL && level > 0 && status < 0 && text != NULL && text_len > 0);
}

static void world_values(struct world *w) {
    static const uint8_t id[] = "a client's own id";
    ddi_identity identity = {DDI_IDENTITY_CLIENT_ID, 0, id, sizeof id - 1};
    w->now = (ddi_now){1000, 1700000000};
    EXPECT(ddi_name_parse(TEXT("example."), &w->name) == DDI_OK);
    w->addr = (ddi_addr){.family = DDI_FAMILY_V4, .port = 53, .bytes = {192, 0, 2, 1}};
    w->lease = active_lease(1);
    w->lease_key = w->lease.key;
    w->identity = identity;
    w->pool = (ddi_pool){.struct_size = sizeof w->pool, .id = 7, .range = {{{10, 0, 0, 1}}, {{10, 0, 0, 9}}}};
    w->asker = (ddi_asker){sizeof w->asker, DDI_TRANSPORT_UDP, w->addr, 0, 0};
    w->dhcp4_header = (ddi_dhcp4_header){.struct_size = sizeof w->dhcp4_header, .op = DDI_DHCP4_REQUEST};
    w->log = (ddi_log){.struct_size = sizeof w->log, .line = hear_nothing};
    w->ddns_change.struct_size = sizeof w->ddns_change;
    w->ddns_change.kind = DDI_DDNS_ADD_FORWARD;
    w->ddns_change.address = w->addr;
    w->ddns_change.ttl = 60;
    EXPECT(ddi_name_parse(TEXT("host.example."), &w->ddns_change.name) == DDI_OK);
    EXPECT(ddi_dhcid_of_client_id(id, sizeof id - 1, &w->ddns_change.name, w->ddns_change.dhcid) == DDI_OK);
    w->discover[0] = w->discover[1] = 1;
    w->discover[2] = 6;
    memcpy(w->discover + 236, "\x63\x82\x53\x63\x35\x01\x01\x3d\x02""ab\x52\x04\x01\x02xy\xff", 18);
}

static void world_leases(struct world *w) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {9};
    uint64_t lsn;
    uint32_t at;
    EXPECT(ddi_lease_config_new(key, sizeof key, &w->lease_config) == DDI_OK);
    w->lease_db = memory_db();
    w->forward.db = memory_db();
    w->lease_store = forward_functions(&w->forward);
    w->dhcp_server = small_server();
    EXPECT(ddi_store_of_lease_db(w->lease_db, &w->store) == DDI_OK);
    EXPECT(ddi_dhcp_server_give_pools(w->dhcp_server, w->store) == DDI_OK);
    EXPECT(ddi_lease_db_put(w->lease_db, &w->lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK);
    EXPECT(ddi_lease_db_begin_compaction(w->lease_db, &w->lease_compaction) == DDI_OK);
    w->failover = small_failover(w->dhcp_server, &w->now);
    w->failover_config = ddi_failover_config_new();
    EXPECT(ddi_failover_config_add(w->failover_config, TEXT("one"), DDI_FAILOVER_PRIMARY, &at) == DDI_OK);
    w->dhcp4_packet = ddi_dhcp4_packet_new();
    w->dhcp4_message = ddi_dhcp4_message_new();
    EXPECT(ddi_dhcp4_packet_parse(w->dhcp4_packet, w->discover, sizeof w->discover) == DDI_OK);
    EXPECT(ddi_dhcp4_message_parse(w->dhcp4_message, w->discover, sizeof w->discover) == DDI_OK);
    w->dhcp_config = ddi_dhcp_config_new();
    EXPECT(ddi_dhcp_config_add_subnet(w->dhcp_config, 1, (ddi_ipv4){{10, 0, 0, 0}}, 24, &at) == DDI_OK && at == 1);
    EXPECT(ddi_dhcp_config_add_pool(w->dhcp_config, at, (ddi_ipv4){{10, 0, 0, 9}}, (ddi_ipv4){{10, 0, 0, 99}}, &at) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_class(w->dhcp_config, TEXT("class"), &at) == DDI_OK && at == 3);
    EXPECT(ddi_dhcp_config_add_reservation(w->dhcp_config, 1, 1, TEXT("a"), (ddi_ipv4){{10, 0, 0, 5}}, &at) == DDI_OK && at == 4);
    const ddi_ipv4 nobody = {{0, 0, 0, 0}};
    EXPECT(ddi_dhcp_server_handle_datagram(w->dhcp_server, &w->now, w->store, NULL, 1, nobody, 68, nobody, TEXT("x")) == 0);
    EXPECT(ddi_dhcp_server_handle_datagram(w->dhcp_server, &w->now, w->store, NULL, 1, nobody, 68, nobody, w->discover,
                                           sizeof w->discover) == DDI_OK);
    w->testing = ddi_testing_new();
}

static void world_zones(struct world *w, int with_journal) {
    uint32_t wanted;
    w->zone = small_zone();
    EXPECT(ddi_zone_set_new(&w->zone_set) == DDI_OK);
    if (with_journal) {
        strcpy(w->journal, "journal-XXXXXX");
        EXPECT(mkdtemp(w->journal) != NULL);
        EXPECT(ddi_zone_set_open_journal(w->zone_set, (uint8_t *)w->journal, strlen(w->journal), 1, NULL) == DDI_OK);
    }
    EXPECT(ddi_zone_set_replace(w->zone_set, w->zone, NULL) == DDI_OK && ddi_zone_set_commit(w->zone_set, NULL) == DDI_OK);
    if (with_journal) EXPECT(ddi_zone_set_begin_compaction(w->zone_set, &w->zone_compaction) == DDI_OK);
    EXPECT(ddi_zone_set_set_note(w->zone_set, &w->name, TEXT("a note")) == DDI_OK);
    if (with_journal) { /* a batch of the set's, and not of the lease database's */
        EXPECT(ddi_zone_set_take_batch(w->zone_set, &w->batch) == DDI_OK);
    } else {
        uint64_t lsn;
        EXPECT(ddi_lease_db_put(w->forward.db, &w->lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK);
        EXPECT(ddi_lease_db_take_batch(w->forward.db, &w->batch) == DDI_OK);
    }
    EXPECT(ddi_zone_loader_new(&w->name, TEXT("zone"), &w->zone_loader) == DDI_OK);
    EXPECT(ddi_zone_loader_push(w->zone_loader, TEXT("$TTL 9\n$INCLUDE other\n"), &wanted) == DDI_OK);
    EXPECT(ddi_zone_walk_new(w->zone, &w->zone_walk) == DDI_OK && ddi_zone_edit_new(w->zone, &w->zone_edit) == DDI_OK);
    EXPECT(ddi_zone_reader_new(w->zone_set, &w->zone_reader) == DDI_OK);
    EXPECT(ddi_answer_config_new(&w->answer_config) == DDI_OK && ddi_acl_new(TEXT("any"), &w->acl) == DDI_OK);
}

static void world_keys(struct world *w) {
    ddi_name name;
    uint8_t signed_query[512];
    size_t len = sizeof SOA_QUERY;
    EXPECT(ddi_name_parse(TEXT("key."), &name) == DDI_OK && ddi_tsig_keys_new(&w->tsig_keys) == DDI_OK);
    EXPECT(ddi_tsig_key_new(&name, DDI_TSIG_HMAC_SHA256, TEXT("a secret"), 0, &w->tsig_key) == DDI_OK);
    EXPECT(ddi_tsig_keys_add(w->tsig_keys, w->tsig_key) == DDI_OK);
    memcpy(signed_query, SOA_QUERY, len);
    EXPECT(ddi_tsig_key_sign_request(w->tsig_key, &w->now, len, signed_query, sizeof signed_query, &len,
                                     &w->tsig_verifier) == DDI_OK);
    EXPECT(ddi_tsig_keys_check(w->tsig_keys, &w->now, signed_query, len, &w->tsig_signer) == DDI_OK);
}

static void world_updates(struct world *w) {
    const uint8_t a[4] = {192, 0, 2, 9};
    EXPECT(ddi_update_policy_new(&w->update_policy) == DDI_OK);
    EXPECT(ddi_update_policy_add_zone(w->update_policy, &w->name, TEXT("any"), DDI_SERIAL_INCREMENT) == DDI_OK);
    EXPECT(ddi_updates_new(w->update_policy, w->tsig_keys, &w->updates) == DDI_OK);
    EXPECT(ddi_update_request_new(&w->name, &w->update_request) == DDI_OK);
    EXPECT(ddi_update_request_add(w->update_request, &w->ddns_change.name, 1, 60, a, 4) == DDI_OK);
    EXPECT(ddi_update_request_emit(w->update_request, 7, w->update, sizeof w->update, &w->update_len) == DDI_OK);
    EXPECT(ddi_updates_handle_request(w->updates, &w->now, w->zone_set, &w->addr, 0, TEXT("x")) == DDI_OK);
    if (w->journal[0] == 0) {
        EXPECT(ddi_updates_handle_request(w->updates, &w->now, w->zone_set, &w->addr, 0, w->update, w->update_len) == 0);
    }
    EXPECT(ddi_update_forwarder_new(w->tsig_keys, 2000, 2, 42, &w->update_forwarder) == DDI_OK);
    EXPECT(ddi_update_forwarder_add_zone(w->update_forwarder, &w->name, &w->addr, 1, TEXT("any"), w->tsig_key) == DDI_OK);
    EXPECT(ddi_update_forwarder_handle_request(w->update_forwarder, &w->now, &w->addr, 0, w->update, w->update_len) == 0);
    EXPECT(ddi_ddns_client_new(0, 0, 0, 42, &w->ddns_client) == DDI_OK);
    EXPECT(ddi_ddns_client_add_zone(w->ddns_client, &w->name, &w->addr, 1, w->tsig_key) == DDI_OK);
    EXPECT(ddi_ddns_client_handle_change(w->ddns_client, &w->now, 1, &w->ddns_change) == DDI_OK);
}

static void world_transfers(struct world *w) {
    EXPECT(ddi_xfr_out_new(w->zone_set, &w->now, AXFR_QUERY, sizeof AXFR_QUERY, DDI_TRANSPORT_TCP, NULL, false, &w->xfr_out) == 0);
    EXPECT(ddi_xfr_in_new(&w->name, w->zone, w->tsig_key, 5, &w->xfr_in) == DDI_OK);
    EXPECT(ddi_secondary_config_new(&w->name, 77, &w->secondary_config) == DDI_OK);
    EXPECT(ddi_secondary_config_add_primary(w->secondary_config, &w->addr, w->tsig_key) == DDI_OK);
    EXPECT(ddi_secondary_new(w->zone_set, &w->now, w->secondary_config, &w->secondary) == DDI_OK);
    EXPECT(ddi_secondary_handle_refresh(w->secondary, &w->now, false) == DDI_OK);
    EXPECT(ddi_notifier_new(3, 0, 0, 0, &w->notifier) == DDI_OK);
    EXPECT(ddi_notifier_handle_changed(w->notifier, &w->now, w->zone, &w->addr, 1, w->tsig_key) == DDI_OK);
}

static struct world *world_new(int with_journal) {
    struct world *w = calloc(1, sizeof *w);
    EXPECT(w != NULL);
    world_values(w);
    world_leases(w);
    world_zones(w, with_journal);
    world_keys(w);
    world_updates(w);
    world_transfers(w);
    return w;
}

static void world_free(struct world *w) {
    ddi_testing_free(w->testing);
    ddi_notifier_free(w->notifier);
    ddi_secondary_free(w->secondary);
    ddi_secondary_config_free(w->secondary_config);
    ddi_xfr_in_free(w->xfr_in);
    ddi_xfr_out_free(w->xfr_out);
    ddi_ddns_client_free(w->ddns_client);
    ddi_update_forwarder_free(w->update_forwarder);
    ddi_update_request_free(w->update_request);
    ddi_updates_free(w->updates);
    ddi_update_policy_free(w->update_policy);
    ddi_tsig_signer_free(w->tsig_signer);
    ddi_tsig_verifier_free(w->tsig_verifier);
    ddi_tsig_keys_free(w->tsig_keys);
    ddi_tsig_key_free(w->tsig_key);
    ddi_acl_free(w->acl);
    ddi_answer_config_free(w->answer_config);
    ddi_zone_reader_free(w->zone_reader);
    ddi_zone_edit_free(w->zone_edit);
    ddi_zone_walk_free(w->zone_walk);
    ddi_zone_loader_free(w->zone_loader);
    ddi_zone_compaction_free(w->zone_compaction);
    ddi_batch_free(w->batch);
    ddi_zone_set_free(w->zone_set);
    ddi_zone_free(w->zone);
    ddi_dhcp_config_free(w->dhcp_config);
    ddi_dhcp4_message_free(w->dhcp4_message);
    ddi_dhcp4_packet_free(w->dhcp4_packet);
    ddi_failover_config_free(w->failover_config);
    ddi_failover_free(w->failover);
    ddi_dhcp_server_free(w->dhcp_server);
    ddi_lease_compaction_free(w->lease_compaction);
    ddi_store_free(w->store);
    ddi_lease_db_free(w->lease_db);
    ddi_lease_db_free(w->forward.db);
    ddi_lease_config_free(w->lease_config);
    DIR *files = w->journal[0] == 0 ? NULL : opendir(w->journal);
    for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) unlinkat(dirfd(files), file->d_name, 0);
    if (files != NULL) EXPECT(closedir(files) == 0 && rmdir(w->journal) == 0);
    free(w);
}
