/*
 * A DHCPv4 server: one poll loop, one UDP socket, a lease database, and a second thread that waits for the disk. An
 * ACK leaves when its lease is durable; while one batch of leases is being synced the next one gathers (group commit).
 *
 *   dhcp_server DIRECTORY PORT PREFIX BITS FIRST LAST [INTERFACE]
 *   dhcp_server /var/lib/leases 67 10.77.0.0 16 10.77.16.0 10.77.255.250 eth0
 *
 * Without INTERFACE only relays are served; PORT 0 is one that is free. Without arguments it serves itself one address, on the loopback interface.
 */
#define _GNU_SOURCE
#include <ddi.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, DATAGRAM = 2048 };

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

static ddi_ipv4 to_ipv4(struct in_addr addr) {
    ddi_ipv4 out;
    memcpy(out.bytes, &addr, 4);
    return out;
}

static struct in_addr from_ipv4(ddi_ipv4 addr) {
    struct in_addr out;
    memcpy(&out, addr.bytes, 4);
    return out;
}

static ddi_ipv4 parse_ipv4(const char *text) {
    struct in_addr addr;
    if (inet_pton(AF_INET, text, &addr) != 1) {
        fprintf(stderr, "%s: not an IPv4 address\n", text);
        exit(2);
    }
    return to_ipv4(addr);
}

/* The second thread: takes batches from one pipe, syncs them, and puts them into the other. */
struct syncer {
    int todo[2], done[2];
    int is_out;
};

static void *sync_batches(void *arg) {
    struct syncer *syncer = arg;
    ddi_batch *batch;
    while (read(syncer->todo[0], &batch, sizeof batch) == (ssize_t)sizeof batch) {
        ddi_batch_sync(batch); /* that it failed is found by batch_durable */
        if (write(syncer->done[1], &batch, sizeof batch) != (ssize_t)sizeof batch) break;
    }
    return NULL;
}

/* Takes a batch back that is durable, and hands out what has gathered meanwhile. */
static void sync_turn(struct syncer *syncer, ddi_lease_db *db, int is_back) {
    ddi_batch *batch;
    uint64_t durable;
    if (is_back && read(syncer->done[0], &batch, sizeof batch) == (ssize_t)sizeof batch) {
        check(ddi_lease_db_batch_durable(db, batch, &durable), "sync", ddi_lease_db_last_error(db));
        ddi_batch_free(batch);
        syncer->is_out = 0;
    }
    if (!syncer->is_out && ddi_lease_db_take_batch(db, &batch) == DDI_OK) {
        must(write(syncer->todo[1], &batch, sizeof batch) == (ssize_t)sizeof batch, "pipe");
        syncer->is_out = 1;
    }
}

/* Room for one batch of datagrams, either way. */
struct datagrams {
    struct mmsghdr headers[BATCH];
    struct iovec slices[BATCH];
    struct sockaddr_in peers[BATCH];
    _Alignas(struct cmsghdr) char control[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
    uint8_t bytes[BATCH][DATAGRAM];
};

static void prepare(struct datagrams *all, size_t at, size_t len) {
    all->slices[at] = (struct iovec){all->bytes[at], len};
    struct msghdr *header = &all->headers[at].msg_hdr;
    memset(header, 0, sizeof *header);
    header->msg_name = &all->peers[at];
    header->msg_namelen = sizeof all->peers[at];
    header->msg_iov = &all->slices[at];
    header->msg_iovlen = 1;
    header->msg_control = all->control[at];
    header->msg_controllen = sizeof all->control[at];
}

/* Hands what has come to the server. Returns how many. */
static int receive(int udp, struct datagrams *in, ddi_dhcp_server *server, ddi_store *store, const ddi_now *at) {
    for (size_t i = 0; i < BATCH; i++) prepare(in, i, DATAGRAM);
    int count = recvmmsg(udp, in->headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct msghdr *header = &in->headers[i].msg_hdr;
        uint32_t interface = 0;
        ddi_ipv4 to = {{0, 0, 0, 0}};
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
            if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
                struct in_pktinfo info;
                memcpy(&info, CMSG_DATA(c), sizeof info);
                interface = (uint32_t)info.ipi_ifindex;
                to = to_ipv4(info.ipi_addr);
            }
        }
        ddi_status status = ddi_dhcp_server_handle_datagram(
            server, at, store, NULL, interface, to_ipv4(in->peers[i].sin_addr), ntohs(in->peers[i].sin_port), to,
            in->bytes[i], in->headers[i].msg_len);
        check(status, "datagram", ddi_dhcp_server_last_error(server));
    }
    return count;
}

