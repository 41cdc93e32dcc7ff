//! Who may have copied from whom: how much of a student's source stands in another's as well.
//!
//! Sources are compared by fingerprints of their tokens ([`winnow`]), without names, comments and spaces. What stands in the
//! handout is nobody's own, and what very many have written says nothing. The numbers are a reason to read two sources side by
//! side, and no verdict: who has the same paper before him writes some lines alike.

mod tokens;
mod winnow;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::formats::csv;

pub(crate) use tokens::{Kind, Token, tokens};

/// What stands in the sources of more students than this says nothing about two of them.
const STUDENTS_MAX: usize = 10;
/// Pairs that have less in common are not told, in percent.
const TOLD_MIN: u64 = 15;
/// Nor those that have fewer fingerprints in common.
const SHARED_MIN: usize = 5;
/// So many pairs are told with their places.
const PAIRS_SHOWN: usize = 30;
/// So many places of each.
const PLACES_SHOWN: usize = 5;

/// A student's source files: name and content.
pub(crate) type Files = BTreeMap<String, String>;

/// A pair of students who have much in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Their numbers.
    pub(crate) students: [usize; 2],
    /// How many fingerprints they have in common.
    pub(crate) shared: usize,
    /// How many each has of his own, beside the handout.
    pub(crate) own: [usize; 2],
    /// Where the longest common passages are, of one and of the other.
    pub(crate) places: Vec<[Place; 2]>,
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) first: u32,
    pub(crate) last: u32,
}

impl Pair {
    /// How much of the smaller source stands in the other as well, in percent.
    pub(crate) fn percent(&self) -> u64 {
        let smaller = self.own[0].min(self.own[1]).max(1);
        (self.shared * 100 / smaller) as u64
    }
}

/// A student's fingerprints, each with the places where it is.
type Prints = BTreeMap<u64, Vec<Place>>;

/// The pairs that have much in common, most first.
pub(crate) fn compare(students: &[&Files], handout: &Files) -> Vec<Pair> {
    let given: BTreeSet<u64> =
        handout.values().flat_map(|text| winnow::grams(text)).map(|gram| gram.hash).collect();
    let prints: Vec<Prints> = students.iter().map(|files| prints(files, &given)).collect();
    let mut who: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (student, prints) in prints.iter().enumerate() {
        prints.keys().for_each(|hash| who.entry(*hash).or_default().push(student));
    }
    let mut shared: BTreeMap<[usize; 2], Vec<u64>> = BTreeMap::new();
    for (hash, students) in who.iter().filter(|(_, students)| students.len() <= STUDENTS_MAX) {
        for (place, one) in students.iter().enumerate() {
            students[place + 1..]
                .iter()
                .for_each(|other| shared.entry([*one, *other]).or_default().push(*hash));
        }
    }
    let pair = |([one, other], hashes): ([usize; 2], Vec<u64>)| Pair {
        students: [one, other],
        shared: hashes.len(),
        own: [prints[one].len(), prints[other].len()],
        places: places(&prints[one], &prints[other], &hashes),
    };
    let mut pairs: Vec<Pair> = shared
        .into_iter()
        .filter(|(_, hashes)| hashes.len() >= SHARED_MIN)
        .map(pair)
        .filter(|pair| pair.percent() >= TOLD_MIN)
        .collect();
    pairs.sort_by_key(|pair| (std::cmp::Reverse((pair.percent(), pair.shared)), pair.students));
    pairs
}

fn prints(files: &Files, given: &BTreeSet<u64>) -> Prints {
    let mut prints = Prints::new();
    for (file, text) in files {
        let kept = winnow::winnowed(&winnow::grams(text));
        for gram in kept.into_iter().filter(|gram| !given.contains(&gram.hash)) {
            let place = Place { file: file.clone(), first: gram.first, last: gram.last };
            prints.entry(gram.hash).or_default().push(place);
        }
    }
    prints
}

/// The longest common passages: places that follow one another in both.
fn places(one: &Prints, other: &Prints, hashes: &[u64]) -> Vec<[Place; 2]> {
    let mut both: Vec<[Place; 2]> =
        hashes.iter().map(|hash| [one[hash][0].clone(), other[hash][0].clone()]).collect();
    both.sort();
    let mut joined: Vec<[Place; 2]> = Vec::new();
    for next in both {
        match joined.last_mut() {
            Some(last) if last.iter().zip(&next).all(|(last, next)| follows(last, next)) => {
                for (last, next) in last.iter_mut().zip(&next) {
                    last.last = last.last.max(next.last);
                }
            }
            _ => joined.push(next),
        }
    }
    joined.sort_by_key(|[one, _]| std::cmp::Reverse(one.last - one.first));
    joined.truncate(PLACES_SHOWN);
    joined
}

