/*
 * Panics provoked on purpose, on each way through the library: the call says DDI_E_PANIC, every handle that it had hold
 * of says DDI_E_POISONED from then on, no other does, and what is poisoned can be freed.
 */
#define _XOPEN_SOURCE 700
#define DDI_TESTING
#include "check.h"
#include "forward_store.h"

#include <dirent.h>
#include <unistd.h>

static const ddi_now now = {1000, 1700000000};
static const ddi_ipv4 nobody = {{0, 0, 0, 0}};
static int heard, released;

static void hear(void *userdata, uint32_t level, ddi_status status, const uint8_t *text, size_t text_len) {
    EXPECT(userdata == &heard && text_len > 0 && text[text_len - 1] != 0);
    if (status == DDI_E_PANIC) {
        EXPECT(level == DDI_LOG_ERROR && text_len >= 17 && memcmp(text, "panic: on purpose", 17) == 0);
        heard++;
    } else {
        EXPECT(level == DDI_LOG_DEBUG);
    }
}

static void release(void *userdata) {
    EXPECT(userdata == &heard);
    released++;
}

/* Says that the next call is to panic at its `steps`th step; afterwards EXPECT(panicked()). */
static void arm(uint32_t steps) {
    heard = 0;
    EXPECT(ddi_testing_panic_at(steps) == 0);
}

static int panicked(void) {
    return ddi_testing_panic_at(0) == 0 && heard == 1;
}

static int is_said(const char *text, const char *what) {
    return strstr(text, what) != NULL;
}

/* A call that has its handle to itself. */
static void exclusive(void) {
    ddi_testing *testing = ddi_testing_new();
    EXPECT(ddi_testing_count(testing) == DDI_OK && ddi_testing_panic(testing) == DDI_E_PANIC);
    EXPECT(is_said(ddi_testing_last_error(testing), "on purpose, after 1 calls"));
    EXPECT(ddi_testing_count(testing) == DDI_E_POISONED && ddi_testing_panic(testing) == DDI_E_POISONED);
    EXPECT(is_said(ddi_testing_last_error(testing), "on purpose, after 1 calls")); /* the first reason stays */
    ddi_testing_free(testing);

    ddi_lease_db *db = memory_db(), *other = memory_db();
    ddi_lease lease = active_lease(1), read = {.struct_size = sizeof read};
    uint64_t lsn;
    arm(1);
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_E_PANIC && panicked());
    EXPECT(is_said(ddi_lease_db_last_error(db), "panic: on purpose"));
    EXPECT(ddi_lease_db_get(db, &lease.key, &read) == DDI_E_POISONED);
    EXPECT(ddi_lease_db_count(db, 0, DDI_STATE_ACTIVE, &lsn) == DDI_E_POISONED && ddi_lease_db_len(db) == 0);
    EXPECT(ddi_lease_db_next_expiration(db) == DDI_TIME_NEVER);
    EXPECT(is_said(ddi_lease_db_last_error(db), "panic: on purpose"));
    EXPECT(ddi_lease_db_put(other, &lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK && ddi_lease_db_len(other) == 1);
    ddi_lease_db_free(db);
    ddi_lease_db_free(other);
}

/* Calls that only read, with a status and without. */
static void shared(void) {
    ddi_lease_db *db = memory_db();
    ddi_lease lease = active_lease(1);
    uint64_t n = 77;
    arm(1);
    EXPECT(ddi_lease_db_count(db, 0, DDI_STATE_ACTIVE, &n) == DDI_E_PANIC && panicked() && n == 77);
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &n) == DDI_E_POISONED);
    ddi_lease_db_free(db);

    db = memory_db();
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &n) == DDI_OK && ddi_lease_db_len(db) == 1);
    arm(1);
    EXPECT(ddi_lease_db_len(db) == 0 && panicked());
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &n) == DDI_E_POISONED);
    ddi_lease_db_free(db);
}

