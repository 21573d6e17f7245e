/*
 * Two DHCPv4 servers that share a pool by failover. Each is a process of this program, with a lease database, a UDP
 * socket for clients, and TCP for its partner:
 *
 *   failover_pair primary|secondary DIRECTORY DHCP_PORT LISTEN_PORT PARTNER_ADDRESS PARTNER_PORT
 *
 * Without arguments it starts both, gets an address from one, kills that one, and renews the address at the other.
 */
#define _XOPEN_SOURCE 700
#include <ddi.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WIRES = 8, PIECE = 65536 };

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

static void must(int is_right, const char *what) {
    if (!is_right) {
        perror(what);
        exit(1);
    }
}

static ddi_now now(void) {
    struct timespec mono, real;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_REALTIME, &real);
    return (ddi_now){(uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000, (uint64_t)real.tv_sec};
}

/* A connection with the partner. What the system did not take yet is kept; `fd` is -1 if there is no connection. */
struct wire {
    int fd;
    uint64_t link;
    int is_closing;
    uint8_t out[PIECE];
    size_t out_len;
};

struct node {
    uint32_t role;
    const char *directory;
    int udp, listener;
    struct sockaddr_in partner;
    ddi_lease_db *db;
    ddi_store *store;
    ddi_dhcp_server *server;
    ddi_failover *failover;
    struct wire wires[WIRES];
    uint64_t next_link;
};

static int bound(int type, unsigned port) {
    int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    must(fd >= 0, "socket");
    if (type == SOCK_STREAM) must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "SO_REUSEADDR");
    must(bind(fd, (struct sockaddr *)&here, sizeof here) == 0, "bind");
    must(type == SOCK_DGRAM || listen(fd, 4) == 0, "listen");
    return fd;
}

static unsigned port_of(int fd) {
    struct sockaddr_in here;
    socklen_t len = sizeof here;
    must(getsockname(fd, (struct sockaddr *)&here, &len) == 0, "getsockname");
    return ntohs(here.sin_port);
}

/* The state that a restart begins with: read, and replaced atomically. */
static size_t read_saved(const struct node *node, uint8_t *bytes, size_t cap) {
    char path[512];
    snprintf(path, sizeof path, "%s/failover-state", node->directory);
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(bytes, 1, cap, file);
    if (file != NULL) fclose(file);
    return len;
}

static void write_saved(const struct node *node, const uint8_t *bytes, size_t len) {
    char fresh[512], path[512];
    snprintf(fresh, sizeof fresh, "%s/failover-state.new", node->directory);
    snprintf(path, sizeof path, "%s/failover-state", node->directory);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0 && close(fd) == 0, fresh);
    must(rename(fresh, path) == 0, path);
    fd = open(node->directory, O_RDONLY | O_CLOEXEC);
    must(fd >= 0 && fsync(fd) == 0 && close(fd) == 0, node->directory);
}

static struct wire *add_wire(struct node *node, int fd) {
    for (int i = 0; i < WIRES; i++) {
        struct wire *wire = &node->wires[i];
        if (wire->fd >= 0) continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        wire->fd = fd;
        wire->link = ++node->next_link;
        wire->is_closing = 0;
        wire->out_len = 0;
        return wire;
    }
    close(fd);
    return NULL;
}

static void dial(struct node *node, const ddi_now *at, uint32_t relationship) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct wire *wire = NULL;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&node->partner, sizeof node->partner) == 0) {
        wire = add_wire(node, fd);
    } else if (fd >= 0) {
        close(fd);
    }
    ddi_status s = wire != NULL ? ddi_failover_handle_dialled(node->failover, at, relationship, wire->link)
                                : ddi_failover_handle_dial_failed(node->failover, at, relationship);
    check(s, "dial", ddi_failover_last_error(node->failover));
}

static void hang_up(struct node *node, const ddi_now *at, struct wire *wire) {
    close(wire->fd);
    wire->fd = -1;
    ddi_status s = ddi_failover_handle_closed(node->failover, at, node->store, wire->link);
    check(s, "close", ddi_failover_last_error(node->failover));
}

