//! The skeletons: which source files a student gets.

use clap::ValueEnum;

use crate::regions;

/// How much a student finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Only the trait
    Free,
    /// One struct with ticker and handlers in one file, as MIT's skeleton
    Mit,
    /// Files of the paper's nouns, with threads, lock and signatures
    Guided,
}

/// The names of the master's files and what is in them.
macro_rules! master {
    ($($file:literal),*) => {
        &[$(($file, include_str!(concat!("../../../raft/course/src/", $file)))),*]
    };
}

/// The files of the master, `raft/course/src`, with the marks of their regions.
#[must_use]
pub fn master() -> &'static [(&'static str, &'static str)] {
    master![
        "apply.rs",
        "election.rs",
        "lib.rs",
        "log.rs",
        "messages.rs",
        "persist.rs",
        "raft.rs",
        "replication.rs",
        "snapshot.rs",
        "state.rs"
    ]
}

impl Shape {
    /// Its files, below `src`, with the solution of the given milestones.
    ///
    /// # Panics
    ///
    /// If the marks in the master do not fit together. A test cuts it.
    pub(crate) fn files(self, is_given: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
        match self {
            Self::Free => vec![("lib.rs", include_str!("../../template/src/lib.rs").to_owned())],
            Self::Mit => vec![
                ("lib.rs", include_str!("../shapes/mit/lib.rs").to_owned()),
                ("raft.rs", include_str!("../shapes/mit/raft.rs").to_owned()),
            ],
            Self::Guided => {
                let of_master = master().iter().filter(|(name, _)| *name != "lib.rs");
                let cut = of_master.map(|(name, source)| (*name, cut(source, &is_given)));
                [("lib.rs", include_str!("../shapes/guided/lib.rs").to_owned())]
                    .into_iter()
                    .chain(cut)
                    .collect()
            }
        }
    }
}

/// All files of the master, below `src`: the solution, for every shape.
pub(crate) fn solution() -> Vec<(&'static str, String)> {
    master().iter().map(|(name, source)| (*name, cut(source, |_| true))).collect()
}

fn cut(source: &str, is_given: impl Fn(&str) -> bool) -> String {
    regions::cut(source, is_given).unwrap_or_else(|error| panic!("raft/course/src: {error} of a file"))
}
