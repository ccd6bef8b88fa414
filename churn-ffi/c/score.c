/*
 * Scores customers from C, and shows what errors look like. Build and run it with `make test`, or by hand:
 *
 *     cc -std=c11 -Iinclude c/score.c -o score -L../target/release -lchurn && LD_LIBRARY_PATH=../target/release ./score
 *
 * Its first argument is a folder for the files it writes; without one it is the current folder. It returns 0 where
 * everything is as expected.
 */
#include "churn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

static void check(int good, const char *what) {
    if (good) {
        passed++;
    } else {
        failed++;
        printf("FAILED: %s\n", what);
    }
}

/* Checks number and code of an error, shows it, and frees it. */
static void expect(int32_t status, int32_t number, const char *code, churn_error **error) {
    check(status == number, code);
    check(*error != NULL, code);
    check(churn_error_number(*error) == number, code);
    check(strcmp(churn_error_code(*error), code) == 0, code);
    check(churn_error_message(*error)[0] != '\0', code);
    printf("%d %s: %s\n    hint: %s\n    context: %s\n", (int)churn_error_number(*error), churn_error_code(*error),
           churn_error_message(*error), churn_error_hint(*error), churn_error_context_json(*error));
    churn_error_free(*error);
    *error = NULL;
}

/* The number behind "key": in a JSON text; a real program would use a JSON library. */
static double number_of(const char *json, const char *key) {
    const char *place = strstr(json, key);
    return place ? strtod(place + strlen(key), NULL) : -1.0;
}

static const char RECORD[] =
    "{\"customer_id\": \"C-1\", \"tenure_months\": 2, \"monthly_charges\": 95.35, \"total_charges\": 190.7,"
    " \"contract\": \"Month-to-month\", \"internet_service\": \"Fiber optic\","
    " \"payment_method\": \"Electronic check\", \"tech_support\": \"No\", \"online_security\": \"No\"}";

static const char TABLE[] = "customer_id,tenure_months,monthly_charges,contract\n"
                            "C-1,2,95.35,Month-to-month\n"
                            "C-2,61,20.05,Two year\n";

static void score_one(const churn_engine *engine) {
    churn_error *error = NULL;
    char *json = NULL;
    int32_t status = churn_engine_score_one(engine, RECORD, "{\"scored_at\": \"2026-03-01T10:00:00Z\"}", &json, &error);
    if (status != CHURN_OK) {
        printf("%s\n", churn_error_message(error));
        churn_error_free(error);
        check(0, "one customer is scored");
        return;
    }
    printf("%s\n", json);
    double p = number_of(json, "\"churn_probability\":");
    double kept = number_of(json, "\"retention_probability\":");
    check(p > 0.0 && p < 1.0, "a probability");
    check(kept == 1.0 - p, "numbers come back with the same bits");
    check(strstr(json, "\"customer_id\":\"C-1\"") != NULL, "the customer's id");
    check(strstr(json, "\"scored_at\":\"2026-03-01T10:00:00Z\"") != NULL, "the instant");
    churn_string_free(json);
}

static void score_tables(const churn_engine *engine, const char *folder) {
    churn_error *error = NULL;
    char *json = NULL;
    char source[512], target[512], model[512];
    snprintf(source, sizeof source, "%s/churn-source.csv", folder);
    snprintf(target, sizeof target, "%s/churn-target.csv", folder);
    snprintf(model, sizeof model, "%s/churn-model.safetensors", folder);

    check(churn_engine_score_csv(engine, (const uint8_t *)TABLE, sizeof TABLE - 1, NULL, &json, &error) == CHURN_OK,
          "a table in memory is scored");
    check(json && strstr(json, "\"predictions\":[") && strstr(json, "\"quality\":"), "predictions and quality");
    churn_string_free(json);
    json = NULL;

    FILE *file = fopen(source, "wb");
    check(file && fwrite(TABLE, 1, sizeof TABLE - 1, file) == sizeof TABLE - 1, "the source is written");
    if (file) {
        fclose(file);
    }
    check(churn_engine_score_file(engine, source, target, "{\"reasons\": 1}", &json, &error) == CHURN_OK,
          "a file is scored");
    check(json && strstr(json, "\"summary\":") != NULL, "a summary");
    churn_string_free(json);
    json = NULL;
    file = fopen(target, "rb");
    check(file != NULL, "the predictions are written");
    if (file) {
        fclose(file);
    }

    churn_engine *loaded = NULL;
    check(churn_engine_save(engine, model, &error) == CHURN_OK, "the model is saved");
    check(churn_engine_load(model, &loaded, &error) == CHURN_OK, "the model is loaded");
    char *again = NULL;
    check(churn_engine_score_one(engine, RECORD, NULL, &json, NULL) == CHURN_OK, "the first engine");
    check(churn_engine_score_one(loaded, RECORD, NULL, &again, NULL) == CHURN_OK, "the loaded engine");
    check(json && again && strcmp(json, again) == 0, "a loaded model gives the same answer");
    churn_string_free(json);
    churn_string_free(again);
    churn_engine_free(loaded);
    check(error == NULL, "no error was written by calls that succeed");
    remove(source);
    remove(target);
    remove(model);
}

