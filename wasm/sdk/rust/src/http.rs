//! Requests of HTTP, for modules whose stage grants them the host.

use crate::frame::{self, HEADER};
use crate::host;
use crate::settings::Settings;

/// An answer: the int `status`, the bytes `body`, texts `header.NAME`; where there was none the status is 0 and the text `error` says why.
pub struct Answer {
    settings: Settings,
    _memory: Vec<u64>, // that they are in
}

impl std::ops::Deref for Answer {
    type Target = Settings;

    fn deref(&self) -> &Settings {
        &self.settings
    }
}

const BYTES: u8 = 5;

/// Makes a request: `url` and, if given, `method`, `body`, and `header.NAME`s. What it waits counts as time of the call.
pub fn request(settings: &[(&str, &[u8])]) -> Answer {
    let mut frame = vec![0; HEADER + 32 * settings.len()];
    for (k, (name, value)) in settings.iter().enumerate() {
        let at = frame.len() as u32;
        frame.extend_from_slice(name.as_bytes());
        frame.extend_from_slice(value);
        let d = &mut frame[HEADER + 32 * k..];
        d[..4].copy_from_slice(&at.to_le_bytes());
        d[4..8].copy_from_slice(&(name.len() as u32).to_le_bytes());
        d[8] = BYTES;
        d[24..28].copy_from_slice(&(at + name.len() as u32).to_le_bytes());
        d[28..32].copy_from_slice(&(value.len() as u32).to_le_bytes());
    }
    frame::finish(&mut frame, frame::SETTINGS, settings.len() as u32, HEADER, settings.len());
    let mut data: Vec<u64> = vec![0; 512];
    let mut len = frame.len();
    loop {
        let got = unsafe { host::http_request(frame.as_ptr(), len, data.as_mut_ptr().cast(), 8 * data.len()) } as usize;
        if got <= 8 * data.len() {
            return Answer { settings: unsafe { Settings::new(data.as_ptr().cast(), got) }, _memory: data };
        }
        data.resize((got + 7) / 8, 0);
        len = 0; // the same answer again
    }
}
