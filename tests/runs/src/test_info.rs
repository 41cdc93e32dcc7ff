//! What a tool that runs tests needs to know of one.

/// A test, as far as it matters for whoever runs it many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestInfo {
    /// Its name: `figure8_3c`.
    pub name: &'static str,
    /// The group under which results are summed up: for the lab's own tests their part, `3C`.
    pub group: &'static str,
    /// What is tested, in one line.
    pub about: &'static str,
}
