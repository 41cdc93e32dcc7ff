//! Faults of every kind at once, drawn at random: the [nemesis](lab_harness::nemesis) against a Raft.
//!
//! `chaos_3b`, `chaos_3c` and `chaos_3d` differ in the faults that their part has to bear. `chaos_4c` does the same to a service.

use lab_harness::cluster::Cluster;
use lab_harness::lab::Lab;
use lab_harness::nemesis::{Campaign, Nemesis, offer_to_leaders, prove_agreement};

/// Phases of faults with commands under way, and agreement by all after each.
pub(crate) fn rage_at_raft(lab: &Lab, cluster: &Cluster, campaign: Campaign) {
    cluster.one(cluster.size());
    Nemesis::new(lab, cluster, campaign)
        .rage(|| offer_to_leaders(lab, cluster), || prove_agreement(lab, cluster));
}
