//! How often a leader sends, and whether its messages to a server get anywhere.

use std::cmp::Reverse;
use std::time::Duration;

use raft_interface::{Index, ServerId};

use super::evidence::Evidence;
use crate::fact::{Envelope, Sending};
use crate::message::{Piece, Position, Reply, Request};
use crate::proof::Line;

/// A leader that was silent for this long may have been stopped: nothing is said about how long it sent nothing.
const PAUSE: Duration = Duration::from_millis(500);

/// Repetitions that are further apart are not one row.
const AGAIN_GAP_MAX: Duration = Duration::from_secs(2);

/// What a server may reject because it lacks what comes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Entries after this one.
    After(Position),
    /// A piece of a snapshot: its last index, its transfer, and where it begins.
    Piece(Index, u64, u64),
}

impl Place {
    fn of(request: &Request) -> Option<Self> {
        match *request {
            Request::Append { prev, .. } => Some(Self::After(prev)),
            Request::Snapshot { last, piece: Some(piece), .. } => {
                Some(Self::Piece(last.index, piece.id, piece.offset))
            }
            Request::Snapshot { piece: None, .. } | Request::Vote { .. } => None,
        }
    }
}

/// What a leader sends to one server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stream {
    /// When it last sent something.
    last: Option<Duration>,
    /// The heartbeats that follow each other without any news: of which content, since when, how many.
    heartbeat: (Position, Index),
    since: Duration,
    count: u32,
    /// The last index that the server has confirmed, and the messages in a row that bring what is confirmed already:
    /// since when, until when, how many.
    confirmed: Index,
    /// Of a snapshot that comes in pieces: its last index, its transfer, and how much of it the server has taken.
    taken: Option<(Index, u64, u64)>,
    again_since: Duration,
    again_last: Duration,
    again: u32,
    /// The place at which the server has rejected, when first, and how often it was asked there since.
    rejected: Option<(Place, u32)>,
    rejected_since: Duration,
    asked_again: u32,
    /// The highest commit index that the server was told, and the messages since then that all tell a lower one. Each
    /// server has its own: some leaders tell no more than what the server has confirmed.
    commit: Option<(Index, Line)>,
    commit_back: Option<Evidence>,
}

impl Stream {
    /// From the leader's point of view no time has passed since its last message.
    fn resumes(&mut self) {
        (self.heartbeat, self.count) = <_>::default();
        (self.again, self.asked_again, self.rejected) = (0, 0, None);
        self.commit_back = None;
    }

    /// The leader tells a commit index. Returns whether that is odd: it has told a higher one, and nothing makes it tell less.
    fn tell_commit(&mut self, request: &Request, may_repeat: bool, line: Line) -> bool {
        let &Request::Append { commit, .. } = request else { return false };
        if self.is_back(request) {
            if !may_repeat {
                Evidence::add(&mut self.commit_back, request.term(), line);
            }
            return true;
        }
        // Less than it has told, and no less than it may tell this server: says nothing of what it knows.
        if self.commit.is_some_and(|(told, _)| commit < told) {
            return false;
        }
        // So it has not forgotten. The lower ones were built before and sent late.
        self.commit_back = None;
        if self.commit.is_none_or(|(told, _)| commit > told) {
            self.commit = Some((commit, line));
        }
        false
    }

    /// Whether this is less than the leader has told, and neither what the server has confirmed nor the last entry that the message
    /// reaches explains it. etcd tells no more than the server is known to have, also after a message that told more was lost.
    /// hashicorp's heartbeats are empty ones after nothing, with commit index 0: of more a server could make no use (Fig. 2,
    /// AppendEntries, receiver 5).
    fn is_back(&self, request: &Request) -> bool {
        let &Request::Append { commit, .. } = request else { return false };
        let reach = request.last().index.min(self.confirmed);
        self.commit.is_some_and(|(told, _)| commit < told.min(reach))
    }

    /// Whether a request brings again what was confirmed, or asks again where it was rejected.
    fn is_odd(&self, request: &Request) -> bool {
        let is_rejected = |at| self.rejected.is_some_and(|(place, _)| place == at);
        self.is_confirmed(request) == Some(true) || Place::of(request).is_some_and(is_rejected)
    }

    /// Whether what a request brings was confirmed; `None` if it brings nothing.
    fn is_confirmed(&self, request: &Request) -> Option<bool> {
        let is_confirmed = first_brought(request)? <= self.confirmed;
        let is_taken = |last: Index, piece: Piece| {
            self.taken.is_some_and(|(index, id, end)| (index, id) == (last, piece.id) && piece.end <= end)
        };
        Some(match request {
            &Request::Snapshot { last, piece: Some(piece), .. } => {
                is_confirmed || is_taken(last.index, piece)
            }
            _ => is_confirmed,
        })
    }

