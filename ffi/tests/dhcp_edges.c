/* The edges of the DHCP and failover nouns: what is out of range, too short, too early or twice. */
#include <ddi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPECT(is_right) expect((is_right), #is_right, __LINE__)
#define TEXT(text) (const uint8_t *)(text), sizeof(text) - 1

static void expect(int is_right, const char *what, int line) {
    if (!is_right) {
        fprintf(stderr, "line %d: not so: %s\n", line, what);
        exit(1);
    }
}

static size_t discover(uint8_t *bytes) {
    memset(bytes, 0, 300);
    bytes[0] = bytes[1] = 1;
    bytes[2] = 6;
    bytes[33] = 9; /* chaddr */
    memcpy(bytes + 236, "\x63\x82\x53\x63\x35\x01\x01\x3d\x02""ab\x3d\x01""c\x52\x04\x01\x02xy\xff", 21);
    return 300;
}

static void packets(void) {
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header};
    uint8_t bytes[400], out[256];
    size_t len = 99;
    uint32_t offset, code, reason;
    EXPECT(ddi_dhcp4_packet_header(packet, &header) == DDI_E_MALFORMED);
    EXPECT(ddi_dhcp4_packet_option(packet, 53, out, sizeof out, &len) == DDI_E_MALFORMED);
    EXPECT(ddi_dhcp4_packet_parse(packet, NULL, 0) == DDI_E_MALFORMED);
    EXPECT(strlen(ddi_dhcp4_packet_last_error(packet)) > 0);
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, discover(bytes)) == DDI_OK);
    bytes[2] = 17;
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, 300) == DDI_E_MALFORMED); /* and what was there stays */
    EXPECT(ddi_dhcp4_packet_header(packet, &header) == DDI_OK);
    EXPECT(header.op == DDI_DHCP4_REQUEST && header.message_type == 1 && header.cookie == DDI_DHCP4_COOKIE_DHCP);
    EXPECT(header.hw_len == 6 && header.hw_addr[5] == 9);
    EXPECT(ddi_dhcp4_packet_option(packet, 61, NULL, 0, &len) == DDI_E_BUFFER && len == 3);
    EXPECT(ddi_dhcp4_packet_option(packet, 61, out, 2, &len) == DDI_E_BUFFER && len == 3);
    EXPECT(ddi_dhcp4_packet_option(packet, 61, out, 3, &len) == DDI_OK && len == 3 && memcmp(out, "abc", 3) == 0);
    EXPECT(ddi_dhcp4_packet_option(packet, 50, out, 3, &len) == DDI_IDLE);
    EXPECT(ddi_dhcp4_packet_option(packet, 256, out, 3, &len) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_packet_relay_option(packet, 1, out, sizeof out, &len) == DDI_OK && memcmp(out, "xy", 2) == 0);
    EXPECT(ddi_dhcp4_packet_relay_option(packet, 2, out, sizeof out, &len) == DDI_IDLE);
    EXPECT(ddi_dhcp4_packet_codes(packet, out, sizeof out, &len) == DDI_OK && len == 3);
    EXPECT(out[0] == 53 && out[1] == 61 && out[2] == 82);
    EXPECT(ddi_dhcp4_packet_bad_option(packet, 0, &offset, &code, &reason) == DDI_IDLE);
    discover(bytes);
    bytes[298] = 12;
    bytes[299] = 40;
    bytes[256] = 0; /* the end is not there, and the last option ends behind the packet */
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, 300) == DDI_OK);
    EXPECT(ddi_dhcp4_packet_bad_option(packet, 0, &offset, &code, &reason) == DDI_OK);
    EXPECT(offset == 298 && code == 12 && reason == DDI_DHCP4_BAD_OVERRUN);
    header.struct_size = 4;
    EXPECT(ddi_dhcp4_packet_header(packet, &header) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_option_code(TEXT("routers"), &code) == DDI_OK && code == 3);
    EXPECT(ddi_dhcp4_option_code(TEXT("no such thing"), &code) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_option_code(TEXT("\xff"), &code) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_option_name(15, out, sizeof out, &len) == DDI_OK && len == 11 && memcmp(out, "domain_name", 11) == 0);
    EXPECT(ddi_dhcp4_option_name(15, out, 10, &len) == DDI_E_BUFFER && len == 11);
    EXPECT(ddi_dhcp4_option_name(224, out, sizeof out, &len) == DDI_IDLE);
    EXPECT(ddi_dhcp4_option_name(256, out, sizeof out, &len) == DDI_E_ARGUMENT);
    ddi_dhcp4_packet_free(packet);
}

