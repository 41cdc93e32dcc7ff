//! What is mistyped gets a message that says what to type.

use libtest_mimic::Trial;

use crate::program::run;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("what_is_mistyped_gets_a_message_that_helps", mistyped)]
}

fn mistyped() {
    let target = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        ("sweep figur8_3c", "Did you mean figure8_3c"),
        ("sweep --time soon", "write 90s, 10m or 1h30m"),
        ("sweep --shard 9/8", "write K/N, such as 3/8, with K from 1 to N"),
        ("sweep --shard 3/8 -n 4", "take more seeds or fewer shards"),
        ("sweep --shard 3/8 --time 1m", "say how many with -n"),
        ("sweep -j 0", "write a number from 1 to 1024"),
        ("sweep -n 0", "write a whole number from 1"),
        ("sweep -n 2 --seed-from 0xffffffffffffffff", "above the highest seed"),
        ("sweep --seed-from x", "write 42 or 0x2a"),
        ("sweep --memory 2", "write 512M or 2G"),
        ("sweep --policy best", "best"),
        ("sweep --world moon", "write simulated or real"),
        ("merge", "<FILES>"),
    ] {
        run(target.path(), arguments).expect(2, &[part]);
    }
    assert!(!target.path().join("lab").exists(), "nothing was run");
}
