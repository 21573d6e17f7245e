/*
 * A primary name server for one zone: answers over UDP and TCP, sends AXFR and IXFR, takes UPDATE, tells secondaries.
 *
 *     zone_server PORT JOURNAL APEX ZONE_FILE KEY SECRET [SECONDARY_PORT ...]
 *
 * It listens on 127.0.0.1. JOURNAL is a directory that exists; the zone file is read where that has no such zone. Who signs
 * with KEY (HMAC-SHA256, SECRET as it is) may have and change the zone. Ends on SIGTERM.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <ddi.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, IDLE_MS = 30000, TARGETS_MAX = 8 };

struct connection {
    int fd;
    uint64_t link;       /* our number for it */
    ddi_addr from;
    uint64_t moved_ms;   /* when anything moved last */
    int waits;           /* for the answer to an UPDATE */
    ddi_xfr_out *transfer;
    size_t in_len, out_len, out_at;
    uint8_t in[DDI_DNS_STREAM_MAX], out[DDI_DNS_STREAM_MAX];
};

static ddi_zone_set *zones;
static ddi_tsig_keys *keys;
static ddi_updates *updates;
static ddi_notifier *notifier;
static ddi_answer_config *config;
static ddi_acl *may_transfer;
static ddi_addr targets[TARGETS_MAX];
static size_t targets_len;
static int udp, listener;
static struct connection *connections[CONNECTIONS_MAX];
static uint64_t next_link = 1;
static uint8_t buffer[DDI_DNS_STREAM_MAX];
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static void refuse(ddi_status status, const char *what, const char *why)
{
    fprintf(stderr, "zone_server: %s: %s %s\n", what, ddi_status_name(status), why);
    exit(1);
}

/* A macro, so that the call comes before the words about it: C leaves open in what order arguments are computed. */
#define check(call, what, text)                      \
    do {                                             \
        ddi_status seen = (call);                    \
        if (seen < 0) refuse(seen, what, text);      \
    } while (0)

static ddi_now get_now(void)
{
    struct timespec up, wall;
    clock_gettime(CLOCK_MONOTONIC, &up);
    clock_gettime(CLOCK_REALTIME, &wall);
    ddi_now now = { (uint64_t)up.tv_sec * 1000 + (uint64_t)up.tv_nsec / 1000000, (uint64_t)wall.tv_sec };
    return now;
}

static ddi_addr loopback(uint16_t port)
{
    ddi_addr addr = { DDI_FAMILY_V4, 0, port, 0, { 127, 0, 0, 1 } };
    return addr;
}

static ddi_addr from_sockaddr(const struct sockaddr_in *in)
{
    ddi_addr addr = loopback(ntohs(in->sin_port));
    memcpy(addr.bytes, &in->sin_addr, 4);
    return addr;
}

static void send_datagram(const ddi_addr *to, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(to->port) };
    memcpy(&in.sin_addr, to->bytes, 4);
    sendto(udp, bytes, len, 0, (struct sockaddr *)&in, sizeof in); /* what is lost is asked for again */
}

/* Puts a message behind its length into what a connection has to send. */
static void reply(struct connection *c, const uint8_t *bytes, size_t len)
{
    c->out[0] = (uint8_t)(len >> 8);
    c->out[1] = (uint8_t)len;
    memcpy(c->out + 2, bytes, len);
    c->out_len = len + 2;
    c->out_at = 0;
}

/* A request for the zone, or for what changed in it. Gives the length of an answer by datagram. */
static size_t transfer(const ddi_now *now, const ddi_addr *from, struct connection *c, ddi_tsig_signer *signer,
                       const uint8_t *message, size_t len)
{
    uint32_t transport = c ? DDI_TRANSPORT_TCP : DDI_TRANSPORT_UDP;
    ddi_name key;
    int permitted = signer && ddi_tsig_signer_key(signer, &key) == DDI_OK && ddi_acl_permits(may_transfer, from, &key);
    ddi_xfr_out *out = NULL;
    ddi_status status = permitted
        ? ddi_xfr_out_new(zones, now, message, len, transport, signer, 0, &out)
        : ddi_xfr_out_new_refusal(message, len, DDI_RCODE_REFUSED, transport, signer, &out);
    size_t answer = 0;
    if (status == DDI_E_MALFORMED) {
        if (ddi_dns_refuse(message, len, DDI_RCODE_FORMERR, buffer, sizeof buffer, &answer) != DDI_OK)
            answer = 0;
        return answer;
    }
    if (status == DDI_OK && c) {
        c->transfer = out;
        return 0;
    }
    if (status == DDI_OK && ddi_xfr_out_poll_transmit(out, now, buffer, DDI_DNS_MESSAGE_MAX, &answer) != DDI_OK)
        answer = 0;
    ddi_xfr_out_free(out);
    return answer;
}

