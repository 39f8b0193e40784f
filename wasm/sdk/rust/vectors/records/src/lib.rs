//! A behaviour whose records say what to do with them: words, separated by one blank.

use onstream::metrics::{self, Metric};
use onstream::{log, number, Batch, Behaviour, Clock, Configure, OnTimer, Records, Result, Settings, Snapshot, Space, Timers, Values};

struct Commands {
    milli: f64,
    label: String,
    flag: bool,
    wait: i64,
    count: i64,
    pipeline: String,
    stage: String,
    hits: Metric,
    memory: Vec<u8>,
    buf: Vec<u8>,
    extra: Records,
}

impl Behaviour for Commands {
    type Input = Batch;
    type Output = Records;

    fn open(settings: &Settings) -> Result<Self> {
        Ok(Commands {
            milli: settings.float("milli")?,
            label: settings.text("label")?.to_owned(),
            flag: settings.bool("flag")?,
            wait: settings.int("wait")?,
            count: settings.int("count")?,
            pipeline: settings.pipeline().to_owned(),
            stage: settings.stage().to_owned(),
            hits: metrics::counter("hits"),
            memory: Vec::new(),
            buf: Vec::new(),
            extra: Records::new(),
        })
    }

    fn process(&mut self, batch: &Batch, out: &mut Records) -> Result {
        for row in batch.rows() {
            let mut words = Words(batch.value(row));
            let word = words.next();
            let rest = words.0;
            match word {
                b"pass" | b"stale" => {
                    out.add(row);
                }
                b"drop" => {}
                b"fail" => out.fail(row, rest),
                b"retry" => out.retry(row),
                b"error" => return Err(String::from_utf8_lossy(rest).into_owned().into()),
                b"trap" => std::process::abort(),
                b"spin" => spin(),
                _ => {
                    if !self.change(out, row, word, rest) && !self.state(out, batch, row, word, rest) && !self.tell(out, batch, row, word, rest) {
                        out.fail(row, [b"unknown command ", word].concat());
                    }
                }
            }
        }
        Ok(())
    }
}

#[allow(clippy::empty_loop)]
fn spin() {
    loop {}
}

/// Words that are cut from a text.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a [u8] {
        let text = self.0;
        let end = text.iter().position(|&c| c == b' ').unwrap_or(text.len());
        self.0 = &text[(end + 1).min(text.len())..];
        &text[..end]
    }

    fn number(&mut self) -> i64 {
        number::parse_int(self.next()).unwrap_or_default()
    }

    fn space(&mut self) -> Space {
        Space((self.next() == b"b") as u32)
    }

    fn clock(&mut self) -> Clock {
        if self.next() == b"wall" {
            Clock::Wall
        } else {
            Clock::Event
        }
    }
}

impl Commands {
    /// Runs the commands that make other records of a row, and reports whether it is one.
    fn change(&mut self, out: &mut Records, row: u32, word: &[u8], rest: &[u8]) -> bool {
        let mut words = Words(rest);
        match word {
            b"value" => out.add(row).value(rest),
            b"key" => out.add(row).key(rest),
            b"nokey" => out.add(row).no_key(),
            b"time" => out.add(row).time(words.number()),
            b"header" => {
                let name = words.next();
                out.add(row).headers(&[(name, words.0)])
            }
            b"side" => out.add(row).value(rest).port(1),
            b"twice" => {
                out.add(row);
                out.add(row)
            }
            b"new" => out.add_new().value(rest),
            b"emit" => {
                self.extra.add(row).value(rest);
                self.extra.emit();
                out.add(row)
            }
            _ => return false,
        };
        true
    }

    /// Runs the commands about state and timers, and reports whether it is one.
    fn state(&mut self, out: &mut Records, batch: &Batch, row: u32, word: &[u8], rest: &[u8]) -> bool {
        let mut words = Words(rest);
        match word {
            b"get" => {
                let space = words.space();
                let value = space.get(row, words.0, &mut self.buf);
                out.add(row).value(value.unwrap_or(b"absent"))
            }
            b"put" => {
                let (space, name, ttl) = (words.space(), words.next(), words.number());
                space.put(row, name, words.0, ttl);
                out.add(row)
            }
            b"del" => {
                let space = words.space();
                out.add(row).value(if space.delete(row, words.0) { "deleted" } else { "absent" })
            }
            b"many" => {
                let space = words.space();
                out.add(row).value(list(space.get_all(words.0, batch.len(), &mut self.buf), batch.len()))
            }
            b"some" => {
                let (space, name) = (words.space(), words.next());
                let mut rows = Vec::new();
                while !words.0.is_empty() {
                    rows.push(words.number() as u32);
                }
                out.add(row).value(list(space.get_many(name, &rows, &mut self.buf), rows.len() as u32))
            }
            b"timer" => {
                let (clock, id) = (words.clock(), words.number());
                clock.set(row, id, words.number());
                out.add(row)
            }
            b"clear" => {
                let clock = words.clock();
                out.add(row).value(if clock.clear(row, words.number()) { "cleared" } else { "absent" })
            }
            _ => return false,
        };
        true
    }

