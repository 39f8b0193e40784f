//! A behaviour that notices temperatures that are out of the ordinary for their device, and devices that fall silent.

use onstream::{json, number, Batch, Behaviour, Clock, Configure, OnTimer, Records, Result, Settings, Space, Timers};

const HISTORY: Space = Space(0);
const SILENT: u16 = 1; // a port
const SILENCE: i64 = 1; // a timer

struct Anomaly {
    limit: f64,
    warmup: i64,
    silence: i64,
    buf: Vec<u8>,
}

impl Behaviour for Anomaly {
    type Input = Batch;
    type Output = Records;

    fn open(settings: &Settings) -> Result<Self> {
        Ok(Anomaly { limit: settings.float("limit")?, warmup: settings.int("warmup")?, silence: settings.int("silence")?, buf: Vec::new() })
    }

    fn process(&mut self, batch: &Batch, out: &mut Records) -> Result {
        for row in batch.rows() {
            let t = match json::number(batch.value(row), "temperature") {
                Some(t) => t,
                None => {
                    out.fail(row, "no number \"temperature\"");
                    continue;
                }
            };
            Clock::Wall.set(row, SILENCE, onstream::now() + self.silence);
            let mut history = History::read(HISTORY.get(row, "", &mut self.buf));
            let (distance, deviation) = ((t - history.mean).abs(), history.deviation());
            if history.count >= self.warmup && deviation > 0.0 && distance > self.limit * deviation {
                out.add(row).write(|to| report(to, batch.key(row).unwrap_or_default(), t, distance / deviation));
                continue;
            }
            history.learn(t);
            HISTORY.put(row, "", history.bytes(), 0);
        }
        Ok(())
    }
}

fn report(to: &mut Vec<u8>, device: &[u8], t: f64, score: f64) {
    to.extend_from_slice(b"{\"device\":");
    json::write_string(to, device);
    to.extend_from_slice(b",\"temperature\":");
    number::write_fixed(to, t, 3);
    to.extend_from_slice(b",\"score\":");
    number::write_fixed(to, score, 3);
    to.push(b'}');
}

impl OnTimer for Anomaly {
    fn on_timer(&mut self, timers: &Timers, out: &mut Records) -> Result {
        for row in timers.rows() {
            let device = timers.get(row).key;
            out.add_new().key(device).port(SILENT).write(|to| {
                to.extend_from_slice(b"{\"device\":");
                json::write_string(to, device);
                to.extend_from_slice(b",\"silent\":true}");
            });
        }
        Ok(())
    }
}

impl Configure for Anomaly {
    fn configure(&mut self, settings: &Settings) -> Result {
        self.limit = settings.float("limit")?;
        Ok(())
    }
}

/// What is kept of a device. Mean and squares are updated as Welford does it (1962), which does not lose digits.
struct History {
    count: i64,
    mean: f64,
    squares: f64, // the sum of those of the distances from the mean
}

impl History {
    fn read(kept: Option<&[u8]>) -> History {
        let word = |k: usize| kept.and_then(|b| b.get(8 * k..8 * k + 8)).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        History { count: word(0) as i64, mean: f64::from_bits(word(1)), squares: f64::from_bits(word(2)) }
    }

    fn bytes(&self) -> Vec<u8> {
        [self.count as u64, self.mean.to_bits(), self.squares.to_bits()].iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    fn deviation(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        (self.squares / self.count as f64).sqrt()
    }

    fn learn(&mut self, t: f64) {
        let distance = t - self.mean;
        self.count += 1;
        self.mean += distance / self.count as f64;
        self.squares += distance * (t - self.mean);
    }
}

onstream::behaviour!(Anomaly, timers, configure);
