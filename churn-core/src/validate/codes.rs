//! Every finding that validation can make, with its stable code.

use super::{Layer, Severity};

macro_rules! codes {
    ($($variant:ident $code:literal $layer:ident $severity:ident $doc:literal;)*) => {
        /// What a finding says. Codes never move and are never used again.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code, by layer.
            pub fn all() -> &'static [Code] {
                &[$(Code::$variant,)*]
            }

            /// The stable code, snake_case.
            pub fn name(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// The layer it belongs to.
            pub fn layer(self) -> Layer {
                match self { $(Code::$variant => Layer::$layer,)* }
            }

            /// How bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Code::$variant => Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => $doc,)* }
            }
        }
    };
}

codes! {
    RequiredFieldMissing "required_field_missing" Schema Error "No column was found for a field that the profile requires; scoring stops.";
    FieldTwice "field_twice" Schema Warning "Two columns seem to hold the same field; one of them was taken.";
    EmptyColumn "empty_column" Schema Warning "A column has no value in any row.";
    MissingCustomerId "missing_customer_id" Schema Warning "Rows have no customer id.";
    DuplicateCustomerId "duplicate_customer_id" Schema Warning "A customer id comes again on the same snapshot day.";
    UnreadableValue "unreadable_value" Types Error "Cells could not be read as the column's type and count as missing.";
    AmbiguousFormat "ambiguous_format" Types Warning "A column can be read in two ways; one was taken.";
    MinorUnits "minor_units" Types Warning "Amounts in hundredths of the currency, as their header says, were divided by 100.";
    AsOfMissing "as_of_missing" Types Warning "Durations are missing, because the day that the rows describe is not known.";
    MixedTypes "mixed_types" Types Warning "A column holds both numbers and text, so it is taken for text.";
    OutOfRange "out_of_range" Ranges Error "Values cannot be true and count as missing.";
    ImplausibleValue "implausible_value" Ranges Warning "Values are outside the profile's plausible range.";
    Outliers "outliers" Ranges Info "Values lie far outside the bulk of their column.";
    UnitSuspect "unit_suspect" Ranges Warning "A column looks as if it were in another unit (days for months, cents for money, another scale).";
    PlaceholderValue "placeholder_value" Ranges Warning "A value such as 999 or -1 seems to stand for 'unknown'.";
    RepairedFromRule "repaired_from_rule" BusinessRules Info "Missing values that a rule determines were filled in.";
    RuleUnchecked "rule_unchecked" BusinessRules Info "A rule of the profile cannot be judged on this table, because it compares text with numbers.";
    MissingLabel "missing_label" MlReadiness Warning "Rows have no label and are left out of training.";
    SingleClass "single_class" MlReadiness Error "The label has one value only.";
    LabelValueAssumed "label_value_assumed" MlReadiness Info "The rarer of two values was taken for 'left'.";
    LabelMayBeInverted "label_may_be_inverted" MlReadiness Warning "The label's name says 'stayed' rather than 'left'.";
    LabelShareImplausible "label_share_implausible" MlReadiness Warning "Most customers left, or next to none did: the label's definition deserves a look.";
    TooFewRows "too_few_rows" MlReadiness Error "There are too few rows, or too few customers who left or stayed, to learn from.";
    FewChurners "few_churners" MlReadiness Warning "There are enough customers who left to learn from, but too few to be sure of the result.";
    ConstantColumn "constant_column" MlReadiness Info "A column has the same value in (nearly) every row.";
    MostlyMissing "mostly_missing" MlReadiness Warning "A column is missing in most rows.";
    MissingTogether "missing_together" MlReadiness Info "Columns are missing in exactly the same rows.";
    IdenticalColumns "identical_columns" MlReadiness Info "Two columns say the same in every row.";
    CorrelatedColumns "correlated_columns" MlReadiness Info "Two columns rise and fall together almost perfectly.";
    IdentityFound "identity_found" MlReadiness Info "A column is the product of two others: no leak, one reason.";
    IdenticalCustomers "identical_customers" MlReadiness Info "Rows of different customers are alike in every column.";
    ConflictingLabels "conflicting_labels" MlReadiness Warning "Customers who are alike in every column have different labels: an error that no model can undercut.";
    ShortHistory "short_history" MlReadiness Warning "The table looks back a few months only.";
    EarlyCohortsMissing "early_cohorts_missing" MlReadiness Warning "Hardly anyone of the oldest customers left: those who left before the export seem to be missing.";
    StrongSingleColumn "strong_single_column" MlReadiness Warning "One column alone ranks the label very well, short of what is blocked.";
    IdTellsLabel "id_tells_label" MlReadiness Warning "The customer id, or the order of rows, goes with the label, short of what is blocked.";
    NoSignal "no_signal" MlReadiness Warning "Nothing in the table tells who leaves: the AUC to expect may be that of guessing.";
    TooGoodToBeTrue "too_good_to_be_true" MlReadiness Warning "All columns together tell almost perfectly who leaves; one of them may know too much.";
    Leakage "leakage" MlReadiness Error "A column would tell the model the answer; training stops unless it is allowed.";
    LeakAllowed "leak_allowed" MlReadiness Info "A leak was let through on the caller's word.";
    LeakFieldLeftOut "leak_field_left_out" MlReadiness Info "A column that exists because customers leave is no feature; here it does not go with the label.";
}

/// Notes of the reader: they become findings of the layer `schema` with the reader's own code.
pub const READER_CODES: &[(&str, Severity, &str)] = &[
    ("replaced_characters", Severity::Warning, "Bytes that are no text in the file's encoding were replaced."),
    ("nul_characters", Severity::Warning, "NUL characters were taken out."),
    ("byte_order_marks", Severity::Info, "Byte order marks inside the text were taken out."),
    ("empty_column", Severity::Warning, "Columns without a value in any row."),
    ("title_rows", Severity::Info, "Lines above the header were left out."),
    ("no_header", Severity::Warning, "The first row holds data; the columns were numbered."),
    ("short_header", Severity::Warning, "The header has fewer names than the rows have cells."),
    ("blank_header", Severity::Warning, "Columns without a name were numbered."),
    ("duplicate_header", Severity::Warning, "Columns of the same name were numbered."),
    ("total_row", Severity::Info, "Rows of totals were left out."),
    ("footer_rows", Severity::Info, "Lines below the table were left out."),
    ("ragged_row", Severity::Warning, "Rows have more or fewer cells than the header."),
    ("stray_quote", Severity::Warning, "Quotes stand where none belong."),
    ("blank_rows", Severity::Info, "Blank rows were left out."),
    ("error_cells", Severity::Warning, "Cells of a workbook hold error values; they count as missing."),
    ("repeated_header", Severity::Info, "The header comes again between the rows; it was left out."),
];

/// The severity of a note of the reader.
pub(super) fn reader_severity(code: &str) -> Severity {
    READER_CODES.iter().find(|(c, _, _)| *c == code).map_or(Severity::Warning, |(_, severity, _)| *severity)
}
