/* What a DHCP server of one's own asks its relationships, alone and with a partner that was never met. */
#include "check.h"

static ddi_now now = {1000, 1700000000};

static uint32_t serves(const ddi_failover *failover, uint32_t asking, const uint32_t *pool) {
    uint32_t service = 0;
    EXPECT(ddi_failover_serves(failover, &now, asking, TEXT("a client"), 0, pool, &service) == DDI_OK);
    return service;
}

static uint32_t may_bind(const ddi_failover *failover, const ddi_lease *lease, const uint32_t *pool, uint32_t same_client) {
    uint32_t permission = 0;
    EXPECT(ddi_failover_may_bind(failover, &now, lease, pool, same_client, &permission) == DDI_OK);
    return permission;
}

/* Without relationships all is this server's. */
static void alone(void) {
    ddi_failover_config *config = ddi_failover_config_new();
    ddi_failover *failover = NULL;
    EXPECT(ddi_failover_new(config, &now, &failover) == DDI_OK);
    const uint32_t pool = 0;
    uint32_t kinds[2] = {9, 9}, seconds = 0, other;
    uint64_t potential = 7;
    uint8_t state = 0;
    size_t len;
    ddi_lease lease = active_lease(100);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_DISCOVER, &pool) == DDI_FAILOVER_SERVICE_SERVE);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_INFORM, NULL) == DDI_FAILOVER_SERVICE_SERVE);
    EXPECT(may_bind(failover, &lease, &pool, 1) == DDI_FAILOVER_PERMISSION_ALLOW);
    EXPECT(may_bind(failover, &lease, NULL, 0) == DDI_FAILOVER_PERMISSION_NAK);
    EXPECT(ddi_failover_free_kinds(failover, &now, pool, kinds, 2, &len) == DDI_OK && len == 2);
    EXPECT(kinds[0] == DDI_FREE_KIND_FREE && kinds[1] == DDI_FREE_KIND_BACKUP);
    EXPECT(ddi_failover_free_kinds(failover, &now, pool, NULL, 0, &len) == DDI_E_BUFFER && len == 2);
    EXPECT(ddi_failover_grant(failover, &now, &lease, 3600, &seconds, &potential) == DDI_OK);
    EXPECT(seconds == 3600 && potential == DDI_TIME_UNSET);
    EXPECT(ddi_failover_ended(failover, &now, &lease, 0, &state) == DDI_OK && state == DDI_STATE_FREE);

    EXPECT(ddi_failover_serves(failover, &now, 0, NULL, 0, 0, NULL, &other) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_serves(failover, &now, 5, NULL, 0, 0, NULL, &other) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_may_bind(failover, &now, &lease, NULL, 2, &other) == DDI_E_ARGUMENT);
    EXPECT(ddi_failover_ended(failover, &now, &lease, 2, &state) == DDI_E_ARGUMENT);
    lease.state = 10;
    EXPECT(ddi_failover_grant(failover, &now, &lease, 3600, &seconds, &potential) == DDI_E_ARGUMENT);
    EXPECT(strstr(ddi_failover_last_error(failover), "state") != NULL && seconds == 3600);
    ddi_failover_free(failover);
    ddi_failover_config_free(config);
}

