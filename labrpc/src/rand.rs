//! Random numbers of both worlds, with `rand`'s traits.
//!
//! ```
//! use labrpc::rand::{self, RngExt};
//!
//! let timeout_ms = rand::rng().random_range(400..800);
//! assert!((400..800).contains(&timeout_ms));
//! ```
//!
//! In a simulation every thread has a stream of its own, drawn from the seed and the thread's number, so that one
//! more draw in one thread does not change what another one draws.

use std::cell::RefCell;
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};

use ::rand::rngs::Xoshiro256PlusPlus;
use distr::uniform::{SampleRange, SampleUniform};
use distr::{Distribution, StandardUniform};

pub use ::rand::{CryptoRng, Fill, Rng, RngExt, SeedableRng, TryCryptoRng, TryRng, distr, seq};

use crate::sim::{self, Stream, stream_seed, with_core};

thread_local! {
    static REAL: RefCell<Xoshiro256PlusPlus> = RefCell::new(Xoshiro256PlusPlus::seed_from_u64(entropy()));
}

/// What the standard library seeds its hash maps with, which is the operating system's chance.
fn entropy() -> u64 {
    RandomState::new().hash_one(std::thread::current().id())
}

/// The calling thread's generator. Cheap to get and to copy.
#[must_use]
pub fn rng() -> ThreadRng {
    ThreadRng { _no_send: std::marker::PhantomData }
}

/// What `use rand::prelude::*` brings, of this facade.
pub mod prelude {
    pub use super::distr::Distribution;
    pub use super::seq::{IndexedMutRandom, IndexedRandom, IteratorRandom, SliceRandom};
    pub use super::{CryptoRng, Rng, RngExt, SeedableRng, ThreadRng};
}

/// A random value of any type that has a standard distribution: integers over their whole range, floats from 0 up to and
/// without 1, `bool`, `char`, and tuples and arrays of these.
///
/// ```
/// let is_heads: bool = labrpc::rand::random();
/// # let _ = is_heads;
/// ```
#[must_use]
pub fn random<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    rng().random()
}

/// An endless iterator of values as [`random`] gives them.
///
/// # Differences from `rand::random_iter`
///
/// It stays with the thread that made it.
#[must_use]
pub fn random_iter<T>() -> distr::Iter<StandardUniform, ThreadRng, T>
where
    StandardUniform: Distribution<T>,
{
    rng().random_iter()
}

/// A random value of a range, each as likely as any other.
///
/// # Panics
///
/// If the range is empty.
#[must_use]
#[track_caller]
pub fn random_range<T, R>(range: R) -> T
where
    T: SampleUniform,
    R: SampleRange<T>,
{
    rng().random_range(range)
}

/// `true` with the probability `p`.
///
/// # Panics
///
/// If `p` is not from 0 to 1.
#[must_use]
#[track_caller]
pub fn random_bool(p: f64) -> bool {
    rng().random_bool(p)
}

/// `true` with the probability `numerator / denominator`.
///
/// # Panics
///
/// If `denominator` is 0 or less than `numerator`.
#[must_use]
#[track_caller]
pub fn random_ratio(numerator: u32, denominator: u32) -> bool {
    rng().random_ratio(numerator, denominator)
}

/// Fills a slice with random values.
#[track_caller]
pub fn fill<T: Fill>(dest: &mut [T]) {
    rng().fill(dest);
}

/// A generator of another kind, seeded by the calling thread's.
///
/// # Differences from `rand::make_rng`
///
/// The seed comes from [`rng`] and not from the operating system: it replays in a simulation, and is fit for no secret.
#[must_use]
pub fn make_rng<R: SeedableRng>() -> R {
    R::from_rng(&mut rng())
}

/// A handle to the calling thread's generator; see [`rng`].
///
/// # Differences from `rand`'s `ThreadRng`
///
/// It is Xoshiro256++, portable and fast but not fit for secrets. In a simulation its numbers follow from the
/// seed.
#[derive(Clone, Copy, Debug)]
pub struct ThreadRng {
    _no_send: std::marker::PhantomData<*mut ()>,
}

impl ThreadRng {
    fn draw<T>(self, draw: impl FnOnce(&mut Xoshiro256PlusPlus) -> T) -> T {
        if !sim::is_simulated() {
            return REAL.with_borrow_mut(draw);
        }
        with_core(|core| {
            let seed = core.seed;
            let slot = core.threads.slot_mut(core.current);
            let number = slot.number;
            // When it is first wanted: few threads ever draw. It makes no difference when, because the seed
            // of a stream depends on the number of its thread only, and not on what others have drawn.
            let chance = slot.chance.get_or_insert_with(|| {
                Xoshiro256PlusPlus::seed_from_u64(stream_seed(seed, Stream::User, number))
            });
            draw(chance)
        })
    }
}

impl TryRng for ThreadRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.draw(Rng::next_u32))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.draw(Rng::next_u64))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.draw(|chance| chance.fill_bytes(bytes));
        Ok(())
    }
}
