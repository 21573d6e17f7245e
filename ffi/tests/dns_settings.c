/* What can be set on transfers, keys and journals, and what a zone set tells of itself. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <dirent.h>
#include <unistd.h>

static ddi_now now = {1000, 1700000000};

static ddi_name name(const char *text) {
    ddi_name name;
    EXPECT(ddi_name_parse((const uint8_t *)text, strlen(text), &name) == DDI_OK);
    return name;
}

static ddi_zone *zone_of(const char *text) {
    ddi_name apex = name("example.");
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    uint32_t wanted;
    EXPECT(ddi_zone_loader_new(&apex, NULL, 0, &loader) == DDI_OK);
    EXPECT(ddi_zone_loader_push(loader, (const uint8_t *)text, strlen(text), &wanted) == DDI_OK);
    EXPECT(ddi_zone_loader_end(loader, &wanted) == DDI_OK && ddi_zone_loader_finish(loader, &zone) == DDI_OK);
    ddi_zone_loader_free(loader);
    return zone;
}

/* Records from a database, not a text. */
static void records(void) {
    static const uint8_t soa[22] = {0, 0, 0, 0, 0, 9, 0, 0, 14, 16, 0, 0, 2, 88, 0, 1, 81, 128, 0, 0, 0, 60};
    static const uint8_t ns[] = "\2ns\7example", a[] = {192, 0, 2, 1};
    ddi_name apex = name("example."), host = name("ns.example."), other = name("ns.other.");
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    uint32_t wanted;
    EXPECT(ddi_zone_loader_new(&apex, NULL, 0, &loader) == DDI_OK);
    EXPECT(ddi_zone_loader_add(loader, &apex, 6, 60, soa, sizeof soa) == DDI_OK);
    EXPECT(ddi_zone_loader_add(loader, &apex, 2, 60, ns, sizeof ns) == DDI_OK);
    EXPECT(ddi_zone_loader_add(loader, &other, 1, 60, a, sizeof a) == DDI_E_ZONE && *ddi_zone_loader_last_error(loader));
    EXPECT(ddi_zone_loader_add(loader, &host, 1, 60, a, 3) == DDI_E_ZONE);
    EXPECT(ddi_zone_loader_add(loader, &host, 1, 60, a, sizeof a) == DDI_OK);
    EXPECT(ddi_zone_loader_finish(loader, &zone) == DDI_E_STATE);
    EXPECT(ddi_zone_loader_end(loader, &wanted) == DDI_OK && wanted == DDI_LOADER_DONE);
    EXPECT(ddi_zone_loader_finish(loader, &zone) == DDI_OK && ddi_zone_records(zone) == 3 && ddi_zone_serial(zone) == 9);
    EXPECT(ddi_zone_loader_add(loader, &host, 1, 60, a, sizeof a) == DDI_E_STATE);
    ddi_zone_loader_free(loader);
    ddi_zone_free(zone);
}

static void faults(void) {
    uint8_t buf[256];
    size_t len = 7;
    ddi_zone *zone = small_zone();
    EXPECT(ddi_zone_check_fatal(zone, buf, sizeof buf, &len) == DDI_IDLE);
    ddi_zone_free(zone);
    /* A name server without an address is a fault, and no reason not to serve. */
    zone = zone_of("$TTL 60\n@ SOA ns host 1 1 1 1 1\n@ NS ns\n");
    EXPECT(ddi_zone_check(zone, buf, sizeof buf, &len) == DDI_OK && len > 10);
    EXPECT(ddi_zone_check_fatal(zone, buf, sizeof buf, &len) == DDI_IDLE);
    ddi_zone_free(zone);
    zone = zone_of("$TTL 60\n@ SOA ns host 1 1 1 1 1\n@ NS ns.other.\nwww A 192.0.2.1\nwww CNAME ns.other.\n");
    EXPECT(ddi_zone_check_fatal(zone, buf, 5, &len) == DDI_E_BUFFER && len > 5);
    EXPECT(ddi_zone_check_fatal(zone, buf, sizeof buf, &len) == DDI_OK && len > 11 && memcmp(buf, "www.example", 11) == 0);
    ddi_zone_free(zone);
    EXPECT(ddi_serial_is_newer(2, 1) && !ddi_serial_is_newer(1, 1) && ddi_serial_is_newer(0, UINT32_MAX));
    EXPECT(!ddi_serial_is_newer(0, 1u << 31) && !ddi_serial_is_newer(1u << 31, 0));
}

static void remove_directory(const char *path) {
    DIR *files = opendir(path);
    EXPECT(files != NULL);
    for (struct dirent *file; (file = readdir(files)) != NULL;) unlinkat(dirfd(files), file->d_name, 0);
    EXPECT(closedir(files) == 0 && rmdir(path) == 0);
}