static void messages(void) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = 3};
    uint8_t bytes[1500], again[1500], *huge = calloc(1, 70000);
    size_t len, needed;
    EXPECT(huge != NULL);
    EXPECT(ddi_dhcp4_message_set_header(message, &header) == DDI_E_ARGUMENT);
    header.op = DDI_DHCP4_REPLY;
    header.hw_len = 17;
    EXPECT(ddi_dhcp4_message_set_header(message, &header) == DDI_E_ARGUMENT);
    header.hw_len = 6;
    header.hw_type = 256;
    EXPECT(ddi_dhcp4_message_set_header(message, &header) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_message_reply_to(message, packet) == DDI_E_MALFORMED);
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, discover(bytes)) == DDI_OK);
    EXPECT(ddi_dhcp4_message_reply_to(message, packet) == DDI_OK);
    EXPECT(ddi_dhcp4_message_header(message, &header) == DDI_OK && header.op == DDI_DHCP4_REPLY && header.hw_len == 6);
    EXPECT(ddi_dhcp4_message_set_type(message, 0) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_message_set_type(message, 256) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_message_set_type(message, 2) == DDI_OK);
    for (uint32_t code = 0; code < 300; code++) {
        int is_own = code == 0 || code == 52 || code >= 255;
        EXPECT(ddi_dhcp4_message_put_option(message, code, TEXT("x")) == (is_own ? DDI_E_ARGUMENT : DDI_OK));
        if (code != 53) EXPECT(ddi_dhcp4_message_remove_option(message, code) == (code > 255 ? DDI_E_ARGUMENT : DDI_OK));
    }
    EXPECT(ddi_dhcp4_message_set_type(message, 2) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option(message, 43, huge, 70000) == DDI_E_LIMIT);
    EXPECT(ddi_dhcp4_message_put_option(message, 43, huge, 65535) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len) == DDI_E_LIMIT);
    EXPECT(ddi_dhcp4_message_put_option(message, 43, huge, 600) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option_text(message, TEXT("routers"), TEXT("192.0.2.1, 192.0.2.2")) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option_text(message, TEXT("routers"), TEXT("192.0.2.256")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp4_message_put_option_text(message, TEXT("domain_name"), TEXT("a,b")) == DDI_OK);
    EXPECT(ddi_dhcp4_message_option(message, 15, bytes, sizeof bytes, &len) == DDI_OK && memcmp(bytes, "a,b", 3) == 0);
    EXPECT(ddi_dhcp4_message_emit(message, NULL, 0, &needed) == DDI_E_BUFFER && needed > 850);
    EXPECT(ddi_dhcp4_message_emit(message, bytes, needed - 1, &len) == DDI_E_BUFFER && len == needed);
    EXPECT(ddi_dhcp4_message_emit(message, bytes, needed, &len) == DDI_OK && len == needed);
    EXPECT(ddi_dhcp4_message_parse(message, bytes, len) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit(message, again, sizeof again, &len) == DDI_OK);
    EXPECT(len == needed && memcmp(bytes, again, len) == 0);
    EXPECT(ddi_dhcp4_message_parse(message, bytes, 100) == DDI_E_MALFORMED);
    free(huge);
    ddi_dhcp4_message_free(message);
    ddi_dhcp4_packet_free(packet);
}

