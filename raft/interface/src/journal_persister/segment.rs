//! The bytes of a segment of the journal.
//!
//! ```text
//!   header   RAFTJRN1, number, snapshot { number, len, sum }, sum of all these
//!   record   'R', len, keep, sum of these      the first `keep` bytes of the state stay,
//!            len bytes, sum of these           and these come behind them
//!   record   ...
//! ```
//!
//! Numbers have eight bytes, little-endian. Sums are XXH3 with the segment's number and the place in the file as their seed, so that a
//! record of another segment, or of another place, is none. The first record is written with the header and has the whole state.
//!
//! # Torn or damaged
//!
//! Each save is flushed before the next one begins. So a power failure can have torn the last record only, and it
//! leaves zeros, or the end of the file, where a sector was not written. To see that for sure, no part of a record that lies in one
//! sector may begin with a zero: a record begins with `R`, and each sector of the file with a mark, [`MARK`]. (etcd looks for
//! sectors of zeros, too, and has no mark; there an entry of zeros looks torn when it is damaged.)
//!
//! A record that is wrong is torn if some part of it was not written and nothing follows. Any other one is damaged: a flipped bit in
//! the last record is, and a lost sector that has a record behind it.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::OpenError;
use crate::pair::replace_after;

const MAGIC: &[u8; 8] = b"RAFTJRN1";
const TAG: u8 = b'R';
/// The first byte of each sector. Any but zero.
const MARK: u8 = 0xA5;
const SECTOR_LEN: usize = 512;
/// Magic, number, the snapshot's number, length and sum, and the sum of these.
const HEADER_LEN: usize = 48;
/// Tag, two lengths and the sum of these.
const RECORD_HEADER_LEN: usize = 25;
const SUM_LEN: usize = 8;

/// The snapshot that belongs to a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SnapshotName {
    /// The number of its file; 0 for no snapshot.
    pub(super) number: u64,
    /// Its length in bytes.
    pub(super) len: u64,
    /// Its XXH3.
    pub(super) sum: u64,
}

/// What a segment holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) snapshot: SnapshotName,
    /// The state after the last whole record.
    pub(super) state: Vec<u8>,
    /// Where that record ends, in bytes from the start of the file. What is behind it is torn.
    pub(super) len: usize,
}

/// Bytes that no save has left there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damage {
    offset: usize,
    reason: &'static str,
}

impl Damage {
    pub(super) fn of(self, file: String) -> OpenError {
        let Self { offset, reason } = self;
        OpenError::Corrupt { file, offset, reason }
    }
}

/// The bytes of a new segment.
pub(super) fn begin(number: u64, snapshot: SnapshotName, state: &[u8]) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    for field in [number, snapshot.number, snapshot.len, snapshot.sum] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    let seal = sum(number, 0, &header);
    header.extend_from_slice(&seal.to_le_bytes());
    let mut out = Vec::new();
    mark(0, &header, &mut out);
    let first = record(number, out.len(), 0, state);
    out.extend_from_slice(&first);
    out
}

/// The bytes of a record that begins at byte `at` of the file.
pub(super) fn record(number: u64, at: usize, keep: usize, tail: &[u8]) -> Vec<u8> {
    let mut plain = vec![TAG];
    for field in [tail.len() as u64, keep as u64] {
        plain.extend_from_slice(&field.to_le_bytes());
    }
    let header_sum = sum(number, at, &plain);
    plain.extend_from_slice(&header_sum.to_le_bytes());
    plain.extend_from_slice(tail);
    plain.extend_from_slice(&xxh3_64_with_seed(tail, header_sum).to_le_bytes());
    let mut out = Vec::with_capacity(end(at, plain.len()) - at);
    mark(at, &plain, &mut out);
    out
}

/// Reads a segment.
pub(super) fn decode(number: u64, file: &[u8]) -> Result<Segment, Damage> {
    let mut segment = Segment { snapshot: header(number, file)?, state: Vec::new(), len: end(0, HEADER_LEN) };
    let first = segment.len;
    while segment.len < file.len() || segment.len == first {
        let Record { keep, tail, end } = match read_record(number, file, segment.len) {
            Ok(record) => record,
            // The first one was flushed with the header before the file got its name.
            Err(Wrong::Torn) if segment.len > first => break,
            Err(Wrong::Torn) => {
                return Err(Damage { offset: first, reason: "the first record is not whole" });
            }
            Err(Wrong::Damaged(damage)) => return Err(damage),
        };
        if keep > segment.state.len() {
            return Err(Damage { offset: segment.len, reason: "a record keeps more than there is" });
        }
        replace_after(&mut segment.state, keep, &tail);
        segment.len = end;
    }
    Ok(segment)
}

