package host

import (
	"encoding/binary"

	"github.com/tetratelabs/wazero/api"
)

// wasiSizes tells how many texts there are, and how many bytes they take.
func wasiSizes(mem api.Memory, s []uint64, texts []string) {
	size := 0
	for _, t := range texts {
		size += len(t) + 1
	}
	binary.LittleEndian.PutUint32(read(mem, s[0], 4), uint32(len(texts)))
	binary.LittleEndian.PutUint32(read(mem, s[1], 4), uint32(size))
	s[0] = wasiSuccess
}

// wasiTexts writes texts, each with a zero behind it, and where they are.
func wasiTexts(mem api.Memory, s []uint64, texts []string) {
	places, at := read(mem, s[0], uint64(4*len(texts))), s[1]
	for _, t := range texts {
		binary.LittleEndian.PutUint32(places, uint32(at))
		text := read(mem, at, uint64(len(t)+1))
		text[copy(text, t)] = 0
		places, at = places[4:], at+uint64(len(text))
	}
	s[0] = wasiSuccess
}

// isStream reports whether a descriptor is one of the standard ones, of a guest that has them.
func (i *Instance) isStream(fd uint64) bool { return i.surroundings.Stdin != nil && uint32(fd) <= 2 }

// wasiRead reads the standard input, as far as there is some.
func wasiRead(i *Instance, mem api.Memory, s []uint64) {
	if !i.isStream(s[0]) || uint32(s[0]) != 0 {
		s[0] = wasiBadFile
		return
	}
	n := uint64(uint32(s[2]))
	if n > 1024 {
		s[0] = wasiInvalid
		return
	}
	got := 0
	for vec := read(mem, s[1], 8*n); len(vec) > 0; vec = vec[8:] {
		buf := read(mem, uint64(binary.LittleEndian.Uint32(vec)), uint64(binary.LittleEndian.Uint32(vec[4:])))
		if len(buf) > 0 {
			got = i.surroundings.Stdin(buf)
			break
		}
	}
	i.count(got / 1024)
	binary.LittleEndian.PutUint32(read(mem, s[3], 4), uint32(got))
	s[0] = wasiSuccess
}

// What fd_fdstat_get tells of a standard stream. That it is a terminal makes run-times write each line when it is complete.
const (
	fdstatSize      = 24
	characterDevice = 2
	rightsOfStreams = 1<<1 | 1<<6 // fd_read, fd_write
)

func wasiDescribe(i *Instance, mem api.Memory, s []uint64) {
	if !i.isStream(s[0]) {
		s[0] = wasiBadFile
		return
	}
	stat := read(mem, s[1], fdstatSize)
	clear(stat)
	stat[0] = characterDevice
	binary.LittleEndian.PutUint64(stat[8:], rightsOfStreams)
	s[0] = wasiSuccess
}

func wasiClose(i *Instance, _ api.Memory, s []uint64) {
	if !i.isStream(s[0]) {
		s[0] = wasiBadFile
		return
	}
	s[0] = wasiSuccess
}
