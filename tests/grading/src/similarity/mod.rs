//! Who may have copied from whom: how much of a student's source stands in another's as well.
//!
//! Sources are compared by fingerprints of their tokens ([`winnow`]), without names, comments and spaces. What stands in the
//! handout is nobody's own. Of two students what very many have written says nothing; how much that is, is said of each. With the
//! [solutions](mod@solutions) that lie in this repository all is compared, however many have it: they are the likeliest to be
//! copied. The numbers are a reason to read two sources side by side, and no verdict: who has the same paper before him writes some
//! lines alike.

mod solutions;
mod sources;
mod text;
mod tokens;
mod winnow;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use solutions::{Solution, find as solutions};
pub(crate) use sources::sources_of;
pub(crate) use text::{table, told};
pub(crate) use tokens::{Kind, Token, tokens};

/// What stands in the sources of more students than this says nothing about two of them.
const STUDENTS_MAX: usize = 10;
/// Pairs that have less in common are not told, in percent.
const TOLD_MIN: u64 = 15;
/// The same with a solution: who writes by the hints that stand in a handout writes more alike, 16 % where he did so by himself,
/// and who has copied one has nearly all of it.
const SOLUTION_TOLD_MIN: u64 = 25;
/// Nor those that have fewer fingerprints in common.
const SHARED_MIN: usize = 5;
/// So many places of each.
const PLACES_SHOWN: usize = 5;

/// A student's source files: name and content.
pub(crate) type Files = BTreeMap<String, String>;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// Pairs of students, most first.
    pub(crate) pairs: Vec<Pair>,
    /// Pairs of a student and a solution, most first. What one solution explains of a student does not count for another.
    pub(crate) solutions: Vec<Pair>,
    /// Students of whom much was not compared, since more than [`STUDENTS_MAX`] have it, and how much, in percent; most first.
    pub(crate) common: Vec<(usize, u64)>,
}

/// A pair of students, or of a student and a solution, who have much in common.
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
    /// The pair with these fingerprints in common, if that is enough to be told: so many percent.
    fn new(told_min: u64, students: [usize; 2], [one, other]: [&Prints; 2], hashes: &[u64]) -> Option<Self> {
        let (shared, own) = (hashes.len(), [one.len(), other.len()]);
        let pair = Self { students, shared, own, places: Vec::new() };
        (shared >= SHARED_MIN && pair.percent() >= told_min)
            .then(|| Self { places: places(one, other, hashes), ..pair })
    }

    /// How much of the smaller source stands in the other as well, in percent.
    pub(crate) fn percent(&self) -> u64 {
        let smaller = self.own[0].min(self.own[1]).max(1);
        (self.shared * 100 / smaller) as u64
    }
}

/// A student's fingerprints, each with the places where it is.
type Prints = BTreeMap<u64, Vec<Place>>;

/// Who has much in common with whom, beside the handout.
pub(crate) fn compare(students: &[&Files], solutions: &[&Files], handout: &Files) -> Found {
    let given: BTreeSet<u64> =
        handout.values().flat_map(|text| winnow::grams(text)).map(|gram| gram.hash).collect();
    let of_all = |all: &[&Files]| -> Vec<Prints> { all.iter().map(|files| prints(files, &given)).collect() };
    let (students, solutions) = (of_all(students), of_all(solutions));
    let mut who: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (student, prints) in students.iter().enumerate() {
        prints.keys().for_each(|hash| who.entry(*hash).or_default().push(student));
    }
    let with_solutions =
        students.iter().enumerate().flat_map(|(student, prints)| explained(student, prints, &solutions));
    Found {
        pairs: most_first(pairs(&students, &who).into_iter()),
        solutions: most_first(with_solutions),
        common: common(&students, &who),
    }
}

/// The pairs of students.
fn pairs(students: &[Prints], who: &BTreeMap<u64, Vec<usize>>) -> Vec<Pair> {
    let mut shared: BTreeMap<[usize; 2], Vec<u64>> = BTreeMap::new();
    for (hash, students) in who.iter().filter(|(_, students)| students.len() <= STUDENTS_MAX) {
        for (place, one) in students.iter().enumerate() {
            students[place + 1..]
                .iter()
                .for_each(|other| shared.entry([*one, *other]).or_default().push(*hash));
        }
    }
    let pair = |([one, other], hashes): ([usize; 2], Vec<u64>)| {
        Pair::new(TOLD_MIN, [one, other], [&students[one], &students[other]], &hashes)
    };
    shared.into_iter().filter_map(pair).collect()
}

/// The solutions that a student has much in common with: first the one that explains most, then what explains most of the rest.
fn explained(student: usize, prints: &Prints, solutions: &[Prints]) -> Vec<Pair> {
    let mut left: BTreeSet<u64> = prints.keys().copied().collect();
    let mut found = Vec::new();
    loop {
        let pair = |(number, solution): (usize, &Prints)| {
            let hashes: Vec<u64> = left.iter().copied().filter(|hash| solution.contains_key(hash)).collect();
            Pair::new(SOLUTION_TOLD_MIN, [student, number], [prints, solution], &hashes)
        };
        let best = solutions.iter().enumerate().filter_map(pair);
        let Some(best) = best.min_by_key(|pair| (std::cmp::Reverse(pair.shared), pair.students)) else {
            return found;
        };
        left.retain(|hash| !solutions[best.students[1]].contains_key(hash));
        found.push(best);
    }
}

