// A behaviour that tells how event time goes on, measures what its records say, and asks hosts.
import { Bytes, Metric, number, onOpen, onRecords, Output, Records, Request, Settings, Writer } from "../sdk/assembly/index";
import { onWatermark } from "../sdk/assembly/watermarks";
export * from "../sdk/assembly/module";
export { onstream_on_watermark } from "../sdk/assembly/watermarks";

const SPACE: u8 = 0x20;

let level: Metric | null = null;
let sizes: Metric | null = null;

const text = new Writer(); // a value that is being made
const rest = new Bytes(); // the words that nobody has taken yet
const taken = new Bytes();

onOpen((s: Settings): string | null => {
  level = Metric.gauge("level");
  sizes = Metric.histogram("sizes");
  return null;
});

onRecords((batch: Records, out: Output): string | null => {
  for (let row = 0; row < batch.length; row++) {
    const value = batch.value(row);
    rest.set(value.ptr, value.length);
    const command = rest.cut(SPACE, taken).toString();
    if (command == "pass") {
      out.pass(row);
    } else if (command == "gauge") {
      level!.record(number(rest));
      out.pass(row);
    } else if (command == "observe") {
      sizes!.record(number(rest));
      out.pass(row);
    } else if (command == "ask") {
      out.pass(row).setValue(ask());
    } else {
      out.fail(row, text.clear().text("unknown command ").text(command).bytes);
    }
  }
  return null;
});

/** Makes a request, and tells the status and the body of the answer. */
function ask(): Bytes {
  const method = rest.cut(SPACE, taken).toString();
  const url = rest.cut(SPACE, taken).toString();
  const request = new Request(url, method).header("X-Test", "yes").body(rest);
  const answer = request.send();
  if (answer === null) return text.clear().text("0 ").add(request.error).bytes;
  return text.clear().int(answer.status).byte(SPACE).add(answer.body).bytes;
}

onWatermark((us: i64, out: Output): string | null => {
  out.add().setValue(text.clear().text("watermark ").int(us).bytes);
  return null;
});
