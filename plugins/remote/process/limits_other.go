//go:build !linux

package process

// CanLimitMemory says whether Config.Memory can be kept here.
const CanLimitMemory = false

func bound(int, int64) error { return nil }

func watchMemory(int, int64, <-chan struct{}, func(int64)) {}
