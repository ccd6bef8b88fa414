//! What the bytes are: a gzip archive to unpack, a binary format to refuse by name, or text.

use super::ReadOptions;
use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::io::Read;

/// Formats that people give by mistake: magic bytes, name, way out.
const MAGIC: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive without a workbook that is read", "unpack it, or save the sheet as .xlsx or CSV"),
    (b"PK\x05\x06", "an empty zip archive", "save the sheet as .xlsx or CSV"),
    (
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        "an old Excel workbook (.xls), or one with a password",
        "save the sheet as .xlsx, without a password, or as CSV",
    ),
    (b"ARROW1", "an Arrow file", "read it into a data frame and pass the frame"),
    (b"FEA1", "a Feather file", "read it into a data frame and pass the frame"),
    (b"ORC", "an ORC file", "read it into a data frame and pass the frame"),
    (b"Obj\x01", "an Avro file", "read it into a data frame and pass the frame"),
    (b"SQLite format 3\0", "a SQLite database", "export the table as CSV"),
    (b"%PDF-", "a PDF document", "export the table as CSV"),
    (b"{\\rtf", "an RTF document", "export the table as CSV"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", "give the table as CSV or JSON"),
    (b"\xFF\xD8\xFF", "a JPEG image", "give the table as CSV or JSON"),
    (b"GIF87a", "a GIF image", "give the table as CSV or JSON"),
    (b"GIF89a", "a GIF image", "give the table as CSV or JSON"),
    (b"II*\0", "a TIFF image", "give the table as CSV or JSON"),
    (b"MM\0*", "a TIFF image", "give the table as CSV or JSON"),
    (b"\x7FELF", "a program (ELF)", "give the table as CSV or JSON"),
    (b"MZ\x90\0", "a Windows program", "give the table as CSV or JSON"),
    (b"\x28\xB5\x2F\xFD", "a Zstandard archive", "unpack it first, or use gzip"),
    (b"\xFD7zXZ\0", "an xz archive", "unpack it first, or use gzip"),
    (b"BZh", "a bzip2 archive", "unpack it first, or use gzip"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", "unpack it first, or use gzip"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first, or use gzip"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "read it into a data frame and pass the frame"),
    (b"\x93NUMPY", "a NumPy array", "pass the array's values as a frame or as records"),
    (b"$FL2", "an SPSS file", "export the table as CSV"),
    (b"<stata_dta>", "a Stata file", "export the table as CSV"),
];

/// The first two bytes of every gzip member.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The bytes of the table itself: unpacked if they were gzipped.
///
/// # Errors
/// `empty_input` for no bytes, `too_large` over [`ReadOptions::max_bytes`], `malformed` for a damaged archive.
pub(super) fn unpack<'a>(bytes: &'a [u8], what: &str, options: &ReadOptions) -> Result<Cow<'a, [u8]>> {
    if bytes.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} is empty (0 bytes)"))
            .with("bytes", 0)
            .hint("give a table with a header and at least one row"));
    }
    check_size(bytes.len(), what, options)?;
    if !bytes.starts_with(GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut unpacked = Vec::new();
    let limit = options.max_bytes as u64;
    let mut decoder = flate2::bufread::MultiGzDecoder::new(bytes).take(limit.saturating_add(1));
    if let Err(e) = decoder.read_to_end(&mut unpacked) {
        let n = unpacked.len();
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("{what} is a damaged or cut gzip archive: it breaks off after {n} unpacked bytes"),
        )
        .with("format", "gzip")
        .with("offset", n)
        .hint("transfer the file again, or unpack it to see what is left of it")
        .caused_by(e));
    }
    if unpacked.len() as u64 > limit {
        return Err(too_large_input(what, "unpacks to more than", options));
    }
    if unpacked.is_empty() {
        return Err(Error::new(ErrorKind::EmptyInput, format!("{what} is a gzip archive of an empty file"))
            .hint("give a table with a header and at least one row"));
    }
    if unpacked.starts_with(GZIP) {
        return Err(Error::new(ErrorKind::Malformed, format!("{what} is a gzip archive inside a gzip archive"))
            .with("offset", 0)
            .with("format", "gzip")
            .hint("unpack it once"));
    }
    Ok(Cow::Owned(unpacked))
}

/// Fails for more bytes than the options allow.
pub(super) fn check_size(n_bytes: usize, what: &str, options: &ReadOptions) -> Result<()> {
    if n_bytes > options.max_bytes { Err(too_large_input(what, "is larger than", options)) } else { Ok(()) }
}

