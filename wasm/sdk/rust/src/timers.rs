use std::ops::Range;

use crate::behaviour::Input;
use crate::frame::{Descriptor, Frame};
use crate::host;

/// What a timer goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Event time.
    Event = 0,
    /// The pipeline's clock.
    Wall = 1,
}

impl Clock {
    /// Sets a timer of the row's key for a time in µs since 1970, or moves the one of that id there.
    pub fn set(self, row: u32, id: i64, us: i64) {
        unsafe { host::timer_set(row, self as u32, id, us) };
    }

    /// Takes a timer back, and reports whether there was one.
    pub fn clear(self, row: u32, id: i64) -> bool {
        unsafe { host::timer_clear(row, self as u32, id) == 0 }
    }
}

/// Timers whose time has come. A row stands for the key of its timer, as it does for that of a record.
pub struct Timers(Frame);

/// A timer whose time has come.
#[derive(Debug, Clone, Copy)]
pub struct Timer<'a> {
    /// The clock that it goes by.
    pub clock: Clock,
    /// Its number.
    pub id: i64,
    /// For when it was set, in µs since 1970.
    pub time: i64,
    /// The bytes of a key that is a string; another key as it is stored.
    pub key: &'a [u8],
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Item {
    time: i64,
    id: i64,
    key: u32,
    key_len: u32,
    clock: u8,
    zero: [u8; 7],
}

unsafe impl Descriptor for Item {}

/// The first byte of the stored form of a key that is a string.
const STRING: u8 = 5;

impl Input for Timers {
    unsafe fn new(at: *const u8, len: usize) -> Self {
        Timers(Frame::new(at, len))
    }

    fn size(&self) -> u32 {
        self.0.rows
    }
}

impl Timers {
    /// The rows.
    pub fn rows(&self) -> Range<u32> {
        0..self.0.rows
    }

    /// The timer of a row.
    pub fn get(&self, row: u32) -> Timer<'_> {
        let t = &self.0.items::<Item>()[row as usize];
        let stored = self.0.part(t.key, t.key_len);
        let key = match stored.split_first() {
            Some((&STRING, text)) => text,
            _ => stored,
        };
        Timer { clock: if t.clock == 0 { Clock::Event } else { Clock::Wall }, id: t.id, time: t.time, key }
    }
}
