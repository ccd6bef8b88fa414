/*
 * Which customers are about to leave, why, and what to do: the C interface of churn.
 *
 * Every call that can fail returns 0, or the number of the error (enum churn_status). Outputs are written only on
 * success, `error` only on failure; `error` may be NULL. NULL for anything else that is required is the error
 * invalid_argument, never a crash. All text is UTF-8. An engine may be used by many threads at once. The rules on
 * one page: README.md beside this header's source; a whole program: c/score.c.
 *
 * Written from the Rust source, not by hand: UPDATE_HEADER=1 cargo test -p churn-ffi --test header
 */

#ifndef CHURN_H
#define CHURN_H

#include <stddef.h>
#include <stdint.h>

/* Version of this header; churn_version() is the library's. */
#define CHURN_VERSION "0.1.0"

/* What a call returns: 0 or an error's number. Numbers never move; new ones may come. */
enum churn_status {
    CHURN_OK = 0,
    /* An argument has a value that the call cannot take. */
    CHURN_INVALID_ARGUMENT = 1001,
    /* The request is understood, but this build or version cannot do it. */
    CHURN_UNSUPPORTED = 1002,
    /* A bug in the engine; please report it. */
    CHURN_INTERNAL = 1003,
    /* The caller asked a long call to stop. */
    CHURN_CANCELLED = 1004,
    /* A file could not be opened, read or written. */
    CHURN_IO = 1101,
    /* The bytes are not a table of the expected format. */
    CHURN_MALFORMED = 1102,
    /* The text's character encoding is unknown, or the bytes do not fit it. */
    CHURN_ENCODING = 1103,
    /* There is nothing to read: no bytes, no header, or no rows. */
    CHURN_EMPTY_INPUT = 1104,
    /* The input is over a limit of the read options. */
    CHURN_TOO_LARGE = 1105,
    /* No column was found for a field that the profile or the model requires. */
    CHURN_FIELD_UNMAPPED = 1201,
    /* A required column holds no value of its field's type. */
    CHURN_WRONG_TYPE = 1301,
    /* A required column holds only values outside the field's range. */
    CHURN_OUT_OF_RANGE = 1302,
    /* A column would tell the model the answer; training stops. */
    CHURN_LEAKAGE = 1304,
    /* The label has fewer than two classes. */
    CHURN_SINGLE_CLASS = 1305,
    /* The table lacks the columns that a model's features are built from. */
    CHURN_FEATURE_MISSING = 1401,
    /* There is no model of that name or at that path. */
    CHURN_MODEL_NOT_FOUND = 1501,
    /* The file is not a model file of a version that this build reads. */
    CHURN_FORMAT_UNSUPPORTED = 1502,
    /* The model file's checksum does not fit its content: it is damaged or was changed. */
    CHURN_HASH_MISMATCH = 1503,
    /* The model file's content contradicts itself. */
    CHURN_MODEL_INVALID = 1504,
    /* There are too few customers, or too few of one class, to learn from. */
    CHURN_TOO_FEW_ROWS = 1601
};

/* Of the Arrow C stream interface: https://arrow.apache.org/docs/format/CStreamInterface.html */
struct ArrowArrayStream;

/**
 * A model, ready to map, judge, score and explain; may be shared by threads. Freed with churn_engine_free.
 */
typedef struct churn_engine churn_engine;

/**
 * What went wrong: number, code, message, hint and context. Freed with churn_error_free.
 */
typedef struct churn_error churn_error;

/**
 * A table as it was read; may be shared by threads. Freed with churn_table_free.
 */
typedef struct churn_table churn_table;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Version of the library, for example "0.1.0"; the text lives as long as the program and is not freed.
 */
const char *churn_version(void);

/**
 * Frees a text that this library wrote to an output. NULL is no text and is fine.
 *
 * Pointers: `text` is NULL, or came from an output of this library and was not freed; free() is not for it.
 */
void churn_string_free(char *text);

/**
 * Frees bytes that this library wrote to an output, with their number. NULL is no bytes and is fine.
 *
 * Pointers: `data` is NULL, or came with `len` from an output of this library and was not freed.
 */
void churn_bytes_free(uint8_t *data, size_t len);

