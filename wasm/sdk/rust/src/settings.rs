use crate::error::{Error, Result};
use crate::frame::{Descriptor, Frame};

/// The parameters of the manifest with the values of the stage, and the names of where it runs. To ask for a parameter that the manifest does
/// not have, or has with another type, is an error, which names it.
pub struct Settings(Frame);

const BOOL: u8 = 1;
const INT: u8 = 2;
const FLOAT: u8 = 3;
const STRING: u8 = 4;
const BYTES: u8 = 5;
const TIME: u8 = 6;
const DURATION: u8 = 7;
const JSON: u8 = 8;

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

    fn find(&self, name: &str) -> Option<&Setting> {
        self.0.items::<Setting>().iter().find(|s| s.typ != 0 && self.name(s) == name.as_bytes())
    }

    fn get(&self, name: &str, types: &[u8]) -> Result<&Setting> {
        let s = self.find(name).ok_or_else(|| -> Error {
            let names: Vec<_> = self.0.items().iter().map(|s| String::from_utf8_lossy(self.name(s))).filter(|n| !n.starts_with('.')).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            format!("there is no parameter \"{}\": the manifest has {}", name, there).into()
        })?;
        if !types.contains(&s.typ) {
            return Err(format!("the parameter \"{}\" is of the type {}", name, reader(s.typ)).into());
        }
        Ok(s)
    }

    fn name(&self, s: &Setting) -> &[u8] {
        self.0.part(s.name, s.name_len)
    }

    /// Reports whether there is a parameter.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// A float.
    pub fn float(&self, name: &str) -> Result<f64> {
        Ok(f64::from_bits(self.get(name, &[FLOAT])?.number))
    }

    /// An int; a time or a duration in µs.
    pub fn int(&self, name: &str) -> Result<i64> {
        Ok(self.get(name, &[INT, TIME, DURATION])?.number as i64)
    }

    /// A bool.
    pub fn bool(&self, name: &str) -> Result<bool> {
        Ok(self.get(name, &[BOOL])?.number != 0)
    }

    /// The bytes of a string, bytes or json.
    pub fn bytes(&self, name: &str) -> Result<&[u8]> {
        let s = self.get(name, &[STRING, BYTES, JSON])?;
        Ok(self.0.part(s.text, s.text_len))
    }

    /// A text. It is an error where it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<&str> {
        std::str::from_utf8(self.bytes(name)?).map_err(|_| format!("{} is not UTF-8: read it as bytes", name).into())
    }

    /// The name of the pipeline that the module runs in.
    pub fn pipeline(&self) -> &str {
        self.text(".pipeline").unwrap_or_default()
    }

    /// The address of the stage that the module is.
    pub fn stage(&self) -> &str {
        self.text(".stage").unwrap_or_default()
    }
}

/// What a type is called, and what reads it.
fn reader(typ: u8) -> &'static str {
    match typ {
        BOOL => "bool: read it with bool",
        INT => "int: read it with int",
        FLOAT => "float: read it with float",
        TIME => "time: read it with int",
        DURATION => "duration: read it with int",
        BYTES => "bytes: read it with bytes",
        JSON => "json: read it with text",
        _ => "string: read it with text",
    }
}
