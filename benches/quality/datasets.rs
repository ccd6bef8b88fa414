//! The labelled tables that quality is measured on, as CSV text in memory, with the folds and the peers' figures that
//! belong to them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

pub type Failure = Box<dyn std::error::Error>;

/// A table, its label, and what must be left out because it is an id or known only afterwards.
pub struct Dataset {
    pub name: &'static str,
    pub label: &'static str,
    path: &'static str,
    left_out: &'static [&'static str],
    /// A word that stands for a missing value.
    missing: &'static str,
    /// Another table to join: its path, the key, and what of it to leave out.
    join: Option<(&'static str, &'static str, &'static [&'static str])>,
    /// Event tables to count by key and to average the numbers of: path, key.
    counts: &'static [(&'static str, &'static str)],
}

pub const DATASETS: [Dataset; 5] = [
    Dataset {
        name: "telco",
        label: "Churn",
        path: "WA_Fn-UseC_-Telco-Customer-Churn.csv",
        left_out: &["customerID"],
        missing: "",
        join: None,
        counts: &[],
    },
    Dataset {
        name: "bank",
        label: "Exited",
        path: "Churn_Modelling.csv",
        left_out: &["RowNumber", "CustomerId", "Surname"],
        missing: "",
        join: None,
        counts: &[],
    },
    Dataset {
        name: "lead_early",
        label: "Converted",
        path: "Lead_Scoring_X_Education.csv.gz",
        left_out: &[
            "Prospect ID",
            "Lead Number",
            "Tags",
            "Lead Quality",
            "Lead Profile",
            "Last Notable Activity",
            "Last Activity",
            "Asymmetrique Activity Index",
            "Asymmetrique Profile Index",
            "Asymmetrique Activity Score",
            "Asymmetrique Profile Score",
        ],
        missing: "Select",
        join: None,
        counts: &[],
    },
    Dataset {
        name: "raven_flag",
        label: "churn_flag",
        path: "ravenstack/ravenstack_accounts.csv",
        left_out: &["account_id", "account_name"],
        missing: "",
        join: None,
        counts: &[
            ("ravenstack/ravenstack_subscriptions.csv", "account_id"),
            ("ravenstack/ravenstack_support_tickets.csv", "account_id"),
        ],
    },
    Dataset {
        name: "raven_subs",
        label: "churn_flag",
        path: "ravenstack/ravenstack_subscriptions.csv",
        left_out: &["subscription_id", "account_id", "end_date"],
        missing: "",
        join: Some(("ravenstack/ravenstack_accounts.csv", "account_id", &["account_name", "churn_flag"])),
        counts: &[],
    },
];

type Rows = (Vec<String>, Vec<Vec<String>>);

fn read(path: &Path) -> Result<Rows, Failure> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut text = String::new();
    if path.extension().is_some_and(|e| e == "gz") {
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(bytes)?;
    }
    let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let header = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().map(|r| Ok(r?.iter().map(str::to_owned).collect())).collect::<Result<_, Failure>>()?;
    Ok((header, rows))
}

fn position(header: &[String], name: &str) -> Result<usize, Failure> {
    header.iter().position(|h| h == name).ok_or_else(|| format!("there is no column '{name}'").into())
}

