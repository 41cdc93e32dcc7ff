//! Fault rules: what the network does to messages.
//!
//! Every message passes the list of rules when it is sent, MIT's own first and then those that were added, in that
//! order. Each rule sees the message and gives a [`Verdict`]. Delays add up; the first rule that loses the message or
//! holds it back ends the list. A duplicate made on the way is not judged by the rules that follow.
//!
//! A rule is one small thing. Where it applies is said with a [`Traffic`]:
//!
//! ```
//! use labrpc::network::{Loss, Rule, Traffic};
//!
//! let rule = Loss::new(0.3).on(Traffic::requests().from(0).to(2).method("Raft.AppendEntries"));
//! ```

mod chance;
mod delay;
mod duplication;
mod hold;
mod loss;
mod partition;
mod plan;
mod script;
mod traffic;

use std::time::Duration;

pub use chance::Chance;
pub use delay::{Delay, Delays};
pub use duplication::Duplication;
pub use hold::Hold;
pub use loss::Loss;
pub use partition::Partition;
pub use script::Nth;
pub use traffic::{Scoped, Traffic};

pub(super) use plan::{Entry, Fate, Plan, judge, mit_rules};

use super::Message;

/// What a rule says about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The rule has nothing to say; the message goes on to the next one.
    Pass,
    /// The message takes that much longer.
    Delay(Duration),
    /// The message is lost. Its caller learns at once that there is no reply, when the delays so far have passed: as
    /// in MIT's unreliable network, so that tests do not spend their time on timeouts.
    Drop,
    /// The message is lost as if its receiver could not be reached: the caller waits as for a
    /// [disabled end](super::Network::disable) before it learns that there is no reply.
    Unreachable,
    /// The message goes on, and a copy of it arrives that much later.
    Duplicate(Duration),
    /// The message is kept until the rule's [`Fault`](super::Fault) releases it.
    Hold,
}

/// How the name of a closure's type ends.
const CLOSURE: &str = "::{{closure}}";

/// `run` of `crate::module::run<other::Type>`.
fn last_name(path: &str) -> &str {
    let mut depth = 0;
    let is_in_path = |sign: char| {
        depth += match sign {
            '>' => 1,
            '<' => -1,
            _ => 0,
        };
        depth == 0 && sign == ':'
    };
    let name = path.rsplit(is_in_path).next().unwrap_or(path);
    name.split('<').next().unwrap_or(name)
}

/// A rule for messages.
///
/// Rules are called without any lock held, and, in the real world, from many threads at once: what a rule
/// remembers is in atomics or behind a plain lock. In a simulation a rule must not block and must not take a
/// simulated lock, and all its chance must come from `chance`, or a seed would not replay.
///
/// A closure is a rule:
///
/// ```
/// use labrpc::network::{Chance, Message, Rule, Verdict};
///
/// fn lose_long_messages(message: &Message<'_>, _: &mut Chance<'_>) -> Verdict {
///     if message.size > 1000 { Verdict::Drop } else { Verdict::Pass }
/// }
/// # fn check(_: impl Rule) {}
/// # check(lose_long_messages);
/// ```
pub trait Rule: Send + Sync + 'static {
    /// Decides about a message that is being sent.
    fn judge(&self, message: &Message<'_>, chance: &mut Chance<'_>) -> Verdict;

    /// How traces and observers name the rule. By default the name of its type; of a closure, the function that it stands in.
    fn name(&self) -> String {
        let full = std::any::type_name::<Self>();
        if full.ends_with(CLOSURE) {
            return format!("a rule of {}", last_name(full.trim_end_matches(CLOSURE)));
        }
        let path = full.split('<').next().unwrap_or(full);
        path.rsplit("::").next().unwrap_or(path).to_owned()
    }

    /// The same rule, for some messages only.
    fn on(self, traffic: Traffic) -> Scoped<Self>
    where
        Self: Sized,
    {
        Scoped::new(self, traffic)
    }
}

impl<F> Rule for F
where
    F: Fn(&Message<'_>, &mut Chance<'_>) -> Verdict + Send + Sync + 'static,
{
    fn judge(&self, message: &Message<'_>, chance: &mut Chance<'_>) -> Verdict {
        self(message, chance)
    }
}
