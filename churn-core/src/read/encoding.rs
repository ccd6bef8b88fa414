//! Bytes to text: the character encoding, recognised or given.

use super::container;
use crate::error::{Error, ErrorKind, Result};
use crate::table::ReadNote;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Text and the encoding it was in.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// The text, without byte order marks and NUL characters.
    pub text: Cow<'a, str>,
    /// The WHATWG name of the encoding.
    pub encoding: &'static str,
    /// What was changed on the way.
    pub notes: Vec<ReadNote>,
}

/// Decodes bytes by the label given, else by byte order mark, NUL pattern, validity as UTF-8 and, last, the
/// statistics of chardetng, in this order. All rules look at the whole input.
///
/// # Errors
/// `encoding` for an unknown label, for bytes that do not fit, and for UTF-32 and EBCDIC; `malformed` for
/// binary data.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>, what: &str) -> Result<Decoded<'a>> {
    if let Some(label) = label {
        return forced(bytes, label, what);
    }
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(refused(what, "UTF-32 (byte order mark at offset 0)", 0));
    }
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        if encoding == UTF_8 {
            return utf8(&bytes[length..], length, what);
        }
        return strict(&bytes[length..], encoding, length, what);
    }
    if let Some(encoding) = utf16_pattern(bytes, what)? {
        return strict(bytes, encoding, 0, what);
    }
    utf8(bytes, 0, what)
}

/// Decodes by a label; bytes that do not fit are an error, since the caller is sure of the encoding.
fn forced<'a>(bytes: &'a [u8], label: &str, what: &str) -> Result<Decoded<'a>> {
    let known = Encoding::for_label_no_replacement(label.as_bytes());
    let Some(mut encoding) = known else {
        return Err(Error::new(ErrorKind::Encoding, format!("there is no character encoding '{label}'"))
            .with("encoding", label)
            .hint("use a WHATWG label such as utf-8, windows-1252, iso-8859-15, utf-16le or shift_jis"));
    };
    let mut skip = 0;
    match Encoding::for_bom(bytes) {
        Some((marked, length)) if marked == encoding => skip = length,
        // The label "utf-16" says nothing of the byte order; the mark does.
        Some((marked, length)) if marked == UTF_16BE && encoding == UTF_16LE && !label.contains("le") => {
            encoding = marked;
            skip = length;
        }
        _ => {}
    }
    let decoded = strict(&bytes[skip..], encoding, skip, what)?;
    if !encoding.is_ascii_compatible() {
        return Ok(decoded);
    }
    container::check_text(&bytes[skip..], what)?;
    Ok(decoded)
}

/// Decodes without replacing anything.
fn strict<'a>(bytes: &'a [u8], encoding: &'static Encoding, skipped: usize, what: &str) -> Result<Decoded<'a>> {
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(finish(Cow::Borrowed(text), encoding)),
            Err(e) => Err(misfit(what, encoding, bytes, e.valid_up_to(), skipped)),
        };
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8 + 16);
    let mut read = 0;
    loop {
        let (result, n) = decoder.decode_to_string_without_replacement(&bytes[read..], &mut text, true);
        read += n;
        match result {
            DecoderResult::InputEmpty => return Ok(finish(Cow::Owned(text), encoding)),
            DecoderResult::OutputFull => text.reserve(bytes.len() / 2 + 64),
            DecoderResult::Malformed(length, after) => {
                let at = read.saturating_sub(usize::from(length) + usize::from(after));
                return Err(misfit(what, encoding, bytes, at, skipped));
            }
        }
    }
}

fn misfit(what: &str, encoding: &'static Encoding, bytes: &[u8], at: usize, skipped: usize) -> Error {
    let step = if encoding.is_ascii_compatible() { 1 } else { 2 };
    let newlines = bytes[..at.min(bytes.len())].chunks(step).filter(|c| c.contains(&b'\n')).count();
    let (line, offset, name) = (newlines + 1, at + skipped, encoding.name());
    Error::new(
        ErrorKind::Encoding,
        format!("{what} is not {name}: the bytes at offset {offset}, line {line}, do not fit"),
    )
    .with("encoding", name)
    .with("line", line)
    .with("offset", offset)
    .hint("leave the encoding out to have it recognised, or name the one the file was saved in")
}

fn refused(what: &str, name: &str, offset: usize) -> Error {
    Error::new(ErrorKind::Encoding, format!("{what} seems to be {name}, which is not read"))
        .with("offset", offset)
        .hint("save the file as UTF-8")
}

/// UTF-16 without a mark: text of mostly ASCII has a NUL in every second byte.
fn utf16_pattern(bytes: &[u8], what: &str) -> Result<Option<&'static Encoding>> {
    let sample = &bytes[..bytes.len().min(4096) & !3];
    if sample.len() < 4 {
        return Ok(None);
    }
    let mut nuls = [0usize; 4];
    for (i, &b) in sample.iter().enumerate() {
        nuls[i % 4] += usize::from(b == 0);
    }
    let quarter = sample.len() / 4;
    if nuls.iter().filter(|&&n| n * 10 >= quarter * 9).count() >= 3 && quarter >= 2 {
        return Err(refused(what, "UTF-32 (three of four bytes are NUL)", 0));
    }
    let (even, odd) = (nuls[0] + nuls[2], nuls[1] + nuls[3]);
    let half = sample.len() / 2;
    Ok(if odd * 10 >= half * 4 && even * 20 <= half {
        Some(UTF_16LE)
    } else if even * 10 >= half * 4 && odd * 20 <= half {
        Some(UTF_16BE)
    } else {
        None
    })
}