    /// The server has rejected a request.
    fn rejects(&mut self, at: Duration, request: &Request) {
        let Some(place) = Place::of(request) else { return };
        match &mut self.rejected {
            Some((known, count)) if *known == place => *count += 1,
            other => {
                *other = Some((place, 1));
                (self.rejected_since, self.asked_again) = (at, 0);
            }
        }
    }

    /// The server has answered a piece of a snapshot.
    fn takes(&mut self, last: Index, piece: Piece, has_taken: Option<bool>) {
        match has_taken {
            Some(true) if piece.is_last => self.confirmed = self.confirmed.max(last),
            Some(true) => match &mut self.taken {
                Some((index, id, end)) if (*index, *id) == (last, piece.id) => *end = piece.end.max(*end),
                other => *other = Some((last, piece.id, piece.end)),
            },
            // It has said where the leader should go on, which may be further back. Or nobody can read what it says.
            Some(false) | None => self.taken = None,
        }
    }

    /// The leader sends a request that can get there.
    fn enter(&mut self, at: Duration, request: &Request, is_no_sign: bool) {
        match heartbeat(request) {
            Some(content) if content == self.heartbeat && at.saturating_sub(self.since) < WINDOW => {
                // Equal in content: a leader that has something to tell may send as often as it likes.
                self.count += 1;
            }
            content => {
                self.heartbeat = content.unwrap_or_default();
                (self.since, self.count) = (at, u32::from(content.is_some()));
            }
        }
        // What may be a repetition was built before, or its sender has not read what has arrived: it neither makes a row nor breaks
        // one.
        if is_no_sign {
            return;
        }
        match self.is_confirmed(request) {
            Some(true) => {
                // Two repetitions that lie seconds apart are two delays, not one loop.
                if self.again == 0 || at.saturating_sub(self.again_last) > AGAIN_GAP_MAX {
                    (self.again, self.again_since) = (0, at);
                }
                self.again += 1;
                self.again_last = at;
            }
            // It brings something new: nextIndex has moved.
            Some(false) => self.again = 0,
            // A heartbeat brings nothing, so it neither makes a row nor breaks one.
            None => {}
        }
        if let Some(at) = Place::of(request) {
            match self.rejected {
                Some((place, _)) if place == at => self.asked_again += 1,
                // It asks at another place: nextIndex has moved.
                _ => self.rejected = None,
            }
        }
    }
}

/// What a leader sends in its term.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    streams: Vec<Stream>,
    /// Since when the leader sends without a pause.
    active_since: Duration,
    last: Duration,
    /// Since then the leader has sent to everybody, or began to send only later. Found anew now and then.
    all_served_since: Duration,
}

impl Pace {
    pub(super) fn new(servers: usize) -> Self {
        let zero = Duration::ZERO;
        Self {
            streams: vec![Stream::default(); servers],
            active_since: zero,
            last: zero,
            all_served_since: zero,
        }
    }

    /// One of these servers to whom the leader has sent nothing for more than `longest` although it sent to others all the time,
    /// and for how long.
    pub(crate) fn neglected(
        &self,
        leader: ServerId,
        at: Duration,
        longest: Duration,
        is_one: impl Fn(ServerId) -> bool,
    ) -> Option<(ServerId, Duration)> {
        // Nearly always this says already that nobody is neglected, without a look at every stream. And a
        // leader that was silent to everybody may have been stopped.
        if at.saturating_sub(self.all_served_since) <= longest || at.saturating_sub(self.last) > PAUSE {
            return None;
        }
        let served = self.served(leader).filter(|&(server, _)| is_one(server));
        let (server, since) = served.max_by_key(|&(_, since)| Reverse(since))?;
        Some((server, at.saturating_sub(since))).filter(|&(_, silence)| silence > longest)
    }

    /// When the leader last sent to each of the others, or began to send.
    fn served(&self, leader: ServerId) -> impl Iterator<Item = (ServerId, Duration)> {
        let others = self.streams.iter().enumerate().filter(move |&(server, _)| server != leader);
        others.map(|(server, stream)| (server, stream.last.unwrap_or(Duration::ZERO).max(self.active_since)))
    }

    /// How many heartbeats without news a server has got in a row, with the one that is sent now, and in which time.
    pub(crate) fn heartbeats(&self, at: Duration, to: ServerId, request: &Request) -> (u32, Duration) {
        let stream = &self.streams[to];
        match heartbeat(request) {
            Some(content) if content == stream.heartbeat => {
                (stream.count + 1, at.saturating_sub(stream.since))
            }
            _ => (0, Duration::ZERO),
        }
    }

