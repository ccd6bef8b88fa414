/*
 * Tables from C: read from memory and from an Arrow stream of our own making, judged, learnt from, measured, scored and
 * explained, with results as Arrow streams. Its argument is a labelled CSV file. It returns 0 where everything is as
 * expected.
 */
#include "churn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The structures of the Arrow C data and stream interfaces, as their specification gives them. */
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

static int passed, failed;

static void check(int good, const char *what) {
    if (good) {
        passed++;
    } else {
        failed++;
        printf("FAILED: %s\n", what);
    }
}

/* Checks that a call succeeded, and says why where it did not. */
static int succeeded(int32_t status, churn_error **error, const char *what) {
    if (status != CHURN_OK && *error) {
        printf("%s: %s\n", what, churn_error_message(*error));
        churn_error_free(*error);
        *error = NULL;
    }
    check(status == CHURN_OK, what);
    return status == CHURN_OK;
}

/* Checks the code of an error and frees it. */
static void expect(int32_t status, const char *code, churn_error **error) {
    check(status != CHURN_OK && strcmp(churn_error_code(*error), code) == 0, code);
    churn_error_free(*error);
    *error = NULL;
}

/* A stream of one batch of two customers, all in static memory: it has nothing to release. */
enum { N_COLUMNS = 4, N_ROWS = 2 };
static const int32_t id_offsets[] = {0, 2, 4}, contract_offsets[] = {0, 14, 22};
static const double tenure[] = {2, 61}, charges[] = {95.35, 20.05};
static const void *id_buffers[] = {NULL, id_offsets, "C1C2"};
static const void *tenure_buffers[] = {NULL, tenure};
static const void *charges_buffers[] = {NULL, charges};
static const void *contract_buffers[] = {NULL, contract_offsets, "Month-to-monthTwo year"};
static const char *const names[] = {"customer_id", "tenure_months", "monthly_charges", "contract"};
static const char *const formats[] = {"u", "g", "g", "u"};
static const void **const buffers[] = {id_buffers, tenure_buffers, charges_buffers, contract_buffers};
static struct ArrowSchema schemas[N_COLUMNS], *schema_list[N_COLUMNS];
static struct ArrowArray arrays[N_COLUMNS], *array_list[N_COLUMNS];
static const void *no_buffers[] = {NULL};
static int batches_left, released;

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }
static const char *no_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}
static void release_stream(struct ArrowArrayStream *stream) {
    released++;
    stream->release = NULL;
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    (void)stream;
    for (int i = 0; i < N_COLUMNS; i++) {
        schemas[i] = (struct ArrowSchema){.format = formats[i], .name = names[i], .flags = 2, .release = release_schema};
        schema_list[i] = &schemas[i];
    }
    *out = (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = N_COLUMNS,
                                .children = schema_list,
                                .release = release_schema};
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    (void)stream;
    if (batches_left == 0) {
        *out = (struct ArrowArray){0};
        return 0;
    }
    batches_left--;
    for (int i = 0; i < N_COLUMNS; i++) {
        arrays[i] = (struct ArrowArray){.length = N_ROWS,
                                        .n_buffers = formats[i][0] == 'u' ? 3 : 2,
                                        .buffers = buffers[i],
                                        .release = release_array};
        array_list[i] = &arrays[i];
    }
    *out = (struct ArrowArray){.length = N_ROWS,
                               .n_buffers = 1,
                               .buffers = no_buffers,
                               .n_children = N_COLUMNS,
                               .children = array_list,
                               .release = release_array};
    return 0;
}

static struct ArrowArrayStream customers(void) {
    batches_left = 1;
    return (struct ArrowArrayStream){get_schema, get_next, no_error, release_stream, NULL};
}

/* Reads the first batch of a stream and releases all of it; gives the value of one cell of a float64 column. */
static double first_batch(struct ArrowArrayStream *stream, int64_t rows, const char *column, int64_t row) {
    struct ArrowSchema schema = {0};
    struct ArrowArray batch = {0};
    double value = -1;
    check(stream->get_schema(stream, &schema) == 0 && strcmp(schema.format, "+s") == 0, "the schema of a stream");
    check(stream->get_next(stream, &batch) == 0 && batch.release && batch.length == rows, "its batch");
    for (int64_t i = 0; i < schema.n_children; i++) {
        if (strcmp(schema.children[i]->name, column) == 0) {
            check(strcmp(schema.children[i]->format, "g") == 0, "a column of float64");
            const struct ArrowArray *array = batch.children[i];
            value = ((const double *)array->buffers[1])[array->offset + row];
        }
    }
    batch.release(&batch);
    schema.release(&schema);
    check(stream->get_next(stream, &batch) == 0 && !batch.release, "its end");
    stream->release(stream);
    return value;
}