/// UTF-8, or what chardetng makes of bytes that are not.
fn utf8<'a>(bytes: &'a [u8], skipped: usize, what: &str) -> Result<Decoded<'a>> {
    container::check_text(bytes, what)?;
    let first = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(finish(Cow::Borrowed(text), UTF_8)),
        Err(first) => first,
    };
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    // Mostly good multi-byte characters, or a mark: UTF-8 with a few broken places (a cut export).
    if skipped > 0 || good >= bad * 10 {
        let mut decoded = finish(String::from_utf8_lossy(bytes), UTF_8);
        let line = bytes[..first.valid_up_to()].iter().filter(|&&b| b == b'\n').count() as u64 + 1;
        decoded.notes.push(ReadNote {
            code: "replaced_characters",
            message: format!("{bad} places are not valid UTF-8 and were replaced by the character U+FFFD"),
            rows_affected: bad,
            example_rows: vec![line],
        });
        return Ok(decoded);
    }
    if is_ebcdic(bytes) {
        return Err(refused(what, "EBCDIC text of a mainframe", first.valid_up_to()));
    }
    let encoding = guess(bytes);
    if encoding.is_single_byte() {
        check_letters(bytes, first.valid_up_to(), what)?;
        return strict(bytes, encoding, skipped, what);
    }
    strict(bytes, encoding, skipped, what).or_else(|_| {
        check_letters(bytes, first.valid_up_to(), what)?;
        strict(bytes, WINDOWS_1252, skipped, what)
    })
}

/// Single-byte encodings take nearly every byte, so bytes that no one writes must give random data away: the
/// five that windows-1252 leaves undefined, together with control characters or as a good part of all.
fn check_letters(bytes: &[u8], first_high: usize, what: &str) -> Result<()> {
    let undefined = |b: u8| matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    let n_undefined = bytes.iter().filter(|&&b| undefined(b)).count();
    if n_undefined == 0 {
        return Ok(());
    }
    let n_control = bytes.iter().filter(|&&b| b < 9 || (14..32).contains(&b) || b == 0x7f).count();
    let n_c1 = bytes.iter().filter(|&&b| (0x80..0xa0).contains(&b)).count();
    let n_high = bytes.iter().filter(|&&b| b >= 0x80).count();
    if n_control * 100 > bytes.len() || (n_c1 >= 4 && n_c1 * 4 >= n_high) {
        return Err(Error::new(
            ErrorKind::Encoding,
            format!("{what} fits no character encoding: bytes that no text has, the first at offset {first_high}"),
        )
        .with("offset", first_high)
        .hint("name the encoding the file was saved in, or save it as UTF-8"));
    }
    Ok(())
}

/// Text of a mainframe: nearly all bytes are EBCDIC letters, digits and blanks, and no byte is an ASCII line end.
fn is_ebcdic(bytes: &[u8]) -> bool {
    let ebcdic = |b: u8| {
        matches!(b, 0x40 | 0x4b | 0x4d | 0x5d | 0x5e | 0x60 | 0x61 | 0x6b | 0x6d | 0x7a | 0x15 | 0x25 | 0x0d
            | 0x81..=0x89 | 0x91..=0x99 | 0xa2..=0xa9 | 0xc1..=0xc9 | 0xd1..=0xd9 | 0xe2..=0xe9 | 0xf0..=0xf9)
    };
    bytes.len() >= 8
        && bytes.iter().filter(|&&b| ebcdic(b)).count() * 10 >= bytes.len() * 9
        && bytes.iter().filter(|&&b| b >= 0x80).count() * 2 >= bytes.len()
        && !bytes.contains(&b'\n')
}