/* A primary that has said that its partner is down serves all, for the MCLT where the partner does not know more. */
static void with_a_partner(void) {
    ddi_dhcp_server *server = small_server();
    ddi_lease_db *db = memory_db();
    ddi_store *store = NULL;
    ddi_failover *failover = small_failover(server, &now);
    ddi_failover_event event = {.struct_size = sizeof event};
    uint8_t bytes[DDI_FAILOVER_MAX_EVENT];
    const uint32_t pool = 0;
    uint32_t kinds[2], seconds = 0;
    uint64_t potential = 0, lsn;
    uint8_t state = 0;
    size_t len;
    EXPECT(ddi_store_of_lease_db(db, &store) == DDI_OK && ddi_dhcp_server_give_pools(server, store) == DDI_OK);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_REQUEST, &pool) == DDI_FAILOVER_SERVICE_NOT_SERVING);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_DISCOVER, &pool) == DDI_FAILOVER_SERVICE_NOT_SERVING);
    /* Saved, waited for in vain, and told so. */
    for (int pass = 0; pass < 3; pass++) {
        while (ddi_failover_poll_event(failover, &event, bytes, sizeof bytes, &len) == DDI_OK) {
            if (event.kind == DDI_FAILOVER_EVENT_SAVE) EXPECT(ddi_failover_handle_saved(failover, 0, event.number) == DDI_OK);
        }
        now.instant_ms += 600000;
        now.unix_s += 600;
        EXPECT(ddi_failover_handle_timeout(failover, &now, store) == DDI_OK);
    }
    ddi_failover_status status = {.struct_size = sizeof status};
    EXPECT(ddi_failover_status_of(failover, store, 0, &status) == DDI_OK);
    EXPECT(status.state == DDI_FAILOVER_STATE_RECOVER || status.state == DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED);
    EXPECT(ddi_failover_handle_command(failover, &now, store, 0, DDI_FAILOVER_COMMAND_PARTNER_DOWN) == DDI_OK);
    while (ddi_failover_poll_event(failover, &event, bytes, sizeof bytes, &len) == DDI_OK) {
        if (event.kind == DDI_FAILOVER_EVENT_SAVE) EXPECT(ddi_failover_handle_saved(failover, 0, event.number) == DDI_OK);
    }
    EXPECT(ddi_failover_status_of(failover, store, 0, &status) == DDI_OK && status.state == DDI_FAILOVER_STATE_PARTNER_DOWN);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_REQUEST, &pool) == DDI_FAILOVER_SERVICE_SERVE);
    EXPECT(serves(failover, DDI_FAILOVER_ASKING_DISCOVER, &pool) == DDI_FAILOVER_SERVICE_SERVE);
    /* It remembers nothing: for the MCLT the partner may have given away what looks free here. */
    EXPECT(ddi_failover_free_kinds(failover, &now, pool, kinds, 2, &len) == DDI_OK && len == 0);
    now.instant_ms += 3600000;
    now.unix_s += 3600;
    EXPECT(ddi_failover_handle_timeout(failover, &now, store) == DDI_OK);
    EXPECT(ddi_failover_free_kinds(failover, &now, pool, kinds, 2, &len) == DDI_OK && len == 2);
    EXPECT(kinds[0] == DDI_FREE_KIND_FREE && kinds[1] == DDI_FREE_KIND_BACKUP);
    EXPECT(ddi_failover_free_kinds(failover, &now, pool, kinds, 1, &len) == DDI_E_BUFFER && len == 2);

    ddi_lease lease = {.struct_size = sizeof lease, .key = active_lease(100).key, .state = DDI_STATE_FREE};
    EXPECT(may_bind(failover, &lease, &pool, 0) == DDI_FAILOVER_PERMISSION_ALLOW);
    EXPECT(ddi_failover_grant(failover, &now, &lease, 86400, &seconds, &potential) == DDI_OK);
    EXPECT(seconds == 3600 && potential > now.unix_s + 3600); /* the MCLT, and what the partner is told for the next time */

    /* Two leases that the application gave, told together. */
    ddi_lease_key keys[2];
    for (uint8_t at = 0; at < 2; at++) {
        ddi_lease given = active_lease((uint8_t)(100 + at));
        given.expiration_time = now.unix_s + seconds;
        EXPECT(ddi_lease_db_put(db, &given, DDI_EXPECT_ABSENT, 0, &lsn) == DDI_OK);
        keys[at] = given.key;
    }
    EXPECT(ddi_failover_handle_leases_changed(failover, &now, store, keys, 2) == DDI_OK);
    EXPECT(ddi_failover_handle_leases_changed(failover, &now, store, NULL, 0) == DDI_OK);
    keys[1].family = 9;
    EXPECT(ddi_failover_handle_leases_changed(failover, &now, store, keys, 2) == DDI_E_ARGUMENT);

    lease = active_lease(100);
    EXPECT(may_bind(failover, &lease, &pool, 1) == DDI_FAILOVER_PERMISSION_ALLOW);
    EXPECT(may_bind(failover, &lease, &pool, 0) != DDI_FAILOVER_PERMISSION_ALLOW);
    EXPECT(ddi_failover_ended(failover, &now, &lease, 1, &state) == DDI_OK && state != DDI_STATE_ACTIVE);
    ddi_failover_free(failover);
    ddi_store_free(store);
    ddi_lease_db_free(db);
    ddi_dhcp_server_free(server);
}

int main(void) {
    alone();
    with_a_partner();
    return 0;
}
