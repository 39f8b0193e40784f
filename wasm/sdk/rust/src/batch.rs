use std::ops::Range;

use crate::behaviour::Input;
use crate::frame::{Descriptor, Frame};

/// Records as the host gives them, by their row.
pub struct Batch(Frame);

#[repr(C)]
#[derive(Clone, Copy)]
struct Record {
    time: i64,
    seq: u64,
    key: u32,
    key_len: u32,
    value: u32,
    value_len: u32,
    headers: u32,
    header_count: u16,
    flags: u16,
}

unsafe impl Descriptor for Record {}

const HAS_KEY: u16 = 1;
const HAS_TIME: u16 = 2;

impl Input for Batch {
    unsafe fn new(at: *const u8, len: usize) -> Self {
        Batch(Frame::new(at, len))
    }

    fn size(&self) -> u32 {
        self.0.rows
    }
}

impl Batch {
    /// The rows.
    pub fn rows(&self) -> Range<u32> {
        0..self.0.rows
    }

    /// How many rows there are.
    pub fn len(&self) -> u32 {
        self.0.rows
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.rows == 0
    }

    #[inline]
    fn record(&self, row: u32) -> &Record {
        &self.0.items::<Record>()[row as usize]
    }

    /// The value of a record.
    #[inline]
    pub fn value(&self, row: u32) -> &[u8] {
        let r = self.record(row);
        self.0.part(r.value, r.value_len)
    }

    /// The key of a record, if it has one.
    pub fn key(&self, row: u32) -> Option<&[u8]> {
        let r = self.record(row);
        if r.flags & HAS_KEY == 0 {
            return None;
        }
        Some(self.0.part(r.key, r.key_len))
    }

    /// The event time of a record in µs since 1970, if it is known.
    pub fn time(&self, row: u32) -> Option<i64> {
        let r = self.record(row);
        if r.flags & HAS_TIME == 0 {
            return None;
        }
        Some(r.time)
    }

    /// The number that the source gave a record: an offset; 0 where there is none.
    pub fn seq(&self, row: u32) -> u64 {
        self.record(row).seq
    }

    /// The headers of a record: names and values.
    pub fn headers(&self, row: u32) -> impl Iterator<Item = (&[u8], &[u8])> {
        let r = self.record(row);
        let pairs = self.0.numbers::<u32>(r.headers, if r.header_count == 0 { 0 } else { 4 * r.header_count as usize });
        pairs.chunks_exact(4).map(move |p| (self.0.part(p[0], p[1]), self.0.part(p[2], p[3])))
    }

    /// Event time, if it is known.
    pub fn watermark(&self) -> Option<i64> {
        self.0.watermark()
    }
}
