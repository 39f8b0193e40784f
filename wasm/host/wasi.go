package host

import (
	"encoding/binary"
	"log/slog"

	"github.com/tetratelabs/wazero/api"
)

// Answers of WASI.
const (
	wasiSuccess = 0
	wasiBadFile = 8
	wasiInvalid = 28
)

// wasiFunctions is what compilers put into modules. A behaviour has no files, no arguments and no environment.
func wasiFunctions() map[string]Function {
	fs := map[string]Function{
		"args_get":          {funcType("ii:i"), func(i *Instance, mem api.Memory, s []uint64) { wasiTexts(mem, s, i.surroundings.Args) }},
		"args_sizes_get":    {funcType("ii:i"), func(i *Instance, mem api.Memory, s []uint64) { wasiSizes(mem, s, i.surroundings.Args) }},
		"environ_get":       {funcType("ii:i"), func(i *Instance, mem api.Memory, s []uint64) { wasiTexts(mem, s, i.surroundings.Env) }},
		"environ_sizes_get": {funcType("ii:i"), func(i *Instance, mem api.Memory, s []uint64) { wasiSizes(mem, s, i.surroundings.Env) }},
		"clock_res_get":     {funcType("ii:i"), wasiResolution},
		"clock_time_get":    {funcType("iIi:i"), wasiClock},
		"fd_close":          {funcType("i:i"), wasiClose},
		"fd_fdstat_get":     {funcType("ii:i"), wasiDescribe},
		"fd_read":           {funcType("iiii:i"), wasiRead},
		"fd_write":          {funcType("iiii:i"), wasiWrite},
		"poll_oneoff":       {funcType("iiii:i"), wasiPoll},
		"proc_exit":         {funcType("i:"), wasiExit},
		"random_get":        {funcType("ii:i"), wasiRandom},
		"sched_yield":       {funcType(":i"), wasiNothing},
	}
	for name, typ := range map[string]string{
		"fd_advise": "iIIi", "fd_allocate": "iII", "fd_datasync": "i", "fd_fdstat_set_flags": "ii",
		"fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii", "fd_filestat_set_size": "iI", "fd_filestat_set_times": "iIIi",
		"fd_pread": "iiiIi", "fd_prestat_get": "ii", "fd_prestat_dir_name": "iii", "fd_pwrite": "iiiIi", "fd_readdir": "iiiIi",
		"fd_renumber": "ii", "fd_seek": "iIii", "fd_sync": "i", "fd_tell": "ii",
		"path_create_directory": "iii", "path_filestat_get": "iiiii", "path_filestat_set_times": "iiiiIIi", "path_link": "iiiiiii",
		"path_open": "iiiiiIIii", "path_readlink": "iiiiii", "path_remove_directory": "iii", "path_rename": "iiiiii", "path_symlink": "iiiii",
		"path_unlink_file": "iii", "sock_accept": "iii", "sock_recv": "iiiiii", "sock_send": "iiiii", "sock_shutdown": "ii",
	} {
		fs[name] = Function{funcType(typ + ":i"), func(_ *Instance, _ api.Memory, s []uint64) { s[0] = wasiBadFile }}
	}
	return fs
}

func wasiNothing(_ *Instance, _ api.Memory, s []uint64) { s[0] = wasiSuccess }

func wasiResolution(_ *Instance, mem api.Memory, s []uint64) {
	binary.LittleEndian.PutUint64(read(mem, s[1], 8), 1000)
	s[0] = wasiSuccess
}

// wasiClock tells the time of the call. A guest that waits for the monotonic clock to go on sees it go on.
func wasiClock(i *Instance, mem api.Memory, s []uint64) {
	now := i.call.Now*1000 + i.waited
	if uint32(s[0]) != 0 {
		i.asked++
		now += 1000 * i.asked
	}
	binary.LittleEndian.PutUint64(read(mem, s[2], 8), uint64(now))
	s[0] = wasiSuccess
}

