//! The macros `select!` and `select_biased!`.
//!
//! How they work: [`__channel_select_arms`] reads the arms one by one (`@arm`), turns each into a binding of the
//! sender or receiver to a reference, and keeps for each in brackets what completes it. When all are read (`@run`)
//! it builds a [`Select`](super::Select), waits, and compares the index of what was chosen with that of each arm.
//! There is no loop and no closure around the bodies, so that they may `break`, `continue`, `return` and use `?`.

#[doc(inline)]
pub use crate::{select, select_biased};

/// Waits until one of several channel operations can be done, and does it.
///
/// Each arm is `recv(receiver) -> pattern => body` or `send(sender, message) -> pattern => body`; the pattern is
/// bound to the result of the operation. If several can be done, any of them is chosen. An arm `default => body` is
/// chosen when none can be done at once, and `default(timeout) => body` when none can within that time. The message
/// of a `send` is made only if its arm is chosen.
///
/// ```
/// use labrpc::channel::{bounded, select, unbounded};
/// use std::time::Duration;
///
/// let (sender, receiver) = unbounded();
/// let (full, _keep) = bounded(0);
/// sender.send(7).unwrap();
/// select! {
///     recv(receiver) -> message => assert_eq!(message, Ok(7)),
///     send(full, "nobody takes it") -> _ => unreachable!(),
///     default(Duration::from_millis(5)) => unreachable!(),
/// }
/// ```
///
/// # Differences from [`crossbeam_channel::select!`]
///
/// - In a simulation the seed chooses among arms that are ready.
/// - A `select!` with one arm and no default costs a little more than the operation itself.
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => {
        $crate::__channel_select_arms!(@arm ($crate::channel::Select::new) [] [] $($arms)*)
    };
}

/// As `select!`, but if several operations can be done, the one that stands first is chosen.
///
/// # Differences from [`crossbeam_channel::select_biased!`]
///
/// As `select!`.
#[macro_export]
macro_rules! select_biased {
    ($($arms:tt)*) => {
        $crate::__channel_select_arms!(@arm ($crate::channel::Select::new_biased) [] [] $($arms)*)
    };
}