/* Handles one message; c is NULL for a datagram. Gives the length of the answer in the buffer, or 0. */
static size_t handle(const ddi_now *now, const ddi_addr *from, struct connection *c, const uint8_t *message, size_t len)
{
    uint32_t kind;
    size_t answer = 0;
    if (ddi_dns_kind(message, len, &kind) != DDI_OK)
        return 0;
    if (kind == DDI_DNS_UPDATE) {
        ddi_updates_handle_request(updates, now, zones, from, c ? c->link : 0, message, len);
        if (c)
            c->waits = 1;
        return 0;
    }
    if (kind == DDI_DNS_NOTIFY_ANSWER)
        ddi_notifier_handle_datagram(notifier, now, from, message, len);
    if (kind == DDI_DNS_NOTIFY)
        return ddi_notify_reply(message, len, DDI_RCODE_REFUSED, buffer, sizeof buffer, &answer) == DDI_OK ? answer : 0;
    if (kind != DDI_DNS_QUERY && kind != DDI_DNS_TRANSFER)
        return 0;

    ddi_tsig_signer *signer = NULL;
    if (ddi_tsig_keys_check(keys, now, message, len, &signer) == DDI_E_SIGNATURE)
        return ddi_tsig_keys_refuse(keys, now, message, len, buffer, sizeof buffer, &answer) == DDI_OK ? answer : 0;
    if (kind == DDI_DNS_TRANSFER) {
        answer = transfer(now, from, c, signer, message, len);
    } else {
        ddi_asker asker = { .struct_size = sizeof asker, .client = *from,
                            .transport = c ? DDI_TRANSPORT_TCP : DDI_TRANSPORT_UDP,
                            .reserve = (uint32_t)ddi_tsig_signer_len(signer) };
        ddi_status status = ddi_zone_set_answer(zones, now, config, &asker, message, len, buffer, DDI_DNS_MESSAGE_MAX,
                                                &answer, NULL);
        if (status == DDI_OK && signer)
            status = ddi_tsig_signer_sign(signer, now, answer, buffer, DDI_DNS_MESSAGE_MAX, &answer);
        if (status != DDI_OK)
            answer = 0;
    }
    ddi_tsig_signer_free(signer);
    return answer;
}

static void close_connection(size_t at)
{
    struct connection *c = connections[at];
    close(c->fd);
    ddi_xfr_out_free(c->transfer);
    free(c);
    connections[at] = NULL;
}

static void accept_connection(const ddi_now *now)
{
    struct sockaddr_in in;
    socklen_t in_len = sizeof in;
    int fd = accept(listener, (struct sockaddr *)&in, &in_len);
    if (fd < 0)
        return;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i] || !(connections[i] = calloc(1, sizeof(struct connection))))
            continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        connections[i]->fd = fd;
        connections[i]->link = next_link++;
        connections[i]->from = from_sockaddr(&in);
        connections[i]->moved_ms = now->instant_ms;
        return;
    }
    close(fd);
}

/* Reads, answers and writes as far as the other side lets us. 0: the connection is over. */
static int serve(struct connection *c, const ddi_now *now, int readable)
{
    if (readable && c->in_len < sizeof c->in) {
        ssize_t got = read(c->fd, c->in + c->in_len, sizeof c->in - c->in_len);
        if (got == 0 || (got < 0 && errno != EAGAIN))
            return 0;
        if (got > 0) {
            c->in_len += (size_t)got;
            c->moved_ms = now->instant_ms;
        }
    }
    for (;;) {
        while (c->out_at < c->out_len) {
            ssize_t sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
            if (sent < 0)
                return errno == EAGAIN;
            c->out_at += (size_t)sent;
            c->moved_ms = now->instant_ms;
        }
        if (c->transfer) {
            ddi_status status = ddi_xfr_out_poll_transmit(c->transfer, now, c->out, sizeof c->out, &c->out_len);
            c->out_at = 0;
            if (status == DDI_OK)
                continue;
            c->out_len = 0;
            ddi_xfr_out_free(c->transfer);
            c->transfer = NULL;
            if (status < 0)
                return 0;
        }
        size_t len = c->in_len < 2 ? 0 : (size_t)c->in[0] << 8 | c->in[1];
        if (c->waits || c->in_len < 2 || c->in_len < len + 2)
            return 1;
        size_t answer = handle(now, &c->from, c, c->in + 2, len);
        c->in_len -= len + 2;
        memmove(c->in, c->in + len + 2, c->in_len);
        if (answer)
            reply(c, buffer, answer);
    }
}

