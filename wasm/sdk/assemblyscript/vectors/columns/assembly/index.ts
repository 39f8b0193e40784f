// A behaviour that returns its columns as they are, of the rows that are to be kept.
import { Columns, onColumns, Output } from "../sdk/assembly/index";
export * from "../sdk/assembly/module";

// The inputs by their indices in the manifest; those of the outputs are the same.
enum Field {
  Bool,
  Int,
  Float,
  Text,
  Bytes,
  Time,
  Duration,
  JSON,
  Keep,
}

function process(batch: Columns, out: Output): string | null {
  const rows = batch.length;
  const bools = batch.bools(Field.Bool), bools2 = out.bools(Field.Bool);
  const ints = batch.ints(Field.Int), ints2 = out.ints(Field.Int);
  const floats = batch.floats(Field.Float), floats2 = out.floats(Field.Float);
  const times = batch.ints(Field.Time), times2 = out.times(Field.Time);
  const durations = batch.ints(Field.Duration), durations2 = out.durations(Field.Duration);
  for (let row = 0; row < rows; row++) {
    bools2[row] = bools[row];
    ints2[row] = ints[row];
    floats2[row] = floats[row];
    times2[row] = times[row];
    durations2[row] = durations[row];
    out.appendString(Field.Text, batch.text(Field.Text, row));
    out.appendBytes(Field.Bytes, batch.text(Field.Bytes, row));
  }
  for (let field: i32 = Field.Bool; field < Field.JSON; field++) {
    for (let row = 0; row < rows; row++) {
      if (batch.isNull(field, row)) out.setNull(field, row);
    }
  }
  const keep = batch.bools(Field.Keep), stay = out.selection();
  for (let row = 0; row < rows; row++) {
    if (keep[row]) stay.add(row);
  }
  return null;
}

onColumns(process);
