//! What a test chooses of the harness' own service.

/// When the services of a cluster take snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Snapshots {
    /// Never: labs 3A to 3C.
    #[default]
    Never,
    /// After entry 9, 19, 29 and so on, in the thread that applies: MIT's lab 3D.
    EveryTen,
    /// As often, but each server at other indexes.
    Staggered,
    /// At random moments, from a thread that does not apply, at the last applied index or an older one.
    FromAnotherThread,
}

/// How long, and how fast, a service reads its apply channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Reading {
    /// As long as its server lives.
    #[default]
    ToTheEnd,
    /// That many messages, and then it is stuck.
    UpTo(usize),
    /// As long as its server lives, but it only looks now and then whether there is a message.
    Slowly,
    /// As long as its server lives, and each message reaches it as much later as the scenario says.
    Paced,
}
