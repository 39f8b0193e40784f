use std::ops::Range;

use crate::behaviour::Input;
use crate::frame::{self, Descriptor, Frame};

/// Columns of a batch: arrays with a value for each row. A field is an index in the manifest's `inputs`.
pub struct Columns(Frame);

#[repr(C)]
#[derive(Clone, Copy)]
struct Column {
    typ: u32,
    field: u32,
    data: u32,
    data_len: u32,
    validity: u32,
    validity_len: u32,
    offsets: u32,
    zero: u32,
}

unsafe impl Descriptor for Column {}

impl Input for Columns {
    unsafe fn new(at: *const u8, len: usize) -> Self {
        Columns(Frame::new(at, len))
    }

    fn size(&self) -> u32 {
        self.0.rows
    }
}

impl Columns {
    /// The rows.
    pub fn rows(&self) -> Range<u32> {
        0..self.0.rows
    }

    fn column(&self, field: u32) -> &Column {
        let columns = self.0.items::<Column>();
        match columns.get(field as usize) {
            Some(c) if c.field == field => c,
            _ => columns.iter().find(|c| c.field == field).unwrap_or_else(|| panic!("the manifest has no input {}", field)),
        }
    }

    /// The values of a column of bools, 0 or 1. Here as below, rows that are null have any value.
    pub fn bools(&self, field: u32) -> &[u8] {
        self.0.part(self.column(field).data, self.0.rows)
    }

    /// The values of a column of ints, times or durations; the last two in µs.
    pub fn ints(&self, field: u32) -> &[i64] {
        self.0.numbers(self.column(field).data, self.0.rows as usize)
    }

    /// The values of a column of floats.
    pub fn floats(&self, field: u32) -> &[f64] {
        self.0.numbers(self.column(field).data, self.0.rows as usize)
    }

    /// The values of a column of strings, bytes or JSON.
    pub fn texts(&self, field: u32) -> Texts<'_> {
        let c = self.column(field);
        Texts { data: self.0.part(c.data, c.data_len), offsets: self.0.numbers(c.offsets, self.0.rows as usize + 1) }
    }

    /// A bitmap of the rows that are not null; none where all of them are.
    pub fn validity(&self, field: u32) -> Option<&[u8]> {
        let c = self.column(field);
        if c.validity == 0 {
            return None;
        }
        Some(self.0.part(c.validity, c.validity_len))
    }

    /// Reports whether a row is not null.
    pub fn is_valid(&self, field: u32, row: u32) -> bool {
        self.validity(field).map_or(true, |bits| frame::bit(bits, row))
    }

    /// Event time, if it is known.
    pub fn watermark(&self) -> Option<i64> {
        self.0.watermark()
    }
}

/// The texts of a column.
#[derive(Clone, Copy)]
pub struct Texts<'a> {
    data: &'a [u8],
    offsets: &'a [u32],
}

impl<'a> Texts<'a> {
    /// The text of a row.
    pub fn get(&self, row: u32) -> &'a [u8] {
        &self.data[self.offsets[row as usize] as usize..self.offsets[row as usize + 1] as usize]
    }

    /// All texts, one behind the other.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }
}
