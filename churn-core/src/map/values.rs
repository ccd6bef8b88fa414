//! What the cells of a column look like: one pass a column, before any field is considered.

use super::names::fold;
use crate::packed::{self, packed};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that give the meaning of a column away, by the list they stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    YesNo,
    Left,
    Contract,
    Interval,
    Status,
    Gender,
    Plan,
    Internet,
    Payment,
    Rating,
    Priority,
    Direction,
    Sentiment,
    Currency,
}

/// The lists in the order of their bits, with their names in `map/vocabulary.toml`.
const LISTS: [(Vocabulary, &str); 14] = [
    (Vocabulary::YesNo, "yes_no"),
    (Vocabulary::Left, "left"),
    (Vocabulary::Contract, "contract"),
    (Vocabulary::Interval, "interval"),
    (Vocabulary::Status, "status"),
    (Vocabulary::Gender, "gender"),
    (Vocabulary::Plan, "plan"),
    (Vocabulary::Internet, "internet"),
    (Vocabulary::Payment, "payment"),
    (Vocabulary::Rating, "rating"),
    (Vocabulary::Priority, "priority"),
    (Vocabulary::Direction, "direction"),
    (Vocabulary::Sentiment, "sentiment"),
    (Vocabulary::Currency, "currency"),
];

static LOOKUP: LazyLock<HashMap<String, u16>> = LazyLock::new(|| {
    // The file is part of the build and the tests read it; it cannot fail at run time.
    #[allow(clippy::expect_used)]
    let file: HashMap<String, Vec<String>> =
        toml::from_str(&packed::text(packed!("vocabulary.toml"))).expect("map/vocabulary.toml is valid");
    let mut lookup = HashMap::new();
    for (bit, (_, name)) in LISTS.iter().enumerate() {
        for word in file.get(*name).into_iter().flatten() {
            *lookup.entry(word.clone()).or_insert(0) |= 1 << bit;
        }
    }
    lookup
});

/// The longest cell, in bytes, that is looked up in the vocabularies.
const LONGEST_WORD: usize = 32;

/// Cells that are looked at; a column of a thousand cells shows its nature in far fewer.
const MAX_CELLS: usize = 250;

/// What the cells of a column look like, as shares of the cells seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValueProfile {
    /// Number of cells seen.
    pub(crate) n: usize,
    /// Share of numbers, with or without currency sign, percent sign and thousands separators.
    pub(crate) number: f64,
    /// Share of whole numbers.
    pub(crate) integer: f64,
    /// Share of 0 and 1.
    pub(crate) bit: f64,
    /// Smallest and largest number.
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Median of the numbers.
    pub(crate) median: f64,
    /// Share of calendar dates and instants as text.
    pub(crate) date: f64,
    /// Share of whole numbers that are plausible as Unix time in seconds or milliseconds.
    pub(crate) unix: f64,
    /// Share of times of day without a date.
    pub(crate) clock: f64,
    /// Share of e-mail addresses.
    pub(crate) email: f64,
    /// Share of cells that may be telephone numbers.
    pub(crate) phone: f64,
    /// Share of cells that may be Internet addresses of hosts (IPv4).
    pub(crate) ip: f64,
    /// Share of web addresses.
    pub(crate) url: f64,
    /// Share of cells that look like identifiers: letters and digits mixed, or long whole numbers.
    pub(crate) identifier: f64,
    /// Distinct cells by share.
    pub(crate) distinct: f64,
    /// Number of distinct cells.
    pub(crate) n_distinct: usize,
    /// Mean length in characters.
    pub(crate) length: f64,
    /// The numbers in order, for rules between columns; only where nearly every cell is one.
    pub(crate) numbers: Vec<f64>,
    /// The days since 1970 in order, for rules between columns; only where nearly every cell is a date that
    /// can be read in one way.
    pub(crate) days: Vec<i64>,
    pub(crate) words: [f64; LISTS.len()],
}

