/* The DNS part of libddi as a C program uses it: every noun once around, its errors, and machines that talk to each other. */
#define _POSIX_C_SOURCE 200809L
#include <ddi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

#define TEXT(string) (const uint8_t *)(string), strlen(string)

static ddi_now now = { 1000, 1800000000 };
static const ddi_addr client = { DDI_FAMILY_V4, 0, 5353, 0, { 192, 0, 2, 9 } };
static const ddi_addr server = { DDI_FAMILY_V4, 0, 53, 0, { 192, 0, 2, 1 } };
static uint8_t buf[DDI_DNS_STREAM_MAX], other[DDI_DNS_STREAM_MAX];
static size_t len, other_len;

static ddi_name name(const char *text)
{
    ddi_name name;
    CHECK(ddi_name_parse(TEXT(text), &name) == DDI_OK);
    return name;
}

static const char *const ZONE_TEXT =
    "$TTL 300\n"
    "@ SOA ns.example. host.example. 1 3600 600 86400 60\n"
    "@ NS ns\n"
    "ns A 192.0.2.1\n"
    "www A 192.0.2.2\n"
    "www AAAA 2001:db8::2\n"
    "text TXT \"a rather long text, so that the zone is larger than the delta that leads from one version to the next\"\n"
    "more TXT \"history is only kept as long as it is smaller than the zone itself, which is of no use otherwise at all\"\n";

static ddi_zone *load(const char *apex, const char *text)
{
    ddi_name origin = name(apex);
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    uint32_t wanted = 99;
    CHECK(ddi_zone_loader_new(&origin, TEXT("zone"), &loader) == DDI_OK);
    CHECK(ddi_zone_loader_push(loader, TEXT(text), &wanted) == DDI_OK && wanted == DDI_LOADER_TEXT);
    CHECK(ddi_zone_loader_finish(loader, &zone) == DDI_E_STATE);
    CHECK(ddi_zone_loader_end(loader, &wanted) == DDI_OK && wanted == DDI_LOADER_DONE);
    CHECK(ddi_zone_loader_finish(loader, &zone) == DDI_OK);
    CHECK(ddi_zone_loader_finish(loader, &zone) == DDI_E_STATE);
    ddi_zone_loader_free(loader);
    return zone;
}

/* A query without an OPT. */
static size_t query(uint8_t *out, const char *owner, uint16_t rtype)
{
    static const uint8_t header[12] = { 0x12, 0x34, 0, 0, 0, 1 };
    ddi_name asked = name(owner);
    memcpy(out, header, 12);
    memcpy(out + 12, asked.wire, asked.len);
    out[12 + asked.len] = (uint8_t)(rtype >> 8);
    out[13 + asked.len] = (uint8_t)rtype;
    out[14 + asked.len] = 0;
    out[15 + asked.len] = 1;
    return 16u + asked.len;
}

static void names(void)
{
    ddi_name a = name("WWW.Example."), b = name("www.example"), c;
    ddi_addr v6 = { DDI_FAMILY_V6, 0, 0, 0, { 0x20, 1, 0xd, 0xb8 } };
    uint16_t rtype = 0;
    CHECK(ddi_name_equals(&a, &b));
    c = name("example.");
    CHECK(ddi_name_is_at_or_below(&a, &c) && !ddi_name_is_at_or_below(&c, &a) && !ddi_name_equals(NULL, &a));
    CHECK(ddi_name_text(&a, buf, 3, &len) == DDI_E_BUFFER && len == 12);
    CHECK(ddi_name_text(&a, buf, len, &len) == DDI_OK && !memcmp(buf, "WWW.Example.", 12));
    CHECK(ddi_name_parse(TEXT("a..b"), &c) == DDI_E_ARGUMENT && ddi_name_parse(NULL, 0, &c) == DDI_E_ARGUMENT);
    CHECK(ddi_name_parse(NULL, 3, &c) == DDI_E_NULL);
    CHECK(ddi_name_from_wire(a.wire, a.len, &c) == DDI_OK && ddi_name_equals(&a, &c));
    CHECK(ddi_name_from_wire(a.wire, a.len - 1u, &c) == DDI_E_ARGUMENT);
    memset(&c, 0, sizeof c);
    CHECK(ddi_name_text(&c, buf, sizeof buf, &len) == DDI_E_ARGUMENT);
    CHECK(ddi_name_of_address(&server, &c) == DDI_OK);
    b = name("1.2.0.192.in-addr.arpa.");
    CHECK(ddi_name_equals(&c, &b) && ddi_name_of_address(&v6, &c) == DDI_OK && c.len == 74);
    CHECK(ddi_rtype_parse(TEXT("AAAA"), &rtype) == DDI_OK && rtype == 28);
    CHECK(ddi_rtype_parse(TEXT("nonsense"), &rtype) == DDI_E_ARGUMENT && rtype == 28);
    CHECK(ddi_rtype_text(65280, buf, sizeof buf, &len) == DDI_OK && len == 9 && !memcmp(buf, "TYPE65280", 9));
}

static void messages(void)
{
    ddi_name asked, want = name("www.example.");
    uint16_t rtype, dns_class;
    uint32_t kind;
    size_t n = query(other, "www.example.", 252);
    CHECK(ddi_dns_kind(other, n, &kind) == DDI_OK && kind == DDI_DNS_TRANSFER);
    CHECK(ddi_dns_question(other, n, &asked, &rtype, &dns_class) == DDI_OK);
    CHECK(ddi_name_equals(&asked, &want) && rtype == 252 && dns_class == 1);
    CHECK(ddi_dns_question(other, n, &asked, NULL, NULL) == DDI_OK);
    CHECK(ddi_dns_question(other, n - 1, &asked, NULL, NULL) == DDI_E_MALFORMED);
    CHECK(ddi_dns_kind(other, 11, &kind) == DDI_E_MALFORMED && ddi_dns_kind(NULL, 0, &kind) == DDI_E_MALFORMED);
    CHECK(ddi_dns_refuse(other, n, 16, buf, sizeof buf, &len) == DDI_E_ARGUMENT);
    CHECK(ddi_dns_refuse(other, n, DDI_RCODE_REFUSED, buf, 12, &len) == DDI_E_BUFFER && len == n);
    CHECK(ddi_dns_refuse(other, n, DDI_RCODE_REFUSED, buf, len, &len) == DDI_OK && buf[2] == 0x80 && buf[3] == 5);
    CHECK(ddi_dns_refuse(buf, len, 0, other, sizeof other, &n) == DDI_E_MALFORMED);
}

