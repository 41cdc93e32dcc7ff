//! The programs in which bugs are planted.
//!
//! A suite that finds a bug in the reference may find it by a habit of the reference. So the same bugs are planted in Rafts
//! of other styles as well, which the crate `lab-controls` has for the opposite: what is legal in them must pass.

/// A program in which bugs are planted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// The reference, with the service on it.
    #[default]
    Reference,
    /// The control of this name.
    Control(&'static str),
}

/// The controls in which bugs are planted; each has a file in `tests/mutants/catalogue/controls/`.
pub(crate) const CONTROLS: [&str; 3] = ["event_loop", "polling", "no_op"];

impl Program {
    /// All of them, in the order in which they are shown.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Reference).chain(CONTROLS.map(Self::Control))
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Control(name) => name,
        }
    }

    /// The package and the executable of it that cargo is to build.
    pub(crate) fn package(self) -> (&'static str, &'static str) {
        match self {
            Self::Reference => ("reference-lab", "lab"),
            Self::Control(name) => ("lab-controls", name),
        }
    }
}