static void flush(int udp, struct datagrams *out, size_t count) {
    for (size_t sent = 0; sent < count;) {
        int n = sendmmsg(udp, out->headers + sent, (unsigned)(count - sent), MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 1; /* what the system does not take is lost, as any datagram may be */
    }
}

/* Sends every reply that may leave. */
static void transmit(int udp, struct datagrams *out, ddi_dhcp_server *server, ddi_store *store) {
    size_t count = 0, len;
    ddi_dhcp_transmit to = {.struct_size = sizeof to};
    while (ddi_dhcp_server_poll_transmit(server, store, &to, out->bytes[count], DATAGRAM, &len) == DDI_OK) {
        prepare(out, count, len);
        struct in_pktinfo info = {.ipi_spec_dst = from_ipv4(to.from)};
        out->peers[count] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to.port)};
        if (to.kind == DDI_DHCP_TO_UNICAST) {
            out->peers[count].sin_addr = from_ipv4(to.to);
        } else { /* a client that has no address yet: all on its link hear it (RFC 2131 section 4.1) */
            out->peers[count].sin_addr.s_addr = INADDR_BROADCAST;
            info.ipi_ifindex = (int)to.interface;
        }
        struct cmsghdr *c = CMSG_FIRSTHDR(&out->headers[count].msg_hdr);
        c->cmsg_level = IPPROTO_IP;
        c->cmsg_type = IP_PKTINFO;
        c->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(c), &info, sizeof info);
        if (++count == BATCH) {
            flush(udp, out, count);
            count = 0;
        }
    }
    flush(udp, out, count);
}

static unsigned port_of(int udp) {
    struct sockaddr_in here;
    socklen_t len = sizeof here;
    must(getsockname(udp, (struct sockaddr *)&here, &len) == 0, "getsockname");
    return ntohs(here.sin_port);
}

static ddi_dhcp_server *configure(char **args, int udp) {
    ddi_dhcp_config *config = ddi_dhcp_config_new();
    uint32_t subnet, pool;
    unsigned port = port_of(udp);
    ddi_status s = ddi_dhcp_config_add_subnet(config, 1, parse_ipv4(args[2]), (uint32_t)atoi(args[3]), &subnet);
    check(s, "subnet", ddi_dhcp_config_last_error(config));
    s = ddi_dhcp_config_add_pool(config, subnet, parse_ipv4(args[4]), parse_ipv4(args[5]), &pool);
    check(s, "pool", ddi_dhcp_config_last_error(config));
    check(ddi_dhcp_config_set(config, DDI_DHCP_AUTHORITATIVE, 1), "set", "");
    check(ddi_dhcp_config_set(config, DDI_DHCP_CACHE_THRESHOLD_PERCENT, 0), "set", "");
    check(ddi_dhcp_config_set_lease_seconds(config, DDI_DHCP_EVERYWHERE, 4000, 600, 86400), "lease time", "");
    static const char *const options[][2] = {
        {"routers", "10.77.0.1"}, {"dns_servers", "10.77.0.53"}, {"domain_name", "example.com"}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const char *name = options[i][0], *value = options[i][1];
        s = ddi_dhcp_config_put_option_text(config, subnet, (const uint8_t *)name, strlen(name),
                                            (const uint8_t *)value, strlen(value));
        check(s, name, ddi_dhcp_config_last_error(config));
    }
    if (args[6] != NULL) {
        struct ifreq request = {0};
        struct sockaddr_in addr;
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", args[6]);
        must(ioctl(udp, SIOCGIFADDR, &request) == 0, args[6]);
        memcpy(&addr, &request.ifr_addr, sizeof addr);
        s = ddi_dhcp_config_add_link_address(config, if_nametoindex(args[6]), to_ipv4(addr.sin_addr));
        check(s, args[6], ddi_dhcp_config_last_error(config));
    }
    if (port != 67) { /* to try it without being root: relays on this machine */
        check(ddi_dhcp_config_set(config, DDI_DHCP_RELAY_PORT, port), "set", "");
        check(ddi_dhcp_config_set(config, DDI_DHCP_CLIENT_PORT, port + 1), "set", "");
        check(ddi_dhcp_config_add_relay(config, subnet, (ddi_ipv4){{127, 0, 0, 1}}), "relay", "");
    }
    ddi_dhcp_server *server;
    uint64_t seed = 0;
    must(getrandom(&seed, sizeof seed, 0) == (ssize_t)sizeof seed, "getrandom");
    check(ddi_dhcp_server_new(config, seed, &server), "configuration", ddi_dhcp_config_last_error(config));
    ddi_dhcp_config_free(config);
    return server;
}

