//! How an input is damaged.

use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// Makes damaged inputs of valid ones. The same seed gives the same inputs.
#[derive(Debug)]
pub struct Mutator {
    chance: Xoshiro256PlusPlus,
    bytes_max: usize,
}

/// What readers of texts and of bytes have stumbled over.
const TOKENS: [&[u8]; 30] = [
    b"0",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9223372036854775808",
    b"1e999",
    b"0.5",
    b"null",
    b"nil",
    b"true",
    b"\"",
    b"\\",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b":",
    b",",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\0",
    b"\x1b[2J",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\xef\xbf\xbe",
    b"\xc3",
    b"\x7f",
];

impl Mutator {
    /// With that seed; inputs have at most so many bytes.
    #[must_use]
    pub fn new(seed: u64, bytes_max: usize) -> Self {
        Self { chance: Xoshiro256PlusPlus::seed_from_u64(seed), bytes_max }
    }

    /// One of the examples, damaged once or a few times.
    #[must_use]
    pub fn mutate(&mut self, examples: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.one_of(examples).clone();
        for _ in 0..1 << self.below(4) {
            self.damage(&mut input, examples);
            input.truncate(self.bytes_max);
        }
        input
    }

    fn damage(&mut self, input: &mut Vec<u8>, examples: &[Vec<u8>]) {
        let (part, place) = (self.part(input.len()), self.below(input.len() + 1));
        match self.below(10) {
            0 | 1 => {
                if let Some(byte) = input.get_mut(place) {
                    *byte ^= 1 << self.below(8);
                }
            }
            2 => {
                if let Some(byte) = input.get_mut(place) {
                    *byte = [0, 1, 0x7f, 0x80, 0xff][self.below(5)];
                }
            }
            3 => input.truncate(place),
            4 => drop(input.drain(part)),
            // A part that stands there twice, or a thousand times: depth, length, and work that grows too fast.
            5 => {
                let times = [1, 1, 1, 2, 30, 1000][self.below(6)];
                let repeated = input[part.clone()].repeat(times);
                input.splice(part.end..part.end, repeated);
            }
            6 => {
                let other = self.one_of(examples);
                let taken = self.part(other.len());
                input.splice(part, other[taken].iter().copied());
            }
            7 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let times = [1, 1, 1, 500][self.below(4)];
                input.splice(place..place, token.repeat(times));
            }
            // A number in a text becomes another one, so that the text stays what it is but for that.
            _ => {
                if let Some(digits) = digits(input, place) {
                    let token = TOKENS[self.below(7)];
                    input.splice(digits, token.iter().copied());
                }
            }
        }
    }

    /// A part of so many bytes, mostly a short one.
    fn part(&mut self, len: usize) -> Range<usize> {
        let start = self.below(len + 1);
        let most = if self.below(4) == 0 { len - start } else { (len - start).min(16) };
        start..start + self.below(most + 1)
    }

    fn one_of<'a>(&mut self, examples: &'a [Vec<u8>]) -> &'a Vec<u8> {
        &examples[self.below(examples.len())]
    }

    fn below(&mut self, bound: usize) -> usize {
        // By a number of fixed size, so that a seed gives the same inputs on every machine.
        self.chance.random_range(0..bound as u64) as usize
    }
}

/// The first digits at or behind a place.
fn digits(input: &[u8], place: usize) -> Option<Range<usize>> {
    let start = place + input[place..].iter().position(u8::is_ascii_digit)?;
    let len = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some(start..start + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_follow_from_the_seed_and_have_a_bound() {
        let examples = [b"{\"seed\":17,\"passed\":[[1,20]]}".to_vec(), vec![0, 255, 7], Vec::new()];
        let inputs = |seed| -> Vec<Vec<u8>> {
            let mut mutator = Mutator::new(seed, 100);
            (0..2_000).map(|_| mutator.mutate(&examples)).collect()
        };
        let first = inputs(1);
        assert_eq!(first, inputs(1));
        assert_ne!(first, inputs(2));
        assert!(first.iter().all(|input| input.len() <= 100));
        assert!(first.iter().any(|input| input.starts_with(b"{\"seed\":18446744073709551615,\"passed\"")));
    }
}
