//! Seals: an answer counts only if the harness in the worker has written it.
//!
//! Code under test shares a process with the harness, and so its file descriptors: it can write `{"passed": ...}` to all of
//! them, by accident or not. So each answer bears a code over its text and its number in the stream, made with a key that the
//! worker was told before any code under test ran. The key lies in no file, no argument, no environment and no open
//! descriptor. A line that was invented, changed or repeated does not open.
//!
//! What this does not stop: code that searches the memory of its own process for the key. `lab::trust` says what does.

use std::fmt::Write;
use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

/// The key of one worker.
#[derive(Clone, Copy)]
pub(crate) struct Key([u8; 16]);

/// One end of a stream of sealed lines: the end that seals, or the end that opens.
pub(crate) struct Seal {
    key: Key,
    /// The number of the next line.
    next: u64,
}

impl Key {
    /// A new key, from the system.
    ///
    /// # Errors
    ///
    /// If the system has no random bytes.
    pub(crate) fn new() -> std::io::Result<Self> {
        use rand::TryRng;
        let mut bytes = [0; 16];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(std::io::Error::other)?;
        Ok(Self(bytes))
    }

    /// As it is told to the worker.
    pub(crate) fn to_text(self) -> String {
        self.0.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// As the worker reads it.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32)?;
        Some(Self(number.to_be_bytes()))
    }
}

/// The characters of a code.
const CODE_LEN: usize = 32;

impl Seal {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, next: 0 }
    }

    fn code(&self, text: &str) -> String {
        let mut hasher = SipHasher24::new_with_key(&self.key.0);
        hasher.write_u64(self.next);
        hasher.write(text.as_bytes());
        format!("{:032x}", hasher.finish128().as_u128())
    }

    /// The line for this text.
    pub(crate) fn seal(&mut self, text: &str) -> String {
        let code = self.code(text);
        self.next += 1;
        // On a line of its own, whatever somebody else has written to the stream before.
        format!("\n{code}{text}\n")
    }

    /// The text of a line; `None` if it is not the next one that the other end has sealed.
    pub(crate) fn open<'a>(&mut self, line: &'a [u8]) -> Option<&'a str> {
        let (code, text) = std::str::from_utf8(line).ok()?.split_at_checked(CODE_LEN)?;
        (self.code(text) == code).then(|| {
            self.next += 1;
            text
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(sealed: &str) -> &[u8] {
        sealed.trim_matches('\n').as_bytes()
    }

    #[test]
    fn key_is_read_as_it_is_written() {
        let key = Key::new().unwrap();
        assert_eq!(Key::from_text(&key.to_text()).unwrap().0, key.0);
        assert!(Key::from_text("").is_none() && Key::from_text("+1").is_none());
    }

    #[test]
    fn line_opens_once_unchanged_and_in_its_order() {
        let key = Key::new().unwrap();
        let (mut worker, mut program) = (Seal::new(key), Seal::new(key));
        let (first, second) = (worker.seal("passed"), worker.seal("failed"));
        assert_eq!(program.open(b""), None);
        assert_eq!(program.open(b"{\"passed\": 1}"), None);
        assert_eq!(program.open(line(&second)), None, "before the first");
        assert_eq!(program.open(line(&first.replace("passed", "Passed"))), None, "changed");
        assert_eq!(program.open(line(&first)), Some("passed"));
        assert_eq!(program.open(line(&first)), None, "repeated");
        assert_eq!(program.open(line(&second)), Some("failed"));
        let mut stranger = Seal::new(Key::new().unwrap());
        assert_eq!(program.open(line(&stranger.seal("passed"))), None);
    }
}
