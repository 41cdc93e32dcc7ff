//! Which server to ask next, and when: the clerk's memory of the leader, hints, and patience.
//!
//! - A server that has answered is asked again.
//! - One that says who leads is believed, but only as often in a row as there are servers: two that point at each other would
//!   else be asked for ever.
//! - Otherwise the next one in turn is asked. After each turn through all of them there is a pause, which doubles
//!   up to a limit and is partly random, so that many clerks do not come back at the same moment.

use labrpc::rand::{self, RngExt};
use labrpc::time::Duration;

use crate::error::Refusal;
use crate::rpc::Server;

/// The pause after the first turn that found no leader.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
/// The longest pause: a few of them fit into an election.
const PAUSE_MAX: Duration = Duration::from_millis(160);

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// No reply, or one that does not say who leads.
    Nothing,
    /// This server leads, it is said.
    Leader(Server),
}

impl From<Refusal> for Heard {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotLeader { leader: Some(leader) }
            | Refusal::LostLeadership { leader: Some(leader) } => Self::Leader(leader),
            _ => Self::Nothing,
        }
    }
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    servers: usize,
    /// Whom to ask next. In `0..servers`.
    current: Server,
    /// Who was asked last because it was its turn, and not because it was said to lead. Turns go on from there: a leader that is cut off
    /// is silent and its follower names it, and from the leader on that would be the next in turn for ever.
    turn: Server,
    /// Hints followed since the last turn to the next server. At most `servers`.
    hints: usize,
    /// Servers asked in turn since the last pause. Below `servers`.
    asked: usize,
    /// The next pause, before chance is added.
    pause: Duration,
}

impl Route {
    pub(crate) fn new(servers: usize) -> Self {
        Self::beginning_with(0, servers)
    }

    /// The same, with this server first.
    pub(crate) fn beginning_with(server: Server, servers: usize) -> Self {
        Self { servers, current: server, turn: server, hints: 0, asked: 0, pause: PAUSE_FIRST }
    }

    /// Whom to ask.
    pub(crate) fn server(&self) -> Server {
        self.current
    }

    /// The server that was asked has answered: it is the leader.
    pub(crate) fn answered(&mut self) {
        *self = Self::beginning_with(self.current, self.servers);
    }

    /// Chooses whom to ask next. Returns how long to wait before.
    pub(crate) fn next(&mut self, heard: Heard) -> Option<Duration> {
        match heard {
            Heard::Leader(leader) if self.is_worth_following(leader) => {
                self.hints += 1;
                self.current = leader;
                None
            }
            Heard::Leader(_) | Heard::Nothing => self.next_in_turn(),
        }
    }

    fn is_worth_following(&self, leader: Server) -> bool {
        // A server that names itself has just refused: whichever of its two words is out of date, the others
        // come first.
        leader != self.current && leader < self.servers && self.hints < self.servers
    }

    fn next_in_turn(&mut self) -> Option<Duration> {
        self.hints = 0;
        self.turn = (self.turn + 1) % self.servers;
        // Not who was asked just now, because of a hint.
        if self.turn == self.current {
            self.turn = (self.turn + 1) % self.servers;
        }
        self.current = self.turn;
        self.asked += 1;
        // No pause within a turn: mostly one of the others leads. When all were asked in vain there is probably
        // no leader yet, and asking faster brings none.
        if self.asked < self.servers {
            return None;
        }
        self.asked = 0;
        let pause = self.pause + rand::rng().random_range(Duration::ZERO..=self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_that_answered_is_asked_again() {
        let mut route = Route::new(3);
        assert_eq!(route.next(Heard::Leader(2)), None);
        route.answered();
        assert_eq!(route.server(), 2);
    }

    #[test]
    fn silence_leads_to_the_next_and_a_pause_after_each_turn() {
        let mut route = Route::new(3);
        let mut last = Duration::ZERO;
        for turn in 0..3 {
            assert_eq!((route.next(Heard::Nothing), route.server()), (None, 1), "turn {turn}");
            assert_eq!((route.next(Heard::Nothing), route.server()), (None, 2));
            let pause = route.next(Heard::Nothing).expect("a pause after all three");
            assert_eq!(route.server(), 0);
            let first = PAUSE_FIRST * 2_u32.pow(turn);
            assert!((first..=first * 2).contains(&pause) && pause >= last, "turn {turn}: {pause:?}");
            last = first;
        }
    }

    #[test]
    fn servers_that_point_at_each_other_are_left() {
        let mut route = Route::new(5);
        let (mut asked_others, mut pauses) = (false, 0);
        for _ in 0..100 {
            let other = if route.server() == 0 { 1 } else { 0 };
            let pause = route.next(Heard::Leader(other));
            pauses += u32::from(pause.is_some());
            asked_others |= route.server() > 1;
        }
        assert!(asked_others, "the hint was followed for ever");
        assert!(pauses >= 3, "{pauses} pauses in 100 tries");
    }

    /// Server 0 leads a minority and commits nothing; server 1, its follower, says so to everybody.
    #[test]
    fn silent_leader_with_a_follower_that_names_it_is_left() {
        let mut route = Route::new(5);
        let asked: Vec<Server> = (0..5)
            .map(|_| {
                let asked = route.server();
                route.next(if asked == 1 { Heard::Leader(0) } else { Heard::Nothing });
                asked
            })
            .collect();
        assert_eq!(asked, [0, 1, 0, 2, 3]);
    }

    /// Its request may be in that server's log already.
    #[test]
    fn silent_server_is_not_asked_twice_in_a_row() {
        let mut route = Route::new(3);
        route.next(Heard::Leader(1));
        let asked = [1, 2, 0].map(|server| {
            assert_eq!(route.server(), server);
            route.next(Heard::Nothing);
        });
        assert_eq!((asked.len(), route.server()), (3, 1));
        let mut alone = Route::new(1);
        alone.next(Heard::Nothing);
        assert_eq!(alone.server(), 0);
    }

    #[test]
    fn hint_that_cannot_be_right_is_ignored() {
        let mut route = Route::new(3);
        assert_eq!((route.next(Heard::Leader(7)), route.server()), (None, 1));
        assert_eq!((route.next(Heard::Leader(1)), route.server()), (None, 2), "itself, but it refused");
    }
}
