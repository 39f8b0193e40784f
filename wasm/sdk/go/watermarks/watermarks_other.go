//go:build !wasip1

package watermarks

var _ = onWatermark // the export is only where there is a host
