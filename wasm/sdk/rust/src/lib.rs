//! What a behaviour for onstream is written with in Rust.
//!
//! A behaviour is a type with the trait [`Behaviour`]; [`behaviour!`] makes the exports of the module of it. What it can do besides is a trait of
//! its own ([`OnTimer`], [`OnWatermark`], [`Configure`], [`Snapshot`]), which is named there.
//!
//! ```
//! use onstream::{Behaviour, Records, Result, Settings};
//!
//! struct Long {
//!     limit: i64,
//! }
//!
//! impl Behaviour for Long {
//!     type Input = onstream::Batch;
//!     type Output = Records;
//!
//!     fn open(settings: &Settings) -> Result<Self> {
//!         Ok(Long { limit: settings.int("limit")? })
//!     }
//!
//!     fn process(&mut self, batch: &Self::Input, out: &mut Records) -> Result {
//!         for row in batch.rows() {
//!             if batch.value(row).len() as i64 > self.limit {
//!                 out.add(row); // goes on as it came; the others are dropped
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! onstream::behaviour!(Long);
//! ```
//!
//! A call takes effect as a whole: when it returns an error, panics or takes too long, what it has written, set and emitted is undone, and
//! what it was given is given again in smaller parts, down to the record that is to blame. What is kept in the type itself is a cache;
//! what must not be lost belongs into the state ([`Space`]).

mod batch;
mod behaviour;
mod columns;
mod error;
mod frame;
mod host;
pub mod http;
pub mod json;
pub mod log;
pub mod metrics;
pub mod number;
mod records;
mod results;
mod selection;
mod settings;
mod state;
mod timers;

pub use batch::Batch;
#[doc(hidden)]
pub use behaviour::exports;
pub use behaviour::{Behaviour, Configure, Input, OnTimer, OnWatermark, Output, Snapshot};
pub use columns::{Columns, Texts};
pub use error::{Error, Result};
pub use records::{Made, Records};
pub use results::Results;
pub use selection::Selection;
pub use settings::Settings;
pub use state::{Space, Values};
pub use timers::{Clock, Timer, Timers};

/// The pipeline's clock in µs since 1970; the same during a call.
pub fn now() -> i64 {
    unsafe { host::now_us() }
}

/// Event time in µs since 1970, where it is known; the same during a call.
pub fn watermark() -> Option<i64> {
    frame::known(unsafe { host::watermark_us() })
}