static void receive_datagrams(const ddi_now *now)
{
    static uint8_t message[DDI_DNS_MESSAGE_MAX];
    struct sockaddr_in in;
    socklen_t in_len = sizeof in;
    ssize_t got;
    while ((got = recvfrom(udp, message, sizeof message, MSG_DONTWAIT, (struct sockaddr *)&in, &in_len)) >= 0) {
        ddi_addr from = from_sockaddr(&in);
        size_t answer = handle(now, &from, NULL, message, (size_t)got);
        if (answer)
            send_datagram(&from, buffer, answer);
        in_len = sizeof in;
    }
}

/* Makes what has changed durable, then lets the answers out and tells the secondaries. */
static void settle(const ddi_now *now)
{
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_updates_event event = { .struct_size = sizeof event };
    ddi_notify_event told = { .struct_size = sizeof told };
    ddi_name apex;
    size_t len;
    if (ddi_zone_set_appended(zones) > ddi_zone_set_durable(zones))
        check(ddi_zone_set_commit(zones, NULL), "commit", ddi_zone_set_last_error(zones));
    while (ddi_updates_poll_transmit(updates, zones, &to, buffer, sizeof buffer, &len) == DDI_OK) {
        if (to.transport == DDI_TRANSPORT_UDP)
            send_datagram(&to.to, buffer, len);
        for (size_t i = 0; to.link && i < CONNECTIONS_MAX; i++) {
            if (connections[i] && connections[i]->link == to.link) {
                connections[i]->waits = 0;
                reply(connections[i], buffer, len);
            }
        }
    }
    while (ddi_updates_poll_event(updates, &event) == DDI_OK)
        if (event.kind == DDI_UPDATES_UPDATED)
            printf("updated to serial %u\n", (unsigned)event.serial);
    while (ddi_zone_set_poll_changed(zones, &apex) == DDI_OK) {
        ddi_zone *zone = NULL;
        if (ddi_zone_set_zone(zones, &apex, &zone) == DDI_OK)
            ddi_notifier_handle_changed(notifier, now, zone, targets, targets_len, NULL);
        ddi_zone_free(zone);
    }
    while (ddi_notifier_poll_transmit(notifier, now, &to, buffer, sizeof buffer, &len) == DDI_OK)
        send_datagram(&to.to, buffer, len);
    while (ddi_notifier_poll_event(notifier, &told) == DDI_OK)
        ;
    fflush(stdout);
}

static void turn(void)
{
    struct pollfd fds[2 + CONNECTIONS_MAX] = { { udp, POLLIN, 0 }, { listener, POLLIN, 0 } };
    size_t of[CONNECTIONS_MAX], n = 0;
    uint64_t due;
    ddi_now now = get_now();
    int timeout = 1000;
    if (ddi_notifier_poll_timeout(notifier, &due) == DDI_OK)
        timeout = due <= now.instant_ms ? 0 : due - now.instant_ms < 1000 ? (int)(due - now.instant_ms) : 1000;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (!connections[i])
            continue;
        /* One that does not take its answers is not listened to. */
        int sends = connections[i]->out_at < connections[i]->out_len;
        fds[2 + n].fd = connections[i]->fd;
        fds[2 + n].events = sends ? POLLOUT : connections[i]->waits ? 0 : POLLIN;
        of[n++] = i;
    }
    if (poll(fds, 2 + n, timeout) < 0 && errno != EINTR)
        check(DDI_E_IO, "poll", strerror(errno));
    now = get_now();
    if (fds[0].revents)
        receive_datagrams(&now);
    for (size_t i = 0; i < n; i++) {
        struct connection *c = connections[of[i]];
        short got = fds[2 + i].revents;
        if ((got && !serve(c, &now, got & (POLLIN | POLLHUP | POLLERR))) || now.instant_ms - c->moved_ms > IDLE_MS)
            close_connection(of[i]);
    }
    if (fds[1].revents)
        accept_connection(&now);
    settle(&now);
}