/* What the client asks for comes first, and what it has no room for does not come. */
static void replies(void) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    uint8_t bytes[1500], filler[400] = {0};
    size_t len, left_out = 99;
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, NULL, bytes, sizeof bytes, &len) == DDI_E_MALFORMED);
    discover(bytes);
    memcpy(bytes + 256, "\x37\x03\x0f\x06\x03\xff", 6); /* 15, 6, 3 */
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, 300) == DDI_OK && ddi_dhcp4_message_reply_to(message, packet) == DDI_OK);
    EXPECT(ddi_dhcp4_message_set_type(message, 2) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option_text(message, TEXT("routers"), TEXT("192.0.2.1")) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option_text(message, TEXT("domain_name"), TEXT("example.com")) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, NULL, NULL, 0, &len) == DDI_E_BUFFER && len == 300);
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, &left_out, bytes, 300, &len) == DDI_OK && left_out == 0);
    EXPECT(memcmp(bytes + 240, "\x35\x01\x02\x0f\x0b" "example.com\x03\x04", 18) == 0);
    /* 400 bytes more fit only with file and sname; as many again don't. */
    EXPECT(ddi_dhcp4_message_put_option(message, 224, filler, 300) == DDI_OK);
    EXPECT(ddi_dhcp4_message_put_option(message, 225, filler, 100) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, &left_out, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(left_out == 0 && len > 300 && len <= 548);
    EXPECT(ddi_dhcp4_message_put_option(message, 226, filler, 400) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, &left_out, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(left_out > 0 && len <= 548);
    /* Unless the client says that it takes more. */
    discover(bytes);
    memcpy(bytes + 256, "\x39\x02\x05\xdc\xff", 5);
    EXPECT(ddi_dhcp4_packet_parse(packet, bytes, 300) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit_reply(message, packet, &left_out, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(left_out == 0 && len > 1000);
    ddi_dhcp4_message_free(message);
    ddi_dhcp4_packet_free(packet);
}

static void configs(void) {
    ddi_dhcp_config *config = ddi_dhcp_config_new();
    ddi_dhcp_server *server = NULL;
    const ddi_ipv4 net = {{192, 0, 2, 0}}, first = {{192, 0, 2, 10}}, last = {{192, 0, 2, 20}};
    uint32_t subnet, pool, other;
    EXPECT(ddi_dhcp_config_set(config, 0, 1) == DDI_E_ARGUMENT && ddi_dhcp_config_set(config, 999, 1) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_AUTHORITATIVE, 2) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_RELAY_PORT, 65536) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_MAX_OFFERS, UINT64_MAX) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, first, 24, &subnet) == DDI_E_ARGUMENT); /* host bits */
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, net, 33, &subnet) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, net, 24, &subnet) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_pool(config, 7, first, last, &pool) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_pool(config, DDI_DHCP_EVERYWHERE, first, last, &pool) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_pool(config, subnet, first, last, &pool) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_excluded(config, pool, first, first) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_excluded(config, subnet, first, first) == DDI_OK);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_RENEWAL_PERMILLE, 65536) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_RENEWAL_PERMILLE, 400) == DDI_OK);
    EXPECT(ddi_dhcp_config_set(config, DDI_DHCP_REBINDING_PERMILLE, 800) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_relay(config, pool, first) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set_lease_seconds(config, pool, 1, 1, 1) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_set_names(config, subnet, 16, TEXT("example.com")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_class_test(config, subnet, DDI_DHCP_IF_USER_CLASS, TEXT("x")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_class(config, TEXT("modems"), &other) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_class_test(config, other, DDI_DHCP_IF_ENTERPRISE_CLASS, TEXT("\0\x11\x8b")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_class_test(config, other, DDI_DHCP_IF_ENTERPRISE_CLASS, TEXT("\0\0\x11\x8bmodem")) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_class_test(config, other, DDI_DHCP_IF_ENTERPRISE_CLASS, TEXT("\0\0\0\x09")) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_class_test(config, other, DDI_DHCP_IF_ENTERPRISE_OPTIONS, TEXT("\0\0\0\x09x")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_add_class_test(config, other, DDI_DHCP_IF_ENTERPRISE_OPTIONS, TEXT("\0\0\0\x09")) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_reservation(config, subnet, 9, TEXT("x"), first, &other) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_put_option(config, subnet, 256, 0, TEXT("x")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_put_option(config, subnet, 6, 2, TEXT("x")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_config_put_option(config, subnet, 6, 1, NULL, 0) == DDI_OK);
    EXPECT(ddi_dhcp_config_set_shared_network(config, subnet, TEXT("\xc3\x28")) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_server_new(config, 1, &server) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, (ddi_ipv4){{192, 0, 2, 128}}, 25, &other) == DDI_OK);
    ddi_dhcp_server *none = NULL;
    EXPECT(ddi_dhcp_server_new(config, 1, &none) == DDI_E_DHCP_CONFIG && none == NULL);
    EXPECT(strstr(ddi_dhcp_config_last_error(config), "subnet 1") != NULL);
    ddi_now now = {1, 1};
    EXPECT(ddi_dhcp_server_set_config(server, &now, config) == DDI_E_DHCP_CONFIG); /* the old one stays */
    ddi_pool known = {.struct_size = sizeof known};
    EXPECT(ddi_dhcp_server_pool(server, 0, &known) == DDI_OK && memcmp(&known.range.last, &last, 4) == 0);
    EXPECT(ddi_dhcp_server_pool(server, 1, &known) == DDI_IDLE);
    ddi_dhcp_server_free(server);
    ddi_dhcp_config_free(config);
}

static ddi_store *new_store(ddi_lease_db **db) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {9};
    ddi_lease_config *config;
    ddi_store *store;
    EXPECT(ddi_lease_config_new(key, sizeof key, &config) == DDI_OK);
    EXPECT(ddi_lease_db_open_memory(config, db) == DDI_OK);
    ddi_lease_config_free(config);
    EXPECT(ddi_store_of_lease_db(NULL, &store) == DDI_E_NULL);
    EXPECT(ddi_store_of_lease_db(*db, &store) == DDI_OK);
    return store;
}

static void servers(void) {
    ddi_dhcp_config *config = ddi_dhcp_config_new();
    ddi_dhcp_server *server;
    ddi_lease_db *db;
    ddi_store *store = new_store(&db);
    const ddi_ipv4 net = {{192, 0, 2, 0}}, own = {{192, 0, 2, 1}}, first = {{192, 0, 2, 10}}, nobody = {{0, 0, 0, 0}};
    uint32_t subnet, pool;
    EXPECT(ddi_dhcp_config_add_subnet(config, 1, net, 24, &subnet) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_pool(config, subnet, first, first, &pool) == DDI_OK);
    EXPECT(ddi_dhcp_config_add_link_address(config, 1, own) == DDI_OK);
    EXPECT(ddi_dhcp_server_new(config, 1, &server) == DDI_OK);
    EXPECT(ddi_dhcp_server_give_pools(server, store) == DDI_OK);
    ddi_now now = {1000, 1700000000};
    ddi_dhcp_event event = {.struct_size = sizeof event};
    ddi_dhcp_transmit to = {.struct_size = sizeof to};
    uint8_t bytes[DDI_DHCP_MAX_REPLY];
    size_t len;
    uint64_t value;
    const char *name;
    /* Rubbish is no error; it is told, and the event waits for a buffer that is long enough. */
    EXPECT(ddi_dhcp_server_handle_datagram(server, &now, store, NULL, 1, nobody, 68, nobody, NULL, 0) == DDI_OK);
    EXPECT(ddi_dhcp_server_poll_event(server, &event, bytes, 3, &len) == DDI_E_BUFFER && len == 9);
    EXPECT(ddi_dhcp_server_poll_event(server, &event, bytes, len, &len) == DDI_OK && memcmp(bytes, "malformed", 9) == 0);
    EXPECT(event.kind == DDI_DHCP_EVENT_DROPPED && event.port == 68 && event.interface == 1);
    EXPECT(ddi_dhcp_server_poll_event(server, &event, bytes, sizeof bytes, &len) == DDI_IDLE);
    /* A buffer that may be too short loses no reply. */
    len = discover(bytes);
    EXPECT(ddi_dhcp_server_handle_datagram(server, &now, store, NULL, 1, nobody, 68, nobody, bytes, len) == DDI_OK);
    EXPECT(ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes - 1, &len) == DDI_E_BUFFER);
    EXPECT(len == DDI_DHCP_MAX_REPLY);
    EXPECT(ddi_dhcp_server_poll_transmit(server, NULL, &to, bytes, sizeof bytes, &len) == DDI_E_NULL);
    EXPECT(ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(to.kind == DDI_DHCP_TO_LINK_LAYER && to.port == 68 && to.hw_addr.len == 6 && bytes[19] == 10);
    EXPECT(ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes, &len) == DDI_IDLE);
    EXPECT(ddi_dhcp_server_handle_ping(server, &now, store, NULL, first, 2) == DDI_E_ARGUMENT);
    EXPECT(ddi_dhcp_server_handle_ping(server, &now, store, NULL, first, 1) == DDI_OK); /* nobody asked */
    ddi_lease_key key = {.family = 99};
    EXPECT(ddi_dhcp_server_release(server, &now, store, NULL, &key, &value) == DDI_E_ARGUMENT);
    key.family = DDI_FAMILY_V4;
    EXPECT(ddi_dhcp_server_release(server, &now, store, NULL, &key, &value) == DDI_IDLE);
    EXPECT(ddi_dhcp_server_poll_timeout(server, &value) == DDI_OK && value > now.instant_ms);
    uint64_t received = 0;
    for (uint32_t i = 0; ddi_dhcp_server_counter(server, i, &name, &value) == DDI_OK; i++) {
        if (strcmp(name, "received") == 0) received = value;
    }
    EXPECT(received == 2);
    /* The configuration is a copy, and another can take its place. */
    EXPECT(ddi_dhcp_server_set_config(server, &now, config) == DDI_OK);
    ddi_dhcp_config_free(config);
    ddi_store_free(store);
    ddi_lease_db_free(db);
    ddi_dhcp_server_free(server);
}

static void pairs(void) {
    ddi_failover_config *config = ddi_failover_config_new();
    ddi_failover *failover = NULL;
    ddi_lease_db *db;
    ddi_store *store = new_store(&db);
    ddi_now now = {1000, 1700000000};
    uint32_t one, two;
    uint64_t due;
    EXPECT(ddi_failover_config_add(config, TEXT("one"), 3, &one) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_add(config, TEXT("one"), DDI_FAILOVER_SECONDARY, &one) == DDI_OK && one == 0);
    EXPECT(ddi_failover_config_set(config, 1, DDI_FAILOVER_SPLIT, 1) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set(config, one, 99, 1) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set(config, one, DDI_FAILOVER_SPLIT, 257) == DDI_E_ARGUMENT);
    uint8_t buckets[32] = {0xff};
    EXPECT(ddi_failover_config_set_buckets(config, one, buckets, 31) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set_buckets(config, 1, buckets, 32) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set_buckets(config, one, buckets, 32) == DDI_OK);
    EXPECT(ddi_failover_config_set(config, one, DDI_FAILOVER_MAX_OWNERSHIP_PERCENT, 101) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set(config, one, DDI_FAILOVER_PROFILE, 3) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set(config, one, DDI_FAILOVER_MCLT_SECONDS, 0) == DDI_OK);
    EXPECT(ddi_failover_new(config, &now, &failover) == DDI_E_FAILOVER_CONFIG && failover == NULL);
    EXPECT(strstr(ddi_failover_config_last_error(config), "mclt") != NULL);
    EXPECT(ddi_failover_config_set(config, one, DDI_FAILOVER_MCLT_SECONDS, 60) == DDI_OK);
    ddi_pool pool = {.struct_size = sizeof pool, .id = 5, .range = {{{10, 0, 0, 1}}, {{10, 0, 0, 9}}}};
    EXPECT(ddi_failover_config_add_pool(config, one, &pool) == DDI_OK);
    EXPECT(ddi_failover_config_add(config, TEXT("two"), DDI_FAILOVER_PRIMARY, &two) == DDI_OK);
    EXPECT(ddi_failover_config_add_pool(config, two, &pool) == DDI_OK);
    EXPECT(ddi_failover_new(config, &now, &failover) == DDI_E_FAILOVER_CONFIG); /* a pool in both */
    ddi_failover_config_free(config);

    config = ddi_failover_config_new();
    EXPECT(ddi_failover_config_add(config, TEXT("one"), DDI_FAILOVER_SECONDARY, &one) == DDI_OK);
    EXPECT(ddi_failover_config_set_saved(config, one, TEXT("rubbish"), 2) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_config_set_saved(config, one, TEXT("rubbish"), 0) == DDI_OK);
    EXPECT(ddi_failover_new(config, &now, &failover) == DDI_E_FAILOVER_CONFIG); /* is not taken for "nothing saved" */
    EXPECT(ddi_failover_config_set_saved(config, one, NULL, 0, 0) == DDI_OK);
    EXPECT(ddi_failover_new(config, &now, &failover) == DDI_OK);
    ddi_failover_config_free(config);

    ddi_failover_event event = {.struct_size = sizeof event};
    uint8_t bytes[DDI_FAILOVER_MAX_EVENT];
    size_t len;
    EXPECT(ddi_failover_poll_event(failover, &event, NULL, 0, &len) == DDI_E_BUFFER && len > 48);
    EXPECT(ddi_failover_poll_event(failover, &event, bytes, len, &len) == DDI_OK);
    EXPECT(event.kind == DDI_FAILOVER_EVENT_SAVE && event.relationship == 0);
    EXPECT(ddi_failover_handle_saved(failover, 1, event.number) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_handle_saved(failover, 0, event.number) == DDI_OK);
    EXPECT(ddi_failover_handle_dialled(failover, &now, 1, 7) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_handle_accepted(failover, &now, DDI_FAILOVER_NOBODY, 7) == DDI_OK);
    EXPECT(ddi_failover_handle_accepted(failover, &now, DDI_FAILOVER_NOBODY, 7) == DDI_E_ARGUMENT); /* is there */
    EXPECT(ddi_failover_handle_bytes(failover, &now, store, 7, NULL, 0) == DDI_OK);
    EXPECT(ddi_failover_handle_bytes(failover, &now, store, 7, TEXT("GET / HTTP/1.0\r\n\r\n")) == DDI_E_FAILOVER_LINK);
    EXPECT(ddi_failover_handle_bytes(failover, &now, store, 8, TEXT("x")) == DDI_E_FAILOVER_LINK); /* unknown */
    EXPECT(ddi_failover_poll_transmit(failover, store, 7, bytes, 0, &len) == DDI_E_BUFFER && len == 1);
    EXPECT(ddi_failover_poll_transmit(failover, store, 99, bytes, sizeof bytes, &len) == DDI_IDLE);
    EXPECT(ddi_failover_handle_closed(failover, &now, store, 7) == DDI_OK);
    EXPECT(ddi_failover_handle_closed(failover, &now, store, 7) == DDI_OK);
    EXPECT(ddi_failover_handle_command(failover, &now, store, 0, 0) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_handle_command(failover, &now, store, 5, DDI_FAILOVER_COMMAND_PAUSE) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_set_pools(failover, 0, &pool, 1) == DDI_OK);
    EXPECT(ddi_failover_set_pools(failover, 0, NULL, 0) == DDI_OK);
    ddi_pool_counts counts = {.struct_size = sizeof counts};
    uint32_t number = 0;
    EXPECT(ddi_failover_pool_counts(failover, store, 0, 0, &number, &counts) == DDI_IDLE);
    config = ddi_failover_config_new();
    EXPECT(ddi_failover_set_all_pools(failover, config) == DDI_E_ARGUMENT); /* no relationship, but there is one */
    EXPECT(ddi_failover_config_add(config, TEXT("one"), DDI_FAILOVER_SECONDARY, &one) == DDI_OK);
    EXPECT(ddi_failover_config_add_pool(config, one, &pool) == DDI_OK);
    EXPECT(ddi_failover_set_all_pools(failover, config) == DDI_OK && ddi_lease_db_set_pools(db, &pool, 1) == DDI_OK);
    ddi_failover_config_free(config);
    EXPECT(ddi_failover_pool_counts(failover, store, 0, 0, &number, &counts) == DDI_OK);
    EXPECT(number == 5 && counts.total == 9 && counts.free == 9);
    EXPECT(ddi_failover_pool_counts(failover, store, 0, 1, &number, &counts) == DDI_IDLE);
    EXPECT(ddi_failover_pool_counts(failover, store, 1, 0, &number, &counts) == DDI_E_ARGUMENT);
    struct ddi_failover_status status = {.struct_size = sizeof status};
    EXPECT(ddi_failover_status_of(failover, store, 0, &status) == DDI_OK);
    EXPECT(status.role == DDI_FAILOVER_SECONDARY && status.state == DDI_FAILOVER_STATE_STARTUP && !status.is_linked);
    EXPECT(ddi_failover_status_of(failover, store, 1, &status) == DDI_E_ARGUMENT);
    EXPECT(strcmp(ddi_failover_state_name(status.state), "STARTUP") == 0);
    EXPECT(strcmp(ddi_failover_state_name(12345), "UNKNOWN") == 0);
    EXPECT(ddi_failover_poll_timeout(failover, &due) == DDI_OK);
    ddi_failover_free(failover);
    ddi_store_free(store);
    ddi_lease_db_free(db);
}

int main(void) {
    packets();
    messages();
    replies();
    configs();
    servers();
    pairs();
    puts("edges hold");
    return 0;
}
