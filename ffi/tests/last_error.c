/* The words of a failure: kept on the handle of the call, const or not; they stay where they are until a call that has
 * the handle to itself, also while other threads fail on it. */
#include "ddi.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 2000

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

static const char ZONE_TEXT[] = "$TTL 60\n@ IN SOA ns.example. admin.example. 1 60 60 60 60\n@ IN NS ns\nns IN A 192.0.2.1\n";

static ddi_name name(const char *text) {
    ddi_name name;
    CHECK(ddi_name_parse((const uint8_t *)text, strlen(text), &name) == DDI_OK);
    return name;
}

static ddi_zone *zone(void) {
    ddi_name apex = name("example.");
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    uint32_t wanted = 0;
    CHECK(ddi_zone_loader_new(&apex, NULL, 0, &loader) == DDI_OK);
    CHECK(ddi_zone_loader_push(loader, (const uint8_t *)ZONE_TEXT, strlen(ZONE_TEXT), &wanted) == DDI_OK);
    CHECK(ddi_zone_loader_end(loader, &wanted) == DDI_OK && wanted == DDI_LOADER_DONE);
    CHECK(ddi_zone_loader_finish(loader, &zone) == DDI_OK);
    ddi_zone_loader_free(loader);
    return zone;
}

static void on_a_set(void) {
    ddi_zone_set *set = NULL;
    ddi_zone *none = NULL;
    ddi_name missing = name("missing."), next;
    const char *text;
    CHECK(ddi_zone_set_new(&set) == DDI_OK);
    CHECK(strcmp(ddi_zone_set_last_error(set), "") == 0);
    CHECK(ddi_zone_set_zone(set, &missing, &none) == DDI_E_NOT_FOUND);
    text = ddi_zone_set_last_error(set);
    CHECK(strstr(text, "missing") != NULL);
    CHECK(ddi_zone_set_next(set, NULL, &next) == DDI_IDLE);    /* a const call that succeeds leaves it */
    CHECK(ddi_zone_set_last_error(set) == text);
    CHECK(ddi_zone_set_zone(set, NULL, &none) == DDI_E_NULL);
    CHECK(strstr(ddi_zone_set_last_error(set), "apex") != NULL);
    CHECK(strstr(text, "missing") != NULL);    /* what was borrowed is still there */
    CHECK(ddi_zone_set_commit(set, NULL) == DDI_OK);
    CHECK(strcmp(ddi_zone_set_last_error(set), "") == 0);
    ddi_zone_set_free(set);
}

static void on_all_of_dns(void) {
    ddi_zone *one = zone();
    ddi_zone_set *set = NULL;
    ddi_zone_reader *reader = NULL;
    ddi_tsig_key *key = NULL;
    ddi_acl *acl = NULL;
    ddi_xfr_out *out = NULL;
    ddi_name of_key = name("key.");
    ddi_addr addr;
    size_t len = 0;
    memset(&addr, 0, sizeof addr);
    CHECK(ddi_zone_get(one, NULL, 1, 0, NULL, NULL, 0, &len) == DDI_E_NULL);
    CHECK(strstr(ddi_zone_last_error(one), "owner is NULL") != NULL);
    CHECK(ddi_zone_set_new(&set) == DDI_OK && ddi_zone_reader_new(set, NULL) == DDI_E_NULL);
    CHECK(strstr(ddi_zone_set_last_error(set), "reader is NULL") != NULL);
    CHECK(ddi_xfr_out_new(set, NULL, NULL, 0, 0, NULL, 0, &out) == DDI_E_NULL);
    CHECK(strstr(ddi_zone_set_last_error(set), "now is NULL") != NULL);
    CHECK(ddi_zone_reader_new(set, &reader) == DDI_OK);
    CHECK(ddi_zone_reader_answer(reader, NULL, NULL, NULL, NULL, 0, NULL, 0, &len, NULL) == DDI_E_NULL);
    CHECK(strstr(ddi_zone_reader_last_error(reader), "config is NULL") != NULL);
    CHECK(ddi_tsig_key_new(&of_key, DDI_TSIG_HMAC_SHA256, (const uint8_t *)"secret", 6, 0, &key) == DDI_OK);
    CHECK(strcmp(ddi_tsig_key_last_error(key), "") == 0);
    CHECK(ddi_acl_new((const uint8_t *)"any", 3, &acl) == DDI_OK);
    CHECK(!ddi_acl_permits(acl, &addr, NULL) && strlen(ddi_acl_last_error(acl)) > 0);
    ddi_acl_free(acl);
    ddi_tsig_key_free(key);
    ddi_zone_reader_free(reader);
    ddi_zone_set_free(set);
    ddi_zone_free(one);
}

/* Another thread may have failed in between: the words are of either failure, whole, and stay what they are. */
static void *fails(void *argument) {
    const ddi_zone *zone = argument;
    ddi_name ns = name("ns.example.");
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t mine[4];
        char then[64];
        size_t len = 0;
        const char *text;
        CHECK(ddi_zone_get(zone, &ns, 1, 0, NULL, mine, (size_t)round % 4, &len) == DDI_E_BUFFER && len == 4);
        text = ddi_zone_last_error(zone);
        CHECK(strlen(text) < sizeof then);
        strcpy(then, text);
        CHECK(strstr(then, "is too short: 4 are needed") != NULL || strcmp(then, "owner is NULL") == 0);
        CHECK(ddi_zone_get(zone, NULL, 1, 0, NULL, mine, sizeof mine, &len) == DDI_E_NULL);
        CHECK(ddi_zone_get(zone, &ns, 1, 0, NULL, mine, sizeof mine, &len) == DDI_OK && mine[0] == 192);
        CHECK(strcmp(text, then) == 0);
    }
    return NULL;
}

static void on_many_threads(void) {
    ddi_zone *shared = zone();
    pthread_t threads[THREADS];
    for (int n = 0; n < THREADS; n++) {
        CHECK(pthread_create(&threads[n], NULL, fails, shared) == 0);
    }
    for (int n = 0; n < THREADS; n++) {
        CHECK(pthread_join(threads[n], NULL) == 0);
    }
    ddi_zone_free(shared);
}

int main(void) {
    on_a_set();
    on_all_of_dns();
    on_many_threads();
    return 0;
}