static void loaders(void)
{
    ddi_name origin = name("example.");
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    uint32_t wanted;
    CHECK(ddi_zone_loader_new(&origin, TEXT("db.example"), &loader) == DDI_OK);
    CHECK(ddi_zone_loader_push(loader, TEXT("@ 60 A 192.0.2.1\n@ 60 A 192.0.2\n"), &wanted) == DDI_E_ZONE_FILE);
    CHECK(!strncmp(ddi_zone_loader_last_error(loader), "db.example:2:", 13));
    CHECK(ddi_zone_loader_push(loader, TEXT("@ 60 A 192.0.2.1\n"), &wanted) == DDI_E_STATE);
    ddi_zone_loader_free(loader);

    CHECK(ddi_zone_loader_new(&origin, NULL, 0, &loader) == DDI_OK);
    CHECK(ddi_zone_loader_push(loader, TEXT("$INCLUDE ../more\n"), &wanted) == DDI_OK && wanted == DDI_LOADER_INCLUDE);
    CHECK(ddi_zone_loader_include(loader, buf, sizeof buf, &len) == DDI_OK && len == 7 && !memcmp(buf, "../more", 7));
    CHECK(ddi_zone_loader_refuse(loader, TEXT("not here")) == DDI_E_ZONE_FILE);
    CHECK(strstr(ddi_zone_loader_last_error(loader), "not here"));
    CHECK(ddi_zone_loader_finish(loader, &zone) == DDI_E_STATE && !zone);
    ddi_zone_loader_free(loader);

    CHECK(ddi_zone_loader_new(&origin, NULL, 0, &loader) == DDI_OK);
    CHECK(ddi_zone_loader_end(loader, &wanted) == DDI_OK && ddi_zone_loader_finish(loader, &zone) == DDI_E_ZONE);
    CHECK(ddi_zone_loader_read_file(loader, TEXT("/nowhere/at/all")) == DDI_E_STATE);
    ddi_zone_loader_free(loader);

    CHECK(ddi_zone_loader_new(&origin, NULL, 0, &loader) == DDI_OK);
    CHECK(ddi_zone_loader_read_file(loader, TEXT("/nowhere/at/all")) == DDI_E_IO);
    ddi_zone_loader_free(loader);
}

static void versions(void)
{
    ddi_zone *zone = load("example.", ZONE_TEXT), *again = NULL, *next = NULL, *third = NULL;
    ddi_name apex = name("example."), owner = name("www.example."), got;
    ddi_zone_walk *walk = NULL;
    uint8_t *text = malloc(DDI_RECORD_TEXT_MAX + 1u);
    uint32_t ttl = 0;
    uint64_t records = 0;
    uint16_t rtype;
    CHECK(ddi_zone_serial(zone) == 1 && ddi_zone_records(zone) == 7 && ddi_zone_serial(NULL) == 0);
    CHECK(ddi_zone_apex(zone, &got) == DDI_OK && ddi_name_equals(&got, &apex));
    CHECK(ddi_zone_get(zone, &owner, 1, 0, &ttl, buf, sizeof buf, &len) == DDI_OK && len == 4 && ttl == 300 && buf[3] == 2);
    CHECK(ddi_zone_get(zone, &owner, 1, 1, NULL, buf, sizeof buf, &len) == DDI_IDLE);
    CHECK(ddi_zone_check(zone, buf, sizeof buf, &len) == DDI_OK && len == 0);

    CHECK(ddi_zone_walk_new(zone, &walk) == DDI_OK);
    CHECK(ddi_zone_walk_next(walk, &got, &rtype, &ttl, buf, 1, &len) == DDI_E_BUFFER && len > 20);
    while (ddi_zone_walk_next(walk, &got, &rtype, &ttl, buf, sizeof buf, &len) == DDI_OK)
        CHECK(records++ || rtype == 6);
    CHECK(records == ddi_zone_records(zone));
    ddi_zone_walk_free(walk);

    /* As text and back, line by line and as a whole. */
    for (size_t room = 160; room <= DDI_RECORD_TEXT_MAX; room = room == 160 ? (size_t)DDI_RECORD_TEXT_MAX : room + 1) {
        size_t end = 0;
        CHECK(ddi_zone_walk_new(zone, &walk) == DDI_OK);
        CHECK(ddi_zone_walk_text(walk, text, 5, &len) == DDI_E_BUFFER && len > 5);
        while (ddi_zone_walk_text(walk, text + end, room, &len) == DDI_OK)
            end += len;
        text[end] = 0;
        ddi_zone_walk_free(walk);
        again = load("example.", (char *)text);
        CHECK(ddi_zone_succeed(again, &now, zone, DDI_SERIAL_INCREMENT, &next) == DDI_IDLE);
        CHECK(ddi_zone_records(again) == 7);
        ddi_zone_free(again);
    }
    free(text);

    again = load("example.", "$TTL 60\n@ SOA ns host 1 1 1 1 1\n@ NS ns\nns A 192.0.2.7\n");
    CHECK(ddi_zone_succeed(again, &now, zone, DDI_SERIAL_DATE, &next) == DDI_OK);
    CHECK(ddi_zone_serial(next) == 2027011500);
    CHECK(ddi_zone_succeed(again, &now, zone, 3, &third) == DDI_E_ARGUMENT && !third);
    ddi_zone_free(next);
    ddi_zone_free(again);
    again = load("other.", "$TTL 60\n@ SOA ns host 1 1 1 1 1\n");
    CHECK(ddi_zone_succeed(again, &now, zone, 0, &next) == DDI_E_STALE);
    CHECK(ddi_zone_check(again, buf, sizeof buf, &len) == DDI_OK && len > 10);
    ddi_zone_free(again);
    ddi_zone_free(zone);
}

static void answers(void)
{
    ddi_zone *zone = load("example.", ZONE_TEXT);
    ddi_answer_config *config = NULL;
    ddi_asker asker = { sizeof asker, DDI_TRANSPORT_UDP, client, 0, 0 };
    ddi_answered said = { .struct_size = sizeof said };
    uint8_t secret[DDI_COOKIE_SECRET_LEN] = { 1 };
    size_t n = query(other, "www.example.", 1);
    CHECK(ddi_answer_config_new(&config) == DDI_OK);
    CHECK(ddi_answer_config_set_nsid(config, buf, 200) == DDI_E_ARGUMENT && *ddi_answer_config_last_error(config));
    CHECK(ddi_answer_config_set_nsid(config, TEXT("ns1")) == DDI_OK && ddi_answer_config_set_full(config, false) == DDI_OK);
    CHECK(ddi_answer_config_set_cookies(config, secret, 15, NULL, 0, false) == DDI_E_ARGUMENT);
    CHECK(ddi_answer_config_set_cookies(config, secret, 16, NULL, 0, false) == DDI_OK);
    CHECK(ddi_answer_config_set_udp_size(config, 1232) == DDI_OK);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_OK);
    CHECK(len == n + 16 && said.rcode == 0 && !said.truncated && said.cookie == DDI_COOKIE_ABSENT && buf[len - 1] == 2);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, 5, &len, NULL) == DDI_IDLE);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, NULL, 0, buf, sizeof buf, &len, NULL) == DDI_IDLE);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, NULL, 0, &len, NULL) == DDI_IDLE);
    /* The answer is written while the query is read. */
    memcpy(buf, other, n);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, buf, n, buf, sizeof buf, &len, NULL) == DDI_E_ARGUMENT);
    CHECK(strstr(ddi_zone_last_error(zone), "overlap") && memcmp(buf, other, n) == 0);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, buf, n, buf + n - 1, 512, &len, NULL) == DDI_E_ARGUMENT);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, buf + 511, n, buf, 512, &len, NULL) == DDI_E_ARGUMENT);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, buf, n, buf + n, 512, &len, NULL) == DDI_OK);
    asker.transport = 2;
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, sizeof buf, &len, NULL) == DDI_E_ARGUMENT);
    asker.transport = DDI_TRANSPORT_TCP;
    n = query(other, "elsewhere.", 1);
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_OK);
    CHECK(said.rcode == DDI_RCODE_REFUSED);
    asker.client.family = DDI_FAMILY_NONE;
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_E_ARGUMENT);
    asker.struct_size = 4;
    CHECK(ddi_zone_answer(zone, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_E_ARGUMENT);
    ddi_answer_config_free(config);
    ddi_zone_free(zone);
}

