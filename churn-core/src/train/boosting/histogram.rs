//! Sums of gradients by bin, as integers: exact under any order of addition, so that a histogram is the same for
//! any number of threads and a sibling's is an exact subtraction.
//!
//! Gradient and curvature of a row are rounded to fixed point and packed into one 64-bit integer (gradient in the
//! upper half, curvature in the lower), so that one addition adds both. Source of the idea: Shi et al., "Quantized
//! training of gradient boosting decision trees" (2022); here the scale is as fine as 32 bits allow, so that the
//! rounding is far below the noise of the data. Leaf values are computed from the exact numbers.

use super::bins::Binned;
use rayon::prelude::*;

/// Additions below which a histogram is made on the calling thread.
const PARALLEL_WORK: usize = 1 << 18;

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

/// Where each feature of a tree has its bins in a histogram. Features are ordered by the width of their place (4,
/// 16, 64 or 256 bins), so that equal widths lie side by side.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) slots: Vec<Slot>,
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

const WIDTHS: [usize; 4] = [4, 16, 64, 256];

impl Layout {
    pub(super) fn new(binned: &Binned, features: &[usize]) -> Layout {
        let (mut slots, mut widths, mut offset) = (Vec::with_capacity(features.len()), [0; 4], 0);
        for (class, &width) in WIDTHS.iter().enumerate() {
            let fits = |n: usize| n <= width && (class == 0 || n > WIDTHS[class - 1]);
            for &feature in features {
                let n_bins = binned.cuts[feature].n_bins();
                if fits(n_bins) {
                    slots.push(Slot { feature, offset, n_bins });
                    widths[class] += 1;
                    offset += width;
                }
            }
        }
        Layout { slots, widths, len: offset }
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
        let mut jobs: Vec<Job<'_>> = Vec::with_capacity(self.slots.len() / 4 + 4);
        for (class, &count) in self.widths.iter().enumerate() {
            let (own, later) = slots.split_at(count);
            let (place, beyond) = rest.split_at_mut(count * WIDTHS[class]);
            let groups = own.chunks(4).zip(place.chunks_mut(4 * WIDTHS[class]));
            jobs.extend(groups.map(|(slots, out)| Job { class, slots, out }));
            (slots, rest) = (later, beyond);
        }
        let run = |job: &mut Job<'_>| job.run(binned, rows, ordered);
        if rows.len() * self.slots.len() >= PARALLEL_WORK {
            jobs.par_iter_mut().for_each(run);
        } else {
            jobs.iter_mut().for_each(run);
        }
    }
}

/// Up to four features of one width.
struct Job<'a> {
    class: usize,
    slots: &'a [Slot],
    out: &'a mut [i64],
}

impl Job<'_> {
    fn run(&mut self, binned: &Binned, rows: &[u32], ordered: &[i64]) {
        self.out.fill(0);
        match self.class {
            0 => self.add::<4>(binned, rows, ordered),
            1 => self.add::<16>(binned, rows, ordered),
            2 => self.add::<64>(binned, rows, ordered),
            _ => self.add::<256>(binned, rows, ordered),
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
