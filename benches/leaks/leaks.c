/*
 * Memory of a process that makes an engine, scores and lets go, again and again: `./leaks [cycles]` (Linux).
 * Ends with code 1 where the memory grew by more than 4 MB between a tenth of the way and its end.
 */
#include "churn.h"

#include <stdio.h>
#include <stdlib.h>

static long resident(void) {
    long size = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &size, &pages) != 2) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return pages * 4096;
}

int main(int argc, char **argv) {
    static const char record[] = "{\"customer_id\": \"A1\", \"tenure_months\": 2, \"monthly_charges\": 89.9,"
                                 " \"contract\": \"Month-to-month\"}";
    static const char table[] = "customer_id,tenure_months,monthly_charges,contract\nA1,2,89.9,Month-to-month\n";
    const long cycles = argc > 1 ? atol(argv[1]) : 100000;
    long before = 0;
    for (long i = 0; i < cycles; i++) {
        churn_engine *engine = NULL;
        churn_error *error = NULL;
        churn_table *read = NULL;
        char *json = NULL, *many = NULL, *none = NULL;
        if (churn_engine_pretrained("telecom", &engine, NULL) != CHURN_OK ||
            churn_engine_score_one(engine, record, NULL, &json, NULL) != CHURN_OK ||
            churn_engine_score_csv(engine, (const uint8_t *)table, sizeof table - 1, NULL, &many, NULL) != CHURN_OK ||
            churn_table_from_bytes((const uint8_t *)table, sizeof table - 1, &read, NULL) != CHURN_OK ||
            churn_engine_score_one(engine, "{\"tenure_months\": 2}", NULL, &none, &error) == CHURN_OK) {
            puts("a call did not end as it should");
            return 2;
        }
        churn_error_free(error);
        churn_table_free(read);
        churn_string_free(json);
        churn_string_free(many);
        churn_engine_free(engine);
        if (i == cycles / 10) {
            before = resident();
        }
    }
    const long grown = resident() - before;
    printf("C: %ld cycles, memory grew by %.2f MB after the first tenth (%.1f MB)\n", cycles, grown / 1e6, before / 1e6);
    return grown <= (4L << 20) ? 0 : 1;
}
