//! Part 3C, persistence: the tests of `lab::suites`, graded on the reference.

lab::suite_3c!(raft::Raft);
