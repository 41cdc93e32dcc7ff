//! Faults of every kind at once, drawn at random: the [nemesis](lab_harness::nemesis) against a Raft.
//!
//! `chaos_3b`, `chaos_3c` and `chaos_3d` differ in the faults that their part has to bear. `chaos_4c` does the same to a service.

use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use lab_harness::nemesis::{FaultPlan, Nemesis, expect_agreement, offer_to_leaders};

/// Phases of faults with commands under way, and agreement by all after each.
pub(crate) fn run_nemesis(lab: &Lab, cluster: &Cluster, plan: FaultPlan) {
    cluster.one(cluster.size());
    Nemesis::new(lab, cluster, plan)
        .run(|| offer_to_leaders(lab, cluster), || expect_agreement(lab, cluster));
}