static void map_headers(void) {
    churn_error *error = NULL;
    char *json = NULL;
    check(churn_map_columns("[\"customer_id\", \"tenure_months\"]", "{\"profile\": \"telecom\"}", &json, &error) ==
              CHURN_OK,
          "headers are mapped");
    check(json && strstr(json, "\"fields\":{") != NULL, "the fields");
    churn_string_free(json);
    json = NULL;
    expect(churn_map_columns("[1]", NULL, &json, &error), CHURN_INVALID_ARGUMENT, "invalid_argument", &error);
    expect(churn_map_columns("[]", "{\"profile\": \"no-such\"}", &json, &error), CHURN_INVALID_ARGUMENT,
           "invalid_argument", &error);
    check(json == NULL, "no output on failure");
}

static void errors(const churn_engine *engine) {
    churn_error *error = NULL;
    churn_engine *none = NULL;
    char *json = NULL;

    expect(churn_engine_pretrained("no-such-model", &none, &error), CHURN_MODEL_NOT_FOUND, "model_not_found", &error);
    expect(churn_engine_load("no/such/file", &none, &error), CHURN_MODEL_NOT_FOUND, "model_not_found", &error);
    expect(churn_engine_load("\xff", &none, &error), CHURN_INVALID_ARGUMENT, "invalid_argument", &error);
    check(none == NULL, "no engine on failure");

    /* NULL where something is required is an error, not a crash. */
    expect(churn_engine_pretrained(NULL, &none, &error), CHURN_INVALID_ARGUMENT, "invalid_argument", &error);
    expect(churn_engine_pretrained("telecom", NULL, &error), CHURN_INVALID_ARGUMENT, "invalid_argument", &error);
    expect(churn_engine_score_one(NULL, RECORD, NULL, &json, &error), CHURN_INVALID_ARGUMENT, "invalid_argument",
           &error);
    expect(churn_engine_score_one(engine, NULL, NULL, &json, &error), CHURN_INVALID_ARGUMENT, "invalid_argument",
           &error);
    expect(churn_engine_score_csv(engine, NULL, 3, NULL, &json, &error), CHURN_INVALID_ARGUMENT, "invalid_argument",
           &error);
    check(churn_engine_save(engine, NULL, NULL) == CHURN_INVALID_ARGUMENT, "the error itself may be NULL");

    expect(churn_engine_score_one(engine, "{\"customer_id\": ", NULL, &json, &error), CHURN_MALFORMED, "malformed",
           &error);
    expect(churn_engine_score_one(engine, RECORD, "{\"reason\": 1}", &json, &error), CHURN_INVALID_ARGUMENT,
           "invalid_argument", &error);
    expect(churn_engine_score_one(engine, RECORD, "{\"reasons\": 9}", &json, &error), CHURN_INVALID_ARGUMENT,
           "invalid_argument", &error);
    expect(churn_engine_score_one(
               engine, "{\"tenure_months\": 2, \"monthly_charges\": 95.35, \"contract\": \"Month-to-month\"}", NULL,
               &json, &error),
           CHURN_FIELD_UNMAPPED, "field_unmapped", &error);
    expect(churn_engine_score_file(engine, "no/such/file.csv", "out.csv", NULL, &json, &error), CHURN_IO, "io",
           &error);
    check(json == NULL, "no output on failure");

    /* Reading from and freeing nothing is fine. */
    check(churn_error_number(NULL) == 0, "no error has the number 0");
    check(strcmp(churn_error_message(NULL), "") == 0, "no error has no message");
    churn_error_free(NULL);
    churn_string_free(NULL);
    churn_engine_free(NULL);
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : ".";
    printf("churn %s\n", churn_version());
    check(strcmp(churn_version(), CHURN_VERSION) == 0, "header and library are of one version");

    churn_engine *engine = NULL;
    churn_error *error = NULL;
    if (churn_engine_pretrained("telecom", &engine, &error) != CHURN_OK) {
        printf("%s (%s)\n", churn_error_message(error), churn_error_hint(error));
        churn_error_free(error);
        return 1;
    }
    score_one(engine);
    score_tables(engine, folder);
    map_headers();
    errors(engine);
    churn_engine_free(engine);

    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
