//! What the words of status, priority, reason and the like say. Told by parts of words, so that "payment_failed", "Failed"
//! and "card declined" all say that a payment failed.

/// Letters and digits alone, in lower case.
fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn says(text: &str, parts: &[&str]) -> bool {
    let squashed = squash(text);
    parts.iter().any(|p| squashed.contains(p))
}

/// A header in snake_case.
pub(super) fn snake(header: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in header.trim().chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && before.is_lowercase() {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
        before = c;
    }
    out
}

/// FNV-1a, 64 bits: the same on every machine. Never 0, which is the hash of a missing id.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut hash =
        bytes.iter().fold(0xcbf2_9ce4_8422_2325u64, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    // FNV's low bits mix worst.
    hash ^= hash >> 32;
    hash.max(1)
}

/// A priority that is high or more.
pub(super) fn urgent(text: &str) -> bool {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let short = ["p0", "p1", "s0", "s1", "sev0", "sev1", "high", "highest", "hoch", "alta", "haute", "alto", "hohe"];
    words.iter().any(|w| short.contains(&w.as_str()))
        || says(
            text,
            &["urgent", "critic", "kritisch", "blocker", "emergency", "severe", "dringend", "crític", "critiq"],
        )
}

/// A ticket that was escalated.
pub(super) fn escalated(text: &str) -> bool {
    says(text, &["escalat", "eskal", "escalad"]) && !says(text, &["notescalat", "deescalat"])
}

/// A ticket that was opened again.
pub(super) fn reopened(text: &str) -> bool {
    says(text, &["reopen", "wiedereröffnet", "reabiert", "rouvert", "reabert", "riapert"])
}

/// Yes, or a number above 0.
pub(super) fn yes(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    lower.parse::<f64>().map_or_else(
        |_| ["true", "yes", "y", "t", "ja", "si", "sí", "oui", "sim"].contains(&lower.as_str()),
        |n| n > 0.0,
    )
}

/// A payment that failed.
pub(super) fn failed(text: &str) -> bool {
    says(
        text,
        &[
            "fail",
            "declin",
            "reject",
            "error",
            "bounce",
            "insufficient",
            "uncollect",
            "chargeback",
            "dishono",
            "unsuccess",
            "denied",
        ],
    )
}

/// A payment that is still open, or will never be.
pub(super) fn unpaid(text: &str) -> bool {
    says(
        text,
        &[
            "unpaid",
            "notpaid",
            "pending",
            "open",
            "pastdue",
            "overdue",
            "draft",
            "void",
            "cancel",
            "scheduled",
            "outstanding",
            "due",
        ],
    )
}

/// A subscription that pauses.
pub(super) fn paused(text: &str) -> bool {
    says(text, &["paus", "onhold", "suspend", "frozen", "freeze"])
}

/// A reason of ending that nobody chose: the payment failed for good.
pub(super) fn involuntary(text: &str) -> bool {
    says(
        text,
        &[
            "paymentfail",
            "failed",
            "declin",
            "nonpay",
            "delinq",
            "dunning",
            "pastdue",
            "unpaid",
            "involunt",
            "expiredcard",
            "cardexpired",
            "insufficient",
            "uncollect",
            "chargeback",
        ],
    )
}

/// Contact by the customer.
pub(super) fn inbound(text: &str) -> bool {
    let squashed = squash(text);
    squashed.starts_with("in") || squashed.starts_with("received") || squashed.starts_with("eingehend")
}

/// Contact by the company.
pub(super) fn outbound(text: &str) -> bool {
    let squashed = squash(text);
    squashed.starts_with("out") || squashed.starts_with("sent") || squashed.starts_with("ausgehend")
}

/// An appointment that the customer did not keep.
pub(super) fn no_show(text: &str) -> bool {
    says(text, &["noshow", "didnotshow", "didnotattend", "missedmeeting", "missedappointment", "notattended"])
}

/// Sentiment between -1 and 1; NaN for a word that says none.
pub(super) fn sentiment(text: &str) -> f64 {
    if let Ok(number) = text.trim().parse::<f64>() {
        return if number.is_finite() { number.clamp(-1.0, 1.0) } else { f64::NAN };
    }
    if says(text, &["negat", "angry", "frustr", "unhappy", "dissatisf", "unsatisf", "upset", "bad", "annoyed"]) {
        -1.0
    } else if says(text, &["posit", "happy", "satisf", "good", "delight", "pleased"]) {
        1.0
    } else if says(text, &["neutr", "mixed"]) {
        0.0
    } else {
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_what_they_mean() {
        assert!(urgent("High") && urgent("P1 - now") && urgent("URGENT") && !urgent("Normal") && !urgent("Thigh"));
        assert!(failed("payment_failed") && failed("Card declined") && !failed("paid"));
        assert!(paused("on hold") && !paused("active"));
        assert!(involuntary("Non-payment") && involuntary("payment failed") && !involuntary("too expensive"));
        assert!(inbound("Inbound") && outbound("outgoing") && !inbound("Outbound"));
        assert!(escalated("Escalated to L2") && !escalated("de-escalated"));
        assert!(yes("True") && yes("2") && !yes("0") && !yes("no"));
        assert_eq!((sentiment("Very unhappy"), sentiment("positive"), sentiment("0.4")), (-1.0, 1.0, 0.4));
        assert!(sentiment("unknown").is_nan());
        assert_eq!((snake("Cancelled At"), snake("knownAt")), ("cancelled_at".into(), "known_at".into()));
    }
}
