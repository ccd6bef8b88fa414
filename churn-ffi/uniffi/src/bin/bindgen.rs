//! Writes the bindings: `churn-bindgen generate --library libchurn_uniffi.so --language kotlin --out-dir kotlin`.

fn main() {
    uniffi::uniffi_bindgen_main()
}