/* The newest version, with one more record. */
static ddi_zone *changed(ddi_zone_set *set, const char *apex, const char *text)
{
    ddi_name origin = name(apex);
    ddi_zone *zone = NULL, *next = NULL;
    ddi_zone_edit *edit = NULL;
    CHECK(ddi_zone_set_newest(set, &origin, &zone) == DDI_OK && ddi_zone_edit_new(zone, &edit) == DDI_OK);
    CHECK(ddi_zone_edit_add_text(edit, TEXT(text)) == DDI_OK);
    CHECK(ddi_zone_edit_add_text(edit, TEXT(text)) == DDI_IDLE);
    CHECK(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_INCREMENT, &next) == DDI_OK);
    CHECK(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_INCREMENT, &next) == DDI_E_STATE);
    ddi_zone_edit_free(edit);
    ddi_zone_free(zone);
    return next;
}

static void edits(void)
{
    ddi_zone *zone = load("example.", ZONE_TEXT), *next = NULL;
    ddi_name www = name("www.example."), text = name("text.example."), outside = name("elsewhere.");
    ddi_zone_edit *edit = NULL;
    const uint8_t a[4] = { 192, 0, 2, 2 };
    CHECK(ddi_zone_edit_new(zone, &edit) == DDI_OK);
    CHECK(ddi_zone_edit_add(edit, &www, 1, 300, a, 4) == DDI_IDLE && ddi_zone_edit_add(edit, &www, 1, 60, a, 4) == DDI_OK);
    CHECK(ddi_zone_edit_add(edit, &www, 1, 300, a, 3) == DDI_E_ZONE && *ddi_zone_edit_last_error(edit));
    CHECK(ddi_zone_edit_add(edit, &outside, 1, 300, a, 4) == DDI_E_ZONE);
    CHECK(ddi_zone_edit_add(edit, &www, 1, 300, NULL, 0) == DDI_E_ZONE);
    CHECK(ddi_zone_edit_add_text(edit, TEXT("x 60 A 192.0.2.3\ny 60 A nonsense\n")) == DDI_E_ZONE_FILE);
    CHECK(ddi_zone_edit_remove(edit, &www, 1, a, 4) == DDI_OK && ddi_zone_edit_remove(edit, &www, 1, a, 4) == DDI_IDLE);
    CHECK(ddi_zone_edit_remove_rrset(edit, &www, 28) == DDI_OK && ddi_zone_edit_remove_name(edit, &text) == DDI_OK);
    CHECK(ddi_zone_edit_finish(edit, &now, 7, &next) == DDI_E_ARGUMENT);
    CHECK(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_UNIX_TIME, &next) == DDI_OK);
    CHECK(ddi_zone_serial(next) == 1800000000 && ddi_zone_records(next) == 4);
    ddi_zone_free(next);
    ddi_zone_edit_free(edit);
    CHECK(ddi_zone_edit_new(zone, &edit) == DDI_OK && ddi_zone_edit_finish(edit, &now, 0, &next) == DDI_IDLE);
    ddi_zone_edit_free(edit);
    ddi_zone_free(zone);
}