/// The encoding of bytes that are not UTF-8.
fn guess(bytes: &[u8]) -> &'static Encoding {
    // chardetng wants some text to judge by. A few accented letters, each alone between ASCII letters, are
    // what the languages of western Europe look like in windows-1252; other scripts set them side by side.
    let western = |b: u8| {
        matches!(b, 0x80 | 0x82 | 0x84 | 0x85 | 0x91..=0x97 | 0x99 | 0xa0 | 0xa1 | 0xa3 | 0xa5 | 0xa7 | 0xa9..=0xab
            | 0xae | 0xb0 | 0xb2..=0xb5 | 0xb7 | 0xba | 0xbb | 0xbf..=0xc2 | 0xc4 | 0xc6..=0xcf | 0xd1..=0xd6 | 0xd8..=0xdc | 0xdf
            ..=0xef | 0xf1..=0xf6 | 0xf8..=0xfc)
    };
    let high: Vec<usize> = bytes.iter().enumerate().filter(|&(_, &b)| b >= 0x80).map(|(i, _)| i).collect();
    let pairs = high.windows(2).filter(|w| w[1] == w[0] + 1).count();
    if high.iter().all(|&i| western(bytes[i])) && pairs * 10 <= high.len() {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Takes out what no consumer can show: NUL characters, at which C strings end, and byte order marks, which stand
/// where files were put one after the other.
fn finish<'a>(text: Cow<'a, str>, encoding: &'static Encoding) -> Decoded<'a> {
    let mut decoded = Decoded { text, encoding: encoding.name(), notes: Vec::new() };
    for (character, code, name) in [
        ('\0', "nul_characters", "NUL characters"),
        ('\u{feff}', "byte_order_marks", "byte order marks inside the text"),
    ] {
        if !decoded.text.contains(character) {
            continue;
        }
        let n = decoded.text.matches(character).count();
        let with = decoded.text.split('\n').enumerate().filter(|(_, line)| line.contains(character));
        let lines: Vec<u64> = with.map(|(i, _)| i as u64 + 1).collect();
        decoded.notes.push(ReadNote {
            code,
            message: format!("{n} {name} were taken out"),
            rows_affected: lines.len(),
            example_rows: lines.into_iter().take(5).collect(),
        });
        decoded.text = Cow::Owned(decoded.text.replace(character, ""));
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], label: Option<&str>, encoding: &str, text: &str) {
        let decoded = decode(bytes, label, "the input").expect(encoding);
        assert_eq!((decoded.encoding, decoded.text.as_ref()), (encoding, text));
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    }

    #[test]
    fn encodings_are_recognised() {
        check(b"a,b\n1,2\n", None, "UTF-8", "a,b\n1,2\n");
        check("\u{feff}a,ä".as_bytes(), None, "UTF-8", "a,ä");
        for big in [false, true] {
            let name = if big { "UTF-16BE" } else { "UTF-16LE" };
            check(&utf16("\u{feff}a;ä\n1;2\n", big), None, name, "a;ä\n1;2\n");
            check(&utf16("id;name\n1;Müller\n", big), None, name, "id;name\n1;Müller\n");
        }
        for text in [
            "Name;Straße\nMüller;Große Allee\nJäger;Öde Höhe\n",
            "prénom,ville\nFrançois,Besançon\nZoé,Orléans\n",
            "nombre,año\nMuñoz,2024\nPeñalba,2023\n",
            "nome,região\nJoão,São Paulo\n",
            "città,perché\nCefalù,sì\n",
            "prix\n12 €\n",
        ] {
            let (bytes, _, failed) = WINDOWS_1252.encode(text);
            assert!(!failed);
            check(&bytes, None, "windows-1252", text);
        }
        check(b"a,caf\xe9", Some("latin1"), "windows-1252", "a,café");
        check(&utf16("\u{feff}a;b", true), Some("utf-16"), "UTF-16BE", "a;b");
    }

    #[test]
    fn other_scripts_are_left_to_statistics() {
        let text = "имя,город\nИван Петров,Москва\nАнна Смирнова,Санкт-Петербург\n";
        let (bytes, _, _) = encoding_rs::WINDOWS_1251.encode(text);
        check(&bytes, None, "windows-1251", text);
    }

    #[test]
    fn broken_utf8_is_replaced_and_noted() {
        let mut bytes = "naïve,façade,über,señor,ação,città,öl,ähre,ü,ß,é,è\n".as_bytes().to_vec();
        bytes.extend_from_slice(b"x\xc3,y\n");
        let decoded = decode(&bytes, None, "the input").expect("text");
        assert_eq!(decoded.encoding, "UTF-8");
        assert_eq!(decoded.notes[0].code, "replaced_characters");
    }

    #[test]
    fn what_fits_no_encoding_is_an_error() {
        let ebcdic = [0xc3, 0xe4, 0xe2, 0xe3, 0x6b, 0xd5, 0xc1, 0xd4, 0xc5, 0x15, 0xf0, 0xf1, 0x6b, 0xc1, 0x15];
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"\xff\xfe\0\0a\0\0\0", None),
            (b"a\0\0\0,\0\0\0b\0\0\0", None),
            (&ebcdic, None),
            (b"a,b\n\x81\x8d\x8f\x90\x9d\x81\x8d\n", None),
            (b"a,b\n", Some("klingon")),
            (b"a,b\nx\xff,1\n", Some("utf-8")),
        ];
        for (bytes, label) in cases {
            let error = decode(bytes, *label, "the input").expect_err("an error");
            assert_eq!(error.kind(), ErrorKind::Encoding, "{bytes:?}: {error}");
        }
        let error = decode(b"a,b\nx\xff,1\n", Some("utf-8"), "the input").expect_err("an error");
        assert!(error.context().contains(&("line", "2".to_owned())), "{error:?}");
        assert!(error.context().contains(&("offset", "5".to_owned())), "{error:?}");
    }
}
