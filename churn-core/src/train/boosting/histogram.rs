//! Sums of gradients by bin, as integers: exact under any order of addition, so that a histogram is the same for
//! any number of threads and a sibling's is an exact subtraction.
//!
//! Gradient and curvature of a row are rounded to fixed point and packed into one 64-bit integer (gradient in the
//! upper half, curvature in the lower), so that one addition adds both. Source of the idea: Shi et al., "Quantized
//! training of gradient boosting decision trees" (2022); here the scale is as fine as 32 bits allow, so that the
//! rounding is far below the noise of the data. Leaf values are computed from the exact numbers.

use super::bins::{Binned, MAX_CELLS};
use rayon::prelude::*;

/// Additions below which a histogram is made on the calling thread.
const PARALLEL_WORK: usize = 1 << 16;

/// Fixed-point gradients of the rows.
#[derive(Debug, Clone, Default)]
pub(super) struct Quantised {
    /// Gradient x 2^32 + curvature, by row.
    pub(super) packed: Vec<i64>,
    /// What one unit of the gradient is.
    pub(super) gradient_unit: f64,
    /// What one unit of the curvature is.
    pub(super) curvature_unit: f64,
}

impl Quantised {
    /// Rounds the (gradient, curvature) of these rows; `n` rows of the largest size still fit in 30 bits.
    pub(super) fn fill(&mut self, rows: &[u32], derivatives: &[[f64; 2]]) {
        let (mut most_g, mut most_h) = (0.0f64, 0.0f64);
        for &r in rows {
            let [g, h] = derivatives[r as usize];
            most_g = most_g.max(g.abs());
            most_h = most_h.max(h);
        }
        let steps = (1u64 << 30) as f64 / rows.len().max(1) as f64;
        let unit = |most: f64| if most > 0.0 { most / steps } else { 1.0 };
        (self.gradient_unit, self.curvature_unit) = (unit(most_g), unit(most_h));
        let (per_g, per_h) = (1.0 / self.gradient_unit, 1.0 / self.curvature_unit);
        self.packed.resize(derivatives.len(), 0);
        for &r in rows {
            let [g, h] = derivatives[r as usize];
            // The cast truncates: adding a half first rounds.
            let g = (g * per_g + if g < 0.0 { -0.5 } else { 0.5 }) as i64;
            let h = (h * per_h + 0.5) as i64;
            self.packed[r as usize] = (g << 32) + h;
        }
    }

    /// Gradient and curvature of a packed sum.
    #[inline]
    pub(super) fn unpack(&self, sum: i64) -> [f64; 2] {
        let curvature = sum & 0xffff_ffff;
        let gradient = (sum - curvature) >> 32;
        [gradient as f64 * self.gradient_unit, curvature as f64 * self.curvature_unit]
    }
}

/// Where each feature of a tree has its bins in a histogram: first those that are counted in bundles, then the others,
/// ordered by the width of their place (4, 16, 64 or 256 bins), so that equal widths lie side by side.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) slots: Vec<Slot>,
    bundles: Vec<Bundled>,
    widths: [usize; 4],
    pub(super) len: usize,
}

/// One feature's place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) feature: usize,
    pub(super) offset: usize,
    pub(super) n_bins: usize,
}

/// Features that are counted together.
#[derive(Debug, Clone)]
struct Bundled {
    bundle: usize,
    /// Place among the bundle's parts, for each of its slots.
    parts: Vec<usize>,
    /// Length of their places.
    len: usize,
}

const WIDTHS: [usize; 4] = [4, 16, 64, 256];

/// Columns that are counted at once: their additions do not wait for each other.
const AT_ONCE: usize = 4;

