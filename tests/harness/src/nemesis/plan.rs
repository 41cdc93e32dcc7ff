//! How much of what happens: plain numbers.

use std::time::Duration;

/// How much of what happens. The constants are what the suites use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    /// How many phases there are. Each ends with all faults.
    pub phases: u32,
    /// How many faults begin in a phase.
    pub events: u32,
    /// The longest pause between two of them.
    pub pause_max: Duration,
    /// The longest time for which a fault lasts, if the phase does not end before.
    pub fault_max: Duration,
    /// How often a fault is aimed at the server that leads, in percent. Otherwise it is aimed at any.
    pub at_leader_percent: u64,
    /// How often each kind of fault is drawn.
    pub weights: FaultWeights,
    /// What happens to messages all the time.
    pub messages: MessageFaults,
}

/// How often each kind of fault is drawn, each in proportion to the sum of all; 0 is never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultWeights {
    /// A server is killed, and started again later.
    pub crash: u64,
    /// A server loses its power at any moment, and is started again later.
    pub power_failure: u64,
    /// A server loses its power just before or after one of its next saves, perhaps on a slow disk.
    pub power_failure_at_save: u64,
    /// All servers lose their power at once, and are started again at once.
    pub blackout: u64,
    /// A server's threads stand still, and go on later.
    pub pause: u64,
    /// A server's clock runs too fast or too slow.
    pub clock: u64,
    /// A server's saves take their time.
    pub slow_disk: u64,
    /// A server is cut off from all others; calls hang for up to seven seconds.
    pub disconnect: u64,
    /// The servers are tossed into two or three sets.
    pub split: u64,
    /// Two halves that share one server.
    pub bridge: u64,
    /// Messages from one set of servers to another are lost, those the other way are not.
    pub one_way: u64,
    /// A server gets no requests, while its own are answered.
    pub deaf: u64,
}

/// What happens to messages during a phase: drawn anew for each, up to these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFaults {
    /// The largest share of messages that are late, in percent.
    pub delay_percent: u64,
    /// The longest delay.
    pub delay_max: Duration,
    /// The largest share of messages that arrive twice, in percent.
    pub duplicate_percent: u64,
    /// How much later the second time is at most.
    pub duplicate_delay_max: Duration,
    /// How often a phase has MIT's unreliable network: one message in ten lost each way.
    pub unreliable_percent: u64,
    /// How often a phase has MIT's long reordering: two replies of three up to 2.2 s late.
    pub reordering_percent: u64,
}

impl FaultPlan {
    /// Faults of the network alone, and of clocks: for servers that store nothing yet.
    pub const NETWORK: Self = Self {
        phases: 3,
        events: 12,
        pause_max: Duration::from_millis(350),
        fault_max: Duration::from_millis(1500),
        at_leader_percent: 50,
        weights: FaultWeights {
            crash: 0,
            power_failure: 0,
            power_failure_at_save: 0,
            blackout: 0,
            pause: 3,
            clock: 1,
            slow_disk: 0,
            disconnect: 3,
            split: 4,
            bridge: 2,
            one_way: 3,
            deaf: 1,
        },
        messages: MessageFaults {
            delay_percent: 30,
            delay_max: Duration::from_millis(400),
            duplicate_percent: 30,
            duplicate_delay_max: Duration::from_millis(800),
            unreliable_percent: 60,
            reordering_percent: 20,
        },
    };

    /// Faults of every kind.
    pub const EVERYTHING: Self = Self {
        phases: 4,
        weights: FaultWeights {
            crash: 2,
            power_failure: 4,
            power_failure_at_save: 4,
            blackout: 1,
            slow_disk: 2,
            ..Self::NETWORK.weights
        },
        ..Self::NETWORK
    };

    /// The same for a service, whose clients need time to find a leader between two faults.
    pub const SERVICE: Self = Self {
        phases: 3,
        events: 8,
        pause_max: Duration::from_millis(600),
        messages: MessageFaults { reordering_percent: 0, ..Self::EVERYTHING.messages },
        ..Self::EVERYTHING
    };
}
