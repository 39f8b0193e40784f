// Package keyed is what stateful transforms are built on: a [Table] keeps a
// value for each key, hot ones in memory and all of them in the stage's state,
// and fires when the time of one has come; a [Clock] tells event time.
//
// A table is a cache of what the stage has stored. Values change in memory
// only; at a checkpoint the ones that changed are written. When there are more
// than [Config.MaxHot], those not used lately are dropped, and read back when
// their key or their time comes:
//
//	t := keyed.NewTable(keyed.Config[value]{Encode: encode, Decode: decode, Due: due})
//	err := t.Restore(state)                  // once, before anything
//	e, fresh, err := t.Open(key)             // for each record
//	e.V.count++
//	t.Schedule(e)                            // it may be due earlier now
//	err = t.FireEvent(clock.Now(), closeOne) // what is due
//	err = t.Snapshot(writer)                 // at each checkpoint
package keyed