/**
 * The stable number, the same that the call returned; 0 for NULL.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
int32_t churn_error_number(const churn_error *error);

/**
 * The stable code, for example "empty_input"; "" for NULL. The text lives as long as the error.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
const char *churn_error_code(const churn_error *error);

/**
 * What is wrong and where, for people; never the content of a cell. "" for NULL. The text lives as long as the
 * error.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
const char *churn_error_message(const churn_error *error);

/**
 * How to mend it; "" where that is not known, and for NULL. The text lives as long as the error.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
const char *churn_error_hint(const churn_error *error);

/**
 * Machine-readable facts such as path, row or column, as a JSON object of texts; "{}" for NULL. The text lives as
 * long as the error.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
const char *churn_error_context_json(const churn_error *error);

/**
 * Frees an error with all its texts. NULL is no error and is fine.
 *
 * Pointers: `error` is NULL, or came from this library and was not freed.
 */
void churn_error_free(churn_error *error);

/**
 * A shipped model: "telecom" or "saas". The engine is freed with churn_engine_free.
 *
 * Errors: model_not_found, listing the models there are.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_pretrained(const char *name, churn_engine **out, churn_error **error);

/**
 * The same model that tells its reasons and recommendations in another language: "en", "de", "es" or "fr". The engine is
 * freed with churn_engine_free.
 *
 * Errors: invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_with_language(const churn_engine *engine,
                                   const char *language,
                                   churn_engine **out,
                                   churn_error **error);

/**
 * Loads a saved model. The engine is freed with churn_engine_free.
 *
 * Errors: model_not_found, io, format_unsupported, hash_mismatch, model_invalid.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_load(const char *path, churn_engine **out, churn_error **error);

/**
 * Saves the model as one file, whole or not at all.
 *
 * Errors: io.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_save(const churn_engine *engine, const char *path, churn_error **error);

/**
 * Loads a model from the bytes of a model file: `data` holds `len` bytes. The engine is freed with churn_engine_free.
 *
 * Errors: format_unsupported, hash_mismatch, model_invalid.
 *
 * Pointers: Every pointer is NULL or valid; `len` bytes can be read behind `data`.
 */
int32_t churn_engine_from_bytes(const uint8_t *data, size_t len, churn_engine **out, churn_error **error);

/**
 * The model as the bytes of a model file: `out` gets them and `out_len` their number. They are freed with
 * churn_bytes_free.
 *
 * Pointers: Every pointer is NULL or valid.
 */
int32_t churn_engine_to_bytes(const churn_engine *engine, uint8_t **out, size_t *out_len, churn_error **error);

/**
 * Frees an engine; no call that uses it may be running. NULL is no engine and is fine.
 *
 * Pointers: `engine` is NULL, or came from this library and was not freed.
 */
void churn_engine_free(churn_engine *engine);

/**
 * Scores one customer, given as a JSON object {"header": value, ...}; the answer is the prediction as a JSON
 * object.
 *
 * options_json: NULL, or a JSON object of any of reasons (0 to 4), overrides ({header: field, or null for "leave
 * it unmapped"}), as_of (the day the values describe, ISO 8601), scored_at (the present instant, ISO 8601; the
 * library has no clock), mapping (the answer of churn_map_table, where the columns are known), read (how to read a
 * table, as for churn_read_file). The text is freed with churn_string_free.
 *
 * Errors: of the stages read, map and features; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_score_one(const churn_engine *engine,
                               const char *record_json,
                               const char *options_json,
                               char **out_json,
                               churn_error **error);

/**
 * Scores a table given as the content of a file: CSV, or any other format that the engine reads, recognised by
 * its content. `data` holds `len` bytes and needs no NUL at its end; it may be NULL where `len` is 0.
 *
 * The answer is a JSON object: predictions (an array, in the order of the rows), summary, mapping, quality. The
 * text is freed with churn_string_free. options_json: as for churn_engine_score_one.
 *
 * Errors: of the stages read, map and features; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
 */
int32_t churn_engine_score_csv(const churn_engine *engine,
                               const uint8_t *data,
                               size_t len,
                               const char *options_json,
                               char **out_json,
                               churn_error **error);

