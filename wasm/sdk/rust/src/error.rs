use std::fmt;

/// Why a call has failed, as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub String);

/// What calls return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<&str> for Error {
    fn from(text: &str) -> Self {
        Error(text.to_owned())
    }
}

impl From<String> for Error {
    fn from(text: String) -> Self {
        Error(text)
    }
}