impl ValueProfile {
    /// The profile of these cells.
    pub(crate) fn new(samples: &[String]) -> ValueProfile {
        let mut p = ValueProfile { min: f64::INFINITY, max: f64::NEG_INFINITY, ..ValueProfile::default() };
        let step = samples.len().div_ceil(MAX_CELLS).max(1);
        let mut hashes = Vec::new();
        let mut buffer = String::new();
        for cell in samples.iter().step_by(step).map(|s| s.trim()).filter(|s| !s.is_empty()) {
            p.n += 1;
            hashes.push(hash(cell));
            p.length += cell.chars().count() as f64;
            p.see(cell, &mut buffer);
        }
        if p.n == 0 {
            return ValueProfile::default();
        }
        let n = p.n as f64;
        let shares = [
            &mut p.number,
            &mut p.integer,
            &mut p.bit,
            &mut p.date,
            &mut p.unix,
            &mut p.clock,
            &mut p.email,
            &mut p.phone,
            &mut p.ip,
            &mut p.url,
            &mut p.identifier,
            &mut p.length,
        ];
        for share in shares {
            *share /= n;
        }
        for share in &mut p.words {
            *share /= n;
        }
        hashes.sort_unstable();
        hashes.dedup();
        p.n_distinct = hashes.len();
        p.distinct = hashes.len() as f64 / n;
        let mut sorted = p.numbers.clone();
        sorted.sort_by(f64::total_cmp);
        p.median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
        p
    }

    /// Counts one cell.
    fn see(&mut self, cell: &str, buffer: &mut String) {
        let bytes = cell.as_bytes();
        if let Some(number) = number(cell) {
            self.number += 1.0;
            self.numbers.push(number);
            self.min = self.min.min(number);
            self.max = self.max.max(number);
            if number.fract() == 0.0 {
                self.integer += 1.0;
                self.bit += f64::from(u8::from(number == 0.0 || number == 1.0));
                let plain = bytes.iter().all(u8::is_ascii_digit);
                // 2001 to 2038 in seconds, or the same in milliseconds.
                if plain && ((9.8e8..2.15e9).contains(&number) || (9.8e11..2.15e12).contains(&number)) {
                    self.unix += 1.0;
                }
                // Leading zeros and more than five digits belong to names of things rather than to counts.
                if plain && (bytes.len() >= 6 || (bytes.len() > 1 && bytes[0] == b'0')) {
                    self.identifier += 1.0;
                }
            }
        } else {
            if let Some(day) = date(bytes) {
                self.date += 1.0;
                self.days.extend(day);
            } else if clock(bytes) {
                self.clock += 1.0;
            }
            self.email += f64::from(u8::from(email(cell)));
            self.ip += f64::from(u8::from(ip(cell)));
            self.url += f64::from(u8::from(cell.starts_with("http") || cell.starts_with("www.")));
            let digit = bytes.iter().any(u8::is_ascii_digit);
            let name = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:/".contains(b));
            self.identifier += f64::from(u8::from(digit && name && bytes.len() >= 3));
        }
        self.phone += f64::from(u8::from(phone(bytes)));
        if cell.len() <= LONGEST_WORD {
            buffer.clear();
            if cell.is_ascii() {
                buffer.push_str(cell);
                buffer.make_ascii_lowercase();
            } else {
                buffer.push_str(&fold(cell));
            }
            if let Some(bits) = LOOKUP.get(buffer.as_str()) {
                for (bit, share) in self.words.iter_mut().enumerate() {
                    *share += f64::from(bits >> bit & 1);
                }
            }
        }
    }

    /// Share of the cells that stand in a vocabulary.
    pub(crate) fn share(&self, list: Vocabulary) -> f64 {
        LISTS.iter().position(|(l, _)| *l == list).map_or(0.0, |i| self.words[i])
    }

    /// Whether cells were seen at all.
    pub(crate) fn seen(&self) -> bool {
        self.n > 0
    }

    /// Share of cells that are two-valued: yes and no in words, or 0 and 1.
    pub(crate) fn boolean(&self) -> f64 {
        self.share(Vocabulary::YesNo).max(self.bit)
    }
}