pub(super) fn too_large_input(what: &str, how: &str, options: &ReadOptions) -> Error {
    Error::new(ErrorKind::TooLarge, format!("{what} {how} the limit of {} bytes", options.max_bytes))
        .with("limit", options.max_bytes)
        .hint("raise max_bytes, or split the input")
}

/// Fails for a file format that is not text, by its first bytes.
pub(super) fn check_magic(bytes: &[u8], what: &str) -> Result<()> {
    let known = MAGIC.iter().find(|(magic, _, _)| bytes.starts_with(magic) && is_format(bytes, magic));
    let (name, hint) = match known {
        Some((_, name, hint)) => (*name, *hint),
        None if is_pickle(bytes) => ("a Python pickle", "write the frame as CSV, or pass the frame itself"),
        None if bytes.get(257..262) == Some(b"ustar") => ("a tar archive", "unpack it first"),
        None => return Ok(()),
    };
    Err(Error::new(ErrorKind::Malformed, format!("{what} is {name}, not a text table (by its first bytes, offset 0)"))
        .with("offset", 0)
        .with("format", name)
        .hint(hint))
}

/// Three letters are also how a CSV header may begin (`ORC;...`), so the short magics need a binary neighbour.
fn is_format(bytes: &[u8], magic: &[u8]) -> bool {
    match magic {
        b"ORC" | b"BZh" | b"$FL2" => {
            let rest = &bytes[magic.len()..bytes.len().min(64)];
            rest.is_empty() || rest.iter().any(|&b| b < 9 || (14..32).contains(&b) || b >= 0x80)
        }
        _ => true,
    }
}

/// Pickles of protocol 2 and later begin with 0x80 and the protocol, and end with a full stop.
fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..]) && bytes.last() == Some(&b'.')
}

/// A control character that text has no use for. Without branches, so that it is done many bytes at a time.
fn is_control(b: u8) -> bool {
    (b < 9) | ((b > 13) & (b < 32) & (b != 0x1a)) | (b == 0x7f)
}

/// Whether there is one.
pub(super) fn has_control(bytes: &[u8]) -> bool {
    bytes.chunks(4096).any(|chunk| chunk.iter().fold(false, |any, &b| any | is_control(b)))
}

/// Fails for data that is not text: control characters are more than a slip of an export here and there.
/// `bytes` are known not to be UTF-16.
pub(super) fn check_text(bytes: &[u8], what: &str) -> Result<()> {
    if !has_control(bytes) {
        return Ok(());
    }
    let n_control = bytes.iter().filter(|&&b| is_control(b)).count();
    let has_nul = bytes.contains(&0);
    let one_line = !bytes.iter().any(|&b| b == b'\n' || b == b'\r');
    if (n_control >= 4 && n_control * 20 > bytes.len()) || (has_nul && one_line) {
        let offset = bytes.iter().position(|&b| if has_nul { b == 0 } else { is_control(b) }).unwrap_or(0);
        let byte = if has_nul { "NUL byte" } else { "control character" };
        return Err(Error::new(
            ErrorKind::Malformed,
            format!("{what} is binary data ({byte} at offset {offset}), not a text table"),
        )
        .with("offset", offset)
        .hint("give the table as CSV, TSV or JSON"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"PK\x03\x04abc", "zip"),
            (b"%PDF-1.7", "PDF"),
            (b"\x89PNG\r\n\x1a\n...", "PNG"),
            (b"\xFF\xD8\xFF\xE0", "JPEG"),
            (b"SQLite format 3\0", "SQLite"),
            (b"\x7FELF\x02", "ELF"),
            (b"\x80\x04\x95abc.", "pickle"),
        ];
        for (bytes, name) in cases {
            let error = check_magic(bytes, "the input").expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Malformed, "{name}");
            assert!(error.message().contains(name), "{error}");
            assert!(error.context().iter().any(|(key, _)| *key == "offset"), "{error:?}");
        }
        assert!(unpack(b"PAR1,b\n1,2\n", "the input", &ReadOptions::default()).is_ok());
    }

    #[test]
    fn control_characters_make_data_binary() {
        assert!(check_text(b"a,b\n1,x\0y\n", "x").is_ok());
        assert!(check_text(b"a,b\n1,2\n", "x").is_ok());
        let error = check_text(b"abc\0\x01\x02\x03", "x").expect_err("binary");
        assert!(error.message().contains("NUL byte at offset 3"), "{error}");
    }
}
