//! Frames: batches of something, in the form that the interface describes (ABI.md).

pub const HEADER: usize = 32;
pub const RECORDS: u32 = 1;
pub const SELECTION: u32 = 2;
pub const COLUMNS: u32 = 3;
pub const SETTINGS: u32 = 5;

const MAGIC: u32 = 0x31534e4f;

/// A time, where it is known.
pub fn known(us: i64) -> Option<i64> {
    if us == i64::MIN {
        None
    } else {
        Some(us)
    }
}

/// A frame that the host has given. It is valid for as long as there is something that borrows it.
pub struct Frame {
    at: *const u8,
    len: usize,
    pub rows: u32,
    pub count: u32,
    items: u32,
    watermark: i64,
}

impl Frame {
    /// A frame in memory that the host has filled.
    ///
    /// # Safety
    /// There are `len` bytes at `at` that begin with the header of a frame and do not change while the frame is there.
    pub unsafe fn new(at: *const u8, len: usize) -> Frame {
        let mut f = Frame { at, len, rows: 0, count: 0, items: 0, watermark: i64::MIN };
        f.rows = f.u32(12);
        f.items = f.u32(16);
        f.count = f.u32(20);
        f.watermark = f.u32(24) as i64 | (f.u32(28) as i64) << 32;
        f
    }

    pub fn watermark(&self) -> Option<i64> {
        known(self.watermark)
    }

    pub fn bytes(&self) -> &[u8] {
        unsafe { std::slice::from_raw_parts(self.at, self.len) }
    }

    pub fn u32(&self, at: usize) -> u32 {
        let b = &self.bytes()[at..at + 4];
        u32::from_le_bytes([b[0], b[1], b[2], b[3]])
    }

    pub fn part(&self, at: u32, len: u32) -> &[u8] {
        &self.bytes()[at as usize..at as usize + len as usize]
    }

    /// The items as descriptors of some type, which has no bytes that mean nothing.
    pub fn items<T: Descriptor>(&self) -> &[T] {
        let bytes = self.part(self.items, self.count * std::mem::size_of::<T>() as u32);
        assert!(bytes.as_ptr() as usize % std::mem::align_of::<T>() == 0, "the items of a frame are not aligned");
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), self.count as usize) }
    }

    /// So many numbers at an offset.
    pub fn numbers<T: Number>(&self, at: u32, n: usize) -> &[T] {
        let bytes = self.part(at, (n * std::mem::size_of::<T>()) as u32);
        assert!(bytes.as_ptr() as usize % std::mem::align_of::<T>() == 0, "a column is not aligned");
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), n) }
    }
}

/// A type of which any bytes are a value.
///
/// # Safety
/// It has the layout of C, and any bytes are a value of it.
pub unsafe trait Descriptor: Copy {}

/// A number in a column.
///
/// # Safety
/// Any bytes are a value of it.
pub unsafe trait Number: Copy {}

unsafe impl Number for f64 {}
unsafe impl Number for i64 {}
unsafe impl Number for u32 {}

/// Writes the header of a frame that is complete, at its beginning.
pub fn finish(frame: &mut [u8], kind: u32, rows: u32, items: usize, count: usize) {
    let length = frame.len() as u32;
    for (k, v) in [MAGIC, kind, length, rows, items as u32, count as u32, 0, 0].iter().enumerate() {
        frame[4 * k..4 * k + 4].copy_from_slice(&v.to_le_bytes());
    }
}

/// Reports whether a row is in a bitmap.
pub fn bit(bitmap: &[u8], row: u32) -> bool {
    bitmap[row as usize / 8] >> (row % 8) & 1 == 1
}

/// Appends a bitmap of rows.
pub fn push_bits(data: &mut Vec<u8>, rows: u32, mut keep: impl FnMut(u32) -> bool) {
    let mut row = 0;
    while row < rows {
        let end = rows.min(row + 8);
        let mut byte = 0;
        for k in row..end {
            byte |= (keep(k) as u8) << (k - row);
        }
        data.push(byte);
        row = end;
    }
}

/// Appends zeros up to a multiple of 8.
pub fn align(data: &mut Vec<u8>) {
    data.resize((data.len() + 7) & !7, 0);
}
