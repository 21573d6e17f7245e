/*
 * Many threads, each with handles of its own: none hears of another. What one thread makes another may use and free, one
 * at a time. The one thing that they all share, the log sink, is changed meanwhile.
 */
#define _POSIX_C_SOURCE 200809L
#define DDI_TESTING
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 6, ROUNDS = 40 };

static const ddi_now now = {1000, 1700000000};
static atomic_int done, sinks, lines;

static void hear(void *userdata, uint32_t level, ddi_status status, const uint8_t *text, size_t text_len) {
    EXPECT(userdata == &lines && status < 0 && text_len > 0 && text != NULL);
    EXPECT(level == (status == DDI_E_PANIC ? DDI_LOG_ERROR : DDI_LOG_DEBUG));
    atomic_fetch_add(&lines, 1);
}

static void release(void *userdata) {
    EXPECT(userdata == &lines);
    atomic_fetch_sub(&sinks, 1);
}

/* Leases, and a batch of them that another thread makes durable. */
static void *sync_batch(void *batch) {
    EXPECT(ddi_batch_sync(batch) == DDI_OK && ddi_batch_sync(batch) == DDI_E_STATE);
    return batch;
}

static void leases(uint8_t host) {
    ddi_lease_db *db = memory_db();
    ddi_lease lease = active_lease(host), read = {.struct_size = sizeof read};
    ddi_batch *batch = NULL;
    pthread_t syncer;
    void *back;
    uint64_t lsn, durable;
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ABSENT, 0, &lsn) == DDI_OK);
    EXPECT(ddi_lease_db_take_batch(db, &batch) == DDI_OK);
    EXPECT(pthread_create(&syncer, NULL, sync_batch, batch) == 0);
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ABSENT, 0, &lsn) == DDI_E_CONFLICT);
    EXPECT(ddi_lease_db_get(db, &lease.key, &read) == DDI_OK && read.key.bytes[3] == host);
    EXPECT(pthread_join(syncer, &back) == 0 && back == batch);
    EXPECT(ddi_lease_db_batch_durable(db, batch, &durable) == DDI_OK && durable == lsn);
    ddi_batch_free(batch);
    ddi_lease_db_free(db);
}

/* A server that answers one client. */
static void serves(uint8_t host) {
    ddi_lease_db *db = memory_db();
    ddi_dhcp_server *server = small_server();
    ddi_store *store;
    ddi_dhcp4_message *message = ddi_dhcp4_message_new();
    ddi_dhcp4_header header = {.struct_size = sizeof header, .op = DDI_DHCP4_REQUEST, .hw_type = 1, .hw_len = 6};
    ddi_dhcp_transmit to = {.struct_size = sizeof to};
    const ddi_ipv4 nobody = {{0, 0, 0, 0}};
    uint8_t bytes[DDI_DHCP_MAX_REPLY];
    size_t len;
    header.xid = header.hw_addr[5] = host;
    EXPECT(ddi_store_of_lease_db(db, &store) == DDI_OK && ddi_dhcp_server_give_pools(server, store) == DDI_OK);
    EXPECT(ddi_dhcp4_message_set_header(message, &header) == DDI_OK && ddi_dhcp4_message_set_type(message, 1) == DDI_OK);
    EXPECT(ddi_dhcp4_message_emit(message, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(ddi_dhcp_server_handle_datagram(server, &now, store, NULL, 1, nobody, 68, nobody, bytes, len) == DDI_OK);
    EXPECT(ddi_dhcp_server_poll_transmit(server, store, &to, bytes, sizeof bytes, &len) == DDI_OK);
    EXPECT(bytes[7] == host && bytes[19] == 100); /* its xid, and the pool's first address */
    ddi_dhcp4_message_free(message);
    ddi_dhcp_server_free(server);
    ddi_store_free(store);
    ddi_lease_db_free(db);
}

/* A zone, its next version, and a panic that only this thread is to hear of. */
static void zones(uint8_t host) {
    ddi_zone *zone = small_zone(), *next = NULL;
    ddi_zone_set *set = NULL;
    ddi_zone_edit *edit = NULL;
    ddi_name apex;
    const uint8_t a[4] = {192, 0, 2, host};
    EXPECT(ddi_zone_apex(zone, &apex) == DDI_OK && ddi_zone_set_new(&set) == DDI_OK);
    EXPECT(ddi_zone_set_replace(set, zone, NULL) == DDI_OK && ddi_zone_edit_new(zone, &edit) == DDI_OK);
    EXPECT(ddi_zone_edit_add(edit, &apex, 1, 60, a, 4) == DDI_OK);
    EXPECT(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_INCREMENT, &next) == DDI_OK);
    EXPECT(ddi_zone_set_put(set, next, NULL) == DDI_OK && ddi_zone_serial(next) == 2);
    EXPECT(ddi_zone_set_put(set, next, NULL) == DDI_E_STALE && strlen(ddi_zone_set_last_error(set)) > 0);
#ifndef __SANITIZE_THREAD__ /* it does not see the lock with which Rust's panics write what they say */
    EXPECT(ddi_testing_panic_at(1) == 0 && ddi_zone_set_commit(set, NULL) == DDI_E_PANIC);
    EXPECT(ddi_zone_set_commit(set, NULL) == DDI_E_POISONED);
#endif
    ddi_zone_free(zone);
    ddi_zone_free(next);
    ddi_zone_edit_free(edit);
    ddi_zone_set_free(set);
}

static void *work(void *number) {
    uint8_t host = *(const uint8_t *)number;
    for (int i = 0; i < ROUNDS; i++) {
        leases(host);
        serves(host);
        zones(host);
    }
    return NULL;
}

static void *change_sinks(void *unused) {
    const ddi_log log = {.struct_size = sizeof log, .userdata = &lines, .line = hear, .release = release};
    while (!atomic_load(&done)) {
        atomic_fetch_add(&sinks, 1);
        EXPECT(ddi_log_set(&log) == DDI_OK);
    }
    return unused;
}

int main(void) {
    pthread_t workers[THREADS], changer;
    uint8_t numbers[THREADS];
    EXPECT(pthread_create(&changer, NULL, change_sinks, NULL) == 0);
    for (uint8_t i = 0; i < THREADS; i++) {
        numbers[i] = (uint8_t)(i + 1);
        EXPECT(pthread_create(&workers[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) EXPECT(pthread_join(workers[i], NULL) == 0);
    atomic_store(&done, 1);
    EXPECT(pthread_join(changer, NULL) == 0);
    EXPECT(atomic_load(&lines) > 0 && ddi_log_set(NULL) == DDI_OK && atomic_load(&sinks) == 0);
    return 0;
}