/* Calls without a handle, and frees. */
static void alone(void) {
    ddi_acl *acl = NULL;
    ddi_lease_db *db = memory_db();
    arm(1);
    EXPECT(ddi_acl_new(TEXT("any"), &acl) == DDI_E_PANIC && panicked() && acl == NULL);
    EXPECT(ddi_acl_new(TEXT("any"), &acl) == DDI_OK);
    ddi_acl_free(acl);
    arm(1);
    ddi_lease_db_free(db);
    EXPECT(panicked());
}

/* Calls that have two handles to themselves. */
static void both(void) {
    ddi_zone_set *set;
    ddi_updates *updates;
    ddi_addr from = {.family = DDI_FAMILY_V4, .port = 53, .bytes = {192, 0, 2, 1}};
    ddi_name apex;
    EXPECT(ddi_zone_set_new(&set) == DDI_OK && ddi_updates_new(NULL, NULL, &updates) == DDI_OK);
    arm(1);
    EXPECT(ddi_updates_handle_request(updates, &now, set, &from, 0, TEXT("x")) == DDI_E_PANIC && panicked());
    EXPECT(is_said(ddi_updates_last_error(updates), "on purpose") && is_said(ddi_zone_set_last_error(set), "on purpose"));
    EXPECT(ddi_zone_set_next(set, NULL, &apex) == DDI_E_POISONED && ddi_zone_set_count(set) == 0);
    ddi_updates_free(updates);
    EXPECT(ddi_updates_new(NULL, NULL, &updates) == DDI_OK); /* with a set that is spoilt already */
    EXPECT(ddi_updates_handle_request(updates, &now, set, &from, 0, TEXT("x")) == DDI_E_POISONED);
    ddi_updates_free(updates);
    ddi_zone_set_free(set);
}

/* An engine with a store: what fails before it has hold of the store spoils only the engine. */
static void stores(void) {
    for (uint32_t step = 1; step <= 2; step++) {
        struct forward forward = {.db = memory_db()};
        ddi_lease_store functions = forward_functions(&forward);
        ddi_lease_db *db = memory_db();
        for (int is_own = 0; is_own < 2; is_own++) {
            ddi_dhcp_server *server = small_server();
            ddi_store *store;
            EXPECT((is_own ? ddi_store_new(&functions, &store) : ddi_store_of_lease_db(db, &store)) == DDI_OK);
            EXPECT(ddi_dhcp_server_give_pools(server, store) == DDI_OK);
            arm(step);
            EXPECT(ddi_dhcp_server_handle_datagram(server, &now, store, NULL, 1, nobody, 68, nobody, NULL, 0) == DDI_E_PANIC);
            EXPECT(panicked() && is_said(ddi_dhcp_server_last_error(server), "on purpose"));
            EXPECT(ddi_dhcp_server_handle_timeout(server, &now, store, NULL) == DDI_E_POISONED);
            EXPECT(ddi_store_check(store) == (step == 1 ? DDI_OK : DDI_E_POISONED));
            ddi_status compacted = ddi_lease_db_compact(is_own ? forward.db : db);
            EXPECT(compacted == (step == 2 && !is_own ? DDI_E_POISONED : DDI_OK));
            ddi_dhcp_server_free(server);
            ddi_store_free(store);
        }
        EXPECT(forward.released == 1);
        ddi_lease_db_free(forward.db);
        ddi_lease_db_free(db);
    }
    /* Pools go to the database behind the store by a way of their own. */
    ddi_lease_db *db = memory_db();
    ddi_dhcp_server *server = small_server();
    ddi_store *store;
    EXPECT(ddi_store_of_lease_db(db, &store) == DDI_OK);
    arm(2);
    EXPECT(ddi_dhcp_server_give_pools(server, store) == DDI_E_PANIC && panicked());
    EXPECT(ddi_lease_db_compact(db) == DDI_E_POISONED && ddi_store_check(store) == DDI_E_POISONED);
    ddi_dhcp_server_free(server);
    ddi_store_free(store);
    ddi_lease_db_free(db);
}