    /// Runs the commands that tell the host or ask it, and reports whether it is one.
    fn tell(&mut self, out: &mut Records, batch: &Batch, row: u32, word: &[u8], rest: &[u8]) -> bool {
        let mut words = Words(rest);
        match word {
            b"about" => out.add(row).write(|to| about(to, batch, row)),
            b"now" => out.add(row).write(|to| number::write_int(to, onstream::now())),
            b"watermark" => match onstream::watermark() {
                None => out.add(row).value("none"),
                Some(us) => out.add(row).write(|to| number::write_int(to, us)),
            },
            b"param" => match self.parameter(rest) {
                None => {
                    out.fail(row, "unknown parameter");
                    return true;
                }
                Some(text) => out.add(row).value(text),
            },
            b"log" => {
                let level = match words.number() {
                    0 => log::Level::Debug,
                    1 => log::Level::Info,
                    2 => log::Level::Warn,
                    _ => log::Level::Error,
                };
                log::line(level, String::from_utf8_lossy(words.0));
                out.add(row)
            }
            b"remember" => {
                self.memory = rest.to_vec();
                out.add(row)
            }
            b"recall" => out.add(row).value(&self.memory),
            b"count" => {
                words.next();
                self.hits.record(words.number() as f64);
                out.add(row)
            }
            _ => return false,
        };
        true
    }

    fn parameter(&self, name: &[u8]) -> Option<String> {
        match name {
            b"milli" => Some(((self.milli * 1000.0) as i64).to_string()),
            b"label" => Some(self.label.clone()),
            b"flag" => Some((self.flag as i64).to_string()),
            b"wait" => Some(self.wait.to_string()),
            b"count" => Some(self.count.to_string()),
            b".pipeline" => Some(self.pipeline.clone()),
            b".stage" => Some(self.stage.clone()),
            _ => None,
        }
    }
}

fn list(values: Values<'_>, n: u32) -> Vec<u8> {
    let all: Vec<&[u8]> = (0..n).map(|k| values.get(k).unwrap_or(b"-")).collect();
    all.join(&b',')
}

fn about(to: &mut Vec<u8>, batch: &Batch, row: u32) {
    to.extend_from_slice(b"key=");
    to.extend_from_slice(batch.key(row).unwrap_or(b"-"));
    to.extend_from_slice(b" time=");
    match batch.time(row) {
        None => to.push(b'-'),
        Some(us) => number::write_int(to, us),
    }
    to.extend_from_slice(b" seq=");
    number::write_uint(to, batch.seq(row));
    to.extend_from_slice(b" headers=");
    for (k, (name, value)) in batch.headers(row).enumerate() {
        if k > 0 {
            to.push(b',');
        }
        to.extend_from_slice(name);
        to.push(b':');
        to.extend_from_slice(value);
    }
}

impl OnTimer for Commands {
    fn on_timer(&mut self, timers: &Timers, out: &mut Records) -> Result {
        for row in timers.rows() {
            let t = timers.get(row);
            let clock = if t.clock == Clock::Wall { "wall" } else { "event" };
            out.add_new().key(t.key).value(format!("timer {} {} {}", clock, t.id, t.time));
        }
        Ok(())
    }
}

impl Configure for Commands {
    fn configure(&mut self, settings: &Settings) -> Result {
        self.milli = settings.float("milli")?;
        Ok(())
    }
}

impl Snapshot for Commands {
    fn snapshot(&mut self) -> Vec<u8> {
        self.memory.clone()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result {
        self.memory.extend_from_slice(snapshot);
        Ok(())
    }
}

onstream::behaviour!(Commands, timers, configure, snapshot);
