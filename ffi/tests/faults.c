/* What is told of a fault, and what stays as it was: a zone loader takes nothing after its first fault, and names the
 * file that could not be read; a misaligned array is an argument that is wrong, not a missing one. */
#define _XOPEN_SOURCE 700
#include "ddi.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECK(condition)                                                                     \
    do {                                                                                     \
        if (!(condition)) {                                                                  \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                  \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)

#define TEXT(s) (const uint8_t *)(s), strlen(s)

static ddi_zone_loader *loader(void) {
    ddi_zone_loader *made = NULL;
    ddi_name apex;
    CHECK(ddi_name_parse(TEXT("example."), &apex) == DDI_OK);
    CHECK(ddi_zone_loader_new(&apex, TEXT("file"), &made) == DDI_OK);
    return made;
}

static void after_a_fault(void) {
    ddi_zone_loader *it = loader();
    ddi_zone *zone = NULL;
    uint32_t wanted = 7;
    CHECK(ddi_zone_loader_push(it, TEXT("@ 60 IN NONSENSE x\n"), &wanted) == DDI_E_ZONE_FILE && wanted == 7);
    CHECK(strstr(ddi_zone_loader_last_error(it), "file") != NULL);
    CHECK(ddi_zone_loader_push(it, TEXT("@ 60 IN A 192.0.2.1\n"), &wanted) == DDI_E_STATE);
    CHECK(ddi_zone_loader_end(it, &wanted) == DDI_E_STATE);
    CHECK(ddi_zone_loader_refuse(it, TEXT("no")) == DDI_E_STATE);
    CHECK(ddi_zone_loader_read_file(it, TEXT("/dev/null")) == DDI_E_STATE);
    CHECK(ddi_zone_loader_finish(it, &zone) == DDI_E_STATE && zone == NULL);
    ddi_zone_loader_free(it);
}

/* A directory can be opened, but not read. */
static void in_an_included_file(void) {
    char folder[] = "/tmp/ddi-faults-XXXXXX", file[64], included[64];
    FILE *out;
    ddi_zone_loader *it = loader();
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/main.zone", folder);
    snprintf(included, sizeof included, "%s/included", folder);
    CHECK(mkdir(included, 0700) == 0 && (out = fopen(file, "w")) != NULL);
    CHECK(fputs("$INCLUDE included\n", out) >= 0 && fclose(out) == 0);
    CHECK(ddi_zone_loader_read_file(it, TEXT(file)) == DDI_E_IO);
    CHECK(strstr(ddi_zone_loader_last_error(it), included) != NULL);
    ddi_zone_loader_free(it);
    CHECK(rmdir(included) == 0 && unlink(file) == 0 && rmdir(folder) == 0);
}

static void of_arrays(void) {
    static const uint8_t hash_key[DDI_HASH_KEY_LEN] = {1};
    static const uint8_t client[2] = {1, 2};
    ddi_lease_key keys[2];
    ddi_identity identity = {DDI_IDENTITY_CLIENT_ID, 0, client, sizeof client};
    ddi_lease_config *config = NULL;
    ddi_lease_db *db = NULL;
    size_t len = 0;
    CHECK(ddi_lease_config_new(hash_key, sizeof hash_key, &config) == DDI_OK);
    CHECK(ddi_lease_db_open_memory(config, &db) == DDI_OK);
    CHECK(ddi_lease_db_find(db, 0, NULL, &identity, NULL, 1, &len) == DDI_E_NULL);
    CHECK(ddi_lease_db_find(db, 0, NULL, &identity, (void *)((char *)keys + 1), 1, &len) == DDI_E_ARGUMENT);
    CHECK(strstr(ddi_lease_db_last_error(db), "keys is not aligned") != NULL);
    CHECK(ddi_lease_db_find(db, 0, NULL, &identity, keys, 2, &len) == DDI_OK && len == 0);
    ddi_lease_db_free(db);
    ddi_lease_config_free(config);
}

static void exported(void) {
    static const uint8_t hash_key[DDI_HASH_KEY_LEN] = {1};
    char folder[] = "/tmp/ddi-faults-XXXXXX", file[64];
    ddi_lease_file_counts counts = {.struct_size = sizeof counts};
    ddi_lease_config *config = NULL;
    ddi_lease_db *db = NULL;
    CHECK(ddi_lease_config_new(hash_key, sizeof hash_key, &config) == DDI_OK);
    CHECK(ddi_lease_db_open_memory(config, &db) == DDI_OK && mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/leases.csv", folder);
    CHECK(ddi_lease_db_export(db, TEXT(file), DDI_LEASE_FILE_KEA4, &counts) == DDI_OK && counts.leases == 0);
    CHECK(unlink(file) == 0 && chdir(folder) == 0);
    CHECK(ddi_lease_db_export(db, TEXT("leases.csv"), DDI_LEASE_FILE_KEA4, &counts) == DDI_OK);    /* no folder in it */
    CHECK(unlink("leases.csv") == 0 && rmdir(folder) == 0);
    CHECK(ddi_lease_db_export(db, TEXT(file), DDI_LEASE_FILE_KEA4, &counts) == DDI_E_IO);
    CHECK(strstr(ddi_lease_db_last_error(db), file) != NULL);
    ddi_lease_db_free(db);
    ddi_lease_config_free(config);
}

int main(void) {
    after_a_fault();
    in_an_included_file();
    of_arrays();
    exported();
    return 0;
}
