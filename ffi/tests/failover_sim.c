/*
 * Drives a whole failover pair through the C library: two DHCP servers, their databases and relationships in one
 * process, a clock that is turned by hand, and a network of byte queues that cuts what it carries anywhere. So an
 * existing daemon could embed it: nothing here is a socket, a file or a thread. The secondary's leases are in a store of
 * the application's own.
 */
#include "forward_store.h"

#include <stdio.h>

#define CHECK(call, text) check((call), #call, (text), __LINE__)
#define EXPECT(is_right) expect((is_right), #is_right, __LINE__)

enum { MCLT = 60, LEASE = 600, IN_FLIGHT = 1 << 20 };

static void check(ddi_status status, const char *call, const char *text, int line) {
    if (status < 0) {
        fprintf(stderr, "line %d: %s: %s: %s\n", line, call, ddi_status_name(status), text);
        exit(1);
    }
}

static void expect(int is_right, const char *what, int line) {
    if (!is_right) {
        fprintf(stderr, "line %d: not so: %s\n", line, what);
        exit(1);
    }
}

struct node {
    ddi_lease_db *db;
    struct forward forward;
    ddi_store *store;
    ddi_dhcp_server *server;
    ddi_failover *failover;
    uint8_t saved[1024];
    size_t saved_len;
    uint64_t link; /* 0: none */
    int is_closing;
    uint8_t *arriving; /* bytes on their way to this node */
    size_t arriving_len;
};

static struct node nodes[2];
static ddi_now now = {1000, 1700000000};
static uint64_t last_link;
static int is_cut; /* nothing gets through, and nobody can dial */
static uint32_t seed = 1;

static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void start(struct node *node, int leases_lost) {
    uint32_t subnet, pool, relationship;
    uint32_t role = node == &nodes[0] ? DDI_FAILOVER_PRIMARY : DDI_FAILOVER_SECONDARY;
    uint8_t id = (uint8_t)(1 + (node - nodes));
    ddi_dhcp_config *dhcp = ddi_dhcp_config_new();
    CHECK(ddi_dhcp_config_add_link_address(dhcp, 1, (ddi_ipv4){{10, 0, 0, id}}), "");
    CHECK(ddi_dhcp_config_add_subnet(dhcp, 1, (ddi_ipv4){{10, 0, 0, 0}}, 24, &subnet), "");
    CHECK(ddi_dhcp_config_add_pool(dhcp, subnet, (ddi_ipv4){{10, 0, 0, 100}}, (ddi_ipv4){{10, 0, 0, 139}}, &pool), "");
    CHECK(ddi_dhcp_config_set_lease_seconds(dhcp, DDI_DHCP_EVERYWHERE, LEASE, LEASE, LEASE), "");
    CHECK(ddi_dhcp_server_new(dhcp, 7, &node->server), ddi_dhcp_config_last_error(dhcp));
    ddi_dhcp_config_free(dhcp);
    if (node->db == NULL) {
        static const uint8_t key[DDI_HASH_KEY_LEN] = {3};
        ddi_lease_config *config;
        CHECK(ddi_lease_config_new(key, sizeof key, &config), "");
        CHECK(ddi_lease_db_open_memory(config, &node->db), ddi_lease_config_last_error(config));
        ddi_lease_config_free(config);
    }
    ddi_pool shared = {.struct_size = sizeof shared};
    CHECK(ddi_dhcp_server_pool(node->server, 0, &shared), "");
    if (role == DDI_FAILOVER_PRIMARY) {
        CHECK(ddi_store_of_lease_db(node->db, &node->store), "");
        CHECK(ddi_dhcp_server_give_pools(node->server, node->store), ddi_dhcp_server_last_error(node->server));
    } else {
        node->forward = (struct forward){.db = node->db};
        ddi_lease_store functions = forward_functions(&node->forward);
        CHECK(ddi_store_new(&functions, &node->store), "");
        CHECK(ddi_lease_db_set_pools(node->db, &shared, 1), ddi_lease_db_last_error(node->db));
    }

    ddi_failover_config *config = ddi_failover_config_new();
    CHECK(ddi_failover_config_add(config, (const uint8_t *)"sim", 3, role, &relationship), "");
    CHECK(ddi_failover_config_add_pool(config, relationship, &shared), "");
    CHECK(ddi_failover_config_set(config, relationship, DDI_FAILOVER_MCLT_SECONDS, MCLT), "");
    CHECK(ddi_failover_config_set(config, relationship, DDI_FAILOVER_SEED, id), "");
    CHECK(ddi_failover_config_set_saved(config, relationship, node->saved, node->saved_len, (uint32_t)leases_lost), "");
    CHECK(ddi_failover_new(config, &now, &node->failover), ddi_failover_config_last_error(config));
    ddi_failover_config_free(config);
    if (node->arriving == NULL) node->arriving = malloc(IN_FLIGHT);
    EXPECT(node->arriving != NULL);
}