static ddi_lease_db *open_leases(const char *directory) {
    ddi_lease_config *config;
    ddi_lease_db *db;
    uint8_t key[DDI_HASH_KEY_LEN];
    must(getrandom(key, sizeof key, 0) == (ssize_t)sizeof key, "getrandom");
    check(ddi_lease_config_new(key, sizeof key, &config), "leases", "");
    ddi_status status = ddi_lease_db_open(config, (const uint8_t *)directory, strlen(directory), &db);
    check(status, directory, ddi_lease_config_last_error(config));
    ddi_lease_config_free(config);
    return db;
}

static int open_udp(unsigned port) {
    int on = 1, room = 16 << 20, udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    must(udp >= 0, "socket");
    must(setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0, "IP_PKTINFO");
    must(setsockopt(udp, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0, "SO_BROADCAST");
    if (setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
        setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    must(bind(udp, (struct sockaddr *)&here, sizeof here) == 0, "bind");
    return udp;
}

static volatile sig_atomic_t is_stopping;

static void stop(int signal) {
    (void)signal;
    is_stopping = 1;
}

/* The events, of which only two matter to a server without DNS. */
static void hear(ddi_dhcp_server *server) {
    ddi_dhcp_event event = {.struct_size = sizeof event};
    uint8_t name[256];
    size_t len;
    while (ddi_dhcp_server_poll_event(server, &event, name, sizeof name, &len) == DDI_OK) {
        if (event.kind == DDI_DHCP_EVENT_EXHAUSTED) fprintf(stderr, "subnet %u is full\n", event.subnet_id);
        if (event.kind == DDI_DHCP_EVENT_QUARANTINED) {
            char text[INET_ADDRSTRLEN];
            fprintf(stderr, "%s is in use\n", inet_ntop(AF_INET, event.key.bytes, text, sizeof text));
        }
    }
}

static int serve(char **args) {
    struct datagrams *room = calloc(2, sizeof *room);
    must(room != NULL, "memory");
    int udp = open_udp((unsigned)atoi(args[1]));
    ddi_lease_db *db = open_leases(args[0]);
    ddi_dhcp_server *server = configure(args, udp);
    ddi_store *store;
    check(ddi_store_of_lease_db(db, &store), "store", "");
    check(ddi_dhcp_server_give_pools(server, store), "pools", ddi_dhcp_server_last_error(server));

    sigset_t blocked, waiting;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &waiting); /* signals come while we wait, and at no other time */
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    struct syncer syncer = {.is_out = 0};
    pthread_t thread;
    must(pipe(syncer.todo) == 0 && pipe(syncer.done) == 0, "pipe");
    must(pthread_create(&thread, NULL, sync_batches, &syncer) == 0, "thread");
    printf("ready on port %u\n", port_of(udp));
    fflush(stdout);

    int taken = 0;
    while (!is_stopping) {
        ddi_now at = now();
        uint64_t due;
        int millis = -1;
        if (ddi_dhcp_server_poll_timeout(server, &due) == DDI_OK) {
            uint64_t left = due > at.instant_ms ? due - at.instant_ms : 0;
            millis = left < 60000 ? (int)left : 60000;
        }
        /* While a batch is synced and few packets come, they wait a moment for each other: their ACKs must anyway. */
        int gather = syncer.is_out && taken < BATCH / 2;
        struct timespec timeout = {gather ? 0 : millis / 1000, (gather ? 1 : millis % 1000) * 1000000L};
        struct pollfd fds[] = {{.fd = syncer.done[0], .events = POLLIN}, {.fd = udp, .events = POLLIN}};
        int ready = ppoll(fds, gather ? 1 : 2, millis < 0 && !gather ? NULL : &timeout, &waiting);
        at = now();
        taken = 0;
        if (gather || (ready > 0 && fds[1].revents != 0)) {
            for (int n = BATCH; n == BATCH && taken < 4 * BATCH; taken += n > 0 ? n : 0) {
                n = receive(udp, &room[0], server, store, &at);
            }
        }
        check(ddi_dhcp_server_handle_timeout(server, &at, store, NULL), "time", ddi_dhcp_server_last_error(server));
        sync_turn(&syncer, db, ready > 0 && fds[0].revents != 0);
        transmit(udp, &room[1], server, store);
        hear(server);
    }

    close(syncer.todo[1]); /* the thread ends with its pipe */
    pthread_join(thread, NULL);
    ddi_batch *batch;
    uint64_t durable;
    if (syncer.is_out && read(syncer.done[0], &batch, sizeof batch) == (ssize_t)sizeof batch) {
        check(ddi_lease_db_batch_durable(db, batch, &durable), "sync", ddi_lease_db_last_error(db));
        ddi_batch_free(batch);
    }
    check(ddi_lease_db_commit(db, &durable), "sync", ddi_lease_db_last_error(db));
    transmit(udp, &room[1], server, store);
    ddi_store_free(store);
    ddi_dhcp_server_free(server);
    ddi_lease_db_free(db);
    close(udp);
    close(syncer.todo[0]);
    close(syncer.done[0]);
    close(syncer.done[1]);
    free(room);
    return 0;
}

/* One message to the server as a relay on this machine would send it, and the reply's fixed part. */
static ddi_dhcp4_header ask(int udp, unsigned port, uint32_t type, ddi_ipv4 wanted, ddi_ipv4 *server_id) {
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_packet *packet = ddi_dhcp4_packet_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .hops = 1, .xid = 42};
    header.hw_type = 1;
    header.hw_len = 6;
    memcpy(header.hw_addr, "\x02\x00\x00\x00\x00\x01", 6);
    header.giaddr = (ddi_ipv4){{127, 0, 0, 1}};
    check(ddi_dhcp4_message_set_header(message, &header), "header", ddi_dhcp4_message_last_error(message));
    check(ddi_dhcp4_message_set_type(message, type), "type", ddi_dhcp4_message_last_error(message));
    /* The relay is on this machine, too: it asks to be answered on the port that it sends from (RFC 8357). */
    check(ddi_dhcp4_message_put_option(message, 82, (const uint8_t[]){19, 0}, 2), "option", "");
    if (type == 3) {
        check(ddi_dhcp4_message_put_option(message, 50, wanted.bytes, 4), "option", "");
        check(ddi_dhcp4_message_put_option(message, 54, server_id->bytes, 4), "option", "");
    }
    uint8_t bytes[DATAGRAM];
    size_t len;
    check(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len), "emit", "");
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(sendto(udp, bytes, len, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)len, "send");
    struct pollfd fd = {.fd = udp, .events = POLLIN};
    must(poll(&fd, 1, 20000) == 1, "no reply");
    ssize_t got = recv(udp, bytes, sizeof bytes, 0);
    must(got > 0, "recv");
    check(ddi_dhcp4_packet_parse(packet, bytes, (size_t)got), "reply", ddi_dhcp4_packet_last_error(packet));
    check(ddi_dhcp4_packet_header(packet, &header), "reply", "");
    check(ddi_dhcp4_packet_option(packet, 54, server_id->bytes, 4, &len), "server identifier", "");
    ddi_dhcp4_message_free(message);
    ddi_dhcp4_packet_free(packet);
    return header;
}

