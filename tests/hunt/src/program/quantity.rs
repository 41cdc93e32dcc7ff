//! Numbers, times and sizes as people type them, with a message for those that mean nothing.

use std::time::Duration;

use lab_runs::settings::check_stall;

/// A number from 1: `1000`, `1_000_000`.
///
/// # Errors
///
/// A sentence about what is none.
pub fn count(text: &str) -> Result<u64, String> {
    let number = text.replace('_', "").parse().ok().filter(|&number| number > 0);
    number
        .ok_or_else(|| format!("{text:?} is not a number of runs: write a whole number from 1, such as 1000"))
}

/// The longest time that can be asked for.
const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 3600);
/// The shortest time that a run can be given. In less a right program can be stopped by what else the machine does.
const LIMIT_MIN: Duration = Duration::from_millis(100);
/// The least memory that a worker can be given, in bytes. This program alone needs a third of it, and then the code under
/// test would be blamed.
const MEMORY_MIN: u64 = 64 << 20;
/// The most, which no machine has.
const MEMORY_MAX: u64 = 1 << 50;

/// A time that is not zero: `90s`, `10m`, `1h30m`, `1.5` (seconds).
///
/// # Errors
///
/// A sentence about what is none.
pub fn time(text: &str) -> Result<Duration, String> {
    let seconds = || text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = humantime::parse_duration(text).ok().or_else(seconds).filter(|time| !time.is_zero());
    let time = time.ok_or_else(|| format!("{text:?} is not a time: write 90s, 10m or 1h30m"))?;
    if time > TIME_MAX { Err(format!("{text:?} is too long: a year is the most")) } else { Ok(time) }
}

/// The limit of a run: a time in which a right program can come to its end.
///
/// # Errors
///
/// A sentence about what is none.
pub fn limit(text: &str) -> Result<Duration, String> {
    let time = time(text)?;
    if time < LIMIT_MIN {
        return Err(format!("{text:?} is too short for any run: write 100ms or more, such as 30s"));
    }
    Ok(time)
}

/// The time in which a thread must give way.
///
/// # Errors
///
/// A sentence about what is none.
pub fn stall(text: &str) -> Result<Duration, String> {
    check_stall(time(text)?)
}

/// A size in bytes: `512M`, `2G`.
///
/// # Errors
///
/// A sentence about what is none.
pub fn memory(text: &str) -> Result<u64, String> {
    let size = text.split_at_checked(text.len().saturating_sub(1)).and_then(|(number, unit)| {
        let number: u64 = number.parse().ok().filter(|&number| number > 0)?;
        match unit {
            "M" | "m" => number.checked_mul(1 << 20),
            "G" | "g" => number.checked_mul(1 << 30),
            _ => None,
        }
    });
    let size = size.ok_or_else(|| format!("{text:?} is not an amount of memory: write 512M or 2G"))?;
    if (MEMORY_MIN..=MEMORY_MAX).contains(&size) {
        return Ok(size);
    }
    Err(format!("{text:?} is no amount that a worker can have: write 64M or more, and no more than 1048576G"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, millis) in
            [("90s", 90_000), ("10m", 600_000), ("1h30m", 5_400_000), ("250ms", 250), ("1.5", 1500)]
        {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "0s", "-1", "ten", "1x", "inf", "nan"] {
            assert!(time(text).unwrap_err().contains("write 90s, 10m or 1h30m"), "{text}");
        }
    }

    #[test]
    fn times_have_bounds_that_are_told() {
        assert!(time("400days").unwrap_err().contains("a year is the most"));
        assert!(limit("1ns").unwrap_err().contains("write 100ms or more"));
        for text in ["1ns", "2days"] {
            assert!(stall(text).unwrap_err().contains("take 0.1 to 86400 s"), "{text}");
        }
        assert_eq!((limit("1s"), stall("1s")), (Ok(Duration::from_secs(1)), Ok(Duration::from_secs(1))));
    }

    #[test]
    fn counts_start_at_one() {
        assert_eq!((count("7"), count("1_000_000")), (Ok(7), Ok(1_000_000)));
        for text in ["0", "-1", "1.5", "many", "", "99999999999999999999"] {
            assert!(count(text).unwrap_err().contains("whole number from 1"), "{text}");
        }
    }

    #[test]
    fn memory_has_a_unit() {
        assert_eq!((memory("512M"), memory("2g")), (Ok(512 << 20), Ok(2 << 30)));
        for text in ["", "2", "G", "0M", "2T", "-1G", "99999999999999999999G", "2ß"] {
            assert!(memory(text).unwrap_err().contains("write 512M or 2G"), "{text}");
        }
        for text in ["1M", "1048577G"] {
            assert!(memory(text).unwrap_err().contains("write 64M or more"), "{text}");
        }
    }
}
