/* Scores one customer. */
#include <churn.h>
#include <stdio.h>

int main(void) {
    churn_engine *engine = NULL;
    churn_error *error = NULL;
    char *json = NULL;
    const char *record = "{\"customer_id\": \"A1\", \"tenure_months\": 2, \"monthly_charges\": 89.9,"
                         " \"contract\": \"Month-to-month\"}";
    if (churn_engine_pretrained("telecom", &engine, &error) == CHURN_OK &&
        churn_engine_score_one(engine, record, NULL, &json, &error) == CHURN_OK) {
        puts(json);
    }
    const int status = (int)churn_error_number(error);
    if (error) {
        fprintf(stderr, "%s (%s)\n", churn_error_message(error), churn_error_hint(error));
    }
    churn_string_free(json);
    churn_error_free(error);
    churn_engine_free(engine);
    return status;
}
