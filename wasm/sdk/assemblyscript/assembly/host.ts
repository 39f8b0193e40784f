// The functions of the host, as ABI.md has them. Those that nobody calls are not imported.

@external("onstream_v1", "log")
export declare function log(level: u32, text: usize, length: u32): void;

@external("onstream_v1", "log_enabled")
export declare function logEnabled(level: u32): u32;

@external("onstream_v1", "error")
export declare function error(text: usize, length: u32): void;

@external("onstream_v1", "now_us")
export declare function now(): i64;

@external("onstream_v1", "watermark_us")
export declare function watermark(): i64;

@external("onstream_v1", "emit")
export declare function emit(frame: usize, length: u32): i32;

@external("onstream_v1", "state_get")
export declare function stateGet(space: u32, row: u32, name: usize, nameLength: u32, buffer: usize, limit: u32): i32;

@external("onstream_v1", "state_put")
export declare function statePut(space: u32, row: u32, name: usize, nameLength: u32, value: usize, length: u32, ttl: i64): i32;

@external("onstream_v1", "state_del")
export declare function stateDelete(space: u32, row: u32, name: usize, nameLength: u32): i32;

@external("onstream_v1", "state_get_many")
export declare function stateGetMany(space: u32, name: usize, nameLength: u32, rows: usize, n: u32, buffer: usize, limit: u32): i32;

@external("onstream_v1", "timer_set")
export declare function timerSet(row: u32, clock: u32, id: i64, us: i64): i32;

@external("onstream_v1", "timer_clear")
export declare function timerClear(row: u32, clock: u32, id: i64): i32;

@external("onstream_v1", "metric_define")
export declare function metricDefine(kind: u32, name: usize, length: u32): i32;

@external("onstream_v1", "metric_record")
export declare function metricRecord(metric: i32, value: f64): void;

@external("onstream_v1", "http_request")
export declare function httpRequest(frame: usize, length: u32, buffer: usize, limit: u32): i32;
