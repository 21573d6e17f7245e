/* Snapshots and feeds of a lease database: a snapshot stays what it was while writes go on; a feed tells each durable
 * change once, in order, goes on after a catch-up, and says so when the log no longer reaches back. */
#include "ddi.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASES 3000u

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

static ddi_lease_key key_of(uint32_t n) {
    ddi_lease_key key;
    memset(&key, 0, sizeof key);
    key.family = DDI_FAMILY_V4;
    key.bytes[0] = 10;
    key.bytes[1] = (uint8_t)(n >> 16);
    key.bytes[2] = (uint8_t)(n >> 8);
    key.bytes[3] = (uint8_t)n;
    return key;
}

static uint32_t number_of(const ddi_lease_key *key) {
    return (uint32_t)key->bytes[1] << 16 | (uint32_t)key->bytes[2] << 8 | key->bytes[3];
}

static uint64_t put(ddi_lease_db *db, uint32_t n, const char *hostname) {
    ddi_lease lease;
    uint64_t lsn = 0;
    memset(&lease, 0, sizeof lease);
    lease.struct_size = sizeof lease;
    lease.subnet_id = 1;
    lease.key = key_of(n);
    lease.state = DDI_STATE_ACTIVE;
    lease.hostname = (const uint8_t *)hostname;
    lease.hostname_len = strlen(hostname);
    CHECK(ddi_lease_db_put_forced(db, &lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK);
    return lsn;
}

static ddi_lease_db *database(void) {
    static const uint8_t hash_key[DDI_HASH_KEY_LEN] = {1};
    ddi_lease_config *config = NULL;
    ddi_lease_db *db = NULL;
    CHECK(ddi_lease_config_new(hash_key, sizeof hash_key, &config) == DDI_OK);
    CHECK(ddi_lease_db_open_memory(config, &db) == DDI_OK);
    ddi_lease_config_free(config);
    return db;
}

static int is_hostname(const ddi_lease *lease, const char *hostname) {
    return lease->hostname_len == strlen(hostname)
        && memcmp(lease->hostname, hostname, lease->hostname_len) == 0;
}

/* Reads all of it: each lease once, with the host name that it had when the snapshot was taken. */
static void read_all(ddi_lease_snapshot *snapshot, ddi_lease_db *db) {
    static unsigned char seen[LEASES];
    ddi_lease lease;
    uint32_t n = 0;
    ddi_status s;
    memset(seen, 0, sizeof seen);
    memset(&lease, 0, sizeof lease);
    lease.struct_size = sizeof lease;
    while ((s = ddi_lease_snapshot_next(snapshot, &lease)) == DDI_OK) {
        uint32_t number = number_of(&lease.key);
        CHECK(number < LEASES && !seen[number] && is_hostname(&lease, "before"));
        seen[number] = 1;
        if (db != NULL) {
            put(db, n % (2 * LEASES), "after");
        }
        n++;
    }
    CHECK(s == DDI_IDLE && n == LEASES);
    CHECK(ddi_lease_snapshot_next(snapshot, &lease) == DDI_IDLE);
}

static void snapshots(void) {
    ddi_lease_db *db = database();
    ddi_lease_snapshot *snapshot = NULL, *later = NULL;
    ddi_lease lease;
    uint64_t lsn = 0;
    for (uint32_t n = 0; n < LEASES; n++) {
        lsn = put(db, n, "before");
    }
    CHECK(ddi_lease_db_snapshot(db, NULL) == DDI_E_NULL);
    CHECK(ddi_lease_db_snapshot(NULL, &snapshot) == DDI_E_NULL && snapshot == NULL);
    CHECK(ddi_lease_db_snapshot(db, &snapshot) == DDI_OK);
    CHECK(ddi_lease_snapshot_lsn(snapshot) == lsn && ddi_lease_snapshot_len(snapshot) == LEASES);
    read_all(snapshot, db);
    CHECK(ddi_lease_snapshot_rewind(snapshot) == DDI_OK);
    CHECK(ddi_lease_db_snapshot(db, &later) == DDI_OK);
    CHECK(ddi_lease_snapshot_lsn(later) == lsn + LEASES);
    memset(&lease, 0, sizeof lease);
    CHECK(ddi_lease_snapshot_next(later, &lease) == DDI_E_ARGUMENT);    /* no struct_size */
    lease.struct_size = sizeof lease;
    CHECK(ddi_lease_snapshot_next(later, &lease) == DDI_OK && is_hostname(&lease, "after"));
    ddi_lease_snapshot_free(later);
    ddi_lease_db_free(db);    /* a snapshot outlives its database */
    read_all(snapshot, NULL);
    ddi_lease_snapshot_free(snapshot);
    ddi_lease_snapshot_free(NULL);
}

static void feeds(void) {
    ddi_lease_db *db = database(), *other = database();
    ddi_lease_feed *feed = NULL;
    ddi_lease_change change;
    ddi_lease lease;
    ddi_lease_key key = key_of(2);
    uint64_t durable = 0, lsn = 0;
    memset(&change, 0, sizeof change);
    memset(&lease, 0, sizeof lease);
    change.struct_size = sizeof change;
    lease.struct_size = sizeof lease;
    put(db, 1, "one");
    put(db, 2, "two");
    CHECK(ddi_lease_db_commit(db, &durable) == DDI_OK && durable == 2);
    CHECK(ddi_lease_db_feed(db, 3, &feed) == DDI_E_ARGUMENT && feed == NULL);
    CHECK(ddi_lease_db_feed(db, 0, &feed) == DDI_OK && ddi_lease_feed_position(feed) == 0);
    CHECK(ddi_lease_db_remove(db, &key, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK && lsn == 3);
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_OK);
    CHECK(change.kind == DDI_LEASE_CHANGE_PUT && change.lsn == 1 && number_of(&change.key) == 1);
    CHECK(lease.version == 1 && is_hostname(&lease, "one"));
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_OK && is_hostname(&lease, "two"));
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_IDLE && ddi_lease_feed_position(feed) == 2);
    CHECK(ddi_lease_feed_catch_up(feed, db) == DDI_OK);
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_IDLE);    /* the removal is not durable */
    CHECK(ddi_lease_db_commit(db, &durable) == DDI_OK && durable == 3);
    CHECK(ddi_lease_feed_catch_up(feed, other) == DDI_E_ARGUMENT);
    CHECK(strstr(ddi_lease_feed_last_error(feed), "another database") != NULL);
    CHECK(ddi_lease_feed_catch_up(feed, db) == DDI_OK);
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_OK);
    CHECK(change.kind == DDI_LEASE_CHANGE_REMOVED && change.lsn == 3 && number_of(&change.key) == 2);
    CHECK(is_hostname(&lease, "two"));    /* was not written */
    ddi_lease_feed_free(feed);

    /* Two compactions later the log begins later: segments before the last but one snapshot are given up. */
    for (uint32_t n = 0; n < 8 * LEASES; n++) {
        put(db, n % LEASES, "many");
        if (n % 100 == 0) {
            CHECK(ddi_lease_db_commit(db, &durable) == DDI_OK);
        }
    }
    /* One at a time: two would write one file. */
    ddi_lease_compaction *compaction = NULL, *again = NULL;
    CHECK(ddi_lease_db_begin_compaction(db, &compaction) == DDI_OK);
    CHECK(ddi_lease_db_begin_compaction(db, &again) == DDI_E_STATE && again == NULL);
    CHECK(ddi_lease_db_compact(db) == DDI_E_STATE && *ddi_lease_db_last_error(db));
    ddi_lease_compaction_free(compaction);
    CHECK(ddi_lease_db_compact(db) == DDI_OK);
    put(db, 3, "three");
    CHECK(ddi_lease_db_compact(db) == DDI_OK);
    put(db, 4, "four");
    CHECK(ddi_lease_db_commit(db, &durable) == DDI_OK);
    feed = NULL;
    CHECK(ddi_lease_db_feed(db, 0, &feed) == DDI_E_RELEASED && feed == NULL);
    CHECK(ddi_lease_db_feed(db, durable - 1, &feed) == DDI_OK);
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_OK && is_hostname(&lease, "four"));
    CHECK(ddi_lease_feed_next(feed, &change, &lease) == DDI_IDLE);
    ddi_lease_feed_free(feed);
    ddi_lease_feed_free(NULL);
    ddi_lease_db_free(other);
    ddi_lease_db_free(db);
}

static void subnets(void) {
    ddi_lease_db *db = database();
    ddi_lease lease = {.struct_size = sizeof lease, .state = DDI_STATE_ACTIVE};
    uint32_t found[3] = {0, 0, 0};
    uint64_t lsn = 0;
    size_t len = 7;
    CHECK(ddi_lease_db_subnets(db, NULL, 0, &len) == DDI_OK && len == 0);
    for (uint32_t n = 3; n > 0; n--) {
        lease.subnet_id = 10 * n;
        lease.key = key_of(n);
        CHECK(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK);
    }
    CHECK(ddi_lease_db_subnets(db, found, 2, &len) == DDI_E_BUFFER && len == 3 && found[0] == 0);
    CHECK(ddi_lease_db_subnets(db, found, 3, &len) == DDI_OK && len == 3);
    CHECK(found[0] == 10 && found[1] == 20 && found[2] == 30);
    ddi_lease_db_free(db);
}

int main(void) {
    subnets();
    snapshots();
    feeds();
    return 0;
}