impl Layout {
    pub(super) fn new(binned: &Binned, features: &[usize]) -> Layout {
        let width = |n_bins: usize| WIDTHS.into_iter().find(|&width| n_bins <= width).unwrap_or(WIDTHS[3]);
        let (mut slots, mut offset) = (Vec::with_capacity(features.len()), 0);
        let mut place = |feature: usize| {
            let n_bins = binned.cuts[feature].n_bins();
            slots.push(Slot { feature, offset, n_bins });
            offset += width(n_bins);
            width(n_bins)
        };
        let mut alone: Vec<usize> = features.to_vec();
        let mut bundles = Vec::new();
        for (bundle, together) in binned.bundles.iter().enumerate() {
            let wanted = |part: &usize| features.binary_search(&together.parts[*part].feature).is_ok();
            let parts: Vec<usize> = (0..together.parts.len()).filter(wanted).collect();
            if parts.len() > 1 {
                alone.retain(|feature| parts.iter().all(|&part| together.parts[part].feature != *feature));
                let len = parts.iter().map(|&part| place(together.parts[part].feature)).sum();
                bundles.push(Bundled { bundle, parts, len });
            }
        }
        let mut widths = [0; 4];
        for (class, &wide) in WIDTHS.iter().enumerate() {
            for &feature in alone.iter().filter(|&&f| width(binned.cuts[f].n_bins()) == wide) {
                place(feature);
                widths[class] += 1;
            }
        }
        Layout { slots, bundles, widths, len: offset }
    }

    /// The histogram of these rows, into `out` (length `len`).
    pub(super) fn fill(
        &self,
        binned: &Binned,
        rows: &[u32],
        quantised: &Quantised,
        ordered: &mut Vec<i64>,
        out: &mut [i64],
    ) {
        ordered.clear();
        ordered.extend(rows.iter().map(|&r| quantised.packed[r as usize]));
        let (mut slots, mut rest) = (self.slots.as_slice(), out);
        let mut jobs: Vec<Job<'_>> = Vec::with_capacity(self.slots.len() / AT_ONCE + 5);
        for bundles in self.bundles.chunks(AT_ONCE) {
            let (own, later) = slots.split_at(bundles.iter().map(|b| b.parts.len()).sum());
            let (out, beyond) = rest.split_at_mut(bundles.iter().map(|b| b.len).sum());
            jobs.push(Job { kind: Kind::Bundles(bundles), slots: own, out });
            (slots, rest) = (later, beyond);
        }
        let n_bundled = self.slots.len() - slots.len();
        for (class, &count) in self.widths.iter().enumerate() {
            let (own, later) = slots.split_at(count);
            let (place, beyond) = rest.split_at_mut(count * WIDTHS[class]);
            let groups = own.chunks(AT_ONCE).zip(place.chunks_mut(AT_ONCE * WIDTHS[class]));
            jobs.extend(groups.map(|(slots, out)| Job { kind: Kind::Class(class), slots, out }));
            (slots, rest) = (later, beyond);
        }
        let run = |job: &mut Job<'_>| job.run(binned, rows, ordered);
        if rows.len() * (self.slots.len() - n_bundled + self.bundles.len()) >= PARALLEL_WORK {
            jobs.par_iter_mut().for_each(run);
        } else {
            jobs.iter_mut().for_each(run);
        }
    }
}

/// Columns that are counted at once.
struct Job<'a> {
    kind: Kind<'a>,
    slots: &'a [Slot],
    out: &'a mut [i64],
}

enum Kind<'a> {
    /// Up to four bundles.
    Bundles(&'a [Bundled]),
    /// Up to four features of one width.
    Class(usize),
}