static void stop(struct node *node) {
    ddi_failover_free(node->failover);
    ddi_dhcp_server_free(node->server);
    ddi_store_free(node->store);
    node->failover = NULL;
    node->server = NULL;
    node->store = NULL;
}

static struct node *other(struct node *node) {
    return node == &nodes[0] ? &nodes[1] : &nodes[0];
}

/* The connection ends, for both if they know. */
static void close_link(struct node *node) {
    uint64_t link = node->link;
    node->link = 0;
    node->is_closing = 0;
    node->arriving_len = 0;
    if (link != 0 && node->failover != NULL) {
        CHECK(ddi_failover_handle_closed(node->failover, &now, node->store, link), ddi_failover_last_error(node->failover));
    }
}

static void dial(struct node *node, uint32_t relationship) {
    struct node *partner = other(node);
    if (is_cut || partner->failover == NULL) {
        CHECK(ddi_failover_handle_dial_failed(node->failover, &now, relationship), "");
        return;
    }
    close_link(node);
    close_link(partner);
    node->link = partner->link = ++last_link;
    CHECK(ddi_failover_handle_dialled(node->failover, &now, relationship, last_link), "");
    EXPECT(ddi_failover_handle_dialled(node->failover, &now, relationship, last_link) == DDI_E_ARGUMENT);
    CHECK(ddi_failover_handle_accepted(partner->failover, &now, 0, last_link), "");
}

static int on_events(struct node *node) {
    ddi_failover_event event = {.struct_size = sizeof event};
    uint8_t bytes[DDI_FAILOVER_MAX_EVENT];
    size_t len = 0;
    int is_busy = 0;
    while (1) {
        /* A buffer that is too short loses nothing. */
        ddi_status status = ddi_failover_poll_event(node->failover, &event, bytes, 0, &len);
        if (status == DDI_E_BUFFER) {
            EXPECT(len > 0 && len <= sizeof bytes);
            status = ddi_failover_poll_event(node->failover, &event, bytes, len, &len);
        }
        CHECK(status, ddi_failover_last_error(node->failover));
        if (status == DDI_IDLE) return is_busy;
        is_busy = 1;
        if (event.kind == DDI_FAILOVER_EVENT_SAVE) {
            EXPECT(len <= sizeof node->saved);
            memcpy(node->saved, bytes, node->saved_len = len);
            CHECK(ddi_failover_handle_saved(node->failover, event.relationship, event.number), "");
        } else if (event.kind == DDI_FAILOVER_EVENT_DIAL) {
            dial(node, event.relationship);
        } else if (event.kind == DDI_FAILOVER_EVENT_CLOSE) {
            if (event.link == node->link) node->is_closing = 1;
        } else if (event.kind == DDI_FAILOVER_EVENT_MOVED) {
            printf("%d: %s\n", (int)(node - nodes), ddi_failover_state_name(event.state));
        }
    }
}

