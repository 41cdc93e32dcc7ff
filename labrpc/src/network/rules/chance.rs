//! The network's own stream of random numbers.

use std::convert::Infallible;
use std::fmt;

use parking_lot::Mutex;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, TryRng};

use crate::sim;

/// The network's generator, for rules: [`rand::Rng`](crate::rand::Rng), and so all of
/// [`RngExt`](crate::rand::RngExt), as `chance.random_bool(0.1)`.
///
/// In a simulation it is the seed's stream for the network, which nothing else draws from.
pub struct Chance<'a> {
    /// The generator of a real network; `None` in a simulation, which keeps its own.
    real: Option<&'a Mutex<Xoshiro256PlusPlus>>,
}

impl<'a> Chance<'a> {
    pub(in crate::network) fn new(real: Option<&'a Mutex<Xoshiro256PlusPlus>>) -> Self {
        Self { real }
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Xoshiro256PlusPlus) -> T) -> T {
        match self.real {
            Some(chance) => draw(&mut chance.lock()),
            // One draw at a time, and the core free in between: a rule may draw, look at a clock, and draw
            // again.
            None => sim::with_core(|core| draw(&mut core.network_chance)),
        }
    }
}

impl TryRng for Chance<'_> {
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

impl fmt::Debug for Chance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chance { .. }")
    }
}