static void on_events(struct node *node, const ddi_now *at) {
    ddi_failover_event event = {.struct_size = sizeof event};
    uint8_t bytes[DDI_FAILOVER_MAX_EVENT];
    size_t len;
    while (ddi_failover_poll_event(node->failover, &event, bytes, sizeof bytes, &len) == DDI_OK) {
        struct wire *wire = NULL;
        for (int i = 0; i < WIRES; i++) {
            if (node->wires[i].fd >= 0 && node->wires[i].link == event.link) wire = &node->wires[i];
        }
        switch (event.kind) {
        case DDI_FAILOVER_EVENT_SAVE:
            write_saved(node, bytes, len);
            check(ddi_failover_handle_saved(node->failover, event.relationship, event.number), "saved", "");
            break;
        case DDI_FAILOVER_EVENT_DIAL:
            dial(node, at, event.relationship);
            break;
        case DDI_FAILOVER_EVENT_CLOSE:
            fprintf(stderr, "connection closed: %.*s\n", (int)len, (const char *)bytes);
            if (wire != NULL) wire->is_closing = 1;
            break;
        case DDI_FAILOVER_EVENT_MOVED:
            printf("%s\n", ddi_failover_state_name(event.state));
            fflush(stdout);
            break;
        default:
            break;
        }
    }
    ddi_dhcp_event told = {.struct_size = sizeof told};
    while (ddi_dhcp_server_poll_event(node->server, &told, bytes, sizeof bytes, &len) == DDI_OK) {
    }
}

static void receive(struct node *node, const ddi_now *at) {
    static uint8_t bytes[PIECE];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t n;
    while ((n = recvfrom(node->udp, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &from_len)) > 0) {
        ddi_ipv4 source, to = {{127, 0, 0, 1}};
        memcpy(source.bytes, &from.sin_addr, 4);
        ddi_status s = ddi_dhcp_server_handle_datagram(node->server, at, node->store, node->failover, 0, source,
                                                       ntohs(from.sin_port), to, bytes, (size_t)n);
        check(s, "datagram", ddi_dhcp_server_last_error(node->server));
    }
    int fd = accept(node->listener, NULL, NULL);
    struct wire *accepted = fd >= 0 ? add_wire(node, fd) : NULL;
    if (accepted != NULL) {
        ddi_status s = ddi_failover_handle_accepted(node->failover, at, 0, accepted->link);
        check(s, "accept", ddi_failover_last_error(node->failover));
    }
    for (int i = 0; i < WIRES; i++) {
        struct wire *wire = &node->wires[i];
        if (wire->fd < 0) continue;
        n = recv(wire->fd, bytes, sizeof bytes, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            hang_up(node, at, wire);
        } else if (n > 0 && !wire->is_closing) {
            ddi_status s = ddi_failover_handle_bytes(node->failover, at, node->store, wire->link, bytes, (size_t)n);
            if (s == DDI_E_FAILOVER_LINK) wire->is_closing = 1;
            else check(s, "bytes", ddi_failover_last_error(node->failover));
        }
    }
}

static void transmit(struct node *node, const ddi_now *at) {
    uint8_t bytes[DDI_DHCP_MAX_REPLY];
    size_t len;
    ddi_dhcp_transmit to = {.struct_size = sizeof to};
    while (ddi_dhcp_server_poll_transmit(node->server, node->store, &to, bytes, sizeof bytes, &len) == DDI_OK) {
        struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(to.port)};
        memcpy(&peer.sin_addr, to.to.bytes, 4);
        sendto(node->udp, bytes, len, 0, (struct sockaddr *)&peer, sizeof peer);
    }
    for (int i = 0; i < WIRES; i++) {
        struct wire *wire = &node->wires[i];
        for (int is_more = 1; is_more && wire->fd >= 0;) {
            size_t room = sizeof wire->out - wire->out_len;
            is_more = room > 0 && ddi_failover_poll_transmit(node->failover, node->store, wire->link,
                                                             wire->out + wire->out_len, room, &len) == DDI_OK;
            wire->out_len += is_more ? len : 0;
            ssize_t n = send(wire->fd, wire->out, wire->out_len, MSG_NOSIGNAL);
            if (n > 0) memmove(wire->out, wire->out + n, wire->out_len -= (size_t)n);
            is_more = is_more && n > 0;
        }
        if (wire->fd >= 0 && wire->is_closing && wire->out_len == 0) hang_up(node, at, wire);
    }
}

