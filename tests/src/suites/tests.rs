//! The macros that make `#[test]` functions of the suites, one macro per part.

/// Makes a macro for the tests of one part.
macro_rules! suite {
    ($dollar:tt $(#[$doc:meta])* $suite:ident: $($test:ident)*) => {
        $(#[$doc])*
        #[macro_export]
        macro_rules! $suite {
            (@names) => { [$(stringify!($test)),*] };
            ($dollar raft:ty) => {
                $(
                    #[test]
                    fn $test() {
                        $crate::grade_test::<$dollar raft>(stringify!($test));
                    }
                )*
            };
        }
    };
}

suite! { $
    /// Makes a `#[test]` of every test of part 3A for an implementation: `lab::suite_3a!(raft::Raft);`.
    suite_3a:
    initial_election_3a
    re_election_3a
    many_elections_3a
}
