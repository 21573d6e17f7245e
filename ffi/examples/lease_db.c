/* The quick start of the README: put a lease, make it durable, find it again after reopening. */

#define _XOPEN_SOURCE 700
#include <ddi.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(ddi_status status, const char *text) {
    if (status == DDI_OK) return;
    fprintf(stderr, "%s: %s\n", ddi_status_name(status), text);
    exit(1);
}

static ddi_lease_db *open_leases(const char *path) {
    const uint8_t *key = (const uint8_t *)"sixteen random b"; /* keys the hash tables: draw it once, keep it secret */
    ddi_lease_config *config;
    ddi_lease_db *db;
    check(ddi_lease_config_new(key, DDI_HASH_KEY_LEN, &config), "configuration");
    ddi_status status = ddi_lease_db_open(config, (const uint8_t *)path, strlen(path), &db);
    check(status, ddi_lease_config_last_error(config));
    ddi_lease_config_free(config);
    return db;
}

static int delete_file(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

int main(void) {
    char path[] = "/tmp/ddi-lease-db-XXXXXX";
    if (mkdtemp(path) == NULL) return 1;
    const ddi_hw_addr hw_addr = {.htype = 1, .len = 6, .bytes = {2, 0, 0, 0, 0, 1}};

    ddi_lease_db *db = open_leases(path);
    ddi_lease lease = {.struct_size = sizeof lease, .state = DDI_STATE_ACTIVE, .hw_addr = hw_addr};
    lease.key = (ddi_lease_key){.family = DDI_FAMILY_V4, .bytes = {10, 77, 16, 1}};
    lease.hostname = (const uint8_t *)"printer";
    lease.hostname_len = strlen("printer");
    lease.expiration_time = 1900000000;
    uint64_t lsn, durable;
    ddi_status status = ddi_lease_db_put(db, &lease, DDI_EXPECT_ABSENT, 0, &lsn);
    check(status, ddi_lease_db_last_error(db)); /* in memory and in the pending batch */
    status = ddi_lease_db_commit(db, &durable);
    check(status, ddi_lease_db_last_error(db)); /* on disk up to `durable`: only now may the client be told */
    if (durable < lsn) return 1;
    ddi_lease_db_free(db);

    db = open_leases(path);
    const ddi_identity identity = {DDI_IDENTITY_HW_ADDR, hw_addr.htype, hw_addr.bytes, hw_addr.len};
    ddi_lease_key found[DDI_FIND_MAX];
    size_t len;
    status = ddi_lease_db_find(db, 0, NULL, &identity, found, DDI_FIND_MAX, &len);
    check(status, ddi_lease_db_last_error(db));
    if (len == 0 || ddi_lease_db_get(db, &found[0], &lease) != DDI_OK) return 1;
    const uint8_t *addr = lease.key.bytes;
    printf("%d lease(s); %.*s has %d.%d.%d.%d\n", (int)ddi_lease_db_len(db), (int)lease.hostname_len,
           (const char *)lease.hostname, addr[0], addr[1], addr[2], addr[3]);
    ddi_lease_db_free(db);
    return nftw(path, delete_file, 8, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : 1;
}
