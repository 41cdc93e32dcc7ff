//! The times that a server is configured with, and the inequality that they must satisfy.
//!
//! Raft's safety depends on no time at all. Its availability needs
//!
//! ```text
//! network delay  <<  heartbeat interval  <  election timeout  <<  time between failures        (§5.6)
//! ```
//!
//! [`Config::validate`] turns the first part of this into numbers and refuses a configuration in which a healthy
//! leader would be deposed again and again, or in which candidates would keep splitting the vote.

use std::time::Duration;

use raft_interface::{Configuration, Features};

/// How many heartbeats in a row may be lost before a follower may stand for election.
///
/// MIT's unreliable network loses one request in ten: at three in a row an idle cluster holds an election every
/// hundred seconds or so, which the suites tolerate.
const HEARTBEATS_LOST_MAX: u32 = 2;

/// The times of one server. All servers of a cluster should have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The longest silence between two messages of a leader to a follower. MIT allows ten heartbeats a second,
    /// hence the default of 100 ms.
    pub heartbeat_interval: Duration,
    /// The shortest time without a word from a leader after which a follower stands for election. Default 400 ms.
    pub election_timeout_min: Duration,
    /// The longest such time; each wait is drawn anew between both, ends included (§5.2). Default 799 ms.
    pub election_timeout_max: Duration,
    /// The longest time that the network needs for one direction when it works. Default 27 ms, MIT's unreliable
    /// network.
    pub network_delay_max: Duration,
    /// How long a sender waits before it repeats a message whose call failed. Default 20 ms.
    pub retry_pause: Duration,
    /// How long news of a few committed entries may wait for others to travel with. Default 8 ms: under load a
    /// command costs one message per follower instead of two, and in an idle cluster the followers still apply it
    /// long before a person would notice. News of many entries at once, and the leader itself, never wait.
    pub commit_notice: Duration,
    /// What the server does beyond Figure 2. Default: nothing.
    pub features: Features,
}

/// Why a configuration is refused. Each message says what to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A heartbeat interval of zero.
    #[error("heartbeat_interval is zero, so a leader would never pause: set it to 100 ms, say")]
    NoHeartbeatInterval,
    /// A follower would stand for election although its leader is well.
    #[error(
        "election_timeout_min is {timeout:?}, but a healthy leader may be silent for {silence:?} \
         (3 heartbeat intervals and 2 network delays): raise it above that, or lower heartbeat_interval"
    )]
    ElectionTimeoutTooShort {
        /// The configured minimum.
        timeout: Duration,
        /// What it must exceed.
        silence: Duration,
    },
    /// Candidates would split the vote again and again.
    #[error(
        "election timeouts are spread over {spread:?}, but collecting votes takes {round_trip:?} (2 network \
         delays): raise election_timeout_max until it exceeds election_timeout_min by twice that"
    )]
    ElectionTimeoutsTooClose {
        /// The configured maximum less the minimum.
        spread: Duration,
        /// Two network delays.
        round_trip: Duration,
    },
    /// A first configuration in which nobody could decide, or of servers that are not there.
    #[error(
        "first_configuration is {configuration}, which a cluster of {servers} servers cannot have: somebody must have a vote, \
         nobody may both vote and learn, and all must be peers"
    )]
    ImpossibleConfiguration {
        /// It.
        configuration: Configuration,
        /// The number of peers.
        servers: usize,
    },
    /// Leases that nobody keeps: followers leave candidates alone only with check-quorum.
    #[error(
        "leases need check_quorum, without which a follower may vote for another leader at any time: set it"
    )]
    LeasesWithoutCheckQuorum,
    /// Clocks that differ by so much that no lease would be left.
    #[error(
        "leases allow for an error of {clock_error:?} of the clocks, but a lease lasts for election_timeout_min ({timeout:?}) less \
         that: lower it, or raise election_timeout_min"
    )]
    NoLeaseLeft {
        /// The longest error.
        clock_error: Duration,
        /// The configured minimum.
        timeout: Duration,
    },
    /// Something that should happen between two heartbeats would happen after the second.
    #[error("{name} is {pause:?}, longer than heartbeat_interval ({heartbeat:?}): lower it")]
    PauseTooLong {
        /// The field.
        name: &'static str,
        /// Its value.
        pause: Duration,
        /// The heartbeat interval.
        heartbeat: Duration,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_millis(100),
            election_timeout_min: Duration::from_millis(400),
            election_timeout_max: Duration::from_millis(799),
            network_delay_max: Duration::from_millis(27),
            retry_pause: Duration::from_millis(20),
            commit_notice: Duration::from_millis(8),
            features: Features::default(),
        }
    }
}