/* What is not opened yet, of a node that has its role, directory, sockets and partner. */
static void open_node(struct node *node) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {1}; /* a daemon takes a random one */
    for (int i = 0; i < WIRES; i++) node->wires[i].fd = -1;

    ddi_lease_config *leases;
    check(ddi_lease_config_new(key, sizeof key, &leases), "leases", "");
    ddi_status s = ddi_lease_db_open(leases, (const uint8_t *)node->directory, strlen(node->directory), &node->db);
    check(s, "leases", ddi_lease_config_last_error(leases));
    ddi_lease_config_free(leases);
    check(ddi_store_of_lease_db(node->db, &node->store), "store", "");

    uint32_t subnet, pool, relationship;
    ddi_dhcp_config *dhcp = ddi_dhcp_config_new();
    check(ddi_dhcp_config_add_subnet(dhcp, 1, (ddi_ipv4){{10, 77, 0, 0}}, 24, &subnet), "subnet", "");
    check(ddi_dhcp_config_add_relay(dhcp, subnet, (ddi_ipv4){{127, 0, 0, 1}}), "relay", "");
    s = ddi_dhcp_config_add_pool(dhcp, subnet, (ddi_ipv4){{10, 77, 0, 100}}, (ddi_ipv4){{10, 77, 0, 199}}, &pool);
    check(s, "pool", ddi_dhcp_config_last_error(dhcp));
    check(ddi_dhcp_config_set(dhcp, DDI_DHCP_RELAY_PORT, port_of(node->udp)), "port", "");
    check(ddi_dhcp_config_set(dhcp, DDI_DHCP_CACHE_THRESHOLD_PERCENT, 0), "set", "");
    check(ddi_dhcp_server_new(dhcp, 1, &node->server), "server", ddi_dhcp_config_last_error(dhcp));
    ddi_dhcp_config_free(dhcp);
    check(ddi_dhcp_server_give_pools(node->server, node->store), "pools", "");

    uint8_t saved[1024];
    size_t saved_len = read_saved(node, saved, sizeof saved);
    uint32_t leases_lost = saved_len > 0 && ddi_lease_db_appended(node->db) == 0;
    ddi_failover_config *config = ddi_failover_config_new();
    check(ddi_failover_config_add(config, (const uint8_t *)"pair", 4, node->role, &relationship), "pair", "");
    ddi_pool shared = {.struct_size = sizeof shared};
    check(ddi_dhcp_server_pool(node->server, 0, &shared), "pool", "");
    check(ddi_failover_config_add_pool(config, relationship, &shared), "pool", "");
    check(ddi_failover_config_set(config, relationship, DDI_FAILOVER_MCLT_SECONDS, 60), "mclt", "");
    check(ddi_failover_config_set(config, relationship, DDI_FAILOVER_SEED, node->role), "seed", "");
    check(ddi_failover_config_set_saved(config, relationship, saved, saved_len, leases_lost), "saved", "");
    ddi_now at = now();
    check(ddi_failover_new(config, &at, &node->failover), "failover", ddi_failover_config_last_error(config));
    ddi_failover_config_free(config);
}