    /// How many messages in a row, with this one, bring a server what it has confirmed before, and for how long.
    pub(crate) fn repeats(&self, at: Duration, to: ServerId, request: &Request) -> (u32, Duration) {
        let stream = &self.streams[to];
        if stream.again == 0 || stream.is_confirmed(request) != Some(true) {
            return (0, Duration::ZERO);
        }
        (stream.again + 1, at.saturating_sub(stream.again_since))
    }

    /// The last index that a server has confirmed to the leader.
    pub(crate) fn confirmed(&self, by: ServerId) -> Index {
        self.streams[by].confirmed
    }

    /// How often a server was asked and has refused at one position in a row, and for how long.
    pub(crate) fn stuck(&self, at: Duration, to: ServerId, request: &Request) -> (u32, Duration) {
        let stream = &self.streams[to];
        match stream.rejected {
            Some((place, count)) if Some(place) == Place::of(request) => {
                // Ten requests that were under way together bring ten rejections, and the leader has learned
                // it once. So only as many count as it has asked again since the first.
                (count.min(stream.asked_again), at.saturating_sub(stream.rejected_since))
            }
            _ => (0, Duration::ZERO),
        }
    }

    /// The leader was stopped, and goes on.
    pub(super) fn resumes(&mut self) {
        self.streams.iter_mut().for_each(Stream::resumes);
    }

    /// If a request tells less than it could of what is committed: the highest commit index that the server was told, and the
    /// messages since that all tell less.
    pub(crate) fn commit_back(&self, to: ServerId, request: &Request) -> Option<(Index, Line, &Evidence)> {
        let stream = &self.streams[to];
        let (told, line) = stream.commit.filter(|_| stream.is_back(request))?;
        Some((told, line, stream.commit_back.as_ref()?))
    }

    /// The leader sends a request. Returns whether that is odd: it should know better.
    pub(super) fn sent(
        &mut self,
        envelope: Envelope,
        request: &Request,
        sending: Sending,
        line: Line,
    ) -> bool {
        let Envelope { at, caller: leader, callee: to, .. } = envelope;
        self.streams[to].last = Some(at);
        // Who only repeats may lead no more, and owes nobody a heartbeat.
        if !sending.may_repeat {
            if at.saturating_sub(self.last) > PAUSE {
                self.active_since = at;
            }
            self.last = at;
        }
        // Every half second is exact enough for a limit of seconds.
        if at.saturating_sub(self.all_served_since) > PAUSE {
            self.all_served_since = self.served(leader).map(|(_, since)| since).min().unwrap_or(at);
        }
        let stream = &mut self.streams[to];
        let is_odd = stream.is_odd(request) | stream.tell_commit(request, sending.may_repeat, line);
        // Nobody gets it, so nobody is flooded by it or asked again.
        if sending.counts {
            stream.enter(at, request, sending.may_repeat || sending.is_slow);
        }
        is_odd
    }

    /// A reply of the leader's term has arrived.
    pub(super) fn heard(
        &mut self,
        Envelope { at, callee: from, .. }: Envelope,
        request: &Request,
        reply: Reply,
    ) {
        let stream = &mut self.streams[from];
        match (request, reply) {
            (&Request::Snapshot { last, piece: Some(piece), .. }, Reply::Snapshot { has_taken, .. }) => {
                stream.takes(last.index, piece, has_taken);
                match has_taken {
                    Some(false) => stream.rejects(at, request),
                    _ => stream.rejected = None,
                }
            }
            (Request::Snapshot { .. }, Reply::Snapshot { has_taken: Some(false), .. }) => {}
            (Request::Snapshot { last, .. }, _) => stream.confirmed = stream.confirmed.max(last.index),
            (Request::Append { .. }, Reply::Append { success: false, .. }) => {
                stream.rejects(at, request);
            }
            (Request::Append { .. }, _) => {
                stream.rejected = None;
                stream.confirmed = stream.confirmed.max(request.last().index);
            }
            _ => {}
        }
    }
}

/// Heartbeats are counted over this time.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);

/// The first index that a message brings something for; of a snapshot the last. `None` if it
/// brings nothing.
fn first_brought(request: &Request) -> Option<Index> {
    match request {
        Request::Append { prev, entries, .. } => (!entries.is_empty()).then_some(prev.index + 1),
        Request::Snapshot { last, .. } => Some(last.index),
        Request::Vote { .. } => None,
    }
}

/// What an empty AppendEntries says; `None` for anything else.
fn heartbeat(request: &Request) -> Option<(Position, Index)> {
    match request {
        Request::Append { prev, entries, commit, .. } if entries.is_empty() => Some((*prev, *commit)),
        _ => None,
    }
}