static uint16_t ask(const ddi_zone_set *set, const char *owner)
{
    ddi_asker asker = { sizeof asker, DDI_TRANSPORT_UDP, client, 0, 0 };
    ddi_answered said = { .struct_size = sizeof said };
    ddi_answer_config *config = NULL;
    ddi_zone_reader *reader = NULL;
    size_t n = query(other, owner, 1);
    CHECK(ddi_answer_config_new(&config) == DDI_OK && ddi_zone_reader_new(set, &reader) == DDI_OK);
    CHECK(ddi_zone_set_answer(set, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_OK);
    uint16_t rcode = said.rcode;
    CHECK(ddi_zone_reader_answer(reader, &now, config, &asker, other, n, buf, sizeof buf, &len, &said) == DDI_OK);
    CHECK(said.rcode == (rcode == DDI_RCODE_SERVFAIL ? DDI_RCODE_REFUSED : rcode));
    ddi_zone_reader_free(reader);
    ddi_answer_config_free(config);
    return rcode;
}

static void remove_directory(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", path);
    CHECK(system(command) == 0);
}

static void sets(void)
{
    char path[] = "/tmp/ddi-dns-XXXXXX";
    ddi_zone_set *set = NULL, *second = NULL;
    ddi_zone *zone = load("example.", ZONE_TEXT), *next, *shown = NULL;
    ddi_zone_set_opened opened = { .struct_size = sizeof opened };
    ddi_batch *batch = NULL;
    ddi_zone_compaction *compaction = NULL, *again = NULL;
    ddi_name apex = name("example."), got;
    uint64_t lsn, durable;
    bool ready = false, done = false;
    CHECK(mkdtemp(path));
    CHECK(ddi_zone_set_new(&set) == DDI_OK && ddi_zone_set_set_history(set, 10, 1 << 20, 200) == DDI_OK);
    CHECK(ddi_zone_set_open_journal(set, TEXT("/dev/null/journal"), 7, NULL) == DDI_E_IO && *ddi_zone_set_last_error(set));
    CHECK(ddi_zone_set_open_journal(set, TEXT(path), 7, &opened) == DDI_OK && opened.zones == 0);
    CHECK(ddi_zone_set_open_journal(set, TEXT(path), 7, &opened) == DDI_E_STATE);
    CHECK(ddi_zone_set_put(set, zone, NULL) == DDI_E_STALE && ddi_zone_set_newest(set, &apex, &next) == DDI_E_NOT_FOUND);
    CHECK(ddi_zone_set_replace(set, zone, &lsn) == DDI_OK && ddi_zone_set_appended(set) == lsn);
    CHECK(ask(set, "www.example.") == DDI_RCODE_SERVFAIL && ddi_zone_set_zone(set, &apex, &shown) == DDI_E_NOT_FOUND);
    CHECK(ddi_zone_set_commit(set, &durable) == DDI_OK && durable == lsn && ask(set, "www.example.") == 0);
    CHECK(ddi_zone_set_poll_changed(set, &got) == DDI_OK && ddi_name_equals(&got, &apex));
    CHECK(ddi_zone_set_poll_changed(set, &got) == DDI_IDLE);

    next = changed(set, "example.", "new 60 A 192.0.2.3");
    CHECK(ddi_zone_set_put(set, next, &lsn) == DDI_OK && ddi_zone_set_put(set, next, &lsn) == DDI_E_STALE);
    CHECK(ask(set, "new.example.") == DDI_RCODE_NXDOMAIN);
    CHECK(ddi_zone_set_take_batch(set, &batch) == DDI_OK && ddi_zone_set_take_batch(set, &batch) == DDI_IDLE);
    CHECK(ddi_zone_set_batch_durable(set, batch, &durable) == DDI_E_STATE && ddi_batch_sync(batch) == DDI_OK);
    CHECK(ddi_batch_sync(batch) == DDI_E_STATE && *ddi_batch_last_error(batch));
    CHECK(ddi_zone_set_new(&second) == DDI_OK);
    CHECK(ddi_zone_set_batch_durable(second, batch, &durable) == DDI_E_ARGUMENT);
    CHECK(ddi_zone_set_batch_durable(set, batch, &durable) == DDI_OK && durable == lsn && ddi_zone_set_durable(set) == lsn);
    CHECK(ask(set, "new.example.") == 0);
    ddi_batch_free(batch);
    ddi_zone_free(next);

    CHECK(ddi_zone_set_set_note(set, &apex, TEXT("a note")) == DDI_OK);
    CHECK(ddi_zone_set_note(set, &apex, buf, 5, &len) == DDI_E_BUFFER && len == 6);
    CHECK(ddi_zone_set_hide(set, &apex, true) == DDI_OK && ask(set, "www.example.") == DDI_RCODE_SERVFAIL);
    CHECK(ddi_zone_set_hide(set, &apex, false) == DDI_OK && ask(set, "www.example.") == 0);
    CHECK(ddi_zone_set_count(set) == 1 && ddi_zone_set_next(set, NULL, &got) == DDI_OK && ddi_name_equals(&got, &apex));
    CHECK(ddi_zone_set_next(set, &got, &got) == DDI_IDLE && !ddi_zone_set_needs_compaction(set));
    CHECK(ddi_zone_set_begin_compaction(set, &compaction) == DDI_OK);
    CHECK(ddi_zone_set_begin_compaction(set, &again) == DDI_E_STATE && again == NULL);
    CHECK(ddi_zone_set_end_compaction(set, compaction, &done) == DDI_E_STATE);
    do {
        do
            CHECK(ddi_zone_compaction_step(compaction, 1 << 20, &ready) == DDI_OK);
        while (!ready);
        CHECK(ddi_zone_set_end_compaction(set, compaction, &done) == DDI_OK);
    } while (!done);
    CHECK(ddi_zone_set_begin_compaction(set, &again) == DDI_OK);
    ddi_zone_compaction_free(again);
    ddi_zone_compaction_free(compaction);
    CHECK(ddi_zone_set_begin_compaction(second, &compaction) == DDI_IDLE);
    ddi_zone_set_free(set);

    CHECK(ddi_zone_set_open_journal(second, TEXT(path), 7, &opened) == DDI_OK && opened.zones == 1);
    CHECK(ask(second, "new.example.") == 0 && ddi_zone_set_note(second, &apex, buf, 9, &len) == DDI_OK && len == 6);
    CHECK(ddi_zone_set_remove(second, &apex, NULL) == DDI_OK && ddi_zone_set_commit(second, NULL) == DDI_OK);
    CHECK(ask(second, "new.example.") == DDI_RCODE_REFUSED && ddi_zone_set_remove(second, &apex, NULL) == DDI_IDLE);
    ddi_zone_set_free(second);
    ddi_zone_free(zone);
    remove_directory(path);
}

static ddi_tsig_key *make_key(const char *key_name, ddi_tsig_keys *keys)
{
    ddi_name of = name(key_name);
    ddi_tsig_key *key = NULL;
    CHECK(ddi_tsig_key_new(&of, DDI_TSIG_HMAC_SHA256, TEXT("a secret of both"), 0, &key) == DDI_OK);
    CHECK(ddi_tsig_keys_add(keys, key) == DDI_OK && ddi_tsig_keys_add(keys, key) == DDI_E_ARGUMENT);
    return key;
}

static void signatures(void)
{
    ddi_tsig_keys *keys = NULL, *none = NULL;
    ddi_tsig_key *key, *bad = NULL;
    ddi_tsig_verifier *verifier = NULL;
    ddi_tsig_signer *signer = NULL;
    ddi_name of = name("key."), got;
    CHECK(ddi_tsig_keys_new(&keys) == DDI_OK && ddi_tsig_keys_new(&none) == DDI_OK);
    key = make_key("KEY.", keys);
    CHECK(ddi_tsig_key_new(&of, 6, TEXT("x"), 0, &bad) == DDI_E_ARGUMENT && ddi_tsig_key_new(&of, 3, NULL, 0, 0, &bad) == DDI_E_ARGUMENT);
    CHECK(ddi_tsig_key_new(&of, 3, TEXT("x"), 5, &bad) == DDI_E_ARGUMENT && !bad);
    len = query(buf, "example.", 6);
    CHECK(ddi_tsig_keys_check(keys, &now, buf, len, &signer) == DDI_IDLE && !signer);
    CHECK(ddi_tsig_keys_refuse(keys, &now, buf, len, other, sizeof other, &other_len) == DDI_E_STATE);
    size_t unsigned_len = len;
    CHECK(ddi_tsig_key_sign_request(key, &now, unsigned_len, buf, len + 3, &len, &verifier) == DDI_E_BUFFER);
    CHECK(len > unsigned_len + 60 && !verifier);
    CHECK(ddi_tsig_key_sign_request(key, &now, unsigned_len, buf, len, &len, &verifier) == DDI_OK);
    CHECK(ddi_tsig_keys_check(none, &now, buf, len, &signer) == DDI_E_SIGNATURE && !signer);
    CHECK(ddi_tsig_keys_refuse(none, &now, buf, len, other, sizeof other, &other_len) == DDI_OK);
    CHECK(ddi_tsig_verifier_check(verifier, &now, other, other_len) == DDI_E_SIGNATURE);
    CHECK(*ddi_tsig_verifier_last_error(verifier) && ddi_tsig_verifier_finish(verifier) == DDI_E_SIGNATURE);
    CHECK(ddi_tsig_keys_check(keys, &now, buf, len, &signer) == DDI_OK);
    CHECK(ddi_tsig_signer_key(signer, &got) == DDI_OK && ddi_name_equals(&got, &of) && ddi_tsig_signer_len(signer) > 60);
    CHECK(ddi_dns_refuse(buf, len, 0, other, sizeof other, &other_len) == DDI_OK);
    size_t plain = other_len;
    CHECK(ddi_tsig_signer_sign(signer, &now, plain, other, plain, &other_len) == DDI_E_BUFFER);
    CHECK(other_len == plain + ddi_tsig_signer_len(signer));
    CHECK(ddi_tsig_signer_sign(signer, &now, plain, other, other_len, &other_len) == DDI_OK);
    other[plain - 1] ^= 1;
    CHECK(ddi_tsig_verifier_check(verifier, &now, other, other_len) == DDI_E_SIGNATURE);
    other[plain - 1] ^= 1;
    CHECK(ddi_tsig_verifier_check(verifier, &now, other, other_len) == DDI_OK && ddi_tsig_verifier_finish(verifier) == DDI_OK);
    ddi_tsig_signer_free(signer);
    ddi_tsig_verifier_free(verifier);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
    ddi_tsig_keys_free(none);
}

static void lists(void)
{
    ddi_acl *acl = NULL;
    ddi_name key = name("k.");
    CHECK(ddi_acl_new(TEXT("10.0.0.0/33"), &acl) == DDI_E_ARGUMENT && !acl);
    CHECK(ddi_acl_new(TEXT("!192.0.2.1, 192.0.2.0/24 key:k, "), &acl) == DDI_OK);
    CHECK(ddi_acl_permits(acl, &client, &key) && !ddi_acl_permits(acl, &client, NULL) && !ddi_acl_permits(acl, &server, &key));
    CHECK(!ddi_acl_permits(acl, NULL, &key) && !ddi_acl_permits(NULL, &client, &key));
    ddi_acl_free(acl);
    CHECK(ddi_acl_new(NULL, 0, &acl) == DDI_OK && !ddi_acl_permits(acl, &client, &key));
    ddi_acl_free(acl);
}

/* A set with the zone, and a machine that lets the key change it. */
static ddi_updates *primary(ddi_zone_set **set, ddi_tsig_keys *keys)
{
    ddi_zone *zone = load("example.", ZONE_TEXT);
    ddi_update_policy *policy = NULL;
    ddi_updates *updates = NULL;
    ddi_name apex = name("example."), below = name("hosts.example.");
    const uint16_t types[2] = { 1, 49 };
    CHECK(ddi_zone_set_new(set) == DDI_OK && ddi_zone_set_set_history(*set, 10, 1 << 20, 1000) == DDI_OK);
    CHECK(ddi_zone_set_replace(*set, zone, NULL) == DDI_OK);
    CHECK(ddi_update_policy_new(&policy) == DDI_OK);
    CHECK(ddi_update_policy_add_zone(policy, &apex, TEXT("nonsense"), 0) == DDI_E_ARGUMENT);
    CHECK(ddi_update_policy_add_grant(policy, &apex, true, TEXT("any"), 0, NULL, NULL, 0) == DDI_E_NOT_FOUND);
    CHECK(ddi_update_policy_add_zone(policy, &apex, NULL, 0, DDI_SERIAL_INCREMENT) == DDI_OK);
    CHECK(ddi_update_policy_add_zone(policy, &apex, NULL, 0, DDI_SERIAL_INCREMENT) == DDI_E_ARGUMENT);
    CHECK(ddi_update_policy_add_grant(policy, &apex, true, TEXT("key:key"), 6, NULL, NULL, 0) == DDI_E_ARGUMENT);
    CHECK(ddi_update_policy_add_grant(policy, &apex, true, TEXT("key:key"), DDI_GRANT_NAME, NULL, NULL, 0) == DDI_E_NULL);
    CHECK(ddi_update_policy_add_grant(policy, &apex, true, TEXT("key:key"), DDI_GRANT_AT_OR_BELOW, &below, types, 2) == DDI_OK);
    CHECK(ddi_update_policy_set_limits(policy, &apex, 100, 100, 100, 1000) == DDI_OK);
    CHECK(ddi_updates_new(policy, keys, &updates) == DDI_OK);
    ddi_update_policy_free(policy);
    ddi_zone_free(zone);
    return updates;
}

static size_t update(const char *owner, const ddi_tsig_key *key, ddi_tsig_verifier **verifier)
{
    static uint16_t id = 7;
    ddi_name apex = name("example."), host = name(owner);
    ddi_update_request *request = NULL;
    const uint8_t a[4] = { 192, 0, 2, 77 };
    size_t n;
    CHECK(ddi_update_request_new(&apex, &request) == DDI_OK);
    CHECK(ddi_update_request_require(request, 6, &host, 1, NULL, 0) == DDI_E_ARGUMENT);
    CHECK(ddi_update_request_require(request, DDI_REQUIRE_NO_NAME, &host, 0, NULL, 0) == DDI_OK);
    CHECK(ddi_update_request_delete_rrset(request, &host, 255) == DDI_OK);
    CHECK(ddi_update_request_delete(request, &host, 1, a, 4) == DDI_OK);
    CHECK(ddi_update_request_add(request, &host, 1, 60, a, 4) == DDI_OK);
    CHECK(ddi_update_request_emit(request, id, buf, 12, &n) == DDI_E_BUFFER && n > 40);
    CHECK(ddi_update_request_emit(request, id++, buf, n, &n) == DDI_OK);
    if (key)
        CHECK(ddi_tsig_key_sign_request(key, &now, n, buf, sizeof buf, &n, verifier) == DDI_OK);
    ddi_update_request_free(request);
    return n;
}

static void updating(void)
{
    ddi_tsig_keys *keys = NULL;
    ddi_tsig_verifier *verifier = NULL;
    ddi_zone_set *set = NULL;
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_updates_event event = { .struct_size = sizeof event };
    CHECK(ddi_tsig_keys_new(&keys) == DDI_OK);
    ddi_tsig_key *key = make_key("key.", keys);
    ddi_updates *updates = primary(&set, keys);
    len = update("a.hosts.example.", key, &verifier);
    CHECK(ddi_updates_handle_request(updates, &now, set, &client, 9, buf, len) == DDI_OK);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, 100, &len) == DDI_E_BUFFER && len == DDI_UPDATE_ANSWER_MAX);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_OK);
    CHECK(to.link == 9 && to.transport == DDI_TRANSPORT_TCP && !memcmp(&to.to, &client, sizeof client));
    CHECK(ddi_tsig_verifier_check(verifier, &now, buf, len) == DDI_OK && (buf[3] & 15) == 0);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_IDLE);
    CHECK(ddi_updates_poll_event(updates, &event) == DDI_OK && event.kind == DDI_UPDATES_UPDATED);
    CHECK(event.serial == 2 && event.lsn == ddi_zone_set_durable(set) && event.key.len == 5);
    CHECK(ddi_updates_poll_event(updates, &event) == DDI_IDLE && ask(set, "a.hosts.example.") == 0);
    ddi_tsig_verifier_free(verifier);

    /* Elsewhere in the zone, and without a signature. */
    len = update("b.example.", key, &verifier);
    ddi_tsig_verifier_free(verifier);
    CHECK(ddi_updates_handle_request(updates, &now, set, &client, 0, buf, len) == DDI_OK);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_OK && (buf[3] & 15) == 5);
    CHECK(to.link == 0 && to.transport == DDI_TRANSPORT_UDP);
    CHECK(ddi_updates_poll_event(updates, &event) == DDI_OK && event.kind == DDI_UPDATES_REFUSED && !event.apex.len);
    CHECK(ddi_updates_reason(updates, buf, sizeof buf, &len) == DDI_OK && len > 10);
    len = update("c.hosts.example.", NULL, NULL);
    CHECK(ddi_updates_handle_request(updates, &now, set, &client, 0, buf, len) == DDI_OK);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_OK && (buf[3] & 15) == 5);
    CHECK(ddi_updates_handle_request(updates, &now, set, &client, 0, NULL, 0) == DDI_OK);
    CHECK(ddi_updates_handle_request(updates, &now, NULL, &client, 0, NULL, 0) == DDI_E_NULL);
    CHECK(*ddi_updates_last_error(updates));
    CHECK(ddi_updates_poll_event(updates, &event) == DDI_OK && ddi_updates_poll_event(updates, &event) == DDI_OK);
    CHECK(event.kind == DDI_UPDATES_DROPPED);
    ddi_updates_free(updates);
    ddi_zone_set_free(set);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
}

