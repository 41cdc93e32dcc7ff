//! For serde's attribute `with`: an index that is counted from 0 on the wire, and from 1 everywhere else. So 0, which is no entry's, is -1
//! there.

use raft_interface::Index;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
pub(super) fn serialize<S: Serializer>(index: &Index, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i64(index.wrapping_sub(1).cast_signed())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Index, D::Error> {
    let place = i64::deserialize(from)?;
    place
        .checked_add(1)
        .and_then(|index| index.try_into().ok())
        .ok_or_else(|| Error::custom("an index below -1"))
}