/**
 * Scores a file and writes the predictions to another as CSV, whole or not at all; a file that is there is
 * replaced. Predictions are written as they are made, never held all at once.
 *
 * The answer is a JSON object: summary, mapping, quality, target. The text is freed with churn_string_free.
 * options_json: as for churn_engine_score_one.
 *
 * Errors: of the stages read, map and features; io; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_score_file(const churn_engine *engine,
                                const char *source,
                                const char *target_csv,
                                const char *options_json,
                                char **out_json,
                                churn_error **error);

/**
 * Maps headers to canonical fields without a model. headers_json: a JSON array of texts.
 *
 * The answer is the mapping as a JSON object: table_kind, profile, columns (one entry a header), missing, fields
 * ({field: header}). The text is freed with churn_string_free. options_json: NULL, or a JSON object of any of
 * table_kind, profile (both recognised where not given), overrides ({header: field, or null for "leave it
 * unmapped"}), samples ({header: [values]}, which help to recognise a column), saved (a file with a saved mapping, or a
 * folder of them: one that was made for the same headers is used again).
 *
 * Errors: invalid_argument, io, malformed.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_map_columns(const char *headers_json, const char *options_json, char **out_json, churn_error **error);

/**
 * Reads a file and says how: CSV, JSON, a workbook, gzipped or not, recognised by its content.
 *
 * The answer is a JSON object: rows (their number), columns (name, type, format, missing, unreadable, unreadable_rows,
 * warnings), source (every guess: format, encoding, delimiter, quote, escape, sheet, header_line, title_lines,
 * dropped_lines, empty_columns and what the options said), notes (what was met and what was done about it). The text
 * is freed with churn_string_free.
 *
 * options_json: NULL, or a JSON object of any of delimiter, quote, escape, encoding, header_line, sheet, decimal,
 * thousands, date_order (day_first or month_first), keep_totals, keep_empty_columns, max_bytes, max_rows, max_columns,
 * max_cell_bytes. The scoring functions take the same object as their option "read".
 *
 * Errors: of the stage read; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_read_file(const char *path, const char *options_json, char **out_json, churn_error **error);

/**
 * As churn_read_file, of the content of a file: `data` holds `len` bytes and needs no NUL at its end; it may be NULL
 * where `len` is 0.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
 */
int32_t churn_read_bytes(const uint8_t *data,
                         size_t len,
                         const char *options_json,
                         char **out_json,
                         churn_error **error);

/**
 * Reads a file: CSV, JSON, Arrow IPC or any other format that the engine reads, recognised by its content. The table
 * is freed with churn_table_free.
 *
 * Errors: of the stage read.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_table_from_file(const char *path, churn_table **out, churn_error **error);

/**
 * As churn_table_from_file, of the content of a file: `data` holds `len` bytes and needs no NUL at its end.
 *
 * Errors: of the stage read.
 *
 * Pointers: Every pointer is NULL or valid; `len` bytes can be read behind `data`.
 */
int32_t churn_table_from_bytes(const uint8_t *data, size_t len, churn_table **out, churn_error **error);

/**
 * A table from a stream of the Arrow C stream interface. The stream is read to its end and released, whatever the
 * call returns; its own memory stays the caller's.
 *
 * Errors: malformed where the stream fails; unsupported for nested or binary columns; empty_input.
 *
 * Pointers: Every pointer is NULL or valid; `stream` is a live stream that keeps the rules of the Arrow C stream interface.
 */
int32_t churn_table_from_arrow(struct ArrowArrayStream *stream, churn_table **out, churn_error **error);

/**
 * Rows of a table; 0 for NULL.
 *
 * Pointers: `table` is NULL, or came from this library and was not freed.
 */
size_t churn_table_n_rows(const churn_table *table);

/**
 * Frees a table; no call that uses it may be running. NULL is no table and is fine.
 *
 * Pointers: `table` is NULL, or came from this library and was not freed.
 */
void churn_table_free(churn_table *table);