/// A fast hash for counting distinct cells (FNV-1a); collisions would only blur an estimate.
fn hash(cell: &str) -> u64 {
    cell.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// A cell as a number, with currency signs, percent signs, blanks and thousands separators left out.
fn number(cell: &str) -> Option<f64> {
    let bytes = cell.as_bytes();
    if bytes.len() > 40 || !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    if let Ok(number) = cell.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let mut text = String::with_capacity(cell.len());
    let mut negative = false;
    for c in cell.chars() {
        match c {
            '0'..='9' | '.' | ',' => text.push(c),
            '-' | '(' if text.is_empty() => negative = true,
            '$' | '€' | '£' | '¥' | '₹' | '%' | ' ' | '\u{a0}' | '\u{202f}' | '\'' | '+' | ')' => {}
            'R' if text.is_empty() => {}
            _ => return None,
        }
    }
    // A separator that comes twice stands for thousands, or this is a date or an address.
    for sign in [',', '.'] {
        if text.matches(sign).count() > 1
            && !text.split(sign).skip(1).all(|g| g.bytes().take_while(u8::is_ascii_digit).count() == 3)
        {
            return None;
        }
    }
    // The last separator is the decimal one, unless it stands for thousands: once or more, three digits after.
    let last = text.rfind([',', '.']);
    let decimal = last.filter(|&at| {
        let sign = text.as_bytes()[at];
        let repeated = text.bytes().filter(|b| *b == sign).count() > 1;
        let other = text.bytes().any(|b| (b == b',' || b == b'.') && b != sign);
        !repeated && (other || text.len() - at - 1 != 3)
    });
    let plain: String = text
        .char_indices()
        .filter_map(|(i, c)| match c {
            ',' | '.' if Some(i) == decimal => Some('.'),
            ',' | '.' => None,
            c => Some(c),
        })
        .collect();
    plain.parse::<f64>().ok().map(|n| if negative { -n } else { n })
}

/// Whether the cell starts with a calendar date; and the day where it can be read in one way only.
fn date(cell: &[u8]) -> Option<Option<i64>> {
    if cell.len() < 6 || cell.len() > 40 {
        return None;
    }
    let mut parts = [0u32; 3];
    let mut lengths = [0usize; 3];
    let mut part = 0;
    let mut separator = None;
    let mut letters = 0;
    for (i, &b) in cell.iter().enumerate() {
        match b {
            b'0'..=b'9' if letters == 0 => {
                parts[part] = parts[part].saturating_mul(10).saturating_add(u32::from(b - b'0'));
                lengths[part] += 1;
                if lengths[part] > 4 {
                    return None;
                }
            }
            b'-' | b'/' | b'.' if lengths[part] > 0 && part < 2 && separator.is_none_or(|s| s == b) => {
                separator = Some(b);
                part += 1;
            }
            b'T' | b' ' if part == 2 && lengths[2] > 0 => break,
            b'a'..=b'z' | b'A'..=b'Z' | b' ' | b',' | b'-' => letters += usize::from(b.is_ascii_alphabetic()),
            b'0'..=b'9' if i > 2 => {}
            _ => return None,
        }
    }
    if letters > 0 {
        return month_name(cell).then_some(None);
    }
    if part != 2 || lengths.contains(&0) {
        return None;
    }
    let (y, m, d) = match lengths {
        [4, ..] => (parts[0], parts[1], parts[2]),
        // Day and month may be exchanged; only an impossible month settles it.
        [.., 4 | 2] => {
            let year = if lengths[2] == 2 { 2000 + parts[2] } else { parts[2] };
            let (a, b) = (parts[0], parts[1]);
            let settled = a > 12 || b > 12 || a == b;
            let (m, d) = if a > 12 { (b, a) } else { (a, b) };
            if !valid(year, m, d) {
                return None;
            }
            return Some(settled.then(|| days(year, m, d)));
        }
        _ => return None,
    };
    valid(y, m, d).then(|| Some(days(y, m, d)))
}

/// Whether year, month and day can be a date in a customer table.
fn valid(year: u32, month: u32, day: u32) -> bool {
    (1900..=2200).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Days since 1970, close enough for order and distance.
fn days(year: u32, month: u32, day: u32) -> i64 {
    let (y, m) = if month <= 2 { (i64::from(year) - 1, month + 9) } else { (i64::from(year), month - 3) };
    y * 365 + y / 4 - y / 100 + y / 400 + (i64::from(m) * 153 + 2) / 5 + i64::from(day) - 719_469
}

/// Whether the cell names a month in words beside digits: `12 Mar 2024`, `March 5, 2024`.
fn month_name(cell: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let digits = cell.iter().filter(|b| b.is_ascii_digit()).count();
    (3..=14).contains(&digits)
        && cell
            .split(|b| !b.is_ascii_alphabetic())
            .any(|w| w.len() >= 3 && w.len() <= 9 && MONTHS.iter().any(|m| w[..3].eq_ignore_ascii_case(m)))
        && cell.split(|b| !b.is_ascii_alphabetic()).filter(|w| w.len() > 3).count() <= 2
}

/// Whether the cell is a time of day.
fn clock(cell: &[u8]) -> bool {
    (4..=12).contains(&cell.len())
        && cell[0].is_ascii_digit()
        && (cell.get(1) == Some(&b':') || cell.get(2) == Some(&b':'))
        && cell.iter().all(|b| b.is_ascii_digit() || b":.APMapm ".contains(b))
}

/// Whether the cell is an e-mail address.
fn email(cell: &str) -> bool {
    let Some((local, host)) = cell.split_once('@') else { return false };
    !local.is_empty() && host.contains('.') && !host.starts_with('.') && !cell.contains([' ', '/'])
}

/// Whether the cell may be a telephone number.
fn phone(cell: &[u8]) -> bool {
    let digits = cell.iter().filter(|b| b.is_ascii_digit()).count();
    (7..=15).contains(&digits)
        && cell.len() <= 24
        && cell.iter().all(|b| b.is_ascii_digit() || b"+-(). /x".contains(b))
        && (cell[0] == b'+' || cell[0] == b'(' || cell.iter().filter(|b| b"-. ".contains(b)).count() >= 2)
        && date(cell).is_none()
}

/// Whether the cell is an IPv4 address.
fn ip(cell: &str) -> bool {
    cell.len() <= 15 && cell.split('.').count() == 4 && cell.split('.').all(|p| p.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(cells: &[&str]) -> ValueProfile {
        ValueProfile::new(&cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn numbers_in_many_notations() {
        for (cell, wanted) in [
            ("1,250.00", 1250.0),
            ("1.250,00", 1250.0),
            ("199,90", 199.9),
            ("5 785,00", 5785.0),
            ("$ 12", 12.0),
            ("R$ 3,50", 3.5),
            ("2.398,80", 2398.8),
            ("12%", 12.0),
            ("(5.5)", -5.5),
            ("1,000", 1000.0),
        ] {
            assert_eq!(number(cell), Some(wanted), "{cell}");
        }
        for cell in ["", "abc", "12 months", "2024-01-02", "C-10023", "1.2.3.4.5x", "NaN"] {
            assert_eq!(number(cell), None, "{cell}");
        }
    }

    #[test]
    fn dates_in_many_notations() {
        for cell in [
            "2024-02-29",
            "2024-02-29T10:00:00Z",
            "29/02/2024",
            "2/29/24",
            "29.02.2024",
            "12 Mar 2024",
            "March 5, 2024",
        ] {
            assert_eq!(profile(&[cell]).date, 1.0, "{cell}");
        }
        for cell in ["16:08:02", "12 months", "7590-VHVEG", "2 weeks", "Two year", "1-2", "99/99/2024"] {
            assert_eq!(profile(&[cell]).date, 0.0, "{cell}");
        }
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2024, 3, 1) - days(2024, 2, 28), 2);
        assert!(profile(&["03/04/2024"]).days.is_empty(), "day and month may be exchanged");
    }

    #[test]
    fn vocabularies_and_shapes() {
        assert_eq!(profile(&["Month-to-month", "One year"]).share(Vocabulary::Contract), 1.0);
        assert_eq!(profile(&["Não", "Sim"]).boolean(), 1.0);
        assert_eq!(profile(&["a@b.io", "c@d.com"]).email, 1.0);
        assert_eq!(profile(&["1612890938"]).unix, 1.0);
        assert_eq!(profile(&["10.0.0.1"]).ip, 1.0);
        assert_eq!(profile(&["+49 30 123456"]).phone, 1.0);
        assert_eq!(profile(&[]).n, 0);
    }
}