/// Who has written much that more than [`STUDENTS_MAX`] have written.
fn common(students: &[Prints], who: &BTreeMap<u64, Vec<usize>>) -> Vec<(usize, u64)> {
    let percent = |prints: &Prints| {
        let is_common = |hash: &&u64| who[*hash].len() > STUDENTS_MAX;
        (prints.keys().filter(is_common).count() * 100 / prints.len().max(1)) as u64
    };
    let mut common: Vec<(usize, u64)> = students.iter().map(percent).enumerate().collect();
    common.retain(|(_, percent)| *percent >= TOLD_MIN);
    common.sort_by_key(|(student, percent)| (std::cmp::Reverse(*percent), *student));
    common
}

fn most_first(pairs: impl Iterator<Item = Pair>) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = pairs.collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh3::Xxh3;

    const RAFT: &str = include_str!("../../../template/src/lib.rs");
    /// Some of what lies in the repository.
    const COURSE: &str = include_str!("../../../../raft/course/src/replication.rs");

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
        let found = compare(&[&one, &alone, &copy], &[], &files(&[("lib.rs", RAFT)]));
        let pairs = &found.pairs;
        assert_eq!(pairs.len(), 1, "{pairs:#?}");
        assert_eq!(pairs[0].students, [0, 2]);
        assert!(pairs[0].percent() >= 80, "{pairs:#?}");
        assert!(pairs[0].places.iter().all(|[one, other]| one.file == "lib.rs" && other.file == "step.rs"));
        let names = ["ann", "bob", "=eve"].map(str::to_owned);
        assert!(told(&found, &names, &[]).contains("ann and =eve"));
        assert!(table(&found, &names, &[]).contains(",ann,'=eve,"));
        // Without the handout taken away, all have much in common.
        assert_eq!(compare(&[&one, &alone, &copy], &[], &Files::new()).pairs.len(), 3);
    }

    /// Each with a part of his own, so that nobody's is the same.
    fn class(text: &str) -> Vec<Files> {
        let own = |number: usize| {
            let mut chance = Xxh3::with_seed(number as u64);
            let sign = |place: usize| {
                chance.update(&[place as u8]);
                ["+", "-", "*", "/", "%", "&", "|", "^"][(chance.digest() % 8) as usize]
            };
            let signs: Vec<&str> = (0..100 + 30 * number).map(sign).collect();
            files(&[("lib.rs", &format!("{text}let x = a {} a;", signs.join(" a ")))])
        };
        (0..=STUDENTS_MAX).map(own).collect()
    }

    #[test]
    fn what_everybody_has_written_says_nothing_and_how_much_it_is_is_said() {
        let all = class(COURSE);
        let all: Vec<&Files> = all.iter().collect();
        let names: Vec<String> = (0..all.len()).map(|number| format!("s{number}")).collect();
        let found = compare(&all, &[], &Files::new());
        assert_eq!((&*found.pairs, found.common.len()), ([].as_slice(), all.len()), "{found:#?}");
        assert_eq!(found.common[0].0, 0, "who has least of his own comes first: {found:#?}");
        let text = told(&found, &names, &[]);
        assert!(text.contains("No two have") && text.contains("more than ten have"), "{text}");
        assert!(text.contains(&format!("{:>3} %  s0\n", found.common[0].1)), "{text}");
        let few = compare(&all[..2], &[], &Files::new());
        assert!(few.pairs[0].percent() >= 50 && few.common.is_empty(), "{few:#?}");
        assert!(!told(&few, &names, &[]).contains("more than ten have"));
    }

    /// However many that are.
    #[test]
    fn who_has_copied_a_solution_is_found() {
        let all = class(COURSE);
        let all: Vec<&Files> = all.iter().collect();
        let solution =
            |name: &str, text: &str| Solution { name: name.to_owned(), files: files(&[("lib.rs", text)]) };
        let other = "while let Some(old) = self.log.pop() { drop(old); } self.log.extend([entry]); self.save(); return None;";
        let other = format!("impl X {{ fn other() {{ {other} {other} }} }}");
        // The second has nothing that is not in the first.
        let solutions = [
            solution("other", &other),
            solution("some", &COURSE[..COURSE.len() / 2]),
            solution("whole", COURSE),
        ];
        let sources: Vec<&Files> = solutions.iter().map(|solution| &solution.files).collect();
        let found = compare(&all, &sources, &Files::new());
        let told_of: Vec<[usize; 2]> = found.solutions.iter().map(|pair| pair.students).collect();
        assert_eq!(told_of, (0..all.len()).map(|student| [student, 2]).collect::<Vec<_>>(), "{found:#?}");
        let names: Vec<String> = (0..all.len()).map(|number| format!("s{number}")).collect();
        assert!(told(&found, &names, &solutions).contains("100 %  s0 and whole\n"));
        assert!(table(&found, &names, &solutions).contains(",s0,whole,"));
        // What the handout gives is nobody's copy.
        let given = compare(&all, &sources, &files(&[("lib.rs", COURSE)]));
        assert_eq!(given.solutions, []);
    }

    /// Each in a style of its own, and the same paper before all of them.
    #[test]
    fn who_has_written_a_raft_himself_has_copied_none() {
        let solutions = solutions::find();
        let names: Vec<&str> = solutions.iter().map(|solution| &*solution.name).collect();
        for name in ["raft/course", "raft", "kvraft/course", "kvraft/single", "tests/controls/polling"] {
            assert!(names.contains(&name), "{names:?}");
        }
        let all: Vec<Prints> =
            solutions.iter().map(|solution| prints(&solution.files, &BTreeSet::new())).collect();
        for (place, student) in all.iter().enumerate() {
            let found: Vec<_> =
                explained(0, student, &all).iter().map(|pair| (pair.students[1], pair.percent())).collect();
            assert_eq!(found, [(place, 100)], "{}", names[place]);
            let mut others = all.clone();
            others.remove(place);
            assert_eq!(explained(0, student, &others), [], "{}", names[place]);
        }
    }
}
