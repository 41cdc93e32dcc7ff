//! What scenarios of one's own are written with. `cargo lab grade-tests FILE` puts them before wrong Rafts and right ones.
//!
//! ```
//! use lab_scenarios as lab; // in a workspace of one's own it is the crate `lab`, which has all of this
//! use lab::{Lab, Violation};
//!
//! /// The leader is cut off: another one is elected.
//! fn leader_is_replaced(lab: &Lab) {
//!     let cluster = lab.cluster(3).start();
//!     let leader = cluster.check_one_leader();
//!     cluster.disconnect(leader);
//!     let next = cluster.check_one_leader();
//!     lab.expect(next != leader, || {
//!         Violation::new("nobody has taken over", "another leader", format!("S{next}"))
//!     });
//! }
//!
//! lab::scenarios! { leader_is_replaced }
//! # assert_eq!(SCENARIOS[0].name, "leader_is_replaced");
//! ```
//!
//! # How it works
//!
//! It is the part of the harness that a scenario needs: a [`Lab`], from which come [`Cluster`]s, services and servers of lab 2; what can be
//! done to them; time and chance. While a scenario runs, everything that the harness knows of Raft is watched as in the lab's own tests: who
//! leads, what is committed, what servers send each other. So a scenario need not check that there is one leader in a term. What
//! it has to do is to lead a wrong Raft into the place where it shows; and to expect what no rule knows, as that a
//! command commits.
//!
//! # What it leaves out
//!
//! Our own tests, the chaos that needs no thought, and servers among scripted peers. A file that names them is not compiled by `grade-tests`.

use std::time::Duration;

pub use lab_harness::{Cluster, Implementation, Lab, TestCase, Violation, cluster, single};
pub use lab_runs::World;
pub use {kvraft_interface, labrpc, raft_interface};

use lab_harness::{Origin, Part};

/// Services on a cluster: a key/value service under test, its clients, and the histories of what they saw. [`Lab::service`] starts one.
pub mod kv {
    // By name: the workload of chaos stands beside them.
    pub use lab_harness::kv::{
        COMMANDS_MAX, Client, Forwarded, KvBuilder, KvCluster, Operations, Told, delta, executions, wait_for,
        wait_within,
    };
}

/// The limit of virtual time of a scenario.
const TIME_MAX: Duration = Duration::from_secs(120);
/// The limit of steps of the scheduler.
const STEPS_MAX: u64 = 10_000_000;

/// A scenario of one's own, with the limits of MIT's tests. [`scenarios!`](crate::scenarios) makes a list of them.
#[must_use]
pub const fn scenario(name: &'static str, body: fn(&Lab)) -> TestCase {
    TestCase {
        name,
        part: Part::A3,
        points: 0,
        about: "a scenario of your own",
        origin: Origin::Lab,
        time_max: TIME_MAX,
        steps_max: STEPS_MAX,
        body,
    }
}

/// Makes the list `SCENARIOS` of these functions, which `cargo lab grade-tests` looks for.
#[macro_export]
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        /// The scenarios of this file.
        pub static SCENARIOS: &[$crate::TestCase] = &[$($crate::scenario(stringify!($name), $name)),*];
    };
}
