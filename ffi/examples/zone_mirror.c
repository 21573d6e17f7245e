/*
 * A secondary: keeps a zone the same as its primary has it, in a journal and as a zone file, and answers from it over UDP.
 *
 *     zone_mirror PORT JOURNAL APEX PRIMARY_PORT FILE [KEY SECRET]
 *
 * It listens on 127.0.0.1, where the primary is, too. JOURNAL is a directory that exists. With KEY (HMAC-SHA256, SECRET as it
 * is) it signs its queries. FILE is written anew with each version. Ends on SIGTERM.
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

static ddi_zone_set *zones;
static ddi_secondary *secondary;
static ddi_answer_config *config;
static ddi_name apex;
static int udp, tcp = -1;
static uint8_t buffer[DDI_DNS_STREAM_MAX];
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static void refuse(ddi_status status, const char *what, const char *why)
{
    fprintf(stderr, "zone_mirror: %s: %s %s\n", what, ddi_status_name(status), why);
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

static struct sockaddr_in to_sockaddr(const ddi_addr *addr)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(addr->port) };
    memcpy(&in.sin_addr, addr->bytes, 4);
    return in;
}

static void send_datagram(const ddi_addr *to, const uint8_t *bytes, size_t len)
{
    struct sockaddr_in in = to_sockaddr(to);
    sendto(udp, bytes, len, 0, (struct sockaddr *)&in, sizeof in); /* what is lost is asked for again */
}

static void hang_up(void)
{
    if (tcp >= 0)
        close(tcp);
    tcp = -1;
}

/* Each query over TCP goes over a connection of its own; this short one fits in what the kernel takes at once. */
static void dial(const ddi_now *now, const ddi_addr *to, const uint8_t *query, size_t len)
{
    struct sockaddr_in in = to_sockaddr(to);
    hang_up();
    tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(tcp, (struct sockaddr *)&in, sizeof in) || send(tcp, query, len, MSG_NOSIGNAL) != (ssize_t)len) {
        hang_up();
        ddi_secondary_handle_closed(secondary, now);
        return;
    }
    fcntl(tcp, F_SETFL, O_NONBLOCK);
}

/* Writes the zone as text, and puts it in place of what was there. */
static void write_file(const char *file)
{
    char temporary[4096];
    ddi_zone *zone = NULL;
    ddi_zone_walk *walk = NULL;
    uint8_t *text = malloc(DDI_RECORD_TEXT_MAX);
    size_t len;
    ddi_status status = DDI_E_IO;
    snprintf(temporary, sizeof temporary, "%s.new", file);
    FILE *out = fopen(temporary, "w");
    if (out && text && ddi_zone_set_zone(zones, &apex, &zone) == DDI_OK && ddi_zone_walk_new(zone, &walk) == DDI_OK)
        while ((status = ddi_zone_walk_text(walk, text, DDI_RECORD_TEXT_MAX, &len)) == DDI_OK)
            fwrite(text, 1, len, out);
    if (!out || fclose(out) || status != DDI_IDLE || rename(temporary, file))
        fprintf(stderr, "zone_mirror: %s can't be written\n", file);
    else
        printf("serial %u, %llu records\n", (unsigned)ddi_zone_serial(zone), (unsigned long long)ddi_zone_records(zone));
    fflush(stdout);
    ddi_zone_walk_free(walk);
    ddi_zone_free(zone);
    free(text);
}

static void receive_datagram(const ddi_now *now)
{
    static uint8_t message[DDI_DNS_MESSAGE_MAX];
    struct sockaddr_in in;
    socklen_t in_len = sizeof in;
    ssize_t got = recvfrom(udp, message, sizeof message, MSG_DONTWAIT, (struct sockaddr *)&in, &in_len);
    uint32_t kind;
    size_t len = (size_t)got, answer;
    if (got < 0 || ddi_dns_kind(message, len, &kind) != DDI_OK)
        return;
    ddi_addr from = { .family = DDI_FAMILY_V4, .port = ntohs(in.sin_port) };
    memcpy(from.bytes, &in.sin_addr, 4);
    ddi_status status = DDI_IDLE;
    if (kind == DDI_DNS_ANSWER) {
        ddi_secondary_handle_datagram(secondary, now, &from, message, len);
    } else if (kind == DDI_DNS_NOTIFY) {
        status = ddi_secondary_handle_notify(secondary, now, &from, message, len);
        status = ddi_notify_reply(message, len, status == DDI_OK ? DDI_RCODE_NOERROR : DDI_RCODE_REFUSED, buffer,
                                  sizeof buffer, &answer);
    } else if (kind == DDI_DNS_QUERY) {
        ddi_asker asker = { .struct_size = sizeof asker, .transport = DDI_TRANSPORT_UDP, .client = from };
        status = ddi_zone_set_answer(zones, now, config, &asker, message, len, buffer, sizeof buffer, &answer, NULL);
    }
    if (status == DDI_OK)
        send_datagram(&from, buffer, answer);
}

