//! Part 4A, the replicated state machine layer: the tests of `lab::suites`, graded on the reference.

lab::suite_4a!(lab::kv::Reference<raft::Raft>);
