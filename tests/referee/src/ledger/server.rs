//! What is certain of one server.

use std::time::Duration;

use raft_interface::{Index, Term};

use super::duties::{Duties, Reach};
use super::evidence::{Evidence, Floor};
use super::transfers::Transfers;
use super::unanswered::{Content, Unanswered};
use crate::fact::{Life, Sending};
use crate::message::Position;
use crate::proof::Line;

/// Shorter than any useful election timeout: MIT's heartbeats come every 100 ms.
const TIMEOUT_MIN: Duration = Duration::from_millis(30);
/// Longer than any useful one.
const ELECTION_TIMEOUT_MAX: Duration = Duration::from_secs(2);

/// An entry that a server has acknowledged and nothing has removed since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) position: Position,
    /// The term of the leader to whom it was acknowledged.
    pub(crate) leader_term: Term,
    /// The acknowledgement.
    pub(crate) line: Line,
}

impl Stored {
    /// Takes the place of what was known, unless that says more.
    fn replace(self, known: &mut Option<Self>) {
        // An answer that others have overtaken says less than what is known.
        let is_news = known.as_ref().is_none_or(|known| {
            self.leader_term >= known.leader_term && self.position.index >= known.position.index
        });
        if is_news && self.position.index > 0 {
            *known = Some(self);
        }
    }
}

/// What is certain of one server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server {
    /// Its stored term.
    pub(crate) floor: Floor,
    /// Who sends now, and what its term was when it began.
    life: Option<Life>,
    floor_before: Floor,
    /// Its term when an incarnation handled its first request, until that sends one.
    floor_at_serving: Option<Floor>,
    /// The life that was started last, and whether it is gone; `None` if nobody tells of starts.
    current: Option<Life>,
    is_down: bool,
    /// Its saves take long.
    pub(crate) is_slow: bool,
    /// What this life has asked and nobody has answered.
    pub(super) unanswered: Unanswered,
    /// The highest term that a reply has told this life.
    heard: Floor,
    /// Requests in a term older than what it knew.
    pub(crate) stale: Option<Evidence>,
    /// The last entry that it certainly stores, and with it all before.
    pub(crate) stored: Option<Stored>,
    /// The last entry that it has sent as a leader. It is in its log as long as it is not restarted; nothing says that
    /// it was saved.
    pub(crate) held: Option<Stored>,
    /// How often something may have removed acknowledged entries.
    pub(crate) cuts: u64,
    /// It can know at most this index to be committed.
    pub(crate) commit_max: Index,
    /// The last index of any snapshot that it was sent.
    pub(crate) snapshot: Index,
    /// Those that came in pieces.
    pub(crate) transfers: Transfers,
    /// In the term of the last leader that it heard: what it can have of that leader's log.
    of_term: Term,
    matched: Index,
    /// The highest commit index that any leader has told it.
    commit: Index,
    /// Entries up to this one may be in a snapshot that the service took.
    trimmed: Index,
    incarnation: u64,
    /// When it last answered anybody.
    pub(crate) answered_at: Duration,
    /// The calls that it handles.
    pub(super) open: Vec<u64>,
    /// When it last had a reason not to stand for election, in which term, and the answer that shows it.
    pub(crate) timer: Option<(Duration, Term, Line)>,
    /// When it last stood for election all the same, in which term.
    pub(crate) early: Option<(Term, Line)>,
    /// When it has answered a request for a vote that does not count, of a term that nobody had told then, and that term.
    pre_vote: Option<(Duration, Term)>,
    /// The terms in which it was after such an answer although nobody had told them, and what shows it. It may have stood in
    /// them itself: then it asks for votes in them.
    pub(crate) moved: Vec<(Term, Line)>,
    /// When it was last told to stand for election, by a leader that gives up its office.
    told_to_stand_at: Option<Duration>,
    /// When it started, if that was seen.
    started_at: Option<Duration>,
    /// When it last may have heard from a leader, or has started again since.
    led_at: Option<Duration>,
    pub(crate) duties: Duties,
    /// What it was ever given, or made itself, at most.
    pub(crate) reach: Reach,
}

impl Server {
    /// It is started, in that life.
    pub(crate) fn starts(&mut self, life: Life, at: Duration) {
        // Where leaders have leases, who has heard from one leaves candidates alone for a while. Who starts again does not know
        // whether and when that was, and keeps the promise as if it had just given it (thesis §6.4.1).
        self.led_at = self.current.is_some().then_some(at);
        self.started_at = Some(at);
        (self.current, self.is_down) = (Some(life), false);
        // It may have stored a term in which it stood, and have lost its power before it asked anybody.
        (self.pre_vote, self.moved) = (None, Vec::new());
    }

    /// It is gone. Its threads may not know yet.
    pub(crate) fn stops(&mut self) {
        self.is_down = true;
    }

