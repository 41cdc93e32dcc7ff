//! The suites as cargo tests: `cargo test 3a` runs a part, `cargo test figure8` what has that in its name.

lab::suite_3a!(my_raft::Raft);
lab::suite_3b!(my_raft::Raft);
lab::suite_3c!(my_raft::Raft);
lab::suite_3d!(my_raft::Raft);
