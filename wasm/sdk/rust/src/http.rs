//! Requests of HTTP, for modules whose stage grants them the host.

use crate::error::{Error, Result};
use crate::frame::{self, HEADER};
use crate::host;
use crate::settings::Settings;

const STRING: u8 = 4;
const BYTES: u8 = 5;

/// A request to a host that the manifest asks for in `grants` and the stage grants.
///
/// ```ignore
/// let answer = http::Request::new("http://api.example.com/v1").method("POST").header("Accept", "text/plain").body(text).send()?;
/// ```
#[derive(Debug, Clone)]
pub struct Request {
    settings: Vec<(String, u8, Vec<u8>)>,
}

impl Request {
    /// A request to a URL, with the method GET.
    pub fn new(url: &str) -> Request {
        Request { settings: vec![("url".to_owned(), STRING, url.into())] }
    }

    fn with(mut self, name: String, typ: u8, value: &[u8]) -> Request {
        self.settings.push((name, typ, value.to_vec()));
        self
    }

    /// Another method.
    pub fn method(self, method: &str) -> Request {
        self.with("method".to_owned(), STRING, method.as_bytes())
    }

    /// A header more.
    pub fn header(self, name: &str, value: &str) -> Request {
        self.with(format!("header.{}", name), STRING, value.as_bytes())
    }

    /// A body.
    pub fn body(self, body: impl AsRef<[u8]>) -> Request {
        self.with("body".to_owned(), BYTES, body.as_ref())
    }

    fn frame(&self) -> Vec<u8> {
        let mut frame = vec![0; HEADER + 32 * self.settings.len()];
        for (k, (name, typ, value)) in self.settings.iter().enumerate() {
            let at = frame.len() as u32;
            frame.extend_from_slice(name.as_bytes());
            frame.extend_from_slice(value);
            let d = &mut frame[HEADER + 32 * k..];
            d[..4].copy_from_slice(&at.to_le_bytes());
            d[4..8].copy_from_slice(&(name.len() as u32).to_le_bytes());
            d[8] = *typ;
            d[24..28].copy_from_slice(&(at + name.len() as u32).to_le_bytes());
            d[28..32].copy_from_slice(&(value.len() as u32).to_le_bytes());
        }
        frame::finish(&mut frame, frame::SETTINGS, self.settings.len() as u32, HEADER, self.settings.len());
        frame
    }

    /// Makes the request, and waits for the answer, which counts as time of the call. The request is made when this is called, whether the call
    /// takes effect or not, and so again where its batch is divided. An answer of any status is a response; an error is why there is none.
    pub fn send(self) -> Result<Response> {
        let frame = self.frame();
        let mut memory: Vec<u64> = vec![0; 512];
        let mut len = frame.len();
        loop {
            let got = unsafe { host::http_request(frame.as_ptr(), len, memory.as_mut_ptr().cast(), 8 * memory.len()) } as usize;
            if got <= 8 * memory.len() {
                // What they are in moves with them.
                let settings = unsafe { Settings::new(memory.as_ptr().cast(), got) };
                return Response::of(settings, memory);
            }
            memory.resize((got + 7) / 8, 0);
            len = 0; // the same answer again
        }
    }
}

/// The answer to a request.
pub struct Response {
    status: i64,
    settings: Settings,
    _memory: Vec<u64>, // that they are in
}

impl Response {
    fn of(settings: Settings, memory: Vec<u64>) -> Result<Response> {
        match settings.int("status")? {
            0 => Err(Error(String::from_utf8_lossy(settings.bytes("error")?).into_owned())),
            status => Ok(Response { status, settings, _memory: memory }),
        }
    }

    /// The status, such as 200.
    pub fn status(&self) -> i64 {
        self.status
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.settings.bytes("body").unwrap_or_default()
    }

    /// The first header of a name, written as in `Content-Type`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.settings.bytes(&format!("header.{}", name)).ok()
    }
}