/// Whether a place goes on where another ends, or nearly so.
fn follows(last: &Place, next: &Place) -> bool {
    const GAP_MAX: u32 = 3;
    last.file == next.file && next.first >= last.first && next.first <= last.last + GAP_MAX
}

/// The pairs as a table for programs.
pub(crate) fn table(pairs: &[Pair], names: &[String]) -> String {
    let mut text = String::from("percent,shared,one,other,own_of_one,own_of_other\n");
    for pair in pairs {
        let [one, other] = pair.students;
        text += &csv::line(&[
            pair.percent().to_string(),
            pair.shared.to_string(),
            names[one].clone(),
            names[other].clone(),
            pair.own[0].to_string(),
            pair.own[1].to_string(),
        ]);
    }
    text
}

/// The pairs to read, with their places.
pub(crate) fn told(pairs: &[Pair], names: &[String]) -> String {
    let mut text = format!(
        "How much of a source stands in another's as well, without the handout: tokens without names, comments and spaces,\n\
         by winnowing. A reason to read both side by side, and no verdict. Pairs from {TOLD_MIN} % on.\n"
    );
    if pairs.is_empty() {
        text += "\nNo two have that much in common.\n";
    }
    for pair in pairs.iter().take(PAIRS_SHOWN) {
        let [one, other] = pair.students;
        let _ = writeln!(text, "\n{:>3} %  {} and {}", pair.percent(), names[one], names[other]);
        for [here, there] in &pair.places {
            let lines = |place: &Place| format!("{} {}-{}", place.file, place.first, place.last);
            let _ = writeln!(text, "       {}  =  {}", lines(here), lines(there));
        }
    }
    if pairs.len() > PAIRS_SHOWN {
        let _ = writeln!(text, "\n{} more pairs are in similarity.csv", pairs.len() - PAIRS_SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAFT: &str = include_str!("../../../template/src/lib.rs");

    fn files(texts: &[(&str, &str)]) -> Files {
        texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    /// A function that is long enough, with names and constants made from a number.
    fn own(number: u32, shape: &str) -> String {
        format!(
            "fn step{number}(&mut self, message: Message) -> Option<Reply> {{ // step {number}\n\
             if message.term > self.term {{ self.term = message.term; self.role = Role::Follower; self.vote = None; }}\n\
             let last{number} = self.log.last().map_or(0, |entry| entry.term);\n\
             match message.kind {{ Kind::Ask if last{number} <= message.last => {{ self.vote = Some(message.from); Some(Reply::Yes({number})) }}\n\
             Kind::Tell(entries) => {{ for entry in entries {{ {shape} }} None }} _ => None }} }}\n"
        )
    }

    #[test]
    fn copy_with_other_names_is_found_with_its_lines_and_the_handout_is_nobodys() {
        let shape = "if self.log.len() < entry.index { self.log.push(entry); self.dirty = true; }";
        let other = "while let Some(old) = self.log.pop() { drop(old); } self.log.extend([entry]); self.save(); return None;";
        let one = files(&[("lib.rs", &format!("{RAFT}{}", own(1, shape)))]);
        let copy = files(&[
            ("lib.rs", RAFT),
            ("step.rs", &own(2, shape).replace("message", "m").replace("self.log", "self.entries")),
        ]);
        let alone = files(&[("lib.rs", &format!("{RAFT}\nimpl X {{ fn other() {{ {other} {other} }} }}"))]);
        let pairs = compare(&[&one, &alone, &copy], &files(&[("lib.rs", RAFT)]));
        assert_eq!(pairs.len(), 1, "{pairs:#?}");
        assert_eq!(pairs[0].students, [0, 2]);
        assert!(pairs[0].percent() >= 80, "{pairs:#?}");
        assert!(pairs[0].places.iter().all(|[one, other]| one.file == "lib.rs" && other.file == "step.rs"));
        let names = ["ann", "bob", "=eve"].map(str::to_owned);
        assert!(told(&pairs, &names).contains("ann and =eve"));
        assert!(table(&pairs, &names).contains(",ann,'=eve,"));
        // Without the handout taken away, all have much in common.
        assert_eq!(compare(&[&one, &alone, &copy], &Files::new()).len(), 3);
    }

    #[test]
    fn what_everybody_has_written_says_nothing() {
        let text = own(1, "self.log.push(entry);").repeat(3);
        let same: Vec<Files> = (0..=STUDENTS_MAX).map(|_| files(&[("lib.rs", &text)])).collect();
        let all: Vec<&Files> = same.iter().collect();
        assert_eq!(compare(&all, &Files::new()), []);
        assert_eq!(compare(&all[..2], &Files::new())[0].percent(), 100);
        assert!(told(&[], &[]).contains("No two have"));
    }
}
