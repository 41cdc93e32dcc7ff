//! Channels and selects in both worlds: the same body on real threads and under many simulated schedules.

mod closing;
mod faults;
mod messages;
mod model;
mod resettable;
mod select;
mod timers;
mod worlds;
