//! Part 3D, snapshots: the tests of `lab::suites`, graded on the reference.

lab::suite_3d!(raft::Raft);
