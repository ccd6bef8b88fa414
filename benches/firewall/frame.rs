//! Tables of text under construction, and a generator for what is planted in them.

use churn_core::table::{ColumnData, Places, RawColumn, RawTable, Source};

/// A small generator (SplitMix64): the same numbers on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.uniform() * n as f64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        let u = self.uniform().max(1e-12);
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.uniform() < p
    }
}

pub type Cells = Vec<Option<String>>;

#[derive(Clone)]
pub struct Frame {
    pub columns: Vec<(String, Cells)>,
    pub y: Vec<bool>,
}

impl Frame {
    pub fn n(&self) -> usize {
        self.y.len()
    }

    pub fn add(&mut self, name: &str, cells: Cells) {
        self.columns.push((name.to_owned(), cells));
    }

    pub fn take(&self, rows: &[usize]) -> Frame {
        let columns = self.columns.iter().map(|(n, c)| (n.clone(), rows.iter().map(|&r| c[r].clone()).collect()));
        Frame { columns: columns.collect(), y: rows.iter().map(|&r| self.y[r]).collect() }
    }

    pub fn table(&self) -> RawTable {
        let label =
            ("churned".to_owned(), self.y.iter().map(|y| Some(if *y { "Yes" } else { "No" }.to_owned())).collect());
        let columns = self.columns.iter().chain([&label]).map(|(name, cells): &(String, Cells)| RawColumn {
            name: name.clone(),
            data: ColumnData::text(cells.iter().map(|c| c.as_deref())),
        });
        RawTable::new(columns.collect(), self.n(), Places::Items, Source::default(), Vec::new())
    }
}

pub fn day(n: i64) -> String {
    // Days since 2024-01-01, by months of 28 days, so that every date is real.
    let n = n.clamp(-336 * 3, 336 * 3 + 300) + 336 * 4;
    format!("{}-{:02}-{:02}", 2020 + n / 336, (n % 336) / 28 + 1, n % 28 + 1)
}

/// The real date this many days from 2024-06-01.
pub fn date(n: i64) -> String {
    (jiff::civil::date(2024, 6, 1) + jiff::Span::new().days(n)).to_string()
}

pub fn text(y: &[bool], mut cell: impl FnMut(bool, usize) -> Option<String>) -> Cells {
    y.iter().enumerate().map(|(i, &y)| cell(y, i)).collect()
}

pub fn some(x: impl ToString) -> Option<String> {
    Some(x.to_string())
}

pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub type Plant = fn(&mut Frame, &mut Random) -> &'static [&'static str];

/// Group means of the label, for groups of about `size` rows; `own` says whether the own row counts.
pub fn encoded(y: &[bool], r: &mut Random, size: usize, own: bool) -> Cells {
    let groups = (y.len() / size).max(2);
    let of: Vec<usize> = y.iter().map(|_| r.below(groups)).collect();
    let mut counts = vec![(0.0, 0.0); groups];
    for (&g, &y) in of.iter().zip(y) {
        counts[g].0 += 1.0;
        counts[g].1 += f64::from(u8::from(y));
    }
    text(y, |y, i| {
        let (n, k) = counts[of[i]];
        let mine = f64::from(u8::from(y));
        let mean = if own { k / n } else { (k - mine) / (n - 1.0f64).max(1.0) };
        some(format!("{mean:.6}"))
    })
}

/// Posterior probability of a hidden number that lies `d` standard deviations apart.
pub fn probability(y: &[bool], r: &mut Random, d: f64) -> Vec<f64> {
    let base = y.iter().filter(|y| **y).count() as f64 / y.len() as f64;
    let prior = (base / (1.0 - base)).ln();
    y.iter().map(|&y| logistic(d * (d * f64::from(u8::from(y)) + r.normal()) - d * d / 2.0 + prior)).collect()
}

pub fn noisy(f: &mut Frame, r: &mut Random, flips: f64) -> &'static [&'static str] {
    let c = text(&f.y, |y, _| some(u8::from(y != r.chance(flips))));
    f.add("flag_b", c);
    &["flag_b"]
}

pub fn shifted(f: &mut Frame, r: &mut Random, d: f64, name: &'static str) {
    let c = text(&f.y, |y, _| some(format!("{:.4}", d * f64::from(u8::from(y)) + r.normal())));
    f.add(name, c);
}
