// All that a behaviour is written with. timers.ts, watermarks.ts and snapshots.ts are apart, because a module says by what it exports what
// it can do.
export { Bytes } from "./bytes";
export { Writer } from "./writer";
export { Records } from "./records";
export { Bitmap, Bools, Columns, Floats, Ints } from "./columns";
export { Output } from "./output";
export { Settings } from "./settings";
export { Space, Values } from "./state";
export { Metric } from "./metric";
export { Request, Response } from "./http";
export { field } from "./json";
export { integer, isInteger, number } from "./number";
export { Level, log, logBytes, logEnabled, NO_TIME, now, onColumns, onConfigure, onOpen, onRecords, watermark } from "./behaviour";