static void open_sockets(uint16_t port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
    int on = 1;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    fcntl(listener, F_SETFL, O_NONBLOCK);
    if (bind(udp, (struct sockaddr *)&in, sizeof in) || bind(listener, (struct sockaddr *)&in, sizeof in)
        || listen(listener, 64))
        check(DDI_E_IO, "sockets", strerror(errno));
}

/* The zone comes from its file, if the journal does not have it. */
static void load(const ddi_name *apex, const char *file)
{
    const uint8_t *path = (const uint8_t *)file;
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    if (ddi_zone_set_zone(zones, apex, &zone) != DDI_OK) {
        check(ddi_zone_loader_new(apex, path, strlen(file), &loader), file, "");
        check(ddi_zone_loader_read_file(loader, path, strlen(file)), file, ddi_zone_loader_last_error(loader));
        check(ddi_zone_loader_finish(loader, &zone), file, ddi_zone_loader_last_error(loader));
        check(ddi_zone_set_replace(zones, zone, NULL), file, ddi_zone_set_last_error(zones));
    }
    ddi_zone_free(zone);
    ddi_zone_loader_free(loader);
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "zone_server PORT JOURNAL APEX ZONE_FILE KEY SECRET [SECONDARY_PORT ...]\n");
        return 2;
    }
    ddi_name apex, key_name;
    ddi_tsig_key *key = NULL;
    ddi_update_policy *policy = NULL;
    char rule[DDI_NAME_TEXT_MAX + 8];
    int rule_len = snprintf(rule, sizeof rule, "key:%s", argv[5]);
    uint64_t seed = (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid(); /* a server takes it from getrandom */

    check(ddi_name_parse((uint8_t *)argv[3], strlen(argv[3]), &apex), argv[3], "");
    check(ddi_name_parse((uint8_t *)argv[5], strlen(argv[5]), &key_name), argv[5], "");
    check(ddi_tsig_key_new(&key_name, DDI_TSIG_HMAC_SHA256, (uint8_t *)argv[6], strlen(argv[6]), 0, &key), "key", "");
    check(ddi_tsig_keys_new(&keys), "keys", "");
    check(ddi_tsig_keys_add(keys, key), "keys", ddi_tsig_keys_last_error(keys));
    check(ddi_acl_new((uint8_t *)rule, (size_t)rule_len, &may_transfer), "rule", "");
    check(ddi_update_policy_new(&policy), "policy", "");
    check(ddi_update_policy_add_zone(policy, &apex, (uint8_t *)rule, (size_t)rule_len, DDI_SERIAL_INCREMENT), "policy",
          ddi_update_policy_last_error(policy));
    check(ddi_updates_new(policy, keys, &updates), "updates", "");
    check(ddi_notifier_new(seed, 0, 0, 0, &notifier), "notifier", "");
    check(ddi_answer_config_new(&config), "config", "");
    check(ddi_zone_set_new(&zones), "zones", "");
    check(ddi_zone_set_open_journal(zones, (uint8_t *)argv[2], strlen(argv[2]), seed, NULL), argv[2],
          ddi_zone_set_last_error(zones));
    load(&apex, argv[4]);
    for (int i = 7; i < argc && targets_len < TARGETS_MAX; i++)
        targets[targets_len++] = loopback((uint16_t)atoi(argv[i]));

    open_sockets((uint16_t)atoi(argv[1]));
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    printf("listening on 127.0.0.1:%s\n", argv[1]);
    ddi_now now = get_now();
    settle(&now);
    while (!stopping)
        turn();

    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i])
            close_connection(i);
    close(udp);
    close(listener);
    ddi_zone_set_free(zones);
    ddi_answer_config_free(config);
    ddi_notifier_free(notifier);
    ddi_updates_free(updates);
    ddi_update_policy_free(policy);
    ddi_acl_free(may_transfer);
    ddi_tsig_keys_free(keys);
    ddi_tsig_key_free(key);
    return 0;
}
