//! Statics that a run has for itself.

use std::any::Any;
use std::fmt;

use super::{Arc, OnceLock};
use crate::sim::{is_simulated, with_core};

/// A static value of which each simulation has its own, made when it is first wanted, and dropped at the end of the run.
/// Outside of simulations there is one for the process.
///
/// An ordinary static outlives its run: the next one finds what the last one left, so a seed is not the same run
/// twice, and runs side by side disturb each other.
///
/// ```
/// use labrpc::sim::Sim;
/// use labrpc::sync::{Mutex, RunStatic};
///
/// static REGISTRY: RunStatic<Mutex<Vec<u32>>> = RunStatic::new(|| Mutex::new(Vec::new()));
///
/// for _ in 0..2 {
///     Sim::new(1).run(|| {
///         REGISTRY.get().lock().push(7);
///         assert_eq!(REGISTRY.get().lock().len(), 1);
///     }).unwrap();
/// }
/// ```
pub struct RunStatic<T> {
    real: OnceLock<Arc<T>>,
    init: fn() -> T,
}

/// The statics of one run: the address of each, which tells them apart and nothing else, and its cell.
pub(crate) type RunStatics = Vec<(usize, Arc<dyn Any + Send + Sync>)>;

impl<T: Send + Sync + 'static> RunStatic<T> {
    /// One that `init` makes for each run.
    #[must_use]
    pub const fn new(init: fn() -> T) -> Self {
        Self { real: OnceLock::new(), init }
    }

    /// The run's value. Other threads that want it while it is made wait.
    ///
    /// # Panics
    ///
    /// If the function that makes it does; then the next to ask runs it again.
    #[track_caller]
    pub fn get(&'static self) -> Arc<T> {
        if !is_simulated() {
            return Arc::clone(self.real.get_or_init(|| Arc::new((self.init)())));
        }
        let key = std::ptr::from_ref(self).addr();
        let cell = with_core(|core| match core.statics.iter().find(|(other, _)| *other == key) {
            Some((_, cell)) => Arc::clone(cell),
            None => {
                let cell: Arc<dyn Any + Send + Sync> = Arc::new(OnceLock::<Arc<T>>::new());
                core.statics.push((key, Arc::clone(&cell)));
                cell
            }
        });
        let cell = cell.downcast::<OnceLock<Arc<T>>>().expect("one type for each static");
        Arc::clone(cell.get_or_init(|| Arc::new((self.init)())))
    }
}

impl<T> fmt::Debug for RunStatic<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunStatic { .. }")
    }
}