/* What the node says is put on its way. */
static int transmit(struct node *node) {
    uint8_t bytes[3000];
    size_t len;
    int is_busy = 0;
    uint32_t room = 1 + random_below(sizeof bytes - 1);
    while (node->link != 0 &&
           ddi_failover_poll_transmit(node->failover, node->store, node->link, bytes, room, &len) == DDI_OK) {
        struct node *partner = other(node);
        is_busy = 1;
        if (is_cut || partner->link != node->link) continue;
        EXPECT(partner->arriving_len + len <= IN_FLIGHT);
        memcpy(partner->arriving + partner->arriving_len, bytes, len);
        partner->arriving_len += len;
    }
    if (node->is_closing) {
        struct node *partner = other(node);
        int is_theirs = partner->link == node->link;
        close_link(node);
        if (is_theirs && !is_cut) close_link(partner);
    }
    return is_busy;
}

static int deliver(struct node *node) {
    if (node->arriving_len == 0 || node->link == 0) return 0;
    size_t len = 1 + random_below((uint32_t)node->arriving_len);
    uint8_t *bytes = malloc(len);
    EXPECT(bytes != NULL);
    memcpy(bytes, node->arriving, len);
    memmove(node->arriving, node->arriving + len, node->arriving_len - len);
    node->arriving_len -= len;
    ddi_status status = ddi_failover_handle_bytes(node->failover, &now, node->store, node->link, bytes, len);
    EXPECT(status == DDI_OK || status == DDI_E_FAILOVER_LINK);
    free(bytes);
    return 1;
}

/* Does all that can be done at this moment. */
static void pump(void) {
    for (int is_busy = 1, turns = 0; is_busy; turns++) {
        EXPECT(turns < 20000);
        is_busy = 0;
        for (int i = 0; i < 2; i++) {
            struct node *node = &nodes[i];
            uint64_t durable, due;
            if (node->failover == NULL) continue;
            CHECK(ddi_dhcp_server_handle_timeout(node->server, &now, node->store, node->failover), "");
            if (ddi_failover_poll_timeout(node->failover, &due) == DDI_OK && due <= now.instant_ms) {
                CHECK(ddi_failover_handle_timeout(node->failover, &now, node->store), "");
                is_busy = 1;
            }
            CHECK(ddi_lease_db_commit(node->db, &durable), ddi_lease_db_last_error(node->db));
            is_busy |= transmit(node);
            is_busy |= on_events(node);
            is_busy |= deliver(node);
        }
    }
}

static void pass(uint64_t seconds) {
    uint64_t end = now.instant_ms + seconds * 1000, begin = now.instant_ms, unix_s = now.unix_s;
    pump();
    while (now.instant_ms < end) {
        uint64_t next = end, due;
        for (int i = 0; i < 2; i++) {
            if (nodes[i].failover == NULL) continue;
            if (ddi_failover_poll_timeout(nodes[i].failover, &due) == DDI_OK && due < next) next = due;
            if (ddi_dhcp_server_poll_timeout(nodes[i].server, &due) == DDI_OK && due < next) next = due;
        }
        now.instant_ms = next > now.instant_ms ? next : now.instant_ms + 1;
        now.unix_s = unix_s + (now.instant_ms - begin) / 1000;
        pump();
    }
}

static uint32_t state(struct node *node) {
    struct ddi_failover_status status = {.struct_size = sizeof status};
    CHECK(ddi_failover_status_of(node->failover, node->store, 0, &status), ddi_failover_last_error(node->failover));
    return status.state;
}

/* A client's message to a node; its reply's type (0: none), address and lease time. */
struct answer {
    unsigned type;
    ddi_ipv4 address;
    uint32_t seconds;
};