static char directory[] = "/tmp/ddi-dhcp-XXXXXX";
static pid_t child; /* 0: none */

/* Ends the child, and removes its leases. Called at the exit, so that no way out leaves a server behind. */
static void end_child(void) {
    int status;
    if (child > 0 && kill(child, SIGTERM) == 0) waitpid(child, &status, 0);
    child = 0;
    DIR *files = opendir(directory);
    for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) {
        unlinkat(dirfd(files), file->d_name, 0);
    }
    if (files != NULL) closedir(files);
    rmdir(directory);
}

/* Without arguments: a child serves, and this process asks it for an address, as a relay. */
static int demonstrate(void) {
    int ready[2];
    must(mkdtemp(directory) != NULL && pipe(ready) == 0, "mkdtemp, pipe");
    child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        char *args[] = {directory, "0", "10.77.0.0", "16", "10.77.16.0", "10.77.255.250", NULL};
        dup2(ready[1], STDOUT_FILENO);
        exit(serve(args));
    }
    atexit(end_child);
    close(ready[1]);
    unsigned port;
    FILE *said = fdopen(ready[0], "r");
    must(said != NULL && fscanf(said, "ready on port %u", &port) == 1, "the server did not start");
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ddi_ipv4 none = {{0, 0, 0, 0}}, server_id = none;
    ddi_dhcp4_header offer = ask(udp, port, 1, none, &server_id);
    ddi_dhcp4_header ack = ask(udp, port, 3, offer.yiaddr, &server_id);
    char text[INET_ADDRSTRLEN];
    struct in_addr addr = from_ipv4(ack.yiaddr);
    printf("%s of %s\n", ack.message_type == 5 ? "ACK" : "no ACK", inet_ntop(AF_INET, &addr, text, sizeof text));
    int status = 1;
    kill(child, SIGTERM);
    must(waitpid(child, &status, 0) == child, "waitpid");
    child = 0;
    close(udp);
    fclose(said);
    return ack.message_type == 5 && status == 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    if (argc == 1) return demonstrate();
    if (argc < 7) {
        fprintf(stderr, "usage: %s DIRECTORY PORT PREFIX BITS FIRST LAST [INTERFACE]\n", argv[0]);
        return 2;
    }
    return serve(argv + 1);
}