static int wait_for(struct node *node) {
    ddi_now at = now();
    uint64_t due, first = at.instant_ms + 60000;
    if (ddi_dhcp_server_poll_timeout(node->server, &due) == DDI_OK && due < first) first = due;
    if (ddi_failover_poll_timeout(node->failover, &due) == DDI_OK && due < first) first = due;
    struct pollfd fds[2 + WIRES] = {{.fd = node->udp, .events = POLLIN}, {.fd = node->listener, .events = POLLIN}};
    for (int i = 0; i < WIRES; i++) {
        short out = node->wires[i].out_len > 0 ? POLLOUT : 0;
        fds[2 + i] = (struct pollfd){.fd = node->wires[i].fd, .events = (short)(POLLIN | out)};
    }
    return poll(fds, 2 + WIRES, first > at.instant_ms ? (int)(first - at.instant_ms) : 0);
}

static void serve(struct node *node) {
    open_node(node);
    for (;;) {
        ddi_now at = now();
        uint64_t durable;
        receive(node, &at);
        check(ddi_dhcp_server_handle_timeout(node->server, &at, node->store, node->failover), "time", "");
        check(ddi_failover_handle_timeout(node->failover, &at, node->store), "time", "");
        on_events(node, &at);
        check(ddi_lease_db_commit(node->db, &durable), "sync", ddi_lease_db_last_error(node->db));
        transmit(node, &at);
        on_events(node, &at);
        wait_for(node);
    }
}

/* A message to the server on this port as a relay on this machine sends it; the type of the reply, 0 if none came. */
static unsigned ask(unsigned port, uint32_t type, ddi_ipv4 *address, ddi_ipv4 *server_id) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .xid = 7, .hw_type = 1, .hw_len = 6};
    header.hw_addr[5] = 1;
    header.giaddr = (ddi_ipv4){{127, 0, 0, 1}};
    if (type == 3 && server_id == NULL) header.ciaddr = *address; /* it has the address, and renews it */
    check(ddi_dhcp4_message_set_header(message, &header), "header", ddi_dhcp4_message_last_error(message));
    check(ddi_dhcp4_message_set_type(message, type), "type", "");
    check(ddi_dhcp4_message_put_option(message, 82, (const uint8_t[]){19, 0}, 2), "option", ""); /* RFC 8357 */
    if (type == 3 && server_id != NULL) {
        check(ddi_dhcp4_message_put_option(message, 50, address->bytes, 4), "option", "");
        check(ddi_dhcp4_message_put_option(message, 54, server_id->bytes, 4), "option", "");
    }
    uint8_t bytes[2048];
    size_t len;
    check(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len), "emit", "");
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(sendto(udp, bytes, len, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)len, "send");
    struct pollfd fd = {.fd = udp, .events = POLLIN};
    ssize_t got = poll(&fd, 1, 1000) == 1 ? recv(udp, bytes, sizeof bytes, 0) : 0;
    header.message_type = 0;
    if (got > 0 && ddi_dhcp4_packet_parse(packet, bytes, (size_t)got) == DDI_OK) {
        check(ddi_dhcp4_packet_header(packet, &header), "reply", "");
        *address = header.yiaddr;
        if (server_id != NULL) check(ddi_dhcp4_packet_option(packet, 54, server_id->bytes, 4, &len), "server", "");
    }
    close(udp);
    ddi_dhcp4_message_free(message);
    ddi_dhcp4_packet_free(packet);
    return header.message_type;
}

struct child {
    pid_t pid; /* 0: none */
    int udp, listener;
    unsigned port, listens;
    char directory[64];
    FILE *out;
};

static struct child children[2];

static void start(struct child *child, uint32_t role) {
    struct child *other = &children[child == &children[0]];
    int out[2];
    snprintf(child->directory, sizeof child->directory, "/tmp/ddi-failover-XXXXXX");
    must(mkdtemp(child->directory) != NULL && pipe(out) == 0, "mkdtemp, pipe");
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        static struct node node;
        children[0].pid = children[1].pid = 0; /* they are not this one's to end */
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        if (other->udp >= 0) close(other->udp);
        if (other->listener >= 0) close(other->listener);
        node.role = role;
        node.directory = child->directory;
        node.udp = child->udp;
        node.listener = child->listener;
        node.partner = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)other->listens)};
        node.partner.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        serve(&node);
    }
    child->pid = pid;
    close(child->udp);
    close(child->listener);
    child->udp = child->listener = -1;
    close(out[1]);
    child->out = fdopen(out[0], "r");
    must(child->out != NULL, "fdopen");
}