/**
 * Maps the columns of a table to canonical fields without a model; the answer is as that of churn_map_columns, and so is
 * options_json, without samples: the table has its own values. The text is freed with churn_string_free.
 *
 * Errors: invalid_argument, io, malformed.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_map_table(const churn_table *table,
                        const char *options_json,
                        char **out_json,
                        churn_error **error);

/**
 * Judges the quality of a table; the answer is the report as a JSON object: ok, score (0 to 100), n_rows, n_columns,
 * findings, estimated_auc and more. The text is freed with churn_string_free.
 *
 * options_json: NULL, or a JSON object of any of profile (recognised where not given), purpose ("score" where not
 * given, or "train"), label (source column of the label), allow (columns to let through the leak check), strict (true
 * repairs nothing), as_of (the day the rows describe, ISO 8601), mapping (the answer of churn_map_table).
 *
 * Errors: of the stages map and validate; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_validate(const churn_table *table, const char *options_json, char **out_json, churn_error **error);

/**
 * Trains an engine on a labelled table. The engine is freed with churn_engine_free; churn_engine_card_json tells how
 * good it is on rows it has not seen.
 *
 * options_json: NULL, or a JSON object of any of label (source column; recognised where not given), profile, learner,
 * weights, group, time (columns), prior (scorecard to start from: saas, telecom), time_budget (seconds of work), seed,
 * allow (columns to let through the leak check), overrides ({header: field, or null}), as_of (ISO 8601), name,
 * version; definition and settings of a training set that churn_call("build_training_set") made.
 *
 * Errors: of the stages map and validate (leakage, single_class); too_few_rows; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_train(const churn_table *table, const char *options_json, churn_engine **out, churn_error **error);

/**
 * The model card as a JSON object: where the model comes from, how good it is, what it is not for. The text is freed
 * with churn_string_free.
 *
 * Pointers: Every pointer is NULL or valid.
 */
int32_t churn_engine_card_json(const churn_engine *engine, char **out_json, churn_error **error);

/**
 * Measures an engine on a labelled table that it was not trained on; the answer is a JSON object: n_rows, n_positive and
 * the figures by name (auc, log_loss, brier, ece, lift_10, ...). The text is freed with churn_string_free.
 *
 * options_json: NULL, or a JSON object of any of label (source column), as_of (ISO 8601).
 *
 * Errors: of the stages map, validate and features; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_evaluate(const churn_engine *engine,
                              const churn_table *table,
                              const char *options_json,
                              char **out_json,
                              churn_error **error);

/**
 * The same model with a calibrator and an interval learnt from a labelled table that it was not trained on: for a model
 * that another library trained. The engine is freed with churn_engine_free.
 *
 * options_json: as for churn_engine_evaluate.
 *
 * Errors: as churn_engine_evaluate; too_few_rows, single_class.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_calibrate(const churn_engine *engine,
                               const churn_table *table,
                               const char *options_json,
                               churn_engine **out,
                               churn_error **error);

/**
 * Scores a table; the predictions come as a stream of the Arrow C stream interface, one row a customer in the order of
 * the table: customer_id, churn_probability, retention_probability, probability_low, probability_high, risk_level,
 * reason_1 ..., recommendation, model_version, scored_at. The caller releases the stream.
 *
 * options_json: as for churn_engine_score_one.
 *
 * Errors: of the stages map and features; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL; `out` can be written and holds no live stream.
 */
int32_t churn_engine_score_arrow(const churn_engine *engine,
                                 const churn_table *table,
                                 const char *options_json,
                                 struct ArrowArrayStream *out,
                                 churn_error **error);

/**
 * Exact SHAP values of a table in log-odds, as a stream of the Arrow C stream interface: one column a feature of the
 * model, one row a customer, behind them the column base_value, which with the values of its row adds up to the log-odds
 * of the customer. The caller releases the stream.
 *
 * options_json: as for churn_engine_score_one.
 *
 * Errors: of the stages map and features; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL; `out` can be written and holds no live stream.
 */
int32_t churn_engine_explain_arrow(const churn_engine *engine,
                                   const churn_table *table,
                                   const char *options_json,
                                   struct ArrowArrayStream *out,
                                   churn_error **error);

/**
 * As churn_engine_explain_arrow, against the customers of a background table (interventional values): base_value is their
 * mean, and what is not known of a customer is taken from each of them in turn. The caller releases the stream.
 *
 * Errors: as churn_engine_explain_arrow; invalid_argument for a background without rows.
 *
 * Pointers: As churn_engine_explain_arrow.
 */
int32_t churn_engine_explain_against_arrow(const churn_engine *engine,
                                           const churn_table *table,
                                           const churn_table *background,
                                           const char *options_json,
                                           struct ArrowArrayStream *out,
                                           churn_error **error);

