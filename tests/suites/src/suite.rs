//! A part as one list, from which both its table and its macro are made.
//!
//! # A row
//!
//! ```text
//! 10 mit::initial_election_3a, "a leader is elected and stays" (MIT: InitialElection, 64 RPCs);
//! ^^ ^^^                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^        ^^^^^^^^^^^^^^^  ^^
//! |  the file beside the list  what is graded, in one line          |               what a plain Raft used under MIT's
//! points                                                            MIT's name      harness, to compare with
//! ```
//!
//! A test of this lab has no name of MIT's, and for services there are no numbers to compare with. One that takes longer than
//! two minutes of virtual time says so at the end of its row: `(within 3000 s)`.

use std::time::Duration;

use lab_harness::case::{Origin, Part, TestCase};
use lab_harness::lab::Lab;

/// MIT's limit for a test in seconds, of virtual time here.
pub(crate) const SECONDS_MAX: u64 = 120;
/// Ten times what the busiest test takes with a Raft that starts a thread for each call (`thousand_elections_e1`). One that polls
/// without a pause takes these within ten virtual seconds.
const STEPS_MAX: u64 = 10_000_000;

/// A test with the limit of steps that all of them have.
pub(crate) const fn test(
    seconds_max: u64,
    part: Part,
    points: u32,
    name: &'static str,
    body: fn(&Lab),
    origin: Origin,
    about: &'static str,
) -> TestCase {
    let time_max = Duration::from_secs(seconds_max);
    TestCase { name, part, points, about, origin, time_max, steps_max: STEPS_MAX, body }
}

/// Makes of the list of a part's tests its table, `TESTS`, and a macro that makes a `#[test]` of each of them. The first
/// token is a `$`, for the macro that is made: it has variables of its own.
macro_rules! suite {
    (
        $dollar:tt
        $(#[$doc:meta])*
        $suite:ident: Part::$part:ident, Implementation::$of:ident;
        $($points:literal $file:ident::$test:ident, $about:literal $((MIT: $mit:ident $(, $rpcs:literal RPCs)?))? $((within $seconds:literal s))?;)*
    ) => {
        /// The tests of this part, in the order in which they are graded.
        pub const TESTS: &[lab_harness::TestCase] = &[$($crate::suite::test(
            [$($seconds,)? $crate::suite::SECONDS_MAX][0],
            lab_harness::Part::$part,
            $points,
            stringify!($test),
            $file::$test,
            // MIT's, if the row has one.
            [$(lab_harness::Origin::Mit { name: stringify!($mit), rpcs: 0 $(+ $rpcs)? },)? lab_harness::Origin::Lab][0],
            $about,
        )),*];

        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            (@names) => { [$(stringify!($test)),*] };
            ($dollar graded:ty $dollar(, $dollar method:ident($dollar($dollar argument:expr),*))* $dollar(,)?) => {
                $(
                    #[test]
                    fn $test() {
                        let implementation = $crate::Implementation::$of::<$dollar graded>();
                        $crate::grade_test(
                            concat!(module_path!(), "::", stringify!($test)),
                            stringify!($test),
                            implementation$dollar(.$dollar method($dollar($dollar argument),*))*,
                        );
                    }
                )*
            };
        }
    };
}
pub(crate) use suite;
