// A behaviour that reads and writes numbers and JSON with what the SDK has for that.
import { Bytes, field, integer, isInteger, number, onRecords, Output, Records, Writer } from "../sdk/assembly/index";
export * from "../sdk/assembly/module";

const SPACE: u8 = 0x20;
const ABSENT = Bytes.of("absent");
const NO_NUMBER = Bytes.of("no number");

const text = new Writer(); // a value that is being made
const rest = new Bytes(); // the words that nobody has taken yet
const taken = new Bytes();

/** Writes what the words ask for, and tells whether they are right. */
function write(command: string): bool {
  text.clear();
  if (command == "number" || command == "fahrenheit") {
    const v = number(rest);
    if (isNaN(v)) return false;
    text.number(command == "number" ? v : (v * 9) / 5 + 32);
  } else if (command == "fixed") {
    const decimals = <i32>integer(rest.cut(SPACE, taken));
    text.fixed(number(rest), decimals);
  } else if (command == "int") {
    if (!isInteger(rest)) return false;
    text.int(integer(rest));
  } else if (command == "find") {
    const name = rest.cut(SPACE, taken);
    const value = field(rest, name);
    text.add(value ? value : ABSENT);
  } else {
    text.json(rest);
  }
  return true;
}

onRecords((batch: Records, out: Output): string | null => {
  for (let row = 0; row < batch.length; row++) {
    const value = batch.value(row);
    rest.set(value.ptr, value.length);
    if (write(rest.cut(SPACE, taken).toString())) out.pass(row).setValue(text.bytes);
    else out.fail(row, NO_NUMBER);
  }
  return null;
});
