// For behaviours that are called whenever event time goes on. A module that uses it exports onstream_on_watermark of this file.
import { answer, output } from "./behaviour";
import { Output } from "./output";

/** Is told event time in µs. There are no rows then, hence no state. */
export type WatermarkHandler = (us: i64, out: Output) => string | null;

let handler: WatermarkHandler | null = null;

/** Says what is called when event time has gone on. */
export function onWatermark(f: WatermarkHandler): void {
  handler = f;
}

export function onstream_on_watermark(us: i64): i64 {
  const f = handler;
  if (f === null) return -1;
  output.reset(0);
  return answer(f(us, output));
}