impl Job<'_> {
    fn run(&mut self, binned: &Binned, rows: &[u32], ordered: &[i64]) {
        self.out.fill(0);
        match self.kind {
            Kind::Bundles(bundles) if rows.len() > MAX_CELLS => match bundles.len() {
                1 => self.count::<1>(bundles, binned, rows, ordered),
                2 => self.count::<2>(bundles, binned, rows, ordered),
                3 => self.count::<3>(bundles, binned, rows, ordered),
                _ => self.count::<4>(bundles, binned, rows, ordered),
            },
            // So few rows are counted sooner than cells are shared out.
            Kind::Bundles(_) => {
                let first = self.slots.first().map_or(0, |slot| slot.offset);
                for slot in self.slots {
                    let column = &binned.columns[slot.feature];
                    let own = &mut self.out[slot.offset - first..][..slot.n_bins];
                    rows.iter().zip(ordered).for_each(|(&r, &v)| own[usize::from(column[r as usize])] += v);
                }
            }
            Kind::Class(0) => self.add::<4>(binned, rows, ordered),
            Kind::Class(1) => self.add::<16>(binned, rows, ordered),
            Kind::Class(2) => self.add::<64>(binned, rows, ordered),
            Kind::Class(_) => self.add::<256>(binned, rows, ordered),
        }
    }

    /// Counts the cells of bundles, and shares them out among the bundles' features. `cell & (MAX_CELLS - 1)` is the
    /// cell itself, and tells the compiler that it is inside.
    fn count<const K: usize>(&mut self, bundles: &[Bundled], binned: &Binned, rows: &[u32], ordered: &[i64]) {
        let mut cells = [[0i64; MAX_CELLS]; K];
        let columns: [&[u8]; K] = std::array::from_fn(|k| &binned.bundles[bundles[k].bundle].column[..binned.n_rows()]);
        if rows.len() == binned.n_rows() {
            for (r, &v) in ordered.iter().enumerate() {
                for k in 0..K {
                    cells[k][usize::from(columns[k][r]) & (MAX_CELLS - 1)] += v;
                }
            }
        } else {
            for (&r, &v) in rows.iter().zip(ordered) {
                for k in 0..K {
                    cells[k][usize::from(columns[k][r as usize]) & (MAX_CELLS - 1)] += v;
                }
            }
        }
        let first = self.slots.first().map_or(0, |slot| slot.offset);
        let mut slots = self.slots.iter();
        for (bundled, cells) in bundles.iter().zip(&cells) {
            let parts = &binned.bundles[bundled.bundle].parts;
            for (&part, slot) in bundled.parts.iter().zip(&mut slots) {
                let own = &mut self.out[slot.offset - first..][..slot.n_bins];
                parts[part].bins.iter().zip(cells).for_each(|(&bin, &v)| own[usize::from(bin)] += v);
            }
        }
    }

    /// Four features at once: their additions do not wait for each other. `bin & (W - 1)` is the bin itself, and
    /// tells the compiler that it is inside.
    fn add<const W: usize>(&mut self, binned: &Binned, rows: &[u32], ordered: &[i64]) {
        let column = |slot: &Slot| binned.columns[slot.feature].as_slice();
        let all = rows.len() == binned.n_rows();
        if let ([a, b, c, d], [ha, hb, hc, hd]) = (self.slots, self.out.as_chunks_mut::<W>().0) {
            let (a, b, c, d) = (column(a), column(b), column(c), column(d));
            if all {
                for ((((&a, &b), &c), &d), &v) in a.iter().zip(b).zip(c).zip(d).zip(ordered) {
                    ha[a as usize & (W - 1)] += v;
                    hb[b as usize & (W - 1)] += v;
                    hc[c as usize & (W - 1)] += v;
                    hd[d as usize & (W - 1)] += v;
                }
                return;
            }
            let n = a.len();
            let (b, c, d) = (&b[..n], &c[..n], &d[..n]);
            for (&r, &v) in rows.iter().zip(ordered) {
                let r = r as usize;
                ha[a[r] as usize & (W - 1)] += v;
                hb[b[r] as usize & (W - 1)] += v;
                hc[c[r] as usize & (W - 1)] += v;
                hd[d[r] as usize & (W - 1)] += v;
            }
            return;
        }
        for (slot, hist) in self.slots.iter().zip(self.out.as_chunks_mut::<W>().0) {
            let column = column(slot);
            for (&r, &v) in rows.iter().zip(ordered) {
                hist[column[r as usize] as usize & (W - 1)] += v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_sums_are_near_the_true_ones_and_subtract_exactly() {
        let derivatives: Vec<[f64; 2]> =
            (0..5000).map(|i| [f64::from(i % 17) / 17.0 - 0.4, f64::from(i % 7) / 28.0]).collect();
        let rows: Vec<u32> = (0..5000).collect();
        let mut quantised = Quantised::default();
        quantised.fill(&rows, &derivatives);
        let sum = |rows: &[u32]| rows.iter().map(|&r| quantised.packed[r as usize]).sum::<i64>();
        for rows in [&rows[..], &rows[..1], &rows[16..17], &rows[700..3000]] {
            let [g, h] = quantised.unpack(sum(rows));
            let exact = |k: usize| rows.iter().map(|&r| derivatives[r as usize][k]).sum::<f64>();
            assert!((g - exact(0)).abs() < 1e-4 * rows.len() as f64, "{g} {}", exact(0));
            assert!((h - exact(1)).abs() < 1e-4 * rows.len() as f64, "{h} {}", exact(1));
        }
        assert_eq!(sum(&rows) - sum(&rows[..1234]), sum(&rows[1234..]));
    }
}
