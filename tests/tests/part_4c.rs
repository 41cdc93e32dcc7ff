//! Part 4C, the key/value service with snapshots: the tests of `lab::suites`, graded on the reference.

lab::suite_4c!(lab::kv::Reference<raft::Raft>);
