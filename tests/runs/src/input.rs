//! Files that are read whole, with a bound: any name can be given, `/dev/zero` too.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The content of a file of at most `bytes_max` bytes.
///
/// # Errors
///
/// Those of the file system, and one for a file that is longer.
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, bytes_max)
}

/// As [`read`], of a file that is open.
pub(crate) fn read_from(file: File, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // Not by the length that the system tells: devices and pipes have none.
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it has more than {} MB, and no file of this kind has", bytes_max >> 20),
        ));
    }
    Ok(content)
}

/// Opens a file that a program of the lab has written, and nothing else that may stand there: code under test can put a pipe in
/// its place, and whoever opens one waits for somebody who writes.
///
/// # Errors
///
/// Those of the file system, and [`InvalidData`](io::ErrorKind::InvalidData) for what is no file.
pub fn open_own(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path)?;
    // Of what was opened, and not of the name, which may be another file's by now.
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it is no file"))
    }
}

/// As [`read`], of a text.
///
/// # Errors
///
/// As there, and one for bytes that are no UTF-8.
pub fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    String::from_utf8(read(path, bytes_max)?).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("byte {place} is not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_read_up_to_its_bound() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1234").unwrap();
        assert_eq!(read_text(file.path(), 4).unwrap(), "1234");
        assert!(read(file.path(), 3).unwrap_err().to_string().contains("more than"));
        std::fs::write(file.path(), b"a\xff").unwrap();
        assert!(read_text(file.path(), 4).unwrap_err().to_string().contains("byte 1 is not UTF-8"));
        if let Err(error) = read(Path::new("/dev/zero"), 1 << 20) {
            assert!(error.to_string().contains("more than 1 MB") || error.kind() == io::ErrorKind::NotFound);
        }
    }
}
