//! What the server sends its peers: how it is kept, answered, and looked at by the test.

use std::collections::BTreeSet;
use std::time::Duration;

use labrpc::network::Address;
use labrpc::sync::Arc;
use labrpc::wire::Value;
use raft_interface::{ServerId, Term};

use super::bench::{Bench, Inner, SERVER};
use super::encoding::pre_vote;
use super::envelope::Envelope;
use super::kinds::has_kinds;
use super::message::{Asking, Reply, Request};
use super::peer::Peer;
use super::replies::Replier;
use super::state::{BenchState, Received, SentRequest};
use crate::observation::name_servers;
use crate::record::Role;
use lab_referee::{Names, Violation, is_one_of};

/// A leader that reads something else in an answer than was meant may send for ever, and take all memory: after so many
/// requests a run that cannot be judged any more ends.
const REQUESTS_MAX: usize = 3_000;
/// After so many, if they came faster than [`SPIN`], any run ends: its scenario would take minutes to come to its end.
const SPIN_REQUESTS: usize = 10_000;
/// Who sends more often than this, all the time, waits for nothing but the answer to the message before.
const SPIN: Duration = Duration::from_micros(500);

impl Inner {
    /// The server has sent something to a peer. Runs in a thread of that peer.
    pub(super) fn receive(&self, to: ServerId, method: &str, value: &Value) -> Option<Value> {
        if self.only_listens(method, value) {
            return None;
        }
        if let Some(term) = pre_vote(&self.names, method, value) {
            return Some(self.answer_pre_vote(to, term, value));
        }
        if let Some(answer) = self.is_asked_for_entries(to, method, value) {
            return answer;
        }
        let kind = self.recognise(method)?;
        let Some(request) = Request::read(&self.names, method, value) else {
            if kind == self.names.install_snapshot {
                return None; // tests of snapshots have said so at their beginning
            }
            self.skip_unreadable(method, value);
        };
        self.note(format!("S{SERVER} -> {}: {request}", Address::Server(to as u32)));
        let at = self.lab.now();
        self.note_role(&request);
        let mut state = self.state.lock();
        state.has_kinds |= has_kinds(&self.names, value);
        self.check_elected(&state, &request);
        // Kept before it is answered, for the test may be waiting for it to decide on the answer.
        let number = state.requests.len();
        if self.is_without_end(number) {
            drop(state);
            let mut violation = self.violation(
                format!("S{SERVER} sends without end"),
                "a message waits for something: for a command, a heartbeat that is due, or an answer that has changed something"
                    .to_owned(),
                format!("{number} requests in {at:?} of virtual time; the last, to S{to}: {request}"),
            );
            violation = violation.hint(
                "a leader that sends again as soon as it is answered, and nothing has moved: a message without the entries that \
                 it was made for, or a nextIndex that stays",
            );
            self.lab.violated(violation);
            return None;
        }
        // As the peer behaves now: what it holds back is not touched by what the test says later.
        let behaviour = state.behaviours[to];
        let is_held = behaviour.holds(&request);
        let sent = SentRequest { number, to, at, request };
        state.requests.push(Received { sent, is_held, is_read: false, answer: None });
        self.changed.notify_all();
        let reply = loop {
            match state.reply_to(number, behaviour) {
                Some(reply) => break reply,
                None => self.changed.wait(&mut state),
            }
        };
        if let Some(Reply::Vote { term, vote_granted: true }) = reply {
            // Counted before the reply leaves, so before the server can count it: a correct leader never sends
            // with too few votes on this list.
            state.votes.entry(term).or_default().insert(to);
        }
        let reply = reply?;
        let request = &state.requests[number].sent.request;
        let answer = reply.write_to(request, &self.names, &self.replier(&state, to, value));
        drop(state);
        self.note(format!("S{to} -> S{SERVER}: {reply}"));
        Some(answer)
    }
}

impl Inner {
    /// Whether nobody is to be answered. Then the first request for a vote, or for one that does not count, is kept as it is.
    fn only_listens(&self, method: &str, value: &Value) -> bool {
        let mut state = self.state.lock();
        let asks = [&self.names.request_vote, &self.names.request_pre_vote];
        if state.only_listens && asks.into_iter().any(|methods| is_one_of(method, methods)) {
            state.first_candidacy.get_or_insert_with(|| value.clone());
            self.changed.notify_all();
        }
        state.only_listens
    }

