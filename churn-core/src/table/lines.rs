//! Line numbers of rows.

use std::sync::Arc;

/// One line number a row, counted from 1. Rows mostly stand in lines that follow each other, so only where a run of them
/// begins is kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    /// First row of each run, and its line.
    runs: Arc<[(usize, u64)]>,
}

impl Lines {
    /// The line of a row, counted from 0.
    pub fn of(&self, row: usize) -> Option<u64> {
        let (first, line) = self.runs[..self.runs.partition_point(|(first, _)| *first <= row)].last()?;
        Some(line + (row - first) as u64)
    }

    /// First row of each run, and its line.
    pub(crate) fn runs(&self) -> &[(usize, u64)] {
        &self.runs
    }

    /// Of runs, each with its first row and that row's line.
    pub(crate) fn of_runs(runs: Vec<(usize, u64)>) -> Lines {
        Lines { runs: runs.into() }
    }
}

impl FromIterator<u64> for Lines {
    fn from_iter<I: IntoIterator<Item = u64>>(lines: I) -> Lines {
        let mut runs = Vec::new();
        let mut next = None;
        for (row, line) in lines.into_iter().enumerate() {
            if next != Some(line) {
                runs.push((row, line));
            }
            next = line.checked_add(1);
        }
        Lines::of_runs(runs)
    }
}

impl From<Vec<u64>> for Lines {
    fn from(lines: Vec<u64>) -> Lines {
        lines.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_line() {
        for given in [vec![], vec![2], vec![2, 3, 4, 7, 8, 20, 3, 4], vec![5, 5, 5]] {
            let lines = Lines::from(given.clone());
            let told: Vec<u64> = (0..given.len()).filter_map(|row| lines.of(row)).collect();
            assert_eq!(told, given);
            assert!(lines.runs().len() <= given.len());
        }
        assert_eq!(Lines::from((2..1_000).collect::<Vec<u64>>()).runs(), [(0, 2)]);
    }
}
