/*
 * A store of the application's own that is a lease database of the library's, seen through a table of functions. It is
 * honest unless `lie` says no: then the answer of that moment is spoilt.
 */
#include <ddi.h>

#include <stdlib.h>
#include <string.h>

struct forward {
    ddi_lease_db *db;
    int (*lie)(struct forward *self, const char *function); /* 0: the truth; else which lie; NULL: always the truth */
    int released;
};

static int lies(void *userdata, const char *function) {
    struct forward *self = userdata;
    return self->lie == NULL ? 0 : self->lie(self, function);
}

#define DB(userdata) (((struct forward *)(userdata))->db)
/* Answers that no store may give. */
#define MAYBE_STATUS(lie)                                                                                              \
    if ((lie) == 1) return -77;                                                                                        \
    if ((lie) == 2) return 5

static ddi_status forward_get(void *userdata, const ddi_lease_key *key, ddi_lease *lease) {
    int lie = lies(userdata, "get");
    MAYBE_STATUS(lie);
    ddi_status status = ddi_lease_db_get(DB(userdata), key, lease);
    static uint8_t long_name[9000];
    if (lie == 3) lease->key.bytes[3]++, status = DDI_OK;
    if (lie == 4) lease->state = 77, status = DDI_OK;
    if (lie == 5) lease->hw_addr.len = 200, status = DDI_OK;
    if (lie == 6) lease->client_id = long_name, lease->client_id_len = sizeof long_name, status = DDI_OK;
    if (lie == 7) lease->client_id_len = SIZE_MAX, status = DDI_OK;
    if (lie == 8) lease->hostname = NULL, lease->hostname_len = 9, status = DDI_OK;
    if (lie == 9) lease->reserved = 2, lease->version = 0, status = DDI_OK;
    return status;
}

static ddi_status forward_keys(int lie, ddi_status status, ddi_lease_key *keys, size_t max, size_t *count) {
    MAYBE_STATUS(lie);
    if (lie == 3) *count = max + 1;
    if (lie == 4) *count = SIZE_MAX;
    if (lie == 5 && max > 0) keys[0].family = 99, *count = 1;
    if (lie == 6 && max > 0) keys[0] = (ddi_lease_key){.space = 9, .family = DDI_FAMILY_V6}, *count = 1;
    if (lie == 7 && max > 1) keys[1] = keys[0], *count = 2;
    if (lie == 8 && max > 0) keys[0] = (ddi_lease_key){.family = DDI_FAMILY_V4, .bytes = {255, 255, 255, 255}}, *count = 1;
    return status;
}

static ddi_status forward_find(void *userdata, uint32_t space, const uint32_t *subnet_id, const ddi_identity *identity,
                               ddi_lease_key *keys, size_t max, size_t *count) {
    int lie = lies(userdata, "find");
    ddi_status status = ddi_lease_db_find(DB(userdata), space, subnet_id, identity, keys, max, count);
    return forward_keys(lie, status < 0 ? status : DDI_OK, keys, max, count);
}

static ddi_status forward_put(void *userdata, const ddi_lease *lease, uint32_t expect, uint64_t expected,
                              uint32_t forced, uint64_t *version) {
    int lie = lies(userdata, "put");
    MAYBE_STATUS(lie);
    ddi_status status = forced ? ddi_lease_db_put_forced(DB(userdata), lease, expect, expected, version)
                               : ddi_lease_db_put(DB(userdata), lease, expect, expected, version);
    if (lie == 3) *version = 0;
    if (lie == 4) *version = UINT64_MAX;
    if (lie == 5) *version = 1;
    if (lie == 6) status = DDI_IDLE;
    if (lie == 7) status = DDI_E_CONFLICT;
    return status;
}

static ddi_status forward_remove(void *userdata, const ddi_lease_key *key, uint32_t expect, uint64_t expected,
                                 uint64_t *version) {
    MAYBE_STATUS(lies(userdata, "remove"));
    return ddi_lease_db_remove(DB(userdata), key, expect, expected, version);
}

static uint64_t forward_durable(void *userdata) {
    return lies(userdata, "durable") == 1 ? UINT64_MAX : ddi_lease_db_durable(DB(userdata));
}

