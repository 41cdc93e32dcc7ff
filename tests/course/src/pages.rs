//! The texts, as files and as pages of this documentation.

/// Makes of a list of files the table of all texts, and a page of each.
///
/// Links between texts name their files, as Markdown wants it. The definitions that stand before each text here come first,
/// so they win over its own, and lead to the pages.
macro_rules! pages {
    ($($page:ident, $file:literal, $about:literal;)*) => {
        /// The texts: the name of each file in `tests/course/texts`, and what is in it.
        pub const TEXTS: &[(&str, &str)] = &[$(($file, include_str!(concat!("../texts/", $file)))),*];

        $(
            #[doc = $about]
            #[doc = ""]
            #[doc = include_str!("links.md")]
            #[doc = ""]
            #[doc = include_str!(concat!("../texts/", $file))]
            pub mod $page {}
        )*
    };
}

pages! {
    students, "students.md", "The first hour.";
    rust, "rust.md", "From Go to Rust.";
    labrpc, "labrpc.md", "From MIT's labrpc to this one.";
    part_2k, "2k.md", "A key/value server on one machine.";
    part_2l, "2l.md", "Locks on it.";
    part_3a, "3a.md", "Leader election.";
    part_3b, "3b.md", "Log replication.";
    part_3c, "3c.md", "Persistence.";
    part_3d, "3d.md", "Log compaction.";
    part_4a, "4a.md", "The replicated state machine.";
    part_4b, "4b.md", "The key/value service.";
    part_4c, "4c.md", "The key/value service with snapshots.";
    someone_elses_raft, "someone_elses_raft.md", "Test somebody else's Raft.";
    teachers, "teachers.md", "What a teacher changes, trusts and looks at.";
    your_own_raft, "your_own_raft.md", "How to grade a Raft that is there already.";
    hunters, "hunters.md", "How to hunt bugs in other programs with threads.";
}
