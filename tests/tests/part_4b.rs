//! Part 4B, the key/value service without snapshots: the tests of `lab::suites`, graded on the reference.

lab::suite_4b!(lab::kv::Reference<raft::Raft>);
