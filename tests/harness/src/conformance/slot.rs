//! What the bench holds of the server: its storage, what runs, and its methods.

use std::collections::BTreeMap;

use labrpc::network::{ClientEnd, Service};
use labrpc::sim::NodeHandle;
use labrpc::sync::Arc;
use labrpc::wire::{AskMadeUp, Value, With};
use parking_lot::Mutex as PlainMutex;
use raft_interface::MemoryPersister;

use super::envelope::Envelope;
use super::fields::outermost;
use super::made_up::optional_in_requests;
use crate::implementation::AnyRaft;
use crate::server_storage::ReadTime;
use lab_referee::{Names, is_one_of};

/// What the bench holds of the server.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) persister: Arc<MemoryPersister>,
    /// How long what runs takes to read from it.
    pub(super) read_time: ReadTime,
    pub(super) running: Option<(NodeHandle, Arc<dyn AnyRaft>)>,
    pub(super) ends: Vec<ClientEnd>,
    /// The storage at the moment at which the power failed by itself.
    pub(super) at_power_failure: Arc<PlainMutex<Option<Arc<MemoryPersister>>>>,
    pub(super) methods: Methods,
}

/// The server's methods.
#[derive(Clone, Default)]
pub(super) struct Methods {
    pub(super) service: String,
    /// How its messages say from whom to whom they go.
    pub(super) envelope: Arc<Envelope>,
    /// Without the service's name.
    pub(super) names: Vec<String>,
    /// What the server would make up of a request, by the method's full name.
    pub(super) made_up: BTreeMap<String, AskMadeUp>,
    /// Why a script cannot talk of snapshots with it.
    pub(super) without_snapshots: Option<String>,
    /// Snapshots can come in pieces.
    pub(super) has_pieces: bool,
    /// How it can be asked for a vote that does not count, if it can be.
    pub(super) pre_votes: Option<PreVotes>,
    /// A request for a vote can say that the leader wants it.
    pub(super) has_transfer_flag: bool,
}

/// How a server is asked for a vote that does not count (thesis §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PreVotes {
    /// By a field of RequestVote.
    Flag,
    /// By a method of its own.
    Method,
}

impl Methods {
    /// Reads them from the server's service.
    ///
    /// # Errors
    ///
    /// What is missing for a talk in these names.
    pub(super) fn of(service: &Service, names: &Names) -> Result<Self, String> {
        let envelope = Envelope::of(service, names);
        let optional: Vec<_> = optional_in_requests(names).into_iter().chain(envelope.names()).collect();
        let [vote, append, install] = names.required().map(|(methods, fields)| {
            let is_of_a_leader = methods != names.request_vote;
            let by_leaders = names.leader_id.iter().filter(|_| is_of_a_leader);
            let optional: Vec<_> = optional.iter().chain(by_leaders).copied().collect();
            has(service, methods, &fields, &optional)
        });
        let without_snapshots = vote.and(append).and(Ok(install))?.err();
        // A method of one of these names with a field of each of those.
        let has_fields = |methods: &[&'static str], fields: &[&[&'static str]]| {
            service.methods().any(|(name, has)| {
                let has = |of: &&[&'static str]| of.iter().any(|name| has.contains(&outermost(name)));
                is_one_of(name, methods) && fields.iter().all(has)
            })
        };
        let has_pieces = has_fields(&names.install_snapshot, &[&names.offset, &names.done]);
        let vote_has = |field: &[&'static str]| has_fields(&names.request_vote, &[field]);
        let has_method = || service.methods().any(|(name, _)| is_one_of(name, &names.request_pre_vote));
        let pre_votes = match vote_has(&names.pre_vote) {
            true => Some(PreVotes::Flag),
            false => has_method().then_some(PreVotes::Method),
        };
        let has_transfer_flag = vote_has(&names.leadership_transfer);
        let prefix = format!("{}.", service.name());
        let names = service.methods().filter_map(|(name, _)| name.strip_prefix(&prefix)).map(str::to_owned);
        Ok(Self {
            service: service.name().to_owned(),
            envelope: Arc::new(envelope),
            names: names.collect(),
            made_up: service.made_up().map(|(name, ask)| (name.to_owned(), ask)).collect(),
            without_snapshots,
            has_pieces,
            pre_votes,
            has_transfer_flag,
        })
    }

    /// The full name of the method that has one of these names.
    pub(super) fn full_name(&self, methods: &[&str]) -> Option<String> {
        let name = self.names.iter().find(|name| methods.contains(&name.as_str()))?;
        Some(format!("{}.{name}", self.service))
    }
}

/// Says that a server has no method of one of these names, and what to do if it has one of another name.
pub(super) fn no_method(methods: &[&str]) -> String {
    let name = methods.first().unwrap_or(&"of that name");
    format!("the server has no method {name} (one of another name: tell it with Implementation::with_names)")
}

/// # Errors
///
/// What is missing: the method, or a field of its arguments; or what it has of its own.
fn has(
    service: &Service,
    methods: &[&'static str],
    fields: &[&[&'static str]],
    optional: &[&'static str],
) -> Result<(), String> {
    let Some((name, has)) = service.methods().find(|(name, _)| is_one_of(name, methods)) else {
        return Err(no_method(methods));
    };
    if let Some(missing) =
        fields.iter().find(|names| !names.iter().any(|name| has.contains(&outermost(name))))
    {
        let missing = missing.first().unwrap_or(&"of that name");
        return Err(format!(
            "the arguments of {name} have no field {missing}, but {} (one of them under another name: tell it with \
             Implementation::with_names)",
            has.join(", ")
        ));
    }
    // What nobody fills in would be read as nothing or zero, and might mean something; but for an `Option`, which knows that nothing may be
    // there: what fails of a message without it is pardoned when it is sent.
    let is_known =
        |field: &str| fields.iter().copied().flatten().chain(optional).any(|name| outermost(name) == field);
    let made_up = service.made_up().find(|(method, _)| *method == name).map(|(_, ask)| ask);
    let left_out = made_up.map(|ask| ask(&Value::Struct("", Vec::new()))).unwrap_or_default();
    let is_optional = |field: &str| {
        left_out.iter().any(|left| left.field == field && left.within.is_none() && left.with == With::None)
    };
    match has.iter().find(|field| !is_known(field) && !is_optional(field)) {
        Some(own) => {
            Err(format!("the arguments of {name} have a field {own}, of which scripted peers know nothing"))
        }
        None => Ok(()),
    }
}
