// A behaviour that notices temperatures that are out of the ordinary for their device, and devices that fall silent.
import { Bytes, field, now, number, onConfigure, onOpen, onRecords, Output, Records, Settings, Space, Writer } from "../sdk/assembly/index";
import { Clock, onTimers, setTimer, Timers } from "../sdk/assembly/timers";
export * from "../sdk/assembly/module";
export { onstream_on_timer } from "../sdk/assembly/timers";

const history = new Space(0);
const SILENT = 1; // the port
const SILENCE_TIMER = 1;

const NAME = Bytes.of("temperature");
const NO_NAME = new Bytes();
const NO_NUMBER = Bytes.of('no number "temperature"');
const DEVICE = Bytes.of('{"device":');
const TEMPERATURE = Bytes.of(',"temperature":');
const SCORE = Bytes.of(',"score":');
const IS_SILENT = Bytes.of(',"silent":true}');

let limit: f64 = 0;
let warmup: i64 = 0;
let silence: i64 = 0;

onOpen((s: Settings): string | null => {
  limit = s.float("limit");
  warmup = s.int("warmup");
  silence = s.int("silence");
  return null;
});

onConfigure((s: Settings): string | null => {
  limit = s.float("limit");
  return null;
});

/** What is kept of a device. Mean and squares are updated as Welford does it (1962), which does not lose digits. */
@unmanaged
class Readings {
  count: i64;
  mean: f64;
  squares: f64; // the sum of those of the distances from the mean

  add(t: f64): void {
    const distance = t - this.mean;
    this.count++;
    this.mean += distance / <f64>this.count;
    this.squares += distance * (t - this.mean);
  }

  /** How many standard deviations a temperature is from the mean, 0 where that is not known. */
  score(t: f64): f64 {
    if (this.count < warmup || this.squares == 0) return 0;
    return Math.abs(t - this.mean) / Math.sqrt(this.squares / <f64>this.count);
  }
}

const known = new Readings();
const knownBytes = new Bytes(changetype<usize>(known), offsetof<Readings>());
const text = new Writer();

onRecords((batch: Records, out: Output): string | null => {
  const rings = now() + silence;
  for (let row = 0; row < batch.length; row++) {
    const raw = field(batch.value(row), NAME);
    const t = raw ? number(raw) : NaN;
    if (isNaN(t)) {
      out.fail(row, NO_NUMBER);
      continue;
    }
    setTimer(row, Clock.Wall, SILENCE_TIMER, rings);
    const kept = history.get(row, NO_NAME);
    if (kept) memory.copy(knownBytes.ptr, kept.ptr, knownBytes.length);
    else memory.fill(knownBytes.ptr, 0, knownBytes.length);
    const score = known.score(t);
    if (score > limit) {
      text.clear().add(DEVICE).json(batch.key(row)).add(TEMPERATURE).fixed(t, 3).add(SCORE).fixed(score, 3).byte(0x7d);
      out.pass(row).setValue(text.bytes);
      continue;
    }
    known.add(t);
    history.put(row, NO_NAME, knownBytes);
  }
  return null;
});

onTimers((timers: Timers, out: Output): string | null => {
  for (let row = 0; row < timers.length; row++) {
    const device = timers.key(row);
    text.clear().add(DEVICE).json(device).add(IS_SILENT);
    out.add().setKey(device).setValue(text.bytes).setPort(SILENT);
  }
  return null;
});