static void receive_bytes(const ddi_now *now)
{
    ssize_t got = -1;
    while (tcp >= 0 && (got = read(tcp, buffer, sizeof buffer)) > 0) {
        ddi_secondary_handle_bytes(secondary, now, buffer, (size_t)got);
        if (!ddi_secondary_is_asking(secondary))
            hang_up();
    }
    if (tcp >= 0 && (got == 0 || errno != EAGAIN)) {
        hang_up();
        ddi_secondary_handle_closed(secondary, now);
    }
}

/* Asks what is to be asked, and takes what was found: durable first, then answered and written. */
static void settle(const ddi_now *now, const char *file)
{
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_secondary_event event = { .struct_size = sizeof event };
    ddi_status status;
    size_t len;
    ddi_name changed;
    do {
        while (ddi_secondary_poll_transmit(secondary, now, &to, buffer, sizeof buffer, &len) == DDI_OK) {
            if (to.transport == DDI_TRANSPORT_TCP)
                dial(now, &to.to, buffer, len);
            else
                send_datagram(&to.to, buffer, len);
        }
        status = ddi_secondary_poll_event(secondary, now, zones, &event);
        if (status == DDI_OK && event.kind == DDI_SECONDARY_FAILED
            && ddi_secondary_reason(secondary, buffer, sizeof buffer, &len) == DDI_OK)
            fprintf(stderr, "zone_mirror: %.*s\n", (int)len, (char *)buffer);
        if (ddi_zone_set_appended(zones) > ddi_zone_set_durable(zones))
            check(ddi_zone_set_commit(zones, NULL), "commit", ddi_zone_set_last_error(zones));
    } while (status == DDI_OK || status == DDI_E_LIMIT); /* a full batch is committed by now */
    check(status, "zones", ddi_secondary_last_error(secondary));
    while (ddi_zone_set_poll_changed(zones, &changed) == DDI_OK)
        write_file(file);
}

static void turn(const char *file)
{
    struct pollfd fds[2] = { { udp, POLLIN, 0 }, { tcp, POLLIN, 0 } }; /* a descriptor of -1 is passed over */
    ddi_now now = get_now();
    uint64_t due;
    int timeout = 1000;
    if (ddi_secondary_poll_timeout(secondary, &due) == DDI_OK)
        timeout = due <= now.instant_ms ? 0 : due - now.instant_ms < 1000 ? (int)(due - now.instant_ms) : 1000;
    if (poll(fds, 2, timeout) < 0 && errno != EINTR)
        check(DDI_E_IO, "poll", strerror(errno));
    now = get_now();
    if (fds[0].revents)
        receive_datagram(&now);
    if (fds[1].revents)
        receive_bytes(&now);
    ddi_secondary_handle_timeout(secondary, &now);
    settle(&now, file);
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 8) {
        fprintf(stderr, "zone_mirror PORT JOURNAL APEX PRIMARY_PORT FILE [KEY SECRET]\n");
        return 2;
    }
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])) };
    ddi_addr primary = { DDI_FAMILY_V4, 0, (uint16_t)atoi(argv[4]), 0, { 127, 0, 0, 1 } };
    ddi_secondary_config *about = NULL;
    ddi_tsig_key *key = NULL;
    ddi_name key_name;
    uint64_t seed = (uint64_t)time(NULL) << 16 ^ (uint64_t)getpid(); /* a server takes it from getrandom */
    ddi_now now = get_now();

    check(ddi_name_parse((uint8_t *)argv[3], strlen(argv[3]), &apex), argv[3], "");
    if (argc == 8) {
        check(ddi_name_parse((uint8_t *)argv[6], strlen(argv[6]), &key_name), argv[6], "");
        check(ddi_tsig_key_new(&key_name, DDI_TSIG_HMAC_SHA256, (uint8_t *)argv[7], strlen(argv[7]), 0, &key), "key", "");
    }
    check(ddi_secondary_config_new(&apex, seed, &about), "secondary", "");
    check(ddi_secondary_config_add_primary(about, &primary, key), "primary", ddi_secondary_config_last_error(about));
    check(ddi_answer_config_new(&config), "config", "");
    check(ddi_zone_set_new(&zones), "zones", "");
    check(ddi_zone_set_open_journal(zones, (uint8_t *)argv[2], strlen(argv[2]), seed, NULL), argv[2],
          ddi_zone_set_last_error(zones));
    check(ddi_secondary_new(zones, &now, about, &secondary), "secondary", ddi_zone_set_last_error(zones));

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(udp, (struct sockaddr *)&in, sizeof in))
        check(DDI_E_IO, "socket", strerror(errno));
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    settle(&now, argv[5]);
    while (!stopping)
        turn(argv[5]);

    hang_up();
    close(udp);
    ddi_secondary_free(secondary);
    ddi_zone_set_free(zones);
    ddi_answer_config_free(config);
    ddi_secondary_config_free(about);
    ddi_tsig_key_free(key);
    return 0;
}