static void journals(void) {
    char path[] = "/tmp/ddi-settings-XXXXXX";
    ddi_zone_set *set = NULL;
    ddi_zone *zone = small_zone();
    ddi_name apex = name("example."), none = name("none.");
    uint32_t serials[4] = {0};
    size_t len = 9;
    EXPECT(mkdtemp(path) != NULL && ddi_zone_set_new(&set) == DDI_OK);
    EXPECT(ddi_zone_set_log_bytes(set) == 0 && ddi_zone_set_file_bytes(set) == 0 && ddi_zone_set_log_bytes(NULL) == 0);
    EXPECT(ddi_zone_set_set_log(set, 4096, 1 << 20) == DDI_OK && ddi_zone_set_set_compaction(set, 1, 1) == DDI_OK);
    EXPECT(ddi_zone_set_set_history(set, 2, 1 << 20, 1000) == DDI_OK);
    EXPECT(ddi_zone_set_open_journal(set, (const uint8_t *)path, strlen(path), 7, NULL) == DDI_OK);
    EXPECT(ddi_zone_set_set_log(set, 4096, 1 << 20) == DDI_E_STATE && ddi_zone_set_set_compaction(set, 1, 1) == DDI_E_STATE);
    EXPECT(ddi_zone_set_replace(set, zone, NULL) == DDI_OK && ddi_zone_set_commit(set, NULL) == DDI_OK);
    EXPECT(ddi_zone_set_log_bytes(set) >= 4096 && ddi_zone_set_needs_compaction(set));
    EXPECT(ddi_zone_set_history(set, &apex, serials, 4, &len) == DDI_OK && len == 0);
    EXPECT(ddi_zone_set_history(set, &none, serials, 4, &len) == DDI_E_NOT_FOUND);
    /* Serials 2, 3 and 4; the step from 1 is let go. */
    for (int step = 0; step < 3; step++) {
        char text[] = "new0 60 A 192.0.2.3";
        ddi_zone *newest = NULL, *next = NULL;
        ddi_zone_edit *edit = NULL;
        text[3] = (char)('0' + step);
        EXPECT(ddi_zone_set_newest(set, &apex, &newest) == DDI_OK && ddi_zone_edit_new(newest, &edit) == DDI_OK);
        EXPECT(ddi_zone_edit_add_text(edit, TEXT(text)) == DDI_OK);
        EXPECT(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_INCREMENT, &next) == DDI_OK);
        EXPECT(ddi_zone_set_put(set, next, NULL) == DDI_OK);
        ddi_zone_edit_free(edit);
        ddi_zone_free(newest);
        ddi_zone_free(next);
    }
    EXPECT(ddi_zone_set_history(set, &apex, serials, 4, &len) == DDI_OK && len == 0); /* nobody has seen them yet */
    EXPECT(ddi_zone_set_commit(set, NULL) == DDI_OK);
    EXPECT(ddi_zone_set_history(set, &apex, serials, 1, &len) == DDI_E_BUFFER && len == 2 && serials[0] == 0);
    EXPECT(ddi_zone_set_history(set, &apex, serials, 4, &len) == DDI_OK && len == 2 && serials[0] == 2 && serials[1] == 3);
    ddi_zone_set_free(set);
    ddi_zone_free(zone);
    remove_directory(path);
}

static void keys(void) {
    static const uint8_t query[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1};
    ddi_name of = name("key.");
    ddi_tsig_key *key = NULL;
    ddi_tsig_keys *known = NULL;
    ddi_tsig_verifier *verifier = NULL;
    ddi_tsig_signer *signer = NULL;
    uint8_t buf[512];
    uint32_t algorithm = 0;
    size_t len;
    EXPECT(ddi_tsig_algorithm_parse(TEXT("HMAC-SHA512"), &algorithm) == DDI_OK && algorithm == DDI_TSIG_HMAC_SHA512);
    EXPECT(ddi_tsig_algorithm_parse(TEXT("hmac-sha1"), &algorithm) == DDI_OK && algorithm == DDI_TSIG_HMAC_SHA1);
    EXPECT(ddi_tsig_algorithm_parse(TEXT("hmac-md5"), &algorithm) == DDI_E_ARGUMENT && algorithm == DDI_TSIG_HMAC_SHA1);
    EXPECT(ddi_tsig_key_new_fudge(&of, 9, TEXT("a secret"), 0, 5, &key) == DDI_E_ARGUMENT && key == NULL);
    /* Five seconds, and not six. */
    EXPECT(ddi_tsig_key_new_fudge(&of, DDI_TSIG_HMAC_SHA256, TEXT("a secret"), 0, 5, &key) == DDI_OK);
    EXPECT(ddi_tsig_keys_new(&known) == DDI_OK && ddi_tsig_keys_add(known, key) == DDI_OK);
    memcpy(buf, query, sizeof query);
    EXPECT(ddi_tsig_key_sign_request(key, &now, sizeof query, buf, sizeof buf, &len, &verifier) == DDI_OK);
    ddi_now late = now;
    late.unix_s += 5;
    EXPECT(ddi_tsig_keys_check(known, &late, buf, len, &signer) == DDI_OK);
    ddi_tsig_signer_free(signer);
    late.unix_s += 1;
    EXPECT(ddi_tsig_keys_check(known, &late, buf, len, &signer) == DDI_E_SIGNATURE);
    ddi_tsig_verifier_free(verifier);
    ddi_tsig_keys_free(known);
    ddi_tsig_key_free(key);
}