fn header(number: u64, file: &[u8]) -> Result<SnapshotName, Damage> {
    let damaged = |reason| Damage { offset: 0, reason };
    let header = plain(file, 0, HEADER_LEN).ok_or(damaged("the file ends inside its header"))?;
    if header[..8] != *MAGIC {
        return Err(damaged("the file does not begin with RAFTJRN1"));
    }
    if sum(number, 0, &header[..40]) != read_number(&header, 40) || read_number(&header, 8) != number {
        return Err(damaged("the header does not fit its checksum or the name of the file"));
    }
    let [snapshot, len, sum] = [16, 24, 32].map(|at| read_number(&header, at));
    Ok(SnapshotName { number: snapshot, len, sum })
}

struct Record {
    keep: usize,
    tail: Vec<u8>,
    /// Where it ends in the file.
    end: usize,
}

enum Wrong {
    /// The power failed while it was written.
    Torn,
    Damaged(Damage),
}

/// The record that begins at byte `at` of the file.
fn read_record(number: u64, file: &[u8], at: usize) -> Result<Record, Wrong> {
    let damaged = |reason| Wrong::Damaged(Damage { offset: at, reason });
    let Some((len, keep, header_sum)) = read_record_header(number, file, at) else {
        // How long it was to be is not known, so whatever comes after it must be no record.
        if !is_unwritten(file, at, end(at, RECORD_HEADER_LEN)) {
            return Err(damaged("no record begins here"));
        }
        let follows = (at + 1..file.len()).any(|later| read_record_header(number, file, later).is_some());
        return Err(if follows {
            damaged("a record is missing here, and others follow")
        } else {
            Wrong::Torn
        });
    };
    let full_len = usize::try_from(len).ok().and_then(|len| len.checked_add(RECORD_HEADER_LEN + SUM_LEN));
    // A record of a length that no file has goes on behind the end of this one.
    let Some(full_len) = full_len.filter(|&len| len <= file.len()) else { return Err(Wrong::Torn) };
    let record_end = end(at, full_len);
    if let Some(mut record) = plain(file, at, full_len) {
        let body_len = full_len - SUM_LEN;
        if xxh3_64_with_seed(&record[RECORD_HEADER_LEN..body_len], header_sum)
            == read_number(&record, body_len)
        {
            record.truncate(body_len);
            record.drain(..RECORD_HEADER_LEN);
            let keep = usize::try_from(keep).map_err(|_| damaged("a record keeps more than there is"))?;
            return Ok(Record { keep, tail: record, end: record_end });
        }
    }
    if !is_unwritten(file, at, record_end) {
        return Err(damaged("the checksum of the record that begins here is wrong"));
    }
    Err(if file.len() > record_end {
        damaged("a part of the record that begins here is missing, and others follow")
    } else {
        Wrong::Torn
    })
}

/// Length, bytes to keep and the sum of the record's header at byte `at`, if there is one.
fn read_record_header(number: u64, file: &[u8], at: usize) -> Option<(u64, u64, u64)> {
    let header = plain(file, at, RECORD_HEADER_LEN)?;
    let header_sum = read_number(&header, 17);
    let is_ours = header[0] == TAG && sum(number, at, &header[..17]) == header_sum;
    is_ours.then(|| (read_number(&header, 1), read_number(&header, 9), header_sum))
}

/// Whether a part of these bytes of the file that lies in one sector was never written.
fn is_unwritten(file: &[u8], from: usize, to: usize) -> bool {
    let Some(bytes) = file.get(from..to) else { return true };
    let first = (SECTOR_LEN - from % SECTOR_LEN).min(bytes.len());
    let (first, others) = bytes.split_at(first);
    std::iter::once(first).chain(others.chunks(SECTOR_LEN)).any(|part| part.iter().all(|&byte| byte == 0))
}

/// Appends these bytes to `out`, which stands at byte `at` of the file, with the marks between them.
fn mark(at: usize, mut bytes: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    while !bytes.is_empty() {
        let mut place = (at + out.len() - before) % SECTOR_LEN;
        if place == 0 {
            out.push(MARK);
            place = 1;
        }
        let (part, rest) = bytes.split_at(bytes.len().min(SECTOR_LEN - place));
        out.extend_from_slice(part);
        bytes = rest;
    }
}

/// So many bytes from byte `at` of the file on, without the marks. `None` if the file ends before, or a mark is wrong.
fn plain(file: &[u8], at: usize, len: usize) -> Option<Vec<u8>> {
    let mut marked = file.get(at..end(at, len))?;
    let mut out = Vec::with_capacity(len);
    let mut place = at % SECTOR_LEN;
    while !marked.is_empty() {
        if place == 0 {
            let (&first, rest) = marked.split_first()?;
            (marked, place) = (rest, 1);
            if first != MARK {
                return None;
            }
        }
        let (part, rest) = marked.split_at(marked.len().min(SECTOR_LEN - place));
        out.extend_from_slice(part);
        (marked, place) = (rest, 0);
    }
    Some(out)
}

/// Where so many bytes end that begin at byte `at` of the file, with the marks between them.
fn end(at: usize, len: usize) -> usize {
    if len == 0 {
        return at;
    }
    const ROOM: usize = SECTOR_LEN - 1;
    let before = at / SECTOR_LEN * ROOM + (at % SECTOR_LEN).saturating_sub(1);
    let last = before + len - 1;
    last / ROOM * SECTOR_LEN + 1 + last % ROOM + 1
}

