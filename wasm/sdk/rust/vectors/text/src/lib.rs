//! A behaviour that reads and writes numbers and JSON with what the SDK has for that.

use onstream::{json, number, Batch, Behaviour, Records, Result, Settings};

struct Text;

impl Behaviour for Text {
    type Input = Batch;
    type Output = Records;

    fn open(_: &Settings) -> Result<Self> {
        Ok(Text)
    }

    fn process(&mut self, batch: &Batch, out: &mut Records) -> Result {
        for row in batch.rows() {
            let (word, rest) = cut(batch.value(row));
            match word {
                b"number" => match number::parse(rest) {
                    Some(v) => drop(out.add(row).write(|to| number::write(to, v))),
                    None => out.fail(row, "no number"),
                },
                b"fahrenheit" => {
                    let v = number::parse(rest).unwrap_or_default();
                    out.add(row).write(|to| number::write(to, v * 9.0 / 5.0 + 32.0));
                }
                b"fixed" => {
                    let (decimals, rest) = cut(rest);
                    let decimals = number::parse_int(decimals).unwrap_or_default() as u32;
                    out.add(row).write(|to| number::write_fixed(to, number::parse(rest).unwrap_or_default(), decimals));
                }
                b"int" => match number::parse_int(rest) {
                    Some(v) => drop(out.add(row).write(|to| number::write_int(to, v))),
                    None => out.fail(row, "no integer"),
                },
                b"find" => {
                    let (name, object) = cut(rest);
                    let value = std::str::from_utf8(name).ok().and_then(|name| json::find(object, name));
                    out.add(row).value(value.unwrap_or(b"absent"));
                }
                _ => drop(out.add(row).write(|to| json::write_string(to, rest))),
            }
        }
        Ok(())
    }
}

/// What is before the first blank, and what is behind it.
fn cut(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|&c| c == b' ').unwrap_or(text.len());
    (&text[..end], &text[(end + 1).min(text.len())..])
}

onstream::behaviour!(Text);