impl Config {
    /// Checks what depends on the number of peers as well.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the field to change.
    pub fn validate_for(&self, servers: usize) -> Result<(), ConfigError> {
        match self.features.first_configuration {
            Some(configuration) if !configuration.is_possible(servers) => {
                Err(ConfigError::ImpossibleConfiguration { configuration, servers })
            }
            _ => self.validate(),
        }
    }

    /// Checks that a healthy leader stays in office and that elections come to an end.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the field to change.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.heartbeat_interval.is_zero() {
            return Err(ConfigError::NoHeartbeatInterval);
        }
        let round_trip = self.network_delay_max * 2;
        // The lost ones lie between two that arrive, of which the first may have been fast and the last slow.
        let silence = self.heartbeat_interval * (HEARTBEATS_LOST_MAX + 1) + round_trip;
        if self.election_timeout_min <= silence {
            return Err(ConfigError::ElectionTimeoutTooShort { timeout: self.election_timeout_min, silence });
        }
        let spread = self.election_timeout_max.saturating_sub(self.election_timeout_min);
        // The first to time out must have its votes before the second does: a round trip. Twice that, because
        // timeouts are random and two of them lie closer than the spread.
        if spread.is_zero() || spread < round_trip * 2 {
            return Err(ConfigError::ElectionTimeoutsTooClose { spread, round_trip });
        }
        for (name, pause) in [("retry_pause", self.retry_pause), ("commit_notice", self.commit_notice)] {
            if pause > self.heartbeat_interval {
                return Err(ConfigError::PauseTooLong { name, pause, heartbeat: self.heartbeat_interval });
            }
        }
        self.validate_leases()
    }

    fn validate_leases(&self) -> Result<(), ConfigError> {
        let Some(clock_error) = self.features.leases else { return Ok(()) };
        if !self.features.check_quorum {
            return Err(ConfigError::LeasesWithoutCheckQuorum);
        }
        if clock_error >= self.election_timeout_min {
            return Err(ConfigError::NoLeaseLeft { clock_error, timeout: self.election_timeout_min });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn defaults_are_valid() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn wrong_value_is_an_error_that_names_what_to_change() {
        let good = Config::default();
        let rows = [
            (
                "no pause between heartbeats",
                Config { heartbeat_interval: Duration::ZERO, ..good },
                "heartbeat_interval",
            ),
            (
                "heartbeats too rare",
                Config { heartbeat_interval: 200 * MS, ..good },
                "lower heartbeat_interval",
            ),
            ("timeout equal to the silence", Config { election_timeout_min: 354 * MS, ..good }, "354ms"),
            (
                "no randomness",
                Config { election_timeout_max: 400 * MS, ..good },
                "raise election_timeout_max",
            ),
            (
                "maximum below minimum",
                Config { election_timeout_max: 300 * MS, ..good },
                "election_timeout_max",
            ),
            (
                "no randomness without delay",
                Config { election_timeout_max: 400 * MS, network_delay_max: Duration::ZERO, ..good },
                "election_timeout_max",
            ),
            ("slow network", Config { network_delay_max: 60 * MS, ..good }, "420ms"),
            ("lazy retry", Config { retry_pause: 101 * MS, ..good }, "retry_pause"),
            ("lazy commit", Config { commit_notice: 101 * MS, ..good }, "commit_notice"),
        ];
        for (name, config, wanted) in rows {
            let message = config.validate().expect_err(name).to_string();
            assert!(message.contains(wanted), "{name}: {message}");
        }
        let learners_only = Features::beginning_with(Configuration::default());
        let error = Config { features: learners_only, ..good }.validate_for(3).expect_err("nobody decides");
        assert!(error.to_string().contains("first_configuration"), "{error}");
        for (features, wanted) in [
            (Features { check_quorum: false, ..Features::with_leases(MS) }, "check_quorum"),
            (Features::with_leases(400 * MS), "400ms"),
        ] {
            let error = Config { features, ..good }.validate().expect_err("a lease that nobody keeps");
            assert!(error.to_string().contains(wanted), "{error}");
        }
        let leases = Config { features: Features::with_leases(399 * MS), ..good };
        assert_eq!(leases.validate(), Ok(()), "a lease of a millisecond");
        let tight = Config { election_timeout_min: 355 * MS, ..good };
        assert_eq!(tight.validate(), Ok(()), "one millisecond above the silence");
    }
}
