/* The lease database as a C program uses it: what a call lends may be changed and handed back. */
#include "check.h"

static const char *const FIELDS[] = {"a client's own id", "duid", "a rather long host name, as some are", "host.example",
                                     "\x01\x02xy", "what only the application knows"};

static void point(const uint8_t **to, size_t *len, const char *text) {
    *to = (const uint8_t *)text;
    *len = strlen(text);
}

static ddi_lease lease_of(uint8_t host) {
    ddi_lease lease = {.struct_size = sizeof lease, .key = {.family = DDI_FAMILY_V4, .bytes = {192, 0, 2, host}}};
    lease.state = DDI_STATE_ACTIVE;
    lease.expiration_time = DDI_TIME_NEVER;
    point(&lease.client_id, &lease.client_id_len, FIELDS[0]);
    point(&lease.duid, &lease.duid_len, FIELDS[1]);
    point(&lease.hostname, &lease.hostname_len, FIELDS[2]);
    point(&lease.fqdn, &lease.fqdn_len, FIELDS[3]);
    point(&lease.relay_agent_info, &lease.relay_agent_info_len, FIELDS[4]);
    point(&lease.user, &lease.user_len, FIELDS[5]);
    return lease;
}

static int is_text(const uint8_t *bytes, size_t len, const char *text) {
    return len == strlen(text) && (len == 0 || memcmp(bytes, text, len) == 0);
}

static int has(const ddi_lease *lease, const char *client_id, const char *hostname, const char *user) {
    return is_text(lease->client_id, lease->client_id_len, client_id) &&
           is_text(lease->hostname, lease->hostname_len, hostname) && is_text(lease->user, lease->user_len, user) &&
           is_text(lease->duid, lease->duid_len, FIELDS[1]) && is_text(lease->fqdn, lease->fqdn_len, FIELDS[3]) &&
           is_text(lease->relay_agent_info, lease->relay_agent_info_len, FIELDS[4]);
}

static void swap(const uint8_t **a, size_t *a_len, const uint8_t **b, size_t *b_len) {
    const uint8_t *bytes = *a;
    size_t len = *a_len;
    *a = *b;
    *a_len = *b_len;
    *b = bytes;
    *b_len = len;
}