impl Dataset {
    /// The rows as CSV, one a data row of the file, in its order.
    pub fn csv(&self, data: &Path) -> Result<Vec<u8>, Failure> {
        let (mut header, mut rows) = read(&data.join(self.path))?;
        if let Some((path, key, left_out)) = self.join {
            let (other, others) = read(&data.join(path))?;
            let (own, at) = (position(&header, key)?, position(&other, key)?);
            let index: BTreeMap<&str, &Vec<String>> = others.iter().map(|r| (r[at].as_str(), r)).collect();
            let kept: Vec<usize> =
                (0..other.len()).filter(|&c| c != at && !left_out.contains(&other[c].as_str())).collect();
            header.extend(kept.iter().map(|&c| format!("{} of the account", other[c])));
            for row in &mut rows {
                let found = index.get(row[own].as_str());
                let cells: Vec<String> = kept.iter().map(|&c| found.map_or(String::new(), |r| r[c].clone())).collect();
                row.extend(cells);
            }
        }
        for (path, key) in self.counts {
            let (other, others) = read(&data.join(path))?;
            let (own, at) = (position(&header, key)?, position(&other, key)?);
            let numeric: Vec<usize> = (0..other.len())
                .filter(|&c| others.iter().all(|r| r[c].is_empty() || r[c].parse::<f64>().is_ok()))
                .collect();
            let stem = path.trim_end_matches(".csv");
            header.push(format!("count of {stem}"));
            header.extend(numeric.iter().map(|&c| format!("mean {} of {stem}", other[c])));
            for row in &mut rows {
                let own_rows: Vec<&Vec<String>> = others.iter().filter(|r| r[at] == row[own]).collect();
                let mut cells = vec![own_rows.len().to_string()];
                for &c in &numeric {
                    let values: Vec<f64> = own_rows.iter().filter_map(|r| r[c].parse().ok()).collect();
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    cells.push(if values.is_empty() { String::new() } else { mean.to_string() });
                }
                row.extend(cells);
            }
        }
        let kept: Vec<usize> = (0..header.len()).filter(|&c| !self.left_out.contains(&header[c].as_str())).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(kept.iter().map(|&c| &header[c]))?;
        for row in &rows {
            let cell = |c: usize| if row[c] == self.missing { "" } else { row[c].as_str() };
            writer.write_record(kept.iter().map(|&c| cell(c)))?;
        }
        Ok(writer.into_inner()?)
    }
}

/// `$variable`, or the folder below the checkout.
pub fn directory(variable: &str, default: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::var_os(variable).map_or_else(|| root.join(default), PathBuf::from)
}

/// (training rows, test rows) of each fold of each repeat: (repeat, fold) -> test rows.
pub fn folds(peers: &Path, name: &str) -> Result<BTreeMap<(usize, usize), Vec<usize>>, Failure> {
    let (_, rows) = read(&peers.join("folds").join(format!("{name}.csv")))?;
    let mut out: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for row in rows {
        out.entry((row[1].parse()?, row[2].parse()?)).or_default().push(row[0].parse()?);
    }
    Ok(out)
}

/// Training rows of each (size, seed) of the small samples.
pub fn small(peers: &Path, name: &str) -> Result<BTreeMap<(usize, usize), Vec<usize>>, Failure> {
    let path = peers.join("small").join(format!("{name}_rows.csv"));
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let mut out: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for row in read(&path)?.1 {
        out.entry((row[0].parse()?, row[1].parse()?)).or_default().push(row[2].parse()?);
    }
    Ok(out)
}

/// The measures that are compared: auc, log loss, Brier, ECE.
pub const MEASURES: [&str; 4] = ["auc", "log_loss", "brier", "ece"];

/// Peers' figures: peer -> (a, b) -> measures, for (repeat, fold) or (size, seed).
pub type Peers = BTreeMap<String, BTreeMap<(usize, usize), [f64; 4]>>;

/// The figures of every peer on these folds, or on these small samples.
pub fn peers(directory: &Path, name: &str, small: bool) -> Result<Peers, Failure> {
    let mut out = Peers::new();
    let folder = directory.join(if small { "small" } else { "results" });
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let wanted = if small { file == "results.csv" } else { file.split('.').next() == Some(name) };
        if !wanted {
            continue;
        }
        let (header, rows) = read(&path)?;
        let names = if small { ["dataset", "size", "seed", "model"] } else { ["dataset", "repeat", "fold", "model"] };
        let keys = names.map(|n| position(&header, n));
        let [dataset, a, b, model] = keys;
        let (dataset, a, b, model) = (dataset?, a?, b?, model?);
        let measures = ["auc", "logloss", "brier", "ece"].map(|n| position(&header, n));
        for row in rows.iter().filter(|r| r[dataset] == name) {
            let mut figures = [f64::NAN; 4];
            for (figure, column) in figures.iter_mut().zip(&measures) {
                *figure = row[*column.as_ref().map_err(ToString::to_string)?].parse()?;
            }
            out.entry(row[model].clone()).or_default().insert((row[a].parse()?, row[b].parse()?), figures);
        }
    }
    Ok(out)
}