static void arrow(const churn_engine *engine) {
    churn_error *error = NULL;
    churn_table *table = NULL;
    struct ArrowArrayStream in = customers(), out = {0};
    if (!succeeded(churn_table_from_arrow(&in, &table, &error), &error, "a table from an Arrow stream")) {
        return;
    }
    check(released == 1 && churn_table_n_rows(table) == N_ROWS, "the stream was read and released");
    succeeded(churn_engine_score_arrow(engine, table, NULL, &out, &error), &error, "scores as an Arrow stream");
    double first = first_batch(&out, N_ROWS, "churn_probability", 0);
    check(first > 0.2 && first < 1, "a probability");

    /* The same customer as JSON: the same bits. */
    char *json = NULL;
    const char *record = "{\"customer_id\": \"C1\", \"tenure_months\": 2, \"monthly_charges\": 95.35,"
                         " \"contract\": \"Month-to-month\"}";
    succeeded(churn_engine_score_one(engine, record, NULL, &json, &error), &error, "the same customer as JSON");
    const char *place = json ? strstr(json, "\"churn_probability\":") : NULL;
    check(place && strtod(place + strlen("\"churn_probability\":"), NULL) == first, "the same bits");
    churn_string_free(json);

    succeeded(churn_engine_explain_arrow(engine, table, NULL, &out, &error), &error, "SHAP values as a stream");
    check(first_batch(&out, N_ROWS, "tenure_months", 0) > 0, "a short tenure raises the risk");
    succeeded(churn_engine_explain_arrow(engine, table, NULL, &out, &error), &error, "SHAP values once more");
    check(first_batch(&out, N_ROWS, "tenure_months", 1) < 0, "a long one lowers it");
    churn_table_free(table);
}

int main(int argc, char **argv) {
    churn_engine *engine = NULL, *trained = NULL;
    churn_table *table = NULL, *none = NULL;
    churn_error *error = NULL;
    char *json = NULL;
    struct ArrowArrayStream out = {0};
    if (argc < 2 || !succeeded(churn_engine_pretrained("telecom", &engine, &error), &error, "a shipped model")) {
        return 1;
    }
    arrow(engine);

    succeeded(churn_table_from_file(argv[1], &table, &error), &error, "a table from a file");
    check(churn_table_n_rows(table) == 2000, "its rows");
    if (succeeded(churn_validate(table, "{\"purpose\": \"train\", \"profile\": \"telecom\"}", &json, &error), &error,
                  "a table is judged")) {
        check(strstr(json, "\"ok\":true") && strstr(json, "\"findings\":["), "the report");
        churn_string_free(json);
    }
    if (succeeded(churn_train(table, "{\"learner\": \"logistic\", \"name\": \"mine\", \"seed\": 7}", &trained, &error),
                  &error, "an engine is trained")) {
        succeeded(churn_engine_card_json(trained, &json, &error), &error, "its card");
        check(json && strstr(json, "\"kind\":\"trained\"") && strstr(json, "\"seed\":7"), "what the card says");
        churn_string_free(json);
        succeeded(churn_engine_evaluate(trained, table, NULL, &json, &error), &error, "it is measured");
        check(json && strstr(json, "\"n_rows\":2000") && strstr(json, "\"auc\":0.8"), "its figures");
        churn_string_free(json);
        succeeded(churn_engine_score_arrow(trained, table, "{\"reasons\": 0}", &out, &error), &error, "it scores");
        check(first_batch(&out, 2000, "probability_high", 1999) > 0, "the last row");
        churn_engine_free(trained);
    }
    json = NULL;

    /* What goes wrong is told, and nothing is written. */
    expect(churn_train(table, "{\"learner\": \"oracle\"}", &trained, &error), "invalid_argument", &error);
    expect(churn_train(table, "{\"learners\": 1}", &trained, &error), "invalid_argument", &error);
    expect(churn_validate(NULL, NULL, &json, &error), "invalid_argument", &error);
    expect(churn_validate(table, "{\"purpose\": \"x\"}", &json, &error), "invalid_argument", &error);
    expect(churn_engine_evaluate(engine, NULL, NULL, &json, &error), "invalid_argument", &error);
    expect(churn_engine_score_arrow(engine, table, NULL, NULL, &error), "invalid_argument", &error);
    expect(churn_engine_explain_arrow(NULL, table, NULL, &out, &error), "invalid_argument", &error);
    expect(churn_table_from_arrow(NULL, &none, &error), "invalid_argument", &error);
    expect(churn_table_from_bytes((const uint8_t *)"a,b\n", 4, &none, &error), "empty_input", &error);
    expect(churn_table_from_file("no/such.csv", &none, &error), "io", &error);
    struct ArrowArrayStream empty = customers();
    batches_left = 0;
    expect(churn_table_from_arrow(&empty, &none, &error), "empty_input", &error);
    check(json == NULL && none == NULL && released == 2, "no output on failure");
    churn_table_free(NULL);
    check(churn_table_n_rows(NULL) == 0, "no table has no rows");
    churn_table_free(table);
    churn_engine_free(engine);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
