use crate::behaviour::Output;
use crate::frame;

/// Columns that are returned: one for each of the manifest's `outputs`, by their index there, of all rows.
#[derive(Default)]
pub struct Results {
    data: Vec<u8>, // begins with room for the header
    columns: Vec<[u32; 8]>,
    rows: u32,
}

const BOOL: u32 = 1;
const INT: u32 = 2;
const FLOAT: u32 = 3;
const STRING: u32 = 4;
const BYTES: u32 = 5;
const TIME: u32 = 6;
const DURATION: u32 = 7;
const JSON: u32 = 8;
const SELECTION: u32 = 9;

impl Results {
    fn push(&mut self, typ: u32, field: u32, from: usize) {
        let len = self.data.len() - from;
        self.columns.push([typ, field, from as u32, len as u32, 0, 0, 0, 0]);
        frame::align(&mut self.data);
    }

    /// Adds a column of bools.
    pub fn bools(&mut self, field: u32, mut value: impl FnMut(u32) -> bool) {
        let from = self.data.len();
        self.data.extend((0..self.rows).map(|row| value(row) as u8));
        self.push(BOOL, field, from);
    }

    fn words(&mut self, typ: u32, field: u32, mut value: impl FnMut(u32) -> [u8; 8]) {
        let from = self.data.len();
        self.data.resize(from + 8 * self.rows as usize, 0);
        for (row, to) in self.data[from..].chunks_exact_mut(8).enumerate() {
            to.copy_from_slice(&value(row as u32));
        }
        self.push(typ, field, from);
    }

    /// Adds a column of ints.
    pub fn ints(&mut self, field: u32, mut value: impl FnMut(u32) -> i64) {
        self.words(INT, field, |row| value(row).to_le_bytes());
    }

    /// Adds a column of times, in µs since 1970.
    pub fn times(&mut self, field: u32, mut value: impl FnMut(u32) -> i64) {
        self.words(TIME, field, |row| value(row).to_le_bytes());
    }

    /// Adds a column of durations, in µs.
    pub fn durations(&mut self, field: u32, mut value: impl FnMut(u32) -> i64) {
        self.words(DURATION, field, |row| value(row).to_le_bytes());
    }

    /// Adds a column of floats. They have to be finite where the row is kept and not null.
    pub fn floats(&mut self, field: u32, mut value: impl FnMut(u32) -> f64) {
        self.words(FLOAT, field, |row| value(row).to_le_bytes());
    }

    fn texts<'a>(&mut self, typ: u32, field: u32, mut value: impl FnMut(u32) -> &'a [u8]) {
        let offsets = self.data.len();
        self.data.resize((offsets + 4 * (self.rows as usize + 1) + 7) & !7, 0);
        let from = self.data.len();
        for row in 0..self.rows {
            self.data.extend_from_slice(value(row));
            let end = (self.data.len() - from) as u32;
            let to = offsets + 4 * (row as usize + 1);
            self.data[to..to + 4].copy_from_slice(&end.to_le_bytes());
        }
        self.push(typ, field, from);
        self.last()[6] = offsets as u32;
    }

    /// Adds a column of strings, which have to be UTF-8 where the row is kept and not null.
    pub fn strings<'a>(&mut self, field: u32, value: impl FnMut(u32) -> &'a [u8]) {
        self.texts(STRING, field, value);
    }

    /// Adds a column of bytes.
    pub fn bytes<'a>(&mut self, field: u32, value: impl FnMut(u32) -> &'a [u8]) {
        self.texts(BYTES, field, value);
    }

    /// Adds a column of JSON.
    pub fn json<'a>(&mut self, field: u32, value: impl FnMut(u32) -> &'a [u8]) {
        self.texts(JSON, field, value);
    }

    fn last(&mut self) -> &mut [u32; 8] {
        self.columns.last_mut().expect("there is no column yet")
    }

    fn bits(&mut self, keep: impl FnMut(u32) -> bool) -> usize {
        let from = self.data.len();
        frame::push_bits(&mut self.data, self.rows, keep);
        from
    }

    /// Says of which rows the column that was added last is not null.
    pub fn valid(&mut self, is: impl FnMut(u32) -> bool) {
        let from = self.bits(is);
        let len = self.data.len() - from;
        frame::align(&mut self.data);
        let c = self.last();
        c[4] = from as u32;
        c[5] = len as u32;
    }

    /// Says which rows go on. Without it, all of them do.
    pub fn keep(&mut self, is: impl FnMut(u32) -> bool) {
        let from = self.bits(is);
        self.push(SELECTION, 0, from);
    }
}

impl Output for Results {
    fn begin(&mut self, rows: u32) {
        self.rows = rows;
        self.columns.clear();
        self.data.clear();
        self.data.resize(frame::HEADER, 0);
    }

    fn finish(&mut self) -> &[u8] {
        frame::align(&mut self.data);
        let at = self.data.len();
        for c in &self.columns {
            for v in c {
                self.data.extend_from_slice(&v.to_le_bytes());
            }
        }
        frame::finish(&mut self.data, frame::COLUMNS, self.rows, at, self.columns.len());
        &self.data
    }
}
