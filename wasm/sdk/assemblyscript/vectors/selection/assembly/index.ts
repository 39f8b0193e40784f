// A behaviour that keeps the rows whose number is positive.
import { Columns, onColumns, Output } from "../sdk/assembly/index";
export * from "../sdk/assembly/module";

onColumns((batch: Columns, out: Output): string | null => {
  const numbers = batch.floats(0), stay = out.selection();
  for (let row = 0; row < batch.length; row++) {
    if (numbers[row] > 0 && !batch.isNull(0, row)) stay.add(row);
  }
  return null;
});