    /// Which of the messages that scripts know this is, by its names; `None` if none. What fails beside those that they do not know
    /// well is pardoned from now on.
    fn recognise(&self, method: &str) -> Option<&[&'static str]> {
        let Names { heartbeat, timeout_now, without_entries, .. } = &self.names;
        let required = self.names.required().map(|(methods, _)| methods);
        let known = required.into_iter().chain([&timeout_now[..], heartbeat, without_entries]);
        let kind = known.into_iter().find(|methods| is_one_of(method, methods));
        let pardon = |why| self.lab.record().pardon_failures(why);
        match kind {
            None => pardon(format!(
                "the server also speaks to its peers by {method}, of which scripts know nothing"
            )),
            Some(kind) if kind == heartbeat => {
                pardon(format!(
                    "its leaders have heartbeats of their own, {method}: they bring no entries, and are no AppendEntries"
                ));
            }
            Some(_) => {}
        }
        kind.filter(|kind| *kind != without_entries)
    }

    /// Skips the test: what the server has sent says nothing to a script.
    pub(super) fn skip_unreadable(&self, method: &str, value: &Value) -> ! {
        self.lab.skip(&format!(
            "{method} {value} does not bear the names that the lab knows, or has no number from 0 up where one belongs"
        ))
    }

    /// Skips the test: what the server has answered says nothing to a script.
    pub(super) fn skip_unreadable_reply(&self, method: &str, value: &Value) -> ! {
        self.lab.skip(&format!("the reply of {method}, {value}, does not bear the names that the lab knows"))
    }

    /// What a peer may tell of itself in its replies.
    fn replier(&self, state: &BenchState, id: ServerId, request: &Value) -> Replier {
        let envelope = self.envelope();
        let number = envelope.number_of(request);
        Replier { id, envelope, last: state.followers[id].last(), number }
    }

    /// How messages say from whom to whom they go.
    pub(super) fn envelope(&self) -> Arc<Envelope> {
        Arc::clone(&self.slot.lock().methods.envelope)
    }

    /// Nothing changes by a vote that does not count, so it is granted in all tests but those of itself: what is put to the proof is
    /// what comes after.
    fn answer_pre_vote(&self, to: ServerId, term: Term, value: &Value) -> Value {
        let mut state = self.state.lock();
        state.pre_votes.push((self.lab.now(), term));
        let refuses_in = state.refuses_pre_votes.get(&to).copied();
        let asked = Request::Vote { term, last_log_index: 0, last_log_term: 0, asking: Asking::PreVote };
        let told = term.saturating_sub(1).max(refuses_in.unwrap_or(0));
        let reply = Reply::Vote { term: told, vote_granted: refuses_in.is_none() };
        reply.write_to(&asked, &self.names, &self.replier(&state, to, value))
    }

    /// Whether nobody should wait any longer for the end of a run in which so many requests have been sent.
    fn is_without_end(&self, requests: usize) -> bool {
        let count = u32::try_from(requests).unwrap_or(u32::MAX);
        let is_spinning = requests >= SPIN_REQUESTS && self.lab.now() < SPIN * count;
        is_spinning || requests >= REQUESTS_MAX && self.lab.record().cannot_judge()
    }

    /// What a request tells of the server, for the report of a failure: the tests of sentences seldom ask it.
    fn note_role(&self, request: &Request) {
        let (record, term) = (self.lab.record(), request.term());
        record.note_told(SERVER, term);
        match request {
            Request::Vote { .. } => record.note_sent(SERVER, term, Role::Candidate),
            _ => record.note_sent(SERVER, term, Role::Leader),
        }
    }