    /// Whether the sender of a request is an incarnation that is gone: what it says is not said by its successor.
    pub(crate) fn is_gone(&self, life: Option<Life>) -> bool {
        let is_older =
            matches!((life, self.life), (Some(Life::Node(life)), Some(Life::Node(now))) if life < now);
        self.is_down || is_older || matches!((life, self.current), (Some(life), Some(now)) if life != now)
    }

    /// Whether a request may be sent again because nobody has answered it.
    pub(crate) fn may_repeat(&self, life: Option<Life>, content: &Content) -> bool {
        // A new life repeats nothing that the last one has sent: it does not know of it.
        !(life.is_some() && life != self.life) && self.unanswered.may_repeat(content)
    }

    /// A reply has come to what was asked in that life.
    pub(super) fn is_answered(&mut self, life: Option<Life>, content: &Content) {
        if life.is_none() || life == self.life {
            self.unanswered.answer(content);
        }
    }

    /// Whether no leader of a term after `term` has sent it anything.
    pub(super) fn is_led_by_none_after(&self, term: Term) -> bool {
        self.of_term <= term && self.floor.term <= term
    }

    /// What the term of the sender of a request was at least when it began.
    pub(crate) fn floor_of(&self, life: Option<Life>) -> Option<&Floor> {
        match life {
            Some(Life::Node(_)) if life == self.life => Some(&self.floor_before),
            // It has just begun: before the first request that it handled, or now.
            Some(Life::Node(_)) if self.life.is_some() => {
                Some(self.floor_at_serving.as_ref().unwrap_or(&self.floor))
            }
            // A thread of the tester, the first life, or one of the real world: nothing is known of how it
            // began.
            _ => None,
        }
    }

    /// The highest term that the sender of a request certainly knows, if it has not just begun.
    pub(crate) fn known_term(&self, life: Option<Life>) -> Option<&Floor> {
        // A new life knows only what was stored, and has not heard what others told the last one.
        if life.is_none() || life != self.life {
            return None;
        }
        Some(if self.heard.term > self.floor.term { &self.heard } else { &self.floor })
    }

    /// It sends a request. Returns whether that is odd: it knows of a later term.
    pub(super) fn send(&mut self, life: Option<Life>, term: Term, sending: Sending, line: Line) -> bool {
        if life.is_some() && life != self.life {
            // All that the last life has shown was stored before it was shown: with that the new one begins.
            // What it only heard, or had in its log without an acknowledgement, may be lost.
            self.floor_before = self.floor_of(life).copied().unwrap_or_default();
            self.floor_at_serving = None;
            (self.life, self.heard, self.stale, self.timer) = (life, Floor::default(), None, None);
            self.held = None;
            self.unanswered = Unanswered::default();
        }
        let is_odd = self.known_term(life).is_some_and(|known| term < known.term);
        // Who saves for long may not have read what has told it of that term.
        if is_odd && !sending.may_repeat && !sending.is_slow {
            Evidence::add(&mut self.stale, term, line);
        }
        if sending.counts {
            self.raise_floor(term, line);
        }
        is_odd
    }

    pub(super) fn hears(&mut self, life: Option<Life>, term: Term, line: impl FnOnce() -> Line) {
        if life.is_some() && life == self.life {
            self.heard.raise(term, line);
        }
    }

    pub(super) fn raise_floor(&mut self, term: Term, line: Line) {
        self.floor.raise(term, || line);
    }

    /// It handles one more call.
    pub(crate) fn opens(&mut self, call: u64) {
        self.open.push(call);
    }

    /// It has answered a call, as often as it was asked.
    pub(crate) fn closes(&mut self, call: u64) {
        self.open.retain(|&open| open != call);
    }

    /// That incarnation handles requests now, in that life.
    pub(super) fn serves_as(&mut self, incarnation: u64, life: Option<Life>) {
        if incarnation == self.incarnation {
            return;
        }
        self.incarnation = incarnation;
        self.open.clear();
        // It may have sent something before.
        if !(matches!(life, Some(Life::Node(_))) && life == self.life) {
            self.floor_at_serving = Some(self.floor);
            self.held = None;
        }
    }

    /// A leader of `term` has sent it its log up to `last` and the commit index `commit`.
    pub(super) fn may_know(&mut self, term: Term, last: Index, commit: Index) {
        if term > self.of_term {
            (self.of_term, self.matched) = (term, 0);
        }
        self.commit = self.commit.max(commit);
        if term == self.of_term {
            // As receiver 5 of AppendEntries says, and no further: the log may differ behind what was
            // compared.
            self.matched = self.matched.max(last);
            self.commit_max = self.commit_max.max(self.matched.min(self.commit));
        } else {
            // The message of a later leader is still being handled, maybe after this one. How much of the log was
            // compared in this term is forgotten.
            self.commit_max = self.commit_max.max(commit);
        }
    }

    /// The most up-to-date entry that is certainly in its log.
    pub(crate) fn last_certain(&self) -> Option<&Stored> {
        let both = self.stored.iter().chain(&self.held);
        both.max_by_key(|stored| stored.position.up_to_date())
    }

