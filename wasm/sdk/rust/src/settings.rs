use crate::frame::{Descriptor, Frame};

/// The parameters of the manifest with the values of the stage, and `.pipeline` and `.stage`, the names of where it runs. Answers of
/// HTTP have the same form.
pub struct Settings(Frame);

#[repr(C)]
#[derive(Clone, Copy)]
struct Setting {
    name: u32,
    name_len: u32,
    typ: u8,
    zero: [u8; 7],
    number: u64,
    text: u32,
    text_len: u32,
}

unsafe impl Descriptor for Setting {}

impl Settings {
    pub(crate) unsafe fn new(at: *const u8, len: usize) -> Self {
        Settings(Frame::new(at, len))
    }

    /// One that has a value.
    fn get(&self, name: &str) -> Option<&Setting> {
        self.0.items::<Setting>().iter().find(|s| s.typ != 0 && self.0.part(s.name, s.name_len) == name.as_bytes())
    }

    /// A float.
    pub fn float(&self, name: &str) -> Option<f64> {
        self.get(name).map(|s| f64::from_bits(s.number))
    }

    /// An int; a time or a duration in µs.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name).map(|s| s.number as i64)
    }

    /// A bool.
    pub fn bool(&self, name: &str) -> Option<bool> {
        self.get(name).map(|s| s.number != 0)
    }

    /// The bytes of a text.
    pub fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.get(name).map(|s| self.0.part(s.text, s.text_len))
    }

    /// A text; none where it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.bytes(name).and_then(|b| std::str::from_utf8(b).ok())
    }
}