/* The same with relationships that decide: they are spoilt with the store. */
static void worlds(void) {
    for (uint32_t step = 1; step <= 2; step++) {
        ddi_lease_db *db = memory_db();
        ddi_dhcp_server *server = small_server();
        ddi_failover *failover = small_failover(server, &now);
        ddi_store *store;
        uint64_t due;
        ddi_status wanted = step == 1 ? DDI_OK : DDI_E_POISONED;
        EXPECT(ddi_store_of_lease_db(db, &store) == DDI_OK);
        arm(step);
        EXPECT(ddi_dhcp_server_handle_timeout(server, &now, store, failover) == DDI_E_PANIC && panicked());
        EXPECT(ddi_dhcp_server_handle_timeout(server, &now, store, failover) == DDI_E_POISONED);
        EXPECT(ddi_failover_handle_timeout(failover, &now, store) == wanted);
        EXPECT(ddi_lease_db_compact(db) == wanted && ddi_store_check(store) == wanted);
        ddi_failover_free(failover);

        /* A relationship's own call; its store may be spoilt already. */
        ddi_dhcp_server_free(server);
        server = small_server();
        failover = small_failover(server, &now);
        ddi_dhcp_server_free(server);
        arm(step == 1 ? 2 : 1);
        EXPECT(ddi_failover_handle_timeout(failover, &now, store) == DDI_E_PANIC && panicked());
        EXPECT(ddi_failover_poll_timeout(failover, &due) == DDI_E_POISONED && ddi_store_check(store) == DDI_E_POISONED);
        ddi_failover_free(failover);
        ddi_store_free(store);
        ddi_lease_db_free(db);
    }
}

/* What was durable before is there when the database is opened again. */
static void again(void) {
    static const uint8_t key[DDI_HASH_KEY_LEN] = {9};
    char path[] = "/tmp/ddi-panics-XXXXXX";
    ddi_lease_config *config;
    ddi_lease_db *db;
    ddi_lease lease = active_lease(1);
    uint64_t lsn;
    EXPECT(mkdtemp(path) != NULL && ddi_lease_config_new(key, sizeof key, &config) == DDI_OK);
    EXPECT(ddi_lease_db_open(config, (const uint8_t *)path, strlen(path), &db) == DDI_OK);
    EXPECT(ddi_lease_db_put(db, &lease, DDI_EXPECT_ANY, 0, &lsn) == DDI_OK && ddi_lease_db_commit(db, &lsn) == DDI_OK);
    arm(1);
    EXPECT(ddi_lease_db_commit(db, &lsn) == DDI_E_PANIC && panicked());
    EXPECT(ddi_lease_db_commit(db, &lsn) == DDI_E_POISONED);
    ddi_lease_db_free(db);
    EXPECT(ddi_lease_db_open(config, (const uint8_t *)path, strlen(path), &db) == DDI_OK);
    ddi_lease read = {.struct_size = sizeof read};
    EXPECT(ddi_lease_db_get(db, &lease.key, &read) == DDI_OK && read.client_id_len == lease.client_id_len);
    ddi_lease_db_free(db);
    /* An opening that panics spoils its configuration, and gives nothing. */
    db = NULL;
    arm(1);
    EXPECT(ddi_lease_db_open(config, (const uint8_t *)path, strlen(path), &db) == DDI_E_PANIC && panicked() && db == NULL);
    EXPECT(ddi_lease_db_open(config, (const uint8_t *)path, strlen(path), &db) == DDI_E_POISONED);
    ddi_lease_config_free(config);
    DIR *files = opendir(path);
    for (struct dirent *file; files != NULL && (file = readdir(files)) != NULL;) unlinkat(dirfd(files), file->d_name, 0);
    EXPECT(files != NULL && closedir(files) == 0 && rmdir(path) == 0);
}

int main(void) {
    const ddi_log log = {.struct_size = sizeof log, .userdata = &heard, .line = hear, .release = release};
    EXPECT(ddi_log_set(&log) == DDI_OK);
    exclusive();
    shared();
    alone();
    both();
    stores();
    worlds();
    again();
    EXPECT(released == 0 && ddi_log_set(NULL) == DDI_OK && released == 1);
    return 0;
}