fn sum(number: u64, at: usize, bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, number.rotate_left(32) ^ at as u64)
}

fn read_number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("a slice of eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of three records, the last of which lies in three sectors, and where each begins.
    fn example() -> (Vec<u8>, Vec<usize>) {
        let mut file = begin(7, SnapshotName { number: 3, len: 9, sum: 5 }, b"state");
        let mut starts = vec![end(0, HEADER_LEN)];
        for (keep, tail) in [(5, vec![0; 300]), (3, vec![0; 900])] {
            starts.push(file.len());
            file.extend(record(7, file.len(), keep, &tail));
        }
        (file, starts)
    }

    #[test]
    fn marked_bytes_end_where_they_are_said_to_and_come_back() {
        for at in [0, 1, 2, 510, 511, 512, 513, 1023, 1024] {
            for len in [0, 1, 2, 510, 511, 512, 513, 1022, 1023, 1500] {
                let bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
                let mut file = vec![0; at];
                mark(at, &bytes, &mut file);
                assert_eq!(file.len(), end(at, len), "{len} bytes at {at}");
                assert_eq!(plain(&file, at, len), Some(bytes), "{len} bytes at {at}");
                assert!(len == 0 || plain(&file[..file.len() - 1], at, len).is_none());
            }
        }
    }

    #[test]
    fn cut_anywhere_the_last_record_is_torn() {
        let (file, starts) = example();
        let whole = decode(7, &file).expect("whole");
        assert_eq!((whole.len, whole.state.len()), (file.len(), 903));
        for len in starts[1]..file.len() {
            let found = decode(7, &file[..len]).expect("a torn tail is cut");
            let kept = if len < starts[2] { starts[1] } else { starts[2] };
            assert_eq!(found.len, kept, "the first {len} bytes");
        }
        for len in 0..starts[1] {
            decode(7, &file[..len]).expect_err("the beginning was flushed before the file got its name");
        }
    }

    #[test]
    fn any_sectors_of_the_last_record_may_be_unwritten() {
        let (file, starts) = example();
        let parts = [starts[2]..512, 512..1024, 1024..file.len()];
        for lost in 1..8 {
            let mut torn = file.clone();
            for (place, part) in parts.iter().enumerate() {
                if lost & (1 << place) != 0 {
                    torn[part.clone()].fill(0);
                }
            }
            assert_eq!(decode(7, &torn).expect("torn").len, starts[2], "lost parts {lost:b}");
        }
    }

    #[test]
    fn flipped_bit_is_damage_and_reported_where_it_is() {
        let (file, _) = example();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut bad = file.clone();
                bad[at] ^= 1 << bit;
                let Damage { offset, reason } = decode(7, &bad).expect_err("a flipped bit went unnoticed");
                assert!(offset <= at, "byte {at} is wrong, reported at {offset}: {reason}");
            }
        }
    }

    #[test]
    fn lost_sector_with_a_record_behind_it_is_damage() {
        let (mut file, starts) = example();
        let later = record(7, file.len(), 0, b"later");
        file.extend(later);
        for lost in [starts[1]..512, starts[2]..512, 512..1024] {
            let mut bad = file.clone();
            bad[lost.clone()].fill(0);
            let damage = decode(7, &bad).expect_err("a lost sector went unnoticed");
            assert!(damage.reason.contains("others follow"), "{lost:?}: {damage:?}");
        }
    }

    #[test]
    fn record_of_another_place_or_segment_is_none() {
        let (file, starts) = example();
        decode(8, &file).expect_err("another number");
        let twice = [&file[..], &file[starts[1]..starts[2]]].concat();
        decode(7, &twice).expect_err("a record at another place");
        let mut stale = begin(7, SnapshotName::default(), b"state");
        let other = record(6, stale.len(), 0, b"state of segment 6");
        stale.extend(other);
        decode(7, &stale).expect_err("a record of another segment");
    }

    #[test]
    fn reader_of_segments_survives_fuzzing() {
        let (file, starts) = example();
        let empty = begin(7, SnapshotName::default(), b"");
        lab_fuzzing::fuzz("journal-segments", &[file, empty], |input| {
            if let Ok(found) = decode(7, input) {
                assert!(found.len <= input.len() && found.state.len() <= input.len());
            }
            // With headers that are sealed anew, the lengths in them are looked at, too.
            let mut sealed = input.to_vec();
            for at in [0, starts[0]] {
                let (len, place) = if at == 0 { (HEADER_LEN - 8, 0) } else { (17, at) };
                if let Some(header) = plain(&sealed, place, len + 8) {
                    let seal = sum(7, place, &header[..len]).to_le_bytes();
                    let from = end(place, len);
                    sealed[from..from + 8].copy_from_slice(&seal);
                }
            }
            let _ = decode(7, &sealed);
        });
    }
}
