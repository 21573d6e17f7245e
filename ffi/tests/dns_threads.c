/* Threads that answer by readers of their own while the main one changes the zone: nobody waits, and nobody sees a version
 * that is half there or older than one that was seen before. */
#define _POSIX_C_SOURCE 200809L
#include <ddi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

enum { THREADS = 3, VERSIONS = 200 };

static const ddi_now now = { 1000, 1800000000 };
static ddi_zone_set *set;
static ddi_answer_config *config;
static atomic_int done;

/* Asks for the SOA again and again. */
static void *answer(void *unused)
{
    static const uint8_t query[] = { 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 6, 0, 1 };
    const ddi_asker asker = { sizeof asker, DDI_TRANSPORT_UDP, { DDI_FAMILY_V4, 0, 0, 0, { 192, 0, 2, 1 } }, 0, 0 };
    ddi_zone_reader *reader = NULL;
    uint8_t buf[1232];
    uint32_t seen = 0;
    size_t len;
    CHECK(ddi_zone_reader_new(set, &reader) == DDI_OK);
    while (!atomic_load(&done)) {
        CHECK(ddi_zone_reader_answer(reader, &now, config, &asker, query, sizeof query, buf, sizeof buf, &len, NULL) == DDI_OK);
        /* A SOA ends with five numbers, of which the serial is the first. */
        const uint8_t *s = buf + len - 20;
        uint32_t serial = (uint32_t)s[0] << 24 | (uint32_t)s[1] << 16 | (uint32_t)s[2] << 8 | s[3];
        CHECK(serial >= seen && serial <= VERSIONS);
        seen = serial;
    }
    ddi_zone_reader_free(reader);
    return unused;
}

int main(void)
{
    static const char text[] = "$TTL 60\n@ SOA ns host 1 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n";
    pthread_t threads[THREADS];
    ddi_zone_loader *loader = NULL;
    ddi_zone *zone = NULL;
    ddi_name apex;
    uint32_t wanted;
    CHECK(ddi_name_parse((const uint8_t *)"example.", 8, &apex) == DDI_OK);
    CHECK(ddi_zone_loader_new(&apex, NULL, 0, &loader) == DDI_OK);
    CHECK(ddi_zone_loader_push(loader, (const uint8_t *)text, sizeof text - 1, &wanted) == DDI_OK);
    CHECK(ddi_zone_loader_end(loader, &wanted) == DDI_OK && ddi_zone_loader_finish(loader, &zone) == DDI_OK);
    CHECK(ddi_zone_set_new(&set) == DDI_OK && ddi_zone_set_replace(set, zone, NULL) == DDI_OK);
    /* The SOA alone, which is then at the end of the answer. */
    CHECK(ddi_answer_config_new(&config) == DDI_OK && ddi_answer_config_set_full(config, 0) == DDI_OK);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, answer, NULL) == 0);
    for (uint32_t serial = 2; serial <= VERSIONS; serial++) {
        uint8_t a[4] = { 192, 0, 2, (uint8_t)serial };
        ddi_zone_edit *edit = NULL;
        ddi_zone *next = NULL;
        CHECK(ddi_zone_edit_new(zone, &edit) == DDI_OK && ddi_zone_edit_add(edit, &apex, 1, 60, a, 4) == DDI_OK);
        CHECK(ddi_zone_edit_finish(edit, &now, DDI_SERIAL_INCREMENT, &next) == DDI_OK);
        CHECK(ddi_zone_set_put(set, next, NULL) == DDI_OK && ddi_zone_serial(next) == serial);
        ddi_zone_edit_free(edit);
        ddi_zone_free(zone);
        zone = next;
    }
    atomic_store(&done, 1);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ddi_zone_free(zone);
    ddi_zone_loader_free(loader);
    ddi_zone_set_free(set);
    ddi_answer_config_free(config);
    return 0;
}
