//! Who sends a message and whom it is for, where messages say so beside what the paper has in them.

use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::network::Service;
use labrpc::wire::Value;
use raft_interface::ServerId;

use super::fields::{Fields, add, int, number};
use lab_referee::{Names, is_one_of};

/// Words that may say something else: an InstallSnapshot brings bytes from here to there.
const AMBIGUOUS: [&str; 4] = ["from", "to", "target", "dest"];

/// The names under which a server's messages say who sends them and whom they are for.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    sender: Vec<&'static str>,
    receiver: Vec<&'static str>,
    number: Vec<&'static str>,
    /// How many requests scripts have written.
    written: AtomicU64,
}

impl Envelope {
    /// Of ambiguous names those that a RequestVote bears, which has nothing else that goes from one to another; and whatever was told.
    pub(super) fn of(service: &Service, names: &Names) -> Self {
        let vote = service.methods().find(|(name, _)| is_one_of(name, &names.request_vote));
        let in_vote = vote.map_or(&[][..], |(_, fields)| fields);
        Self::among(names, in_vote)
    }

    fn among(names: &Names, in_vote: &[&str]) -> Self {
        let known = Names::default();
        let clear = |told: &[&'static str], known: &[&'static str]| {
            let is_clear = |name: &&str| !AMBIGUOUS.contains(name) || in_vote.contains(name) || told != known;
            told.iter().copied().filter(is_clear).collect()
        };
        Self {
            sender: clear(&names.sender, &known.sender),
            receiver: clear(&names.receiver, &known.receiver),
            number: names.request_number.clone(),
            written: AtomicU64::new(0),
        }
    }

    /// All its names.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.sender.iter().chain(&self.receiver).chain(&self.number).copied()
    }

    /// Gives a request a number that no earlier one has.
    pub(super) fn number(&self, fields: &mut Fields) {
        let number = self.written.fetch_add(1, Ordering::Relaxed) + 1;
        add(fields, [(&self.number, int(number))]);
    }

    /// The number of a request, if it has one.
    pub(super) fn number_of(&self, request: &Value) -> Option<u64> {
        number(request, &self.number)
    }

    /// Says in a reply which request it answers.
    pub(super) fn write_number(&self, fields: &mut Fields, of: u64) {
        add(fields, [(&self.number, int(of))]);
    }

    /// Says it in a message, under names that nothing else bears.
    pub(super) fn write(&self, fields: &mut Fields, sender: ServerId, receiver: ServerId) {
        let [sender, receiver] = [sender, receiver].map(|id| int(id as u64));
        add(fields, [(&self.sender, sender), (&self.receiver, receiver)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_and_to_may_be_places_in_a_snapshot() {
        let has = |names: &Names, in_vote: &[&str], name| {
            Envelope::among(names, in_vote).names().any(|known| known == name)
        };
        let known = Names::default();
        assert!(!has(&known, &["term", "candidate_id"], "from"));
        assert!(!has(&known, &["term", "to"], "from"));
        assert!(has(&known, &["term", "to"], "to"));
        assert!(has(&known, &["term"], "server_id"));
        let told = Names { sender: vec!["from"], ..Names::default() };
        assert!(has(&told, &["term"], "from"));
        let offset = Names { offset: vec!["from"], sender: vec!["from"], ..Names::default() };
        let mut fields = vec![("from", int(7))];
        Envelope::among(&offset, &[]).write(&mut fields, 1, 0);
        assert_eq!(fields[0], ("from", int(7)), "what is taken says what it said");
        assert_eq!(fields.iter().filter(|(name, _)| *name == "from").count(), 1);
    }
}