static struct answer ask(struct node *node, uint8_t client, uint32_t type, ddi_ipv4 address, int renews) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .hw_type = 1, .hw_len = 6};
    ddi_ipv4 own = {{10, 0, 0, (uint8_t)(1 + (node - nodes))}}, from = {{0, 0, 0, 0}}, to = {{255, 255, 255, 255}};
    header.xid = client;
    header.hw_addr[5] = client;
    if (renews) {
        header.ciaddr = from = address;
        to = own;
    }
    CHECK(ddi_dhcp4_message_set_header(message, &header), ddi_dhcp4_message_last_error(message));
    CHECK(ddi_dhcp4_message_set_type(message, type), "");
    if (type == 3 && !renews) {
        CHECK(ddi_dhcp4_message_put_option(message, 50, address.bytes, 4), "");
        CHECK(ddi_dhcp4_message_put_option(message, 54, own.bytes, 4), "");
    }
    uint8_t bytes[1500];
    size_t len;
    CHECK(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len), "");
    CHECK(ddi_dhcp_server_handle_datagram(node->server, &now, node->store, node->failover, 1, from, 68, to, bytes, len),
          ddi_dhcp_server_last_error(node->server));
    struct answer answer = {0};
    ddi_dhcp_transmit transmit_to = {.struct_size = sizeof transmit_to};
    uint64_t durable;
    if (type == 3) { /* nothing is promised before the disk has it */
        EXPECT(ddi_dhcp_server_poll_transmit(node->server, node->store, &transmit_to, bytes, sizeof bytes, &len) == DDI_IDLE);
    }
    CHECK(ddi_lease_db_commit(node->db, &durable), "");
    if (ddi_dhcp_server_poll_transmit(node->server, node->store, &transmit_to, bytes, sizeof bytes, &len) == DDI_OK) {
        uint8_t seconds[4];
        CHECK(ddi_dhcp4_packet_parse(packet, bytes, len), ddi_dhcp4_packet_last_error(packet));
        CHECK(ddi_dhcp4_packet_header(packet, &header), "");
        answer.type = header.message_type;
        answer.address = header.yiaddr;
        if (ddi_dhcp4_packet_option(packet, 51, seconds, 4, &len) == DDI_OK) {
            answer.seconds = (uint32_t)seconds[0] << 24 | (uint32_t)seconds[1] << 16 | (uint32_t)seconds[2] << 8 | seconds[3];
        }
    }
    ddi_dhcp4_packet_free(packet);
    ddi_dhcp4_message_free(message);
    return answer;
}

/* A new client, at whichever node answers it. */
static struct answer bind_client(uint8_t client, struct node **served) {
    for (int i = 0; i < 2; i++) {
        if (nodes[i].failover == NULL) continue;
        struct answer offer = ask(&nodes[i], client, 1, (ddi_ipv4){{0, 0, 0, 0}}, 0);
        if (offer.type != 2) continue;
        *served = &nodes[i];
        return ask(&nodes[i], client, 3, offer.address, 0);
    }
    return (struct answer){0};
}

static int is_active(struct node *node, ddi_ipv4 address) {
    ddi_lease lease = {.struct_size = sizeof lease};
    ddi_lease_key key = {.family = DDI_FAMILY_V4};
    memcpy(key.bytes, address.bytes, 4);
    return ddi_lease_db_get(node->db, &key, &lease) == DDI_OK && lease.state == DDI_STATE_ACTIVE;
}

