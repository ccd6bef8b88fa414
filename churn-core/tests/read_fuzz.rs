//! Changed files: whatever is done to them, reading gives a table that holds together or an error, never a panic. The
//! quick test does a fixed number of changes; `make fuzz-read` goes on for as long as it is told. An input that broke
//! something once belongs into `test-data/fuzz`, from where every run starts.

use churn_core::error::guard;
use churn_core::read::{ReadOptions, read_bytes, record_batch, typed};
use churn_core::{Error, ErrorKind};
use rust_xlsxwriter::Workbook;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a text table is made of, for insertions.
const TOKENS: &[&str] = &[
    "\"",
    "\"\"",
    "'",
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r",
    "\r\n",
    "\\\"",
    "\0",
    "\u{feff}",
    "é",
    "\u{a0}",
    "Total",
    "NaN",
    "1.234,5",
    "1,234.5",
    "2024-02-30",
    "31/12/2023",
    "45356",
    "1709596800000",
    "€",
    "%",
    "(5)",
    "=\"8\"",
    "[{",
    "}]",
    "{\"a\":1}\n",
    "sep=;\n",
    "-",
    "e9",
    "99999999999999999999",
    "\u{1F600}",
    "\n\n\n",
    "yes",
    "12 months",
    "2 years",
];

/// Numbers of a fixed sequence (SplitMix64, Steele et al. 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-data")
}

fn corpus() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = ["polluted", "bad", "fuzz"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(root().join(folder)).ok())
        .flat_map(|entries| entries.flatten().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "csv" || e == "bin"))
        .collect();
    files.sort();
    let mut corpus: Vec<Vec<u8>> = files.iter().map(|f| std::fs::read(f).expect("readable")).collect();
    corpus
        .push(b"[{\"id\": 1, \"plan\": \"Basic\", \"k\": [1, {\"x\": null}]}, {\"id\": 2.5, \"fee\": true}]".to_vec());
    corpus.push(b"{\"id\": 1, \"plan\": \"Basic\"}\n{\"id\": 2}\n".to_vec());
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in [["Report", ""], ["id", "fee"], ["a", "1"], ["b", "2"], ["Total", "3"]].iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            sheet.write_string(row as u32, column as u16, *cell).expect("a cell");
        }
    }
    // Without compression, changes reach the XML.
    let packed = book.save_to_buffer().expect("in memory");
    corpus.push(stored(&packed));
    corpus.push(packed);
    corpus
}

/// The same archive without compression.
fn stored(packed: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(packed)).expect("an archive");
    let mut to = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for i in 0..from.len() {
        let mut entry = from.by_index(i).expect("an entry");
        to.start_file(entry.name().expect("a name").into_owned(), options).expect("an entry");
        std::io::copy(&mut entry, &mut to).expect("in memory");
    }
    to.finish().expect("an archive").into_inner()
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], draw: &mut Draw) {
    for _ in 0..=draw.below(6) {
        let at = draw.below(bytes.len() + 1);
        match draw.below(8) {
            0 if at < bytes.len() => bytes[at] = draw.next() as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << draw.below(8),
            2 if at < bytes.len() => drop(bytes.drain(at..(at + 1 + draw.below(20)).min(bytes.len()))),
            3 => {
                let token = TOKENS[draw.below(TOKENS.len())].as_bytes();
                bytes.splice(at..at, token.repeat(1 + draw.below(3)));
            }
            4 => {
                let end = (at + draw.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = draw.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            5 => {
                let other = &corpus[draw.below(corpus.len())];
                let from = draw.below(other.len() + 1);
                let end = (from + draw.below(300)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
            6 if at > 0 => bytes.truncate(at),
            _ if bytes.is_empty() => bytes.extend_from_slice(b"a,b\n1,2\n"),
            _ => {
                // A line somewhere else, or twice.
                let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
                let line = lines[draw.below(lines.len())].to_vec();
                bytes.splice(at..at, line);
            }
        }
        bytes.truncate(1 << 16);
    }
}

fn options(draw: &mut Draw) -> ReadOptions {
    let mut options = ReadOptions::default();
    match draw.below(12) {
        0 => options.delimiter = Some([',', ';', ' ', 'é'][draw.below(4)]),
        1 => options.header_line = Some(draw.below(4) as u64),
        2 => options.encoding = Some(["utf-8", "utf-16le", "shift_jis", "windows-1252"][draw.below(4)].into()),
        3 => options.max_cell_bytes = draw.below(30),
        4 => options.quote = Some('\''),
        5 => options.max_bytes = 64 << draw.below(12),
        6 => (options.decimal, options.thousands) = (Some(','), Some('.')),
        7 => (options.keep_totals, options.keep_empty_columns) = (true, true),
        _ => {}
    }
    options
}

/// Reads; of a table, checks that it holds together and reads the same twice.
fn check(bytes: &[u8], options: &ReadOptions) -> Result<(), String> {
    let table = match guard(|| read_bytes(bytes, None, options)) {
        Ok(table) => table,
        Err(e) if e.kind() == ErrorKind::Internal => return Err(format!("{e:?}")),
        Err(e) => return if e.suggestion().is_some() { Ok(()) } else { Err(format!("no hint: {e:?}")) },
    };
    let n = table.n_rows();
    if n == 0 || table.columns().iter().any(|c| c.data.len() != n) {
        return Err(format!("{n} rows, columns of other lengths"));
    }
    if (1..n).any(|r| table.row_number(r) <= table.row_number(r - 1)) {
        return Err("lines do not rise".to_owned());
    }
    let columns = guard(|| Ok::<_, Error>(typed(&table))).map_err(|e| format!("{e:?}"))?;
    for column in &columns {
        let parsed = &column.parsed;
        if parsed.values.len() != n || parsed.unreadable.iter().any(|&r| !parsed.values.is_missing(r)) {
            return Err("unreadable cells with a value".to_owned());
        }
    }
    record_batch(&columns).map_err(|e| format!("{e:?}"))?;
    Ok(())
}

fn run(seed: u64, goes_on: impl Fn(u64) -> bool) -> u64 {
    let corpus = corpus();
    let mut draw = Draw(seed);
    let mut n = 0;
    while goes_on(n) {
        let mut bytes = corpus[draw.below(corpus.len())].clone();
        change(&mut bytes, &corpus, &mut draw);
        let options = options(&mut draw);
        if let Err(what) = check(&bytes, &options) {
            let path = std::env::temp_dir().join(format!("churn-fuzz-{seed}-{n}.bin"));
            std::fs::write(&path, &bytes).expect("writable");
            panic!("{what}\n{options:?}\nthe input is in {}", path.display());
        }
        n += 1;
    }
    n
}

#[test]
fn what_is_kept_reads() {
    for bytes in corpus() {
        check(&bytes, &ReadOptions::default()).expect("a table or an error");
    }
}

#[test]
fn changed_files_read() {
    run(1, |n| n < 1500);
}

/// `CHURN_FUZZ_SECONDS` (60), `CHURN_FUZZ_SEED` (2).
#[test]
#[ignore = "runs for as long as it is told"]
fn changed_files_read_for_long() {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let end = Instant::now() + Duration::from_secs(number("CHURN_FUZZ_SECONDS", 60));
    println!("{} inputs", run(number("CHURN_FUZZ_SEED", 2), |_| Instant::now() < end));
}