/* A transfer of the small zone's four records, and its SOA once more, for a secondary that takes so many. */
static uint32_t transfer(ddi_zone_set *set, size_t most, ddi_status expected) {
    ddi_name apex = name("example.");
    ddi_xfr_in *in = NULL;
    ddi_xfr_out *out = NULL;
    static uint8_t buf[DDI_DNS_STREAM_MAX];
    size_t len;
    uint32_t transport, outcome = 0, messages = 0;
    EXPECT(ddi_xfr_in_new(&apex, NULL, NULL, 5, &in) == DDI_OK);
    EXPECT(ddi_xfr_in_set_limits(in, most, 1 << 20, 1000, 2000) == DDI_OK && ddi_xfr_in_set_ways(in, 0, 1, 0) == DDI_OK);
    EXPECT(ddi_xfr_in_set_ways(in, 2, 1, 0) == DDI_E_ARGUMENT);
    EXPECT(ddi_xfr_in_poll_transmit(in, &now, &transport, buf, sizeof buf, &len) == DDI_OK && transport == DDI_TRANSPORT_TCP);
    EXPECT(ddi_xfr_in_set_limits(in, most, 1, 1, 1) == DDI_E_STATE && ddi_xfr_in_set_ways(in, 1, 1, 1) == DDI_E_STATE);
    EXPECT(ddi_xfr_out_new(set, &now, buf + 2, len - 2, transport, NULL, 0, &out) == DDI_OK);
    while (ddi_xfr_out_poll_transmit(out, &now, buf, sizeof buf, &len) == DDI_OK) {
        messages++;
        EXPECT(ddi_xfr_in_handle_bytes(in, &now, buf, len) == DDI_OK);
    }
    EXPECT(ddi_xfr_in_poll_event(in, &outcome) == expected);
    ddi_xfr_out_free(out);
    ddi_xfr_in_free(in);
    return messages;
}

/* With a version at hand it asks over UDP first, unless it is told not to. */
static void by_stream(void) {
    ddi_name apex = name("example.");
    ddi_zone *zone = small_zone();
    static uint8_t buf[DDI_XFR_QUERY_MAX];
    size_t len;
    for (uint32_t udp = 0; udp < 2; udp++) {
        ddi_xfr_in *in = NULL;
        uint32_t transport;
        uint64_t due = 0;
        EXPECT(ddi_xfr_in_new(&apex, zone, NULL, 5, &in) == DDI_OK && ddi_xfr_in_set_ways(in, udp, 1, 1) == DDI_OK);
        EXPECT(ddi_xfr_in_set_limits(in, 9, 9, 777, 9999) == DDI_OK);
        EXPECT(ddi_xfr_in_poll_transmit(in, &now, &transport, buf, sizeof buf, &len) == DDI_OK);
        EXPECT(transport == (udp ? DDI_TRANSPORT_UDP : DDI_TRANSPORT_TCP));
        EXPECT(ddi_xfr_in_poll_timeout(in, &due) == DDI_OK && (udp || due == now.instant_ms + 777));
        ddi_xfr_in_free(in);
    }
    ddi_zone_free(zone);
}

static void transfers(void) {
    ddi_zone_set *set = NULL;
    static char text[20000];
    size_t end = (size_t)sprintf(text, "$TTL 60\n@ SOA ns host 1 1 1 1 1\n@ NS ns\n");
    for (int host = 0; host < 100; host++) end += (size_t)sprintf(text + end, "h%d A 192.0.2.%d\n", host, host);
    ddi_zone *zone = zone_of(text);
    EXPECT(ddi_zone_set_new(&set) == DDI_OK && ddi_zone_set_replace(set, zone, NULL) == DDI_OK);
    EXPECT(transfer(set, 103, DDI_OK) == 1);
    EXPECT(transfer(set, 50, DDI_E_TRANSFER) == 1);
    EXPECT(ddi_zone_set_set_transfers(set, 511, 1232, 100) == DDI_E_ARGUMENT);
    EXPECT(ddi_zone_set_set_transfers(set, 65536, 1232, 100) == DDI_E_ARGUMENT);
    EXPECT(ddi_zone_set_set_transfers(set, 512, 511, 100) == DDI_E_ARGUMENT);
    EXPECT(ddi_zone_set_set_transfers(set, 512, 512, 100) == DDI_OK);
    EXPECT(transfer(set, 103, DDI_OK) > 3);
    ddi_zone_set_free(set);
    ddi_zone_free(zone);
}

int main(void) {
    records();
    faults();
    journals();
    keys();
    by_stream();
    transfers();
    return 0;
}
