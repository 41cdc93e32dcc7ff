//! The suites on the reference: every test of all parts. `cargo test 3a` runs one part, `cargo test figure8` what has
//! that in its name.

lab::suite_2k!(kv_single::Single);
lab::suite_2l!(kv_lock::Reference);
lab::suite_3a!(raft::Raft);
lab::suite_3b!(raft::Raft);
lab::suite_3c!(raft::Raft);
lab::suite_3d!(raft::Raft);
lab::suite_4a!(kvraft::Reference<raft::Raft>);
lab::suite_4b!(kvraft::Reference<raft::Raft>);
lab::suite_4c!(kvraft::Reference<raft::Raft>);
lab::suite_e1!(raft::Raft);
lab::suite_e2!(raft::Raft);
lab::suite_e3!(raft::Raft);
lab::suite_e4!(raft::Raft);
lab::suite_e5!(raft::Raft, with_service(lab::Services::of::<kvraft::Reference<raft::Raft>>()));
lab::suite_e6!(kvraft::Reference<raft::Raft>);
lab::suite_e7!(raft::Raft);