    /// A message may have been handled that leaves of an entry and those before it what `kept` says, if that is less.
    #[allow(clippy::option_option, reason = "no change, and nothing left, are two answers")]
    pub(super) fn cut(&mut self, kept: impl Fn(&Stored) -> Option<Option<Position>>) {
        for certain in [&mut self.stored, &mut self.held] {
            let Some(stored) = certain else { continue };
            if let Some(kept) = kept(stored) {
                // Counted, so that an answer under way shows that its log may have changed since the
                // delivery.
                self.cuts += 1;
                let stored = *stored;
                *certain = kept.map(|position| Stored { position, ..stored });
            }
        }
    }

    /// It has acknowledged everything up to `position` to the leader of `leader_term`.
    pub(super) fn stores(&mut self, position: Position, leader_term: Term, line: Line) {
        Stored { position, leader_term, line }.replace(&mut self.stored);
    }

    /// It has sent everything up to `position` as the leader of `leader_term`.
    pub(super) fn holds(&mut self, position: Position, leader_term: Term, line: Line) {
        Stored { position, leader_term, line }.replace(&mut self.held);
    }

    /// A message of a leader that it does not refuse for its term is about to be handled.
    pub(super) fn is_led(&mut self, at: Duration) {
        self.led_at = Some(at);
    }

    /// Whether it may leave a higher term alone, in a request for a vote at this time: because it has just heard from a
    /// leader (thesis §4.2.3).
    pub(super) fn may_ignore_candidates(&self, at: Duration) -> bool {
        self.led_at.is_some_and(|led| at.saturating_sub(led) < ELECTION_TIMEOUT_MAX)
    }

    /// Whether it may give no vote at this time. Some give none for a while after they have started, also when they have heard of
    /// nobody yet.
    pub(super) fn may_withhold_votes(&self, at: Duration) -> bool {
        let is_young = self.started_at.is_some_and(|start| at.saturating_sub(start) < ELECTION_TIMEOUT_MAX);
        is_young || self.may_ignore_candidates(at)
    }

    /// Its service has taken a snapshot.
    pub(crate) fn trims(&mut self, index: Index) {
        self.trimmed = self.trimmed.max(index);
    }

    /// The last index that may be in a snapshot. If nobody tells what the service does, that is all that may be
    /// committed.
    pub(crate) fn trimmed(&self, has_told_calls: bool) -> Index {
        self.snapshot.max(if has_told_calls { self.trimmed } else { self.commit_max })
    }

    /// Stands for election in `term`. Returns whether it should have waited: it had a reason to in the term before.
    pub(crate) fn is_early(&self, at: Duration, term: Term) -> Option<Line> {
        let &(reset_at, before, line) = self.timer.as_ref()?;
        // Only the very next term: if it stands in a higher one, it has heard of others meanwhile, and who
        // knows when.
        let is_early = term == before + 1 && at.saturating_sub(reset_at) < TIMEOUT_MIN;
        let is_told =
            self.told_to_stand_at.is_some_and(|told| at.saturating_sub(told) < ELECTION_TIMEOUT_MAX);
        (is_early && !is_told).then_some(line)
    }

    /// A leader that gives up its office has told it to stand for election (thesis §3.10): for a while it need not wait.
    pub(crate) fn is_told_to_stand(&mut self, at: Duration) {
        self.told_to_stand_at = Some(at);
        self.duties.is_told_to_stand();
    }

    /// It has answered whether it would vote in `term`. `highest` is the highest term that anybody has told.
    pub(crate) fn answers_pre_vote(&mut self, at: Duration, term: Term, highest: Term) {
        // The lowest of those that nobody has told: a server that is in it need not be in a higher one.
        let is_held = self.pre_vote.is_some_and(|(_, held)| held > highest && held <= term);
        if term > highest && !is_held {
            self.pre_vote = Some((at, term));
        }
    }

    /// The term, if an answer of that term to a request delivered at that time shows that a question has moved the server, or
    /// that it stands itself: nobody has told it.
    pub(crate) fn is_moved(&self, delivered_at: Duration, term: Term, highest: Term) -> Option<Term> {
        let &(answered_at, asked) = self.pre_vote.as_ref()?;
        (asked > highest && term >= asked && delivered_at >= answered_at).then_some(term)
    }

    /// It asks for votes in `term`.
    pub(super) fn has_stood(&mut self, term: Term) {
        self.moved.retain(|&(moved, _)| moved != term);
    }

    pub(super) fn stands(&mut self, at: Duration, term: Term, line: Line) {
        if self.is_early(at, term).is_some() {
            self.early = Some((term, line));
        }
    }

    pub(super) fn resets_timer(&mut self, at: Duration, term: Term, line: Line) {
        // An answer of an earlier term may come late, from a handler that waited.
        if self.timer.as_ref().is_none_or(|&(_, known, _)| term >= known) {
            self.timer = Some((at, term, line));
        }
    }
}