static void wait_for_state(struct child *child, const char *state) {
    char line[64];
    do must(fgets(line, sizeof line, child->out) != NULL, state);
    while (strncmp(line, state, strlen(state)) != 0);
    printf("port %u: %s", child->port, line);
}

static void finish(struct child *child) {
    if (child->pid == 0) return;
    kill(child->pid, SIGKILL);
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
    fclose(child->out);
    DIR *files = opendir(child->directory);
    for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) {
        unlinkat(dirfd(files), file->d_name, 0);
    }
    if (files != NULL) closedir(files);
    rmdir(child->directory);
}

/* Called at the exit, so that no way out leaves a server behind. */
static void finish_all(void) {
    for (int i = 0; i < 2; i++) finish(&children[i]);
}

static int demonstrate(void) {
    struct child *nodes = children;
    for (int i = 0; i < 2; i++) { /* ports that are free: both have to be known before either starts */
        nodes[i].udp = bound(SOCK_DGRAM, 0);
        nodes[i].listener = bound(SOCK_STREAM, 0);
        nodes[i].port = port_of(nodes[i].udp);
        nodes[i].listens = port_of(nodes[i].listener);
    }
    atexit(finish_all);
    start(&nodes[0], DDI_FAILOVER_PRIMARY);
    start(&nodes[1], DDI_FAILOVER_SECONDARY);
    for (int i = 0; i < 2; i++) wait_for_state(&nodes[i], "NORMAL");
    /* One of them answers a client, by a hash of the client's name. Free addresses are shared a moment later. */
    ddi_ipv4 address = {{0, 0, 0, 0}}, server_id = address;
    int answers = -1;
    for (int i = 0; i < 60 && answers < 0; i++) {
        if (ask(nodes[i % 2].port, 1, &address, &server_id) == 2) answers = i % 2;
    }
    must(answers >= 0, "nobody offers an address");
    unsigned bound = ask(nodes[answers].port, 3, &address, &server_id);
    printf("port %u gives 10.77.0.%u\n", nodes[answers].port, address.bytes[3]);
    sleep(1); /* the update reaches the partner */
    finish(&nodes[answers]);
    struct child *other = &nodes[1 - answers];
    wait_for_state(other, "COMMUNICATIONS-INTERRUPTED");
    ddi_ipv4 renewed = address;
    unsigned again = ask(other->port, 3, &renewed, NULL);
    printf("port %u %s 10.77.0.%u\n", other->port, again == 5 ? "renews" : "does not renew", renewed.bytes[3]);
    finish(other);
    return bound == 5 && again == 5 && memcmp(&address, &renewed, sizeof address) == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc == 1) return demonstrate();
    if (argc != 7) {
        fprintf(stderr, "usage: %s primary|secondary DIRECTORY DHCP_PORT LISTEN_PORT PARTNER_ADDRESS PARTNER_PORT\n", argv[0]);
        return 2;
    }
    static struct node node;
    node.role = strcmp(argv[1], "primary") == 0 ? DDI_FAILOVER_PRIMARY : DDI_FAILOVER_SECONDARY;
    node.directory = argv[2];
    node.udp = bound(SOCK_DGRAM, (unsigned)atoi(argv[3]));
    node.listener = bound(SOCK_STREAM, (unsigned)atoi(argv[4]));
    node.partner = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[6]))};
    must(inet_pton(AF_INET, argv[5], &node.partner.sin_addr) == 1, argv[5]);
    serve(&node);
    return 0;
}