/* A secondary hands an update on, and its primary's answer back. */
static void forwarding(void)
{
    ddi_tsig_keys *keys = NULL;
    ddi_zone_set *set = NULL;
    ddi_update_forwarder *forwarder = NULL;
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_name apex = name("example.");
    uint64_t due;
    CHECK(ddi_tsig_keys_new(&keys) == DDI_OK);
    ddi_tsig_key *key = make_key("key.", keys);
    ddi_updates *updates = primary(&set, keys);
    CHECK(ddi_update_forwarder_new(keys, 2000, 2, 42, &forwarder) == DDI_OK);
    CHECK(ddi_update_forwarder_poll_timeout(forwarder, &due) == DDI_IDLE);
    CHECK(ddi_update_forwarder_add_zone(forwarder, &apex, &server, 1, TEXT("any"), key) == DDI_OK);
    len = update("f.hosts.example.", NULL, NULL);
    CHECK(ddi_update_forwarder_handle_request(forwarder, &now, &client, 0, buf, len) == DDI_OK);
    CHECK(ddi_update_forwarder_add_zone(forwarder, &apex, &server, 1, TEXT("any"), key) == DDI_E_STATE);
    CHECK(ddi_update_forwarder_poll_timeout(forwarder, &due) == DDI_OK && due == now.instant_ms + 2000);
    CHECK(ddi_update_forwarder_poll_transmit(forwarder, &to, buf, 100, &len) == DDI_E_BUFFER);
    CHECK(ddi_update_forwarder_poll_transmit(forwarder, &to, buf, sizeof buf, &len) == DDI_OK && to.to.port == 53);
    CHECK(ddi_update_forwarder_handle_unreachable(forwarder, &now, &server) == DDI_OK);
    CHECK(ddi_update_forwarder_poll_transmit(forwarder, &to, buf, sizeof buf, &len) == DDI_OK && to.to.port == 53);
    CHECK(ddi_updates_handle_request(updates, &now, set, &client, 0, buf, len) == DDI_OK);
    CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_OK);
    CHECK(ddi_update_forwarder_handle_answer(forwarder, &now, &server, buf, len) == DDI_OK);
    CHECK(ddi_update_forwarder_poll_transmit(forwarder, &to, buf, sizeof buf, &len) == DDI_OK && (buf[3] & 15) == 0);
    CHECK(to.to.port == client.port && ask(set, "f.hosts.example.") == 0);
    CHECK(ddi_update_forwarder_handle_timeout(forwarder, &now) == DDI_OK);
    ddi_forward_event told = { .struct_size = sizeof told };
    CHECK(ddi_update_forwarder_poll_event(forwarder, &told) == DDI_IDLE);
    len = query(buf, "elsewhere.", 6);
    buf[2] = 5 << 3;    /* an UPDATE of a zone that is not here */
    CHECK(ddi_update_forwarder_handle_request(forwarder, &now, &client, 9, buf, len) == DDI_OK);
    CHECK(ddi_update_forwarder_poll_event(forwarder, &told) == DDI_OK && told.kind == DDI_FORWARD_REFUSED);
    CHECK(told.link == 9 && told.rcode == 9 && told.from.port == client.port && told.apex.len == 0);
    CHECK(ddi_update_forwarder_poll_event(forwarder, &told) == DDI_IDLE);
    ddi_update_forwarder_free(forwarder);
    ddi_updates_free(updates);
    ddi_zone_set_free(set);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
}