// maxWrite is how many bytes are taken at a time; the guest goes on with the rest.
const maxWrite = 64 << 10

// wasiWrite takes what is written to the standard outputs for lines of the log, where nobody else wants it.
func wasiWrite(i *Instance, mem api.Memory, s []uint64) {
	level := slog.LevelInfo
	switch uint32(s[0]) {
	case 1:
	case 2:
		level = slog.LevelWarn
	default:
		s[0] = wasiBadFile
		return
	}
	n := uint64(uint32(s[2]))
	if n > 1024 {
		s[0] = wasiInvalid
		return
	}
	written := uint32(0)
	for vec := read(mem, s[1], 8*n); len(vec) > 0 && written < maxWrite; vec = vec[8:] {
		text := read(mem, uint64(binary.LittleEndian.Uint32(vec)), uint64(binary.LittleEndian.Uint32(vec[4:])))
		text = text[:min(len(text), int(maxWrite-written))]
		written += uint32(len(text))
		if level == slog.LevelInfo && i.surroundings.Stdout != nil {
			i.surroundings.Stdout(text)
			continue
		}
		i.lines(level, text)
		if room := maxLine - len(i.stderr); level == slog.LevelWarn && room > 0 {
			i.stderr = append(i.stderr, text[:min(len(text), room)]...)
		}
	}
	i.count(int(written / 1024))
	binary.LittleEndian.PutUint32(read(mem, s[3], 4), written)
	s[0] = wasiSuccess
}

// Sizes of what poll_oneoff is about, and what a subscription to a clock is.
const (
	subscriptionSize = 48
	eventSize        = 32
	clockEvent       = 0
	absoluteTime     = 1
)

// wasiPoll waits without waiting: the first of the times that the guest waits for has come.
func wasiPoll(i *Instance, mem api.Memory, s []uint64) {
	n := uint64(uint32(s[2]))
	if n == 0 || n > 64 {
		s[0] = wasiInvalid
		return
	}
	subs, events := read(mem, s[0], n*subscriptionSize), read(mem, s[1], n*eventSize)
	least, wait := -1, int64(0)
	for k := range int(n) {
		sub := subs[k*subscriptionSize:]
		if sub[8] != clockEvent {
			continue
		}
		d := int64(binary.LittleEndian.Uint64(sub[24:]))
		if binary.LittleEndian.Uint16(sub[40:])&absoluteTime != 0 {
			d -= i.call.Now*1000 + i.waited + 1000*i.asked
		}
		if d = max(0, d); least < 0 || d < wait {
			least, wait = k, d
		}
	}
	if least < 0 { // for files, of which there are none
		s[0] = wasiBadFile
		return
	}
	if i.waited += wait; i.waited < 0 || i.waited > maxWait {
		panic(Faultf(Timeout, "the module waits for more than a day: use a timer"))
	}
	event := events[:eventSize]
	clear(event)
	copy(event, subs[least*subscriptionSize:][:8]) // what the guest calls it
	event[10] = clockEvent
	binary.LittleEndian.PutUint32(read(mem, s[3], 4), 1)
	s[0] = wasiSuccess
}

// maxWait is how far the clock of a guest may be ahead, in ns.
const maxWait = 24 * 3600 * 1e9

func wasiExit(i *Instance, _ api.Memory, s []uint64) {
	if uint32(s[0]) == 0 && i.surroundings.Stdin != nil {
		panic(errEnded)
	}
	text := ""
	if said := i.said(); said != "" {
		text = ": " + said
	}
	panic(Faultf(Trap, "the module has ended itself with the code %d%s", uint32(s[0]), text))
}

func wasiRandom(i *Instance, mem api.Memory, s []uint64) {
	i.count(int(uint32(s[1]) / 1024))
	_, _ = i.random.Read(read(mem, s[0], s[1])) // it never fails
	s[0] = wasiSuccess
}
