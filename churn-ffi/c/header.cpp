// The header in C++, with owners that free by themselves.
#include "churn.h"

#include <iostream>
#include <memory>
#include <string>

struct Free {
    void operator()(churn_engine *engine) const { churn_engine_free(engine); }
    void operator()(churn_error *error) const { churn_error_free(error); }
    void operator()(char *text) const { churn_string_free(text); }
};
using Engine = std::unique_ptr<churn_engine, Free>;
using Error = std::unique_ptr<churn_error, Free>;
using Text = std::unique_ptr<char, Free>;

int main() {
    churn_engine *raw_engine = nullptr;
    churn_error *raw_error = nullptr;
    const int32_t status = churn_engine_pretrained("saas", &raw_engine, &raw_error);
    const Engine engine(raw_engine);
    const Error error(raw_error);
    if (status != CHURN_OK) {
        std::cout << churn_error_message(error.get()) << '\n';
        return 1;
    }
    char *raw_text = nullptr;
    const int32_t mapped = churn_map_columns(R"(["customer_id"])", nullptr, &raw_text, nullptr);
    const Text text(raw_text);
    const bool good = mapped == CHURN_OK && std::string(text.get()).find("\"fields\"") != std::string::npos;
    std::cout << (good ? "1 passed, 0 failed" : "0 passed, 1 failed") << '\n';
    return good ? 0 : 1;
}
