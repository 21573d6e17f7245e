/* What the program of `tests/abuse.rs` is made with: it counts, and says of each wrong answer whose it was. */

static const char *trying, *how;
static int calls, worked, panics, buffers, functions, wrong;

static void begin(const char *function, const char *trial) {
    functions += trying == NULL || strcmp(trying, function) != 0;
    trying = function;
    how = trial;
    calls++;
}

static void judge(int is_right, long got) {
    if (is_right) return;
    fprintf(stderr, "%s: %s: %ld\n", trying, how, got);
    wrong++;
}

/* The next call panics at its `steps`th step. */
static void arm(uint32_t steps) {
    EXPECT(ddi_testing_panic_at(steps) == 0);
}

/* Has it? Takes it back if not. */
static int disarm(void) {
    return ddi_testing_panic_at(0) == 0;
}

/* Memory behind which a write is seen. */
static void *guarded(size_t bytes) {
    uint8_t *memory = malloc(bytes + 64);
    EXPECT(memory != NULL);
    memset(memory, 0xa5, bytes + 64);
    return memory;
}

static int is_guarded(const void *memory, size_t bytes) {
    const uint8_t *behind = (const uint8_t *)memory + bytes;
    for (int i = 0; i < 64; i++) {
        if (behind[i] != 0xa5) return 0;
    }
    return 1;
}

static int summary(void) {
    printf("%d functions %d calls %d worked %d panics %d buffers %d wrong\n", functions, calls, worked, panics, buffers, wrong);
    return wrong == 0 ? 0 : 1;
}
