use crate::behaviour::Output;
use crate::frame;

/// The rows that stay: none, until [`Selection::keep`] says which.
#[derive(Default)]
pub struct Selection {
    data: Vec<u8>,
    rows: u32,
}

impl Selection {
    /// Says which rows stay.
    pub fn keep(&mut self, is: impl FnMut(u32) -> bool) {
        self.data.truncate(frame::HEADER);
        frame::push_bits(&mut self.data, self.rows, is);
    }
}

impl Output for Selection {
    fn begin(&mut self, rows: u32) {
        self.rows = rows;
        self.data.clear();
        self.data.resize(frame::HEADER + (rows as usize + 7) / 8, 0);
    }

    fn finish(&mut self) -> &[u8] {
        let count = self.data.len() - frame::HEADER;
        frame::finish(&mut self.data, frame::SELECTION, self.rows, frame::HEADER, count);
        &self.data
    }
}
