package watermarks

//go:wasmexport onstream_on_watermark
func exportOnWatermark(us int64) int64 { return onWatermark(us) }
