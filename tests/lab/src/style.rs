//! The colours of verdicts: how each begins, and how it ends. They are shown where colour can be, and where `NO_COLOR` is
//! not set; the words beside them say the same.

use anstyle::{AnsiColor, Reset, Style};

/// Something failed.
pub(crate) const FAILED: (Style, Reset) = (AnsiColor::Red.on_default().bold(), Reset);
/// All is well.
pub(crate) const PASSED: (Style, Reset) = (AnsiColor::Green.on_default(), Reset);