/**
 * Makes a call without a model: health_score, health_trend, lead_score, route_leads, alert_step, alert_replay,
 * select_contacts, uplift_readout, value_at_risk, build_features, build_training_set and more; docs/calls.md lists them
 * with their arguments and answers.
 *
 * arguments_json: a JSON object; NULL for none. The answer is JSON; the text is freed with churn_string_free.
 *
 * Errors: invalid_argument; those of the call.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_call(const char *name, const char *arguments_json, char **out_json, churn_error **error);

/**
 * Makes a call about a customer: what_if (record, changes), counterfactuals (record, target) or score_customer (record,
 * tickets, payments, usage, as_of); docs/calls.md lists their arguments and answers.
 *
 * arguments_json: a JSON object. The answer is JSON; the text is freed with churn_string_free.
 *
 * Errors: invalid_argument; of the stages read, map and features.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_call(const churn_engine *engine,
                          const char *name,
                          const char *arguments_json,
                          char **out_json,
                          churn_error **error);

/**
 * Imports a model that another library trained: XGBoost .json or .ubj, LightGBM .txt, CatBoost .json. The engine is
 * freed with churn_engine_free.
 *
 * Errors: model_not_found, io, format_unsupported, unsupported, model_invalid.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_import(const char *path, churn_engine **out, churn_error **error);

/**
 * As churn_engine_import, with options_json: NULL, or a JSON object of any of name, version, profile (risk bands, playbook
 * and words: the name of a shipped one, or TOML text; generic where not given), iterations (boosting rounds to keep, from
 * the first; what the library's own prediction uses where not given), feature_names (one for each feature, in their order,
 * where the file has none).
 *
 * Errors: as churn_engine_import; invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL.
 */
int32_t churn_engine_import_with(const char *path,
                                 const char *options_json,
                                 churn_engine **out,
                                 churn_error **error);

/**
 * As churn_engine_import_with, of the content of the file: `data` holds `len` bytes.
 *
 * Errors: format_unsupported, unsupported, model_invalid, invalid_argument.
 *
 * Pointers: Every pointer is NULL or valid; texts end in a NUL; `len` bytes can be read behind `data`.
 */
int32_t churn_engine_import_bytes(const uint8_t *data,
                                  size_t len,
                                  const char *options_json,
                                  churn_engine **out,
                                  churn_error **error);

/**
 * What a caller must know of a model, as a JSON object: model_version, feature_names (the model's own features, in the order
 * of a matrix), expected_value (with the SHAP values of a row it adds up to the row's sum). The text is freed with
 * churn_string_free.
 *
 * Pointers: Every pointer is NULL or valid.
 */
int32_t churn_engine_info_json(const churn_engine *engine,
                               char **out_json,
                               churn_error **error);

/**
 * Predicts rows of the model's own features, in their order: matrix is row-major, n_rows x n_features, NaN is missing.
 * Each output is NULL or has room: margins (the sum: log-odds, or the probability for forests that average shares) and
 * probabilities n_rows numbers, shap_values n_rows x n_features, row-major; base_value one number.
 *
 * Errors: invalid_argument for another number of features.
 *
 * Pointers: Every pointer is NULL or valid for its length.
 */
int32_t churn_engine_predict_matrix(const churn_engine *engine,
                                    const double *matrix,
                                    size_t n_rows,
                                    size_t n_features,
                                    double *margins,
                                    double *probabilities,
                                    double *shap_values,
                                    double *base_value,
                                    churn_error **error);

/**
 * SHAP values of rows of the model's own features against background rows (interventional values): the base value is the
 * mean sum of the background. Both matrices are row-major and n_features wide; shap_values has room for n_rows x
 * n_features numbers, base_value is NULL or has room for one.
 *
 * Errors: invalid_argument for another number of features, or a background without rows.
 *
 * Pointers: Every pointer is NULL or valid for its length.
 */
int32_t churn_engine_shap_against(const churn_engine *engine,
                                  const double *matrix,
                                  size_t n_rows,
                                  size_t n_features,
                                  const double *background,
                                  size_t n_background,
                                  double *shap_values,
                                  double *base_value,
                                  churn_error **error);

/**
 * SHAP interaction values of rows of the model's own features: interactions has room for n_rows x n_features x n_features
 * numbers, row-major; those of a feature sum to its SHAP value.
 *
 * Errors: invalid_argument for another number of features.
 *
 * Pointers: Every pointer is NULL or valid for its length.
 */
int32_t churn_engine_shap_interactions(const churn_engine *engine,
                                       const double *matrix,
                                       size_t n_rows,
                                       size_t n_features,
                                       double *interactions,
                                       churn_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CHURN_H */
