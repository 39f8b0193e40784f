//! The work of P2 on records: a filter on a temperature, and a record of three fields.

use onstream::{json, number, Batch, Behaviour, Records, Result, Settings};

struct Hot;

impl Behaviour for Hot {
    type Input = Batch;
    type Output = Records;

    fn open(_: &Settings) -> Result<Self> {
        Ok(Hot)
    }

    fn process(&mut self, batch: &Batch, out: &mut Records) -> Result {
        for row in batch.rows() {
            let (mut device, mut t): (&[u8], f64) = (b"", 0.0);
            for (name, value) in json::fields(batch.value(row)) {
                if json::is(name, "device_id") {
                    device = value;
                } else if json::is(name, "temperature") {
                    t = number::parse(value).unwrap_or_default();
                    if t <= 75.0 {
                        break;
                    }
                } else if json::is(name, "site") {
                    out.add(row).write(|to| {
                        to.extend_from_slice(b"{\"device_id\":");
                        to.extend_from_slice(device);
                        to.extend_from_slice(b",\"f\":");
                        number::write(to, t * 9.0 / 5.0 + 32.0);
                        to.extend_from_slice(b",\"site\":");
                        to.extend_from_slice(value);
                        to.push(b'}');
                    });
                    break;
                }
            }
        }
        Ok(())
    }
}

onstream::behaviour!(Hot);
