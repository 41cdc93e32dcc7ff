//! Part 3A, leader election: the tests of `lab::suites`, graded on the reference.

lab::suite_3a!(raft::Raft);