/// Reads the arms. `[$done]` holds those that were read, `[$default]` the default arm.
#[doc(hidden)]
#[macro_export]
macro_rules! __channel_select_arms {
    // Everything is read.
    (@arm ($new:expr) [$($done:tt)*] [$($default:tt)*]) => {
        $crate::__channel_select_arms!(@run ($new) [$($done)*] [$($default)*])
    };

    // A body that is followed by a comma, is the last one, or is a block.
    (@arm $new:tt $done:tt $default:tt recv($r:expr $(,)?) -> $pat:pat => $body:block, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@recv $new $done $default ($r) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt $default:tt recv($r:expr $(,)?) -> $pat:pat => $body:block) => {
        $crate::__channel_select_arms!(@recv $new $done $default ($r) ($pat) ($body))
    };
    (@arm $new:tt $done:tt $default:tt recv($r:expr $(,)?) -> $pat:pat => $body:expr, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@recv $new $done $default ($r) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt $default:tt recv($r:expr $(,)?) -> $pat:pat => $body:expr) => {
        $crate::__channel_select_arms!(@recv $new $done $default ($r) ($pat) ($body))
    };
    (@arm $new:tt $done:tt $default:tt recv($r:expr $(,)?) -> $pat:pat => $body:block $($rest:tt)*) => {
        $crate::__channel_select_arms!(@recv $new $done $default ($r) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt $default:tt send($s:expr, $m:expr $(,)?) -> $pat:pat => $body:block, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@send $new $done $default ($s) ($m) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt $default:tt send($s:expr, $m:expr $(,)?) -> $pat:pat => $body:block) => {
        $crate::__channel_select_arms!(@send $new $done $default ($s) ($m) ($pat) ($body))
    };
    (@arm $new:tt $done:tt $default:tt send($s:expr, $m:expr $(,)?) -> $pat:pat => $body:expr, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@send $new $done $default ($s) ($m) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt $default:tt send($s:expr, $m:expr $(,)?) -> $pat:pat => $body:expr) => {
        $crate::__channel_select_arms!(@send $new $done $default ($s) ($m) ($pat) ($body))
    };
    (@arm $new:tt $done:tt $default:tt send($s:expr, $m:expr $(,)?) -> $pat:pat => $body:block $($rest:tt)*) => {
        $crate::__channel_select_arms!(@send $new $done $default ($s) ($m) ($pat) ($body) $($rest)*)
    };
    (@arm $new:tt $done:tt [] default $(($($timeout:expr)? $(,)?))? => $body:block, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@arm $new $done [($($($timeout)?)?) ($body)] $($rest)*)
    };
    (@arm $new:tt $done:tt [] default $(($($timeout:expr)? $(,)?))? => $body:block) => {
        $crate::__channel_select_arms!(@arm $new $done [($($($timeout)?)?) ($body)])
    };
    (@arm $new:tt $done:tt [] default $(($($timeout:expr)? $(,)?))? => $body:expr, $($rest:tt)*) => {
        $crate::__channel_select_arms!(@arm $new $done [($($($timeout)?)?) ($body)] $($rest)*)
    };
    (@arm $new:tt $done:tt [] default $(($($timeout:expr)? $(,)?))? => $body:expr) => {
        $crate::__channel_select_arms!(@arm $new $done [($($($timeout)?)?) ($body)])
    };
    (@arm $new:tt $done:tt [] default $(($($timeout:expr)? $(,)?))? => $body:block $($rest:tt)*) => {
        $crate::__channel_select_arms!(@arm $new $done [($($($timeout)?)?) ($body)] $($rest)*)
    };
    (@arm $new:tt $done:tt [$($default:tt)+] default $($rest:tt)*) => {
        compile_error!("select!: there can be only one `default` arm")
    };
    (@arm $new:tt $done:tt $default:tt $($rest:tt)*) => {
        compile_error!(concat!(
            "select!: expected `recv(receiver) -> pattern => body`, `send(sender, message) -> pattern => body`, ",
            "`default => body` or `default(timeout) => body`, separated by commas; found `",
            stringify!($($rest)*),
            "`"
        ))
    };

    // Binds the receiver of an arm. `match` keeps what the expression borrows from alive.
    (@recv $new:tt [$($done:tt)*] $default:tt ($r:expr) $pat:tt $body:tt $($rest:tt)*) => {
        match $r {
            ref port => {
                let port: &$crate::channel::Receiver<_> = port;
                $crate::__channel_select_arms!(@arm $new [$($done)* (recv port index $pat $body)] $default $($rest)*)
            }
        }
    };
    (@send $new:tt [$($done:tt)*] $default:tt ($s:expr) $m:tt $pat:tt $body:tt $($rest:tt)*) => {
        match $s {
            ref port => {
                let port: &$crate::channel::Sender<_> = port;
                $crate::__channel_select_arms!(@arm $new [$($done)* (send port index $pat $body $m)] $default $($rest)*)
            }
        }
    };

    // Chooses and completes.
    (@run ($new:expr) [$(($kind:ident $port:ident $index:ident $($how:tt)*))*] []) => {{
        #[allow(unused_mut)]
        let mut select = $new();
        $(let $index = select.$kind($port);)*
        let operation = select.select();
        $crate::__channel_select_arms!(@complete operation $(($kind $port $index $($how)*))*)
    }};
    (@run ($new:expr) [$(($kind:ident $port:ident $index:ident $($how:tt)*))*] [() ($default:expr)]) => {{
        #[allow(unused_mut)]
        let mut select = $new();
        $(let $index = select.$kind($port);)*
        match select.try_select() {
            ::core::result::Result::Err(_) => $default,
            ::core::result::Result::Ok(operation) => {
                $crate::__channel_select_arms!(@complete operation $(($kind $port $index $($how)*))*)
            }
        }
    }};
    (@run ($new:expr) [$(($kind:ident $port:ident $index:ident $($how:tt)*))*] [($timeout:expr) ($default:expr)]) => {{
        #[allow(unused_mut)]
        let mut select = $new();
        $(let $index = select.$kind($port);)*
        match select.select_timeout($timeout) {
            ::core::result::Result::Err(_) => $default,
            ::core::result::Result::Ok(operation) => {
                $crate::__channel_select_arms!(@complete operation $(($kind $port $index $($how)*))*)
            }
        }
    }};
    (@complete $operation:ident (recv $port:ident $index:ident ($pat:pat) ($body:expr)) $($rest:tt)*) => {
        if $operation.index() == $index {
            let $pat = $operation.recv($port);
            $body
        } else {
            $crate::__channel_select_arms!(@complete $operation $($rest)*)
        }
    };
    (@complete $operation:ident (send $port:ident $index:ident ($pat:pat) ($body:expr) ($m:expr)) $($rest:tt)*) => {
        if $operation.index() == $index {
            let $pat = $operation.send($port, $m);
            $body
        } else {
            $crate::__channel_select_arms!(@complete $operation $($rest)*)
        }
    };
    (@complete $operation:ident) => {
        ::core::unreachable!("select!: chose operation {} of no arm", $operation.index())
    };
}