int main(void) {
    start(&nodes[0], 0);
    start(&nodes[1], 0);
    pass(30);
    EXPECT(state(&nodes[0]) == DDI_FAILOVER_STATE_NORMAL && state(&nodes[1]) == DDI_FAILOVER_STATE_NORMAL);
    pass(120); /* the free addresses are shared */

    /* Each client is served by one node, for no longer than MCLT at first, and the other node knows. */
    struct answer first[16];
    struct node *served[16];
    int by[2] = {0, 0};
    for (uint8_t i = 0; i < 16; i++) {
        first[i] = bind_client((uint8_t)(i + 1), &served[i]);
        EXPECT(first[i].type == 5 && first[i].seconds <= MCLT);
        by[served[i] - nodes]++;
        pump();
        EXPECT(is_active(other(served[i]), first[i].address));
    }
    EXPECT(by[0] > 0 && by[1] > 0);
    pass(MCLT / 2);
    struct answer renewed = ask(served[0], 1, 3, first[0].address, 1);
    EXPECT(renewed.type == 5 && renewed.seconds == LEASE);
    pump();

    /* The network is cut; nobody is told. Both go on serving: renewals of any lease, new clients from their own half. */
    is_cut = 1;
    pass(30);
    EXPECT(state(&nodes[0]) == DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED);
    EXPECT(state(&nodes[1]) == DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED);
    renewed = ask(other(served[0]), 1, 3, first[0].address, 1);
    EXPECT(renewed.type == 5 && memcmp(&renewed.address, &first[0].address, sizeof renewed.address) == 0);
    struct answer apart[2];
    for (int i = 0; i < 2; i++) {
        struct answer offer = ask(&nodes[i], (uint8_t)(100 + i), 1, (ddi_ipv4){{0, 0, 0, 0}}, 0);
        EXPECT(offer.type == 2);
        apart[i] = ask(&nodes[i], (uint8_t)(100 + i), 3, offer.address, 0);
        EXPECT(apart[i].type == 5);
    }
    EXPECT(memcmp(&apart[0].address, &apart[1].address, sizeof apart[0].address) != 0);

    /* It heals: each learns what the other did. */
    is_cut = 0;
    pass(60);
    EXPECT(state(&nodes[0]) == DDI_FAILOVER_STATE_NORMAL && state(&nodes[1]) == DDI_FAILOVER_STATE_NORMAL);
    for (int i = 0; i < 2; i++) EXPECT(is_active(&nodes[i], apart[0].address) && is_active(&nodes[i], apart[1].address));

    /* The primary dies with its disk. An operator says so; the secondary takes over, and after MCLT has all addresses. */
    stop(&nodes[0]);
    ddi_lease_db_free(nodes[0].db);
    nodes[0].db = NULL;
    close_link(&nodes[0]);
    close_link(&nodes[1]);
    pass(5);
    EXPECT(ddi_failover_handle_command(nodes[1].failover, &now, nodes[1].store, 0, 99) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_handle_command(nodes[1].failover, &now, nodes[1].store, 0, DDI_FAILOVER_COMMAND_RESUME) ==
           DDI_E_FAILOVER_REFUSED);
    CHECK(ddi_failover_handle_command(nodes[1].failover, &now, nodes[1].store, 0, DDI_FAILOVER_COMMAND_PARTNER_DOWN),
          ddi_failover_last_error(nodes[1].failover));
    EXPECT(state(&nodes[1]) == DDI_FAILOVER_STATE_PARTNER_DOWN);
    pass(MCLT + 5);
    int found = 0;
    for (uint8_t i = 0; i < 30; i++) {
        struct node *by_whom;
        found += bind_client((uint8_t)(150 + i), &by_whom).type == 5;
        pump();
    }
    printf("%d of 30 new clients in PARTNER-DOWN\n", found);
    EXPECT(found > 20);

    /* It comes back with an empty disk, says so, and gets everything from its partner. */
    start(&nodes[0], 1);
    pass(MCLT + 120);
    EXPECT(state(&nodes[0]) == DDI_FAILOVER_STATE_NORMAL && state(&nodes[1]) == DDI_FAILOVER_STATE_NORMAL);
    EXPECT(ddi_lease_db_len(nodes[0].db) == ddi_lease_db_len(nodes[1].db));
    for (int i = 0; i < 2; i++) {
        stop(&nodes[i]);
        ddi_lease_db_free(nodes[i].db);
        free(nodes[i].arriving);
    }
    puts("the pair went through a cut, a death and a return");
    return 0;
}
