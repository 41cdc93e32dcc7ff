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
                let cut = of_master.map(|(name, source)| (*name, cut(name, source, &is_given)));
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
    master().iter().map(|(name, source)| (*name, cut(name, source, |_| true))).collect()
}

/// The same for who does not write it, but writes what stands on it: the first page is another.
pub(crate) fn given() -> Vec<(&'static str, String)> {
    let mut files = solution();
    for (_, text) in files.iter_mut().filter(|(name, _)| *name == "lib.rs") {
        include_str!("../shapes/given/lib.rs").clone_into(text);
    }
    files
}

/// The files of a master that is a module of a student's crate, by their paths below `src`.
macro_rules! module {
    ($module:literal, $crate_:literal: $($file:literal),*) => {
        [$((
            concat!($module, "/", $file),
            include_str!(concat!("../../../kvraft/", $crate_, "/src/", $file)),
        )),*]
    };
}

/// The files of the masters of lab 2, by their paths below `src`, with the marks of their regions. Those called `lib.rs` are the modules
/// themselves: the server and its clerk, and the locks on it.
#[must_use]
pub fn lab2_masters() -> Vec<(&'static str, &'static str)> {
    let single = module!("single", "single": "lib.rs", "clerk.rs", "rpc.rs", "server.rs");
    let lock = module!("locks", "lock": "lib.rs", "lease.rs", "lock.rs", "name.rs");
    single.into_iter().chain(lock).collect()
}

/// The same of lab 4: the service on a Raft.
#[must_use]
pub fn lab4_masters() -> Vec<(&'static str, &'static str)> {
    let service = module!(
        "service", "course": "lib.rs", "clerk.rs", "layer.rs", "machine.rs", "server.rs", "snapshot.rs"
    );
    service.to_vec()
}

/// Modules of a student's crate, in every shape the same, with the solution of the given milestones.
pub(crate) fn modules(
    masters: Vec<(&'static str, &'static str)>,
    is_solved: bool,
    is_given: impl Fn(&str) -> bool,
) -> Vec<(String, String)> {
    let file = |(path, source): (&str, &str)| {
        let source = cut(path, without_tests(source), |milestone| is_solved || is_given(milestone));
        let source = source.replace("crate::", "super::");
        match path.strip_suffix("/lib.rs") {
            Some(module) => (format!("{module}/mod.rs"), first_page(module, is_solved, &source)),
            None => (path.to_owned(), source),
        }
    };
    masters.into_iter().map(file).collect()
}

/// The first page of a crate as that of a module: with other words, for those there tell how it is done.
fn first_page(module: &str, is_solved: bool, source: &str) -> String {
    let about = match module {
        "single" => "Lab 2K: a key/value server on one machine, and its clerk.\n",
        "locks" => "Lab 2L: locks on the key/value server.\n",
        _ => include_str!("../shapes/service.md"),
    };
    let about = about.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n");
    let about: String = about.collect();
    let allowed = if is_solved { "" } else { UNFINISHED };
    let code = source.lines().skip_while(|line| line.starts_with("//!")).map(|line| format!("{line}\n"));
    let code: String = code.collect();
    let code = code.replace("kv_single::", "crate::single::").replace("Reference", "MyLocks");
    let code = code.replace("CourseService", "MyService");
    format!("{about}{allowed}{code}")
}

/// What a module says as long as it is not whole.
const UNFINISHED: &str = "
// Until everything is written. Delete it then: what the compiler still finds unused is worth a look.
#![allow(dead_code, unused_imports, unused_variables, reason = \"some of it is still to be written\")]
";

/// Without the module of tests at the end, which is the master's own.
fn without_tests(source: &str) -> &str {
    source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

fn cut(name: &str, source: &str, is_given: impl Fn(&str) -> bool) -> String {
    regions::cut(source, is_given).unwrap_or_else(|error| panic!("{name}: {error}"))
}