static ddi_status forward_next_free(void *userdata, uint32_t pool, uint32_t kind, ddi_lease_key *key) {
    int lie = lies(userdata, "next_free");
    MAYBE_STATUS(lie);
    if (lie == 3) return DDI_OK; /* no key was written */
    ddi_status status = ddi_lease_db_next_free(DB(userdata), pool, kind, key);
    if (lie == 4) key->bytes[0] = 192;
    if (lie == 5) key->family = DDI_FAMILY_V6;
    return status;
}

static ddi_status forward_hold(void *userdata, const ddi_lease_key *key) {
    MAYBE_STATUS(lies(userdata, "hold"));
    return ddi_lease_db_hold(DB(userdata), key);
}

static void forward_release_hold(void *userdata, const ddi_lease_key *key) {
    ddi_lease_db_release_hold(DB(userdata), key);
}

static ddi_status forward_pool_of(void *userdata, const ddi_lease_key *key, uint32_t *pool) {
    int lie = lies(userdata, "pool_of");
    MAYBE_STATUS(lie);
    ddi_status status = ddi_lease_db_pool_of(DB(userdata), key, pool);
    if (lie == 3) *pool = 12345, status = DDI_OK;
    return status;
}

static ddi_status forward_expired(void *userdata, uint64_t unix_s, ddi_lease_key *keys, size_t max, size_t *count) {
    int lie = lies(userdata, "expired");
    ddi_status status = ddi_lease_db_expired(DB(userdata), unix_s, keys, max, count);
    return forward_keys(lie, status, keys, max, count);
}

static ddi_status forward_next_expiration(void *userdata, uint64_t *unix_s) {
    int lie = lies(userdata, "next_expiration");
    MAYBE_STATUS(lie);
    *unix_s = ddi_lease_db_next_expiration(DB(userdata));
    if (lie == 3) *unix_s = 1;
    return *unix_s == DDI_TIME_NEVER ? DDI_IDLE : DDI_OK;
}

static ddi_status forward_scan_v4(void *userdata, uint32_t space, ddi_ipv4 first, ddi_ipv4 last, ddi_lease_key *keys,
                                  size_t max, size_t *count) {
    ddi_lease lease = {.struct_size = sizeof lease};
    ddi_lease_key after;
    const ddi_lease_key *from = NULL;
    int lie = lies(userdata, "scan_v4");
    *count = 0;
    while (*count < max && ddi_lease_db_scan(DB(userdata), from, &lease) == DDI_OK) {
        after = lease.key;
        from = &after;
        int is_inside = memcmp(after.bytes, first.bytes, 4) >= 0 && memcmp(after.bytes, last.bytes, 4) <= 0;
        if (after.space == space && after.family == DDI_FAMILY_V4 && is_inside) keys[(*count)++] = after;
    }
    return forward_keys(lie, DDI_OK, keys, max, count);
}

static ddi_status forward_pool_counts(void *userdata, uint32_t pool, ddi_pool_counts *counts) {
    int lie = lies(userdata, "pool_counts");
    MAYBE_STATUS(lie);
    ddi_status status = ddi_lease_db_pool_counts(DB(userdata), pool, counts);
    if (lie == 3) counts->free = UINT64_MAX;
    if (lie == 4) counts->backup = counts->total = UINT32_MAX;
    return status == DDI_E_NOT_FOUND ? DDI_IDLE : status;
}

static void forward_release(void *userdata) {
    ((struct forward *)userdata)->released++;
}

static ddi_lease_store forward_functions(struct forward *self) {
    return (ddi_lease_store){
        .struct_size = sizeof(ddi_lease_store), .userdata = self, .release = forward_release, .get = forward_get,
        .find = forward_find, .put = forward_put, .remove = forward_remove, .durable = forward_durable,
        .next_free = forward_next_free, .hold = forward_hold, .release_hold = forward_release_hold,
        .pool_of = forward_pool_of, .expired = forward_expired, .next_expiration = forward_next_expiration,
        .scan_v4 = forward_scan_v4, .pool_counts = forward_pool_counts,
    };
}