/* Answers one query of a secondary, into `other`; gives the length, over TCP of all messages. */
static size_t serve(ddi_zone_set *set, ddi_tsig_keys *keys, uint32_t transport, const uint8_t *message, size_t n, uint32_t *sent)
{
    ddi_tsig_signer *signer = NULL;
    ddi_xfr_out *out = NULL;
    size_t prefix = transport == DDI_TRANSPORT_TCP ? 2 : 0, end = 0, part;
    CHECK(ddi_tsig_keys_check(keys, &now, message + prefix, n - prefix, &signer) >= 0);
    CHECK(ddi_xfr_out_new(set, &now, message + prefix, n - prefix, transport, signer, false, &out) == DDI_OK);
    while (ddi_xfr_out_poll_transmit(out, &now, other + end, sizeof other - end, &part) == DDI_OK)
        end += part;
    *sent = ddi_xfr_out_sent(out);
    CHECK(ddi_xfr_out_records(out) > 0 || *sent == DDI_SENT_REFUSAL);
    ddi_xfr_out_free(out);
    ddi_tsig_signer_free(signer);
    return end;
}

static void transfers(void)
{
    ddi_zone_set *set = NULL;
    ddi_tsig_keys *keys = NULL;
    ddi_name apex = name("example."), missing = name("missing.");
    ddi_xfr_in *xfr = NULL;
    ddi_zone *zone = NULL, *got = NULL, *next;
    ddi_xfr_out *out = NULL;
    uint32_t transport, sent, outcome, expire = 0;
    uint64_t due;
    CHECK(ddi_tsig_keys_new(&keys) == DDI_OK);
    ddi_tsig_key *key = make_key("key.", keys);
    ddi_updates_free(primary(&set, keys));

    CHECK(ddi_xfr_in_new(&apex, NULL, key, 5, &xfr) == DDI_OK);
    CHECK(ddi_xfr_in_poll_timeout(xfr, &due) == DDI_IDLE);
    CHECK(ddi_xfr_in_poll_transmit(xfr, &now, &transport, buf, 100, &len) == DDI_E_BUFFER && len == DDI_XFR_QUERY_MAX);
    CHECK(ddi_xfr_in_poll_transmit(xfr, &now, &transport, buf, sizeof buf, &len) == DDI_OK);
    CHECK(transport == DDI_TRANSPORT_TCP && ddi_xfr_in_poll_timeout(xfr, &due) == DDI_OK);
    other_len = serve(set, keys, transport, buf, len, &sent);
    CHECK(sent == DDI_SENT_ZONE && ddi_xfr_in_zone(xfr, &zone) == DDI_E_STATE);
    CHECK(ddi_xfr_in_expire_secs(xfr, &expire) == DDI_E_STATE && ddi_xfr_in_left_out(xfr) == 0);
    for (size_t i = 0; i < other_len; i++)
        CHECK(ddi_xfr_in_handle_bytes(xfr, &now, other + i, 1) == DDI_OK);
    CHECK(ddi_xfr_in_poll_event(xfr, &outcome) == DDI_OK && outcome == DDI_XFR_ZONE);
    CHECK(ddi_xfr_in_poll_event(xfr, &outcome) == DDI_IDLE);
    CHECK(ddi_xfr_in_zone(xfr, &zone) == DDI_OK && ddi_zone_serial(zone) == 1 && ddi_zone_records(zone) == 7);
    CHECK(ddi_xfr_in_expire_secs(xfr, &expire) == DDI_OK && expire == 86400 && ddi_xfr_in_left_out(xfr) == 0);
    ddi_xfr_in_free(xfr);

    /* What came after it, by datagram. */
    next = changed(set, "example.", "new 60 A 192.0.2.3");
    CHECK(ddi_zone_set_put(set, next, NULL) == DDI_OK);
    ddi_zone_free(next);
    CHECK(ddi_xfr_in_new(&missing, zone, key, 5, &xfr) == DDI_E_ARGUMENT);
    CHECK(ddi_xfr_in_new(&apex, zone, key, 6, &xfr) == DDI_OK);
    CHECK(ddi_xfr_in_poll_transmit(xfr, &now, &transport, buf, sizeof buf, &len) == DDI_OK);
    CHECK(transport == DDI_TRANSPORT_UDP);
    other_len = serve(set, keys, transport, buf, len, &sent);
    CHECK(sent == DDI_SENT_DELTAS && ddi_xfr_in_handle_datagram(xfr, &now, other, other_len) == DDI_OK);
    CHECK(ddi_xfr_in_poll_event(xfr, &outcome) == DDI_OK && ddi_xfr_in_zone(xfr, &got) == DDI_OK);
    CHECK(ddi_zone_serial(got) == 2 && ddi_zone_records(got) == 8);
    ddi_xfr_in_free(xfr);
    ddi_zone_free(zone);
    ddi_zone_free(got);

    /* A primary that has no such zone, and one that hangs up. */
    CHECK(ddi_xfr_in_new(&missing, NULL, NULL, 5, &xfr) == DDI_OK);
    CHECK(ddi_xfr_in_poll_transmit(xfr, &now, &transport, buf, sizeof buf, &len) == DDI_OK);
    other_len = serve(set, keys, transport, buf, len, &sent);
    CHECK(sent == DDI_SENT_REFUSAL && ddi_xfr_in_handle_bytes(xfr, &now, other, other_len) == DDI_OK);
    CHECK(ddi_xfr_in_poll_event(xfr, &outcome) == DDI_E_TRANSFER && *ddi_xfr_in_last_error(xfr));
    ddi_xfr_in_free(xfr);
    CHECK(ddi_xfr_in_new(&missing, NULL, NULL, 5, &xfr) == DDI_OK);
    CHECK(ddi_xfr_in_poll_transmit(xfr, &now, &transport, buf, sizeof buf, &len) == DDI_OK);
    CHECK(ddi_xfr_out_new_refusal(buf + 2, len - 2, DDI_RCODE_REFUSED, transport, NULL, &out) == DDI_OK);
    CHECK(ddi_xfr_out_poll_transmit(out, &now, other, 10, &other_len) == DDI_E_BUFFER && other_len > 10);
    ddi_xfr_out_free(out);
    CHECK(ddi_xfr_out_new(set, &now, buf, 20, transport, NULL, false, &out) == DDI_E_MALFORMED);
    CHECK(ddi_xfr_in_handle_closed(xfr, &now) == DDI_OK && ddi_xfr_in_handle_timeout(xfr, &now) == DDI_OK);
    CHECK(ddi_xfr_in_poll_event(xfr, &outcome) == DDI_E_TRANSFER);
    ddi_xfr_in_free(xfr);
    ddi_zone_set_free(set);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
}