/* Reads a lease, swaps and shortens what was lent, and puts it, all without a copy of its bytes. */
static void changed(ddi_status (*put)(ddi_lease_db *, const ddi_lease *, uint32_t, uint64_t, uint64_t *)) {
    ddi_lease_db *db = memory_db();
    ddi_lease lease = lease_of(1);
    uint64_t lsn, before;
    EXPECT(put(db, &lease, DDI_EXPECT_ABSENT, 0, &before) == DDI_OK);

    ddi_lease lent = {.struct_size = sizeof lent};
    EXPECT(ddi_lease_db_get(db, &lease.key, &lent) == DDI_OK && lent.version == before);
    EXPECT(has(&lent, FIELDS[0], FIELDS[2], FIELDS[5]));
    EXPECT(put(db, &lent, DDI_EXPECT_VERSION, lent.version, &lsn) == DDI_OK && lsn > before); /* as it is */
    EXPECT(ddi_lease_db_get(db, &lease.key, &lent) == DDI_OK && has(&lent, FIELDS[0], FIELDS[2], FIELDS[5]));

    swap(&lent.client_id, &lent.client_id_len, &lent.hostname, &lent.hostname_len);
    EXPECT(put(db, &lent, DDI_EXPECT_VERSION, lent.version, &lsn) == DDI_OK);
    EXPECT(ddi_lease_db_get(db, &lease.key, &lent) == DDI_OK && has(&lent, FIELDS[2], FIELDS[0], FIELDS[5]));

    lent.user = lent.hostname; /* twice, and a part of it */
    lent.user_len = lent.hostname_len;
    lent.hostname += 2;
    lent.hostname_len -= 2;
    EXPECT(put(db, &lent, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK);
    EXPECT(ddi_lease_db_get(db, &lease.key, &lent) == DDI_OK && has(&lent, FIELDS[2], FIELDS[0] + 2, FIELDS[0]));

    /* One that is refused changes nothing that was lent, nor what is stored. */
    swap(&lent.client_id, &lent.client_id_len, &lent.hostname, &lent.hostname_len);
    EXPECT(put(db, &lent, DDI_EXPECT_ABSENT, 0, &before) == DDI_E_CONFLICT);
    lent.state = 77;
    EXPECT(put(db, &lent, DDI_EXPECT_ANY, 0, &before) == DDI_E_ARGUMENT);
    EXPECT(ddi_lease_db_get(db, &lease.key, &lent) == DDI_OK && lent.version == lsn && lent.state == DDI_STATE_ACTIVE);
    EXPECT(has(&lent, FIELDS[2], FIELDS[0] + 2, FIELDS[0]));
    ddi_lease_db_free(db);
}

/* The same with what a scan lends, which also finds the next one by the lent key. */
static void scanned(void) {
    ddi_lease_db *db = memory_db();
    uint64_t lsn;
    for (uint8_t host = 1; host <= 20; host++) {
        ddi_lease lease = lease_of(host);
        EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ABSENT, 0, &lsn) == DDI_OK);
    }
    ddi_lease lent = {.struct_size = sizeof lent};
    ddi_status status;
    int seen = 0;
    for (status = ddi_lease_db_scan(db, NULL, &lent); status == DDI_OK; status = ddi_lease_db_scan(db, &lent.key, &lent)) {
        EXPECT(has(&lent, FIELDS[0], FIELDS[2], FIELDS[5]));
        swap(&lent.client_id, &lent.client_id_len, &lent.hostname, &lent.hostname_len);
        EXPECT(ddi_lease_db_put(db, &lent, DDI_EXPECT_VERSION, lent.version, &lsn) == DDI_OK);
        seen++;
    }
    EXPECT(status == DDI_IDLE && seen == 20 && ddi_lease_db_len(db) == 20);
    for (status = ddi_lease_db_scan(db, NULL, &lent); status == DDI_OK; status = ddi_lease_db_scan(db, &lent.key, &lent))
        EXPECT(has(&lent, FIELDS[2], FIELDS[0], FIELDS[5]));

    /* A look-up by what was lent. */
    ddi_lease_key keys[DDI_FIND_MAX];
    ddi_lease_key key = lease_of(7).key;
    size_t len;
    EXPECT(ddi_lease_db_get(db, &key, &lent) == DDI_OK);
    ddi_identity identity = {DDI_IDENTITY_CLIENT_ID, 0, lent.client_id, lent.client_id_len};
    EXPECT(ddi_lease_db_find(db, 0, NULL, &identity, keys, DDI_FIND_MAX, &len) == DDI_OK && len == 20);
    EXPECT(ddi_lease_db_find(db, 0, NULL, &identity, keys, 19, &len) == DDI_E_BUFFER && len == 20);
    EXPECT(ddi_lease_db_remove(db, &lent.key, DDI_EXPECT_VERSION, lent.version, &lsn) == DDI_OK);
    EXPECT(ddi_lease_db_remove(db, &lent.key, DDI_EXPECT_ANY, 0, &lsn) == DDI_IDLE);
    EXPECT(ddi_lease_db_commit(db, &lsn) == DDI_OK && ddi_lease_db_durable(db) == lsn);
    ddi_lease_db_free(db);
}

/* More leases of one client than a look-up finds. */
static void paged(void) {
    ddi_lease_db *db = memory_db();
    ddi_lease_key keys[DDI_FIND_MAX], last;
    uint64_t lsn;
    size_t len;
    int seen = 0;
    for (uint8_t host = 1; host <= 150; host++) {
        ddi_lease lease = lease_of(host);
        EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ABSENT, 0, &lsn) == DDI_OK);
    }
    ddi_lease one = lease_of(1);
    ddi_identity identity = {DDI_IDENTITY_CLIENT_ID, 0, one.client_id, one.client_id_len};
    EXPECT(ddi_lease_db_find(db, 0, NULL, &identity, keys, DDI_FIND_MAX, &len) == DDI_OK && len == DDI_FIND_MAX);
    for (const ddi_lease_key *after = NULL;; after = &last) {
        EXPECT(ddi_lease_db_find_page(db, 0, NULL, &identity, after, keys, 60, &len) == DDI_OK);
        for (size_t at = 0; at < len; at++) EXPECT(keys[at].bytes[3] == ++seen);
        if (len < 60) break;
        last = keys[len - 1];
    }
    EXPECT(seen == 150);
    EXPECT(ddi_lease_db_find_page(db, 0, NULL, &identity, NULL, NULL, 0, &len) == DDI_OK && len == 0);
    last.family = 9;
    EXPECT(ddi_lease_db_find_page(db, 0, NULL, &identity, &last, keys, 60, &len) == DDI_E_ARGUMENT);
    ddi_lease_db_free(db);
}

int main(void) {
    changed(ddi_lease_db_put);
    changed(ddi_lease_db_put_forced);
    scanned();
    paged();
    EXPECT(strcmp(ddi_state_name(DDI_STATE_ACTIVE), "ACTIVE") == 0);
    EXPECT(strcmp(ddi_state_name(DDI_STATE_FREE_BACKUP), "FREE-BACKUP") == 0);
    EXPECT(strcmp(ddi_state_name(0), "UNKNOWN") == 0 && strcmp(ddi_state_name(10), "UNKNOWN") == 0);
    return 0;
}
