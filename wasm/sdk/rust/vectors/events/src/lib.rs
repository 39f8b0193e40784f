//! A behaviour that measures, asks by HTTP, and tells when event time goes on: what the other vectors leave out.

use onstream::metrics::{self, Metric};
use onstream::{http, number, Batch, Behaviour, OnWatermark, Records, Result, Settings};

struct Events {
    level: Metric,
    sizes: Metric,
}

impl Behaviour for Events {
    type Input = Batch;
    type Output = Records;

    fn open(_: &Settings) -> Result<Self> {
        Ok(Events { level: metrics::gauge("level"), sizes: metrics::histogram("sizes") })
    }

    fn process(&mut self, batch: &Batch, out: &mut Records) -> Result {
        for row in batch.rows() {
            let (word, rest) = cut(batch.value(row));
            let number = || number::parse_int(rest).unwrap_or_default() as f64;
            match word {
                b"pass" => {}
                b"gauge" => self.level.record(number()),
                b"observe" => self.sizes.record(number()),
                b"ask" => {
                    out.add(row).value(ask(rest));
                    continue;
                }
                _ => {
                    out.fail(row, [b"unknown command ", word].concat());
                    continue;
                }
            }
            out.add(row);
        }
        Ok(())
    }
}

/// What is before the first blank, and what is behind it.
fn cut(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&c| c == b' ').unwrap_or(text.len());
    (&text[..end], &text[(end + 1).min(text.len())..])
}

fn ask(rest: &[u8]) -> Vec<u8> {
    let (method, rest) = cut(rest);
    let (url, body) = cut(rest);
    let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default();
    match http::Request::new(text(url)).method(text(method)).header("X-Test", "yes").body(body).send() {
        Ok(answer) => [answer.status().to_string().as_bytes(), answer.body()].join(&b' '),
        Err(e) => format!("0 {}", e).into_bytes(),
    }
}

impl OnWatermark for Events {
    fn on_watermark(&mut self, us: i64, out: &mut Records) -> Result {
        out.add_new().value(format!("watermark {}", us));
        Ok(())
    }
}

onstream::behaviour!(Events, watermark);