/* Lets a secondary ask until it has nothing to ask; gives the last event's kind. */
static uint32_t follow(ddi_secondary *secondary, ddi_zone_set *to_set, ddi_zone_set *from_set, ddi_tsig_keys *keys)
{
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_secondary_event event = { .struct_size = sizeof event };
    uint32_t sent;
    ddi_status status;
    while ((status = ddi_secondary_poll_transmit(secondary, &now, &to, buf, sizeof buf, &len)) == DDI_OK) {
        other_len = serve(from_set, keys, to.transport, buf, len, &sent);
        if (to.transport == DDI_TRANSPORT_UDP)
            CHECK(ddi_secondary_handle_datagram(secondary, &now, &to.to, other, other_len) == DDI_OK);
        else
            CHECK(ddi_secondary_handle_bytes(secondary, &now, other, other_len) == DDI_OK);
    }
    CHECK(status == DDI_IDLE);
    while ((status = ddi_secondary_poll_event(secondary, &now, to_set, &event)) == DDI_OK)
        ;
    CHECK(status == DDI_IDLE && ddi_zone_set_commit(to_set, NULL) == DDI_OK);
    return event.kind;
}

static void following(void)
{
    char path[] = "/tmp/ddi-dns-XXXXXX";
    ddi_zone_set *from = NULL, *to = NULL;
    ddi_tsig_keys *keys = NULL;
    ddi_secondary_config *config = NULL;
    ddi_secondary *secondary = NULL;
    ddi_notifier *notifier = NULL;
    ddi_dns_transmit out = { .struct_size = sizeof out };
    ddi_notify_event told = { .struct_size = sizeof told };
    ddi_name apex = name("example.");
    ddi_zone *zone, *next = NULL;
    uint64_t due;
    ddi_now start = now;
    CHECK(mkdtemp(path) && ddi_tsig_keys_new(&keys) == DDI_OK);
    ddi_tsig_key *key = make_key("key.", keys);
    ddi_updates_free(primary(&from, keys));
    CHECK(ddi_zone_set_new(&to) == DDI_OK && ddi_zone_set_open_journal(to, TEXT(path), 1, NULL) == DDI_OK);
    CHECK(ddi_secondary_config_new(&apex, 77, &config) == DDI_OK);
    CHECK(ddi_secondary_config_set_bounds(config, 2, 1, 1, 1) == DDI_E_ARGUMENT && *ddi_secondary_config_last_error(config));
    CHECK(ddi_secondary_config_set_bounds(config, 1, 1000000, 1, 1000000) == DDI_OK);
    CHECK(ddi_secondary_config_set_pace(config, 200, 0) == DDI_OK);
    CHECK(ddi_secondary_config_set_ways(config, false, true, true, true) == DDI_OK);
    CHECK(ddi_secondary_config_set_limits(config, 1000, 1 << 20, 1000, 10000) == DDI_OK);
    CHECK(ddi_secondary_config_add_primary(config, &server, key) == DDI_OK);
    CHECK(ddi_secondary_config_add_notify_from(config, &client) == DDI_OK);
    CHECK(ddi_secondary_new(to, &now, config, &secondary) == DDI_OK && !ddi_secondary_is_asking(NULL));
    CHECK(ask(to, "www.example.") == DDI_RCODE_SERVFAIL);
    uint32_t secs;
    CHECK(ddi_secondary_expire_secs(secondary, &now, &secs) == DDI_IDLE);
    CHECK(follow(secondary, to, from, keys) == DDI_SECONDARY_ZONE && ask(to, "www.example.") == 0);
    CHECK(ddi_secondary_poll_timeout(secondary, &due) == DDI_OK && due > now.instant_ms);
    CHECK(ddi_secondary_expire_secs(secondary, &now, &secs) == DDI_OK && secs == 86400);

    /* The primary changes, and says so. */
    next = changed(from, "example.", "new 60 A 192.0.2.3");
    CHECK(ddi_zone_set_put(from, next, NULL) == DDI_OK);
    CHECK(ddi_notifier_new(3, 0, 0, 0, &notifier) == DDI_OK);
    CHECK(ddi_notifier_handle_changed(notifier, &now, next, &client, 1, NULL) == DDI_OK);
    CHECK(ddi_notifier_poll_timeout(notifier, &due) == DDI_OK && due <= now.instant_ms);
    CHECK(ddi_notifier_poll_transmit(notifier, &now, &out, buf, 100, &len) == DDI_E_BUFFER);
    CHECK(ddi_notifier_poll_transmit(notifier, &now, &out, buf, sizeof buf, &len) == DDI_OK && out.to.port == client.port);
    CHECK(ddi_secondary_handle_notify(secondary, &now, &(ddi_addr){ DDI_FAMILY_V4, 0, 0, 0, { 10 } }, buf, len) == DDI_E_NOT_PERMITTED);
    CHECK(ddi_secondary_handle_notify(secondary, &now, &server, buf, len - 1) == DDI_E_MALFORMED);
    CHECK(ddi_notify_reply(buf, len, DDI_RCODE_NOERROR, other, sizeof other, &other_len) == DDI_OK);
    now.instant_ms += 300;
    CHECK(ddi_secondary_handle_notify(secondary, &now, &client, buf, len) == DDI_OK);
    CHECK(ddi_notifier_handle_datagram(notifier, &now, &client, other, other_len) == DDI_OK);
    CHECK(ddi_notifier_poll_event(notifier, &told) == DDI_OK && told.kind == DDI_NOTIFY_ANSWERED && told.rcode == 0);
    CHECK(ddi_name_equals(&told.zone, &apex) && ddi_notifier_poll_event(notifier, &told) == DDI_IDLE);
    CHECK(ddi_notifier_handle_removed(notifier, &apex) == DDI_OK && ddi_notifier_poll_timeout(notifier, &due) == DDI_IDLE);
    CHECK(follow(secondary, to, from, keys) == DDI_SECONDARY_ZONE && ask(to, "new.example.") == 0);
    CHECK(ddi_secondary_handle_refresh(secondary, &now, false) == DDI_OK);
    CHECK(follow(secondary, to, from, keys) == DDI_SECONDARY_UP_TO_DATE);
    ddi_zone_free(next);
    ddi_notifier_free(notifier);
    ddi_secondary_free(secondary);
    ddi_zone_set_free(to);

    /* A restart serves on; without its primary the zone expires after 86400 s. */
    CHECK(ddi_zone_set_new(&to) == DDI_OK && ddi_zone_set_open_journal(to, TEXT(path), 1, NULL) == DDI_OK);
    CHECK(ddi_secondary_new(to, &now, config, &secondary) == DDI_OK && ask(to, "new.example.") == 0);
    now.instant_ms += 90000000;
    now.unix_s += 90000;
    CHECK(ddi_secondary_handle_timeout(secondary, &now) == DDI_OK);
    ddi_secondary_event event = { .struct_size = sizeof event };
    CHECK(ddi_secondary_poll_event(secondary, &now, to, &event) == DDI_OK && event.kind == DDI_SECONDARY_EXPIRED);
    CHECK(ask(to, "new.example.") == DDI_RCODE_SERVFAIL && ddi_zone_set_zone(to, &apex, &zone) == DDI_E_NOT_FOUND);
    CHECK(follow(secondary, to, from, keys) != 0 && ask(to, "new.example.") == 0);
    /* The operator wants it whole; the primary hangs up. */
    CHECK(ddi_secondary_handle_refresh(secondary, &now, true) == DDI_OK);
    CHECK(ddi_secondary_poll_transmit(secondary, &now, &out, buf, 5, &len) == DDI_E_BUFFER);
    CHECK(ddi_secondary_poll_transmit(secondary, &now, &out, buf, sizeof buf, &len) == DDI_OK && ddi_secondary_is_asking(secondary));
    CHECK(ddi_secondary_handle_closed(secondary, &now) == DDI_OK);
    CHECK(ddi_secondary_poll_event(secondary, &now, to, &event) == DDI_OK && event.kind == DDI_SECONDARY_FAILED);
    CHECK(ddi_secondary_reason(secondary, buf, sizeof buf, &len) == DDI_OK && len > 10);
    CHECK(ddi_secondary_poll_event(secondary, &now, NULL, &event) == DDI_E_NULL && *ddi_secondary_last_error(secondary));
    now = start;
    ddi_secondary_free(secondary);
    ddi_secondary_config_free(config);
    ddi_zone_set_free(to);
    ddi_zone_set_free(from);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
    remove_directory(path);
}

