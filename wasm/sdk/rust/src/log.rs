//! The log of the pipeline. Lines beyond a limit in each second are left out.

use crate::host;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Level {
    Debug = 0,
    Info = 1,
    Warn = 2,
    Error = 3,
}

/// Logs a line.
pub fn line(level: Level, text: impl AsRef<str>) {
    let text = text.as_ref();
    unsafe { host::log(level as u32, text.as_ptr(), text.len()) };
}

/// Reports whether somebody reads lines of a level, so that others need not be made.
pub fn enabled(level: Level) -> bool {
    unsafe { host::log_enabled(level as u32) != 0 }
}