    /// Who sends as a leader has been elected, in whatever test.
    fn check_elected(&self, state: &BenchState, request: &Request) {
        let term = request.term();
        if request.is_vote() {
            return;
        }
        // A set of voters: a reply that was given twice is one vote. Its own is one of them.
        let voters: BTreeSet<ServerId> =
            state.votes.get(&term).into_iter().flatten().copied().chain([SERVER]).collect();
        let votes = voters.len();
        let is_elected = match self.features.first_configuration {
            None => 2 * votes > self.size,
            // Who counts may have changed since: then the invariants judge what comes of it.
            Some(first) => first.agree(voters.iter().copied().collect()),
        };
        if is_elected {
            return;
        }
        let violation = Violation::new(
            format!("S{SERVER} sends as leader of term {term}, for which it was not elected"),
            format!("votes of a majority of {} servers", self.size),
            format!("{votes} with its own ({}); it sends {request}", name_servers(voters)),
        )
        .rule("a leader of a term has the votes of a majority for that term (§5.2; Fig. 2, Rules for candidates 2)")
        .hint(
            "votes of an earlier term or candidacy counted, replies counted instead of voters, half taken for a majority, or a \
             sender that reads the current term when it sends and does not look whether it leads",
        )
        .servers([SERVER])
        .term(term);
        self.lab.violated(violation);
    }
}

impl Bench {
    /// Answers a request to a peer that [waits](super::Behaviour::Waits).
    pub fn answer(&self, sent: &SentRequest, reply: Reply) {
        self.0.state.lock().requests[sent.number].answer = Some(Some(reply));
        self.0.changed.notify_all();
    }

    /// The same for all copies of a request that wait. A caller may give a call up that takes long, and ask again with the same words
    /// (§5.5): which of the calls it still listens to, nobody else knows.
    pub fn answer_copies(&self, sent: &SentRequest, reply: Reply) {
        let mut state = self.0.state.lock();
        let is_copy = |other: &SentRequest| other.to == sent.to && other.request == sent.request;
        for received in state.requests.iter_mut().filter(|received| is_copy(&received.sent)) {
            received.answer.get_or_insert(Some(reply));
        }
        self.0.changed.notify_all();
    }

    /// What the peer that got a request would say to it as a follower of the paper; its log takes what fits. [`answer`](Self::answer)
    /// sends that, now or later.
    pub fn truthful_reply(&self, sent: &SentRequest) -> Reply {
        self.0.state.lock().followers[sent.to].answer(&sent.request)
    }

    /// Lets all requests that wait for an answer of the test go without one.
    pub fn answer_all_waiting(&self) {
        for received in &mut self.0.state.lock().requests {
            received.answer.get_or_insert(None);
        }
        self.0.changed.notify_all();
    }

    /// From now on the test looks at new requests only.
    pub fn skip_requests(&self) {
        self.0.state.lock().forget();
    }

    /// How many of all requests so far are of interest.
    pub fn count_requests(&self, is_counted: impl Fn(&SentRequest) -> bool) -> usize {
        self.0.state.lock().requests().filter(|sent| is_counted(sent)).count()
    }

    /// In how many requests for a vote the server has stood for a term after `term`. A test that waits for none begins with a word of
    /// that term: what the server did before it, as to stand when it starts, is no answer to that word.
    pub fn candidacies_after(&self, term: Term) -> usize {
        self.count_requests(|sent| sent.request.is_vote() && sent.request.term() > term)
    }

    /// From now on all peers say no to requests for votes that do not count.
    pub fn refuse_pre_votes(&self) {
        self.peers().into_iter().for_each(Peer::refuses_pre_votes);
    }

    /// How many requests for votes that do not count have come since then.
    pub fn pre_votes_since(&self, since: Duration) -> usize {
        self.0.state.lock().pre_votes.iter().filter(|&&(at, _)| at >= since).count()
    }

    /// In which term the server would have stood, by the last request for a vote that does not count.
    pub fn last_pre_vote(&self) -> Option<Term> {
        self.0.state.lock().pre_votes.last().map(|&(_, term)| term)
    }

    /// The first of all requests so far that is of interest.
    pub fn find_request(&self, is_wanted: impl Fn(&Request) -> bool) -> Option<SentRequest> {
        self.0.state.lock().requests().find(|sent| is_wanted(&sent.request)).cloned()
    }

    /// The same, or the first that comes within `patience`.
    pub fn await_request(
        &self,
        patience: Duration,
        is_wanted: impl Fn(&Request) -> bool,
    ) -> Option<SentRequest> {
        self.wait_for(patience, |state| state.requests().find(|sent| is_wanted(&sent.request)).cloned())
    }

    /// The next request that is of interest, to anybody.
    pub fn next_request(
        &self,
        patience: Duration,
        is_wanted: impl Fn(&Request) -> bool + Copy,
    ) -> Option<SentRequest> {
        self.wait_for(patience, |state| state.next(None, is_wanted))
    }
}