static void clients(void)
{
    ddi_tsig_keys *keys = NULL;
    ddi_zone_set *set = NULL;
    ddi_ddns_client *machine = NULL;
    ddi_dns_transmit to = { .struct_size = sizeof to };
    ddi_ddns_event event = { .struct_size = sizeof event };
    ddi_ddns_change change = { .struct_size = sizeof change, .kind = DDI_DDNS_ADD_FORWARD };
    ddi_name apex = name("example.");
    ddi_zone_edit *edit = NULL;
    ddi_zone *zone = load("example.", ZONE_TEXT);
    uint32_t outcome;
    uint64_t due;
    change.address = client;
    change.ttl = ddi_ddns_ttl(3600);
    change.name = name("pc.hosts.example.");
    CHECK(change.ttl == 1200);
    CHECK(ddi_zone_edit_new(zone, &edit) == DDI_OK);
    CHECK(ddi_zone_edit_apply_ddns(edit, &change, &outcome) == DDI_E_ARGUMENT); /* no DHCID yet */
    CHECK(ddi_dhcid_of_hw_addr(1, TEXT("\1\2\3\4\5\6"), &change.name, change.dhcid) == DDI_OK && change.dhcid[1] == 0);
    CHECK(ddi_dhcid_of_duid(TEXT("\1\2\3\4\5\6"), &change.name, change.dhcid) == DDI_OK && change.dhcid[1] == 2);
    CHECK(ddi_dhcid_of_client_id(TEXT("\1\2\3"), &change.name, change.dhcid) == DDI_OK && change.dhcid[1] == 1);
    CHECK(ddi_zone_edit_apply_ddns(edit, &change, &outcome) == DDI_OK && outcome == DDI_DDNS_ADDED);
    CHECK(ddi_zone_edit_apply_ddns(edit, &change, &outcome) == DDI_OK && outcome == DDI_DDNS_REPLACED);
    CHECK(ddi_dhcid_of_client_id(TEXT("\4\5\6"), &change.name, change.dhcid) == DDI_OK);
    CHECK(ddi_zone_edit_apply_ddns(edit, &change, &outcome) == DDI_OK && outcome == DDI_DDNS_CONFLICT);
    change.kind = 5;
    CHECK(ddi_zone_edit_apply_ddns(edit, &change, &outcome) == DDI_E_ARGUMENT);
    change.kind = DDI_DDNS_ADD_FORWARD;
    ddi_zone_edit_free(edit);
    ddi_zone_free(zone);

    CHECK(ddi_tsig_keys_new(&keys) == DDI_OK);
    ddi_tsig_key *key = make_key("key.", keys);
    ddi_updates *updates = primary(&set, keys);
    CHECK(ddi_ddns_client_new(0, 0, 0, 11, &machine) == DDI_OK);
    CHECK(ddi_ddns_client_add_zone(machine, &apex, &server, 1, key) == DDI_OK);
    for (uint64_t job = 1; job <= 3; job++) {
        uint32_t want = job == 1 ? DDI_DDNS_ADDED : job == 2 ? DDI_DDNS_REPLACED : DDI_DDNS_REMOVED;
        change.kind = job == 3 ? DDI_DDNS_REMOVE_FORWARD : DDI_DDNS_ADD_FORWARD;
        CHECK(ddi_ddns_client_handle_change(machine, &now, job, &change) == DDI_OK);
        CHECK(ddi_ddns_client_poll_timeout(machine, &due) == DDI_OK && due == now.instant_ms + 2000);
        CHECK(ddi_ddns_client_poll_transmit(machine, &to, buf, 100, &len) == DDI_E_BUFFER);
        while (ddi_ddns_client_poll_transmit(machine, &to, buf, sizeof buf, &len) == DDI_OK) {
            CHECK(ddi_updates_handle_request(updates, &now, set, &client, 0, buf, len) == DDI_OK);
            CHECK(ddi_updates_poll_transmit(updates, set, &to, buf, sizeof buf, &len) == DDI_OK);
            CHECK(ddi_ddns_client_handle_answer(machine, &now, &server, buf, len) == DDI_OK);
        }
        CHECK(ddi_ddns_client_poll_event(machine, &event) == DDI_OK && event.job == job && event.outcome == want);
        CHECK(ask(set, "pc.hosts.example.") == (job == 3 ? DDI_RCODE_NXDOMAIN : DDI_RCODE_NOERROR));
    }
    CHECK(ddi_ddns_client_add_zone(machine, &apex, &server, 1, key) == DDI_E_STATE);
    change.name = name("elsewhere.");
    CHECK(ddi_ddns_client_handle_change(machine, &now, 4, &change) == DDI_E_NOT_FOUND);
    change.name = name("nobody.hosts.example.");
    CHECK(ddi_ddns_client_handle_change(machine, &now, 5, &change) == DDI_OK);
    ddi_now later = now;
    for (int i = 0; i < 4; i++) {
        while (ddi_ddns_client_poll_transmit(machine, &to, buf, sizeof buf, &len) == DDI_OK)
            ;
        later.instant_ms += 2000;
        CHECK(ddi_ddns_client_handle_timeout(machine, &later) == DDI_OK);
    }
    CHECK(ddi_ddns_client_poll_event(machine, &event) == DDI_OK && event.job == 5 && event.outcome == DDI_DDNS_FAILED);
    CHECK(ddi_ddns_client_reason(machine, buf, sizeof buf, &len) == DDI_OK && len > 5);
    CHECK(ddi_ddns_client_poll_event(machine, &event) == DDI_IDLE && !*ddi_ddns_client_last_error(machine));
    ddi_ddns_client_free(machine);
    ddi_updates_free(updates);
    ddi_zone_set_free(set);
    ddi_tsig_key_free(key);
    ddi_tsig_keys_free(keys);
}

int main(void)
{
    names();
    messages();
    loaders();
    versions();
    answers();
    edits();
    sets();
    signatures();
    lists();
    updating();
    forwarding();
    transfers();
    following();
    clients();
    return 0;
}
