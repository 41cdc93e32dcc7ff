//! Part 3B, log replication: the tests of `lab::suites`, graded on the reference.

lab::suite_3b!(raft::Raft);
