//! Files written as a whole or not at all.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a file as a whole or not at all: to a temporary neighbour of its own first, then renamed over the target.
/// Several threads and programs may write one target: the last one wins, none sees a mixture.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let (temporary, file) = neighbour(path).map_err(|e| Error::io("write", path, e))?;
    let written = fill(file, bytes).and_then(|()| std::fs::rename(&temporary, path));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&temporary);
        Error::io("write", path, e)
    })
}

/// As [`write_whole`], for content that is written piece by piece: what `write` returns is returned, and where it fails
/// nothing is left behind.
pub(crate) fn write_whole_by<T>(path: &Path, write: impl FnOnce(&File) -> Result<T>) -> Result<T> {
    let (temporary, file) = neighbour(path).map_err(|e| Error::io("write", path, e))?;
    let written = write(&file).and_then(|value| {
        let placed = file.sync_all().and_then(|()| std::fs::rename(&temporary, path));
        placed.map(|()| value).map_err(|e| Error::io("write", path, e))
    });
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn fill(mut file: File, bytes: &[u8]) -> std::io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new file beside the target that nobody else writes.
pub(crate) fn neighbour(path: &Path) -> std::io::Result<(PathBuf, File)> {
    for n in 0u32.. {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.{n}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        match File::create_new(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_writers_of_one_file_never_mix() {
        let directory = std::env::temp_dir().join(format!("churn-files-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("directory");
        let path = directory.join("target");
        std::thread::scope(|scope| {
            for letter in b'a'..b'i' {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..20 {
                        write_whole(path, &vec![letter; 50_000]).expect("written");
                    }
                });
            }
        });
        let bytes = std::fs::read(&path).expect("read");
        assert!(bytes.len() == 50_000 && bytes.iter().all(|b| *b == bytes[0]));
        assert_eq!(std::fs::read_dir(&directory).expect("directory").count(), 1, "no temporary file is left");
        std::fs::remove_dir_all(&directory).expect("clean up");
    }
}
