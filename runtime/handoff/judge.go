package handoff

// judge decides which entries count, as they come.
type judge struct {
	claimed    bool
	claimedAt  int64 // entry
	generation int64
	owner      string
	keeps      map[string]string
	commits    bool  // there are some that count
	number     int64 // of the rows that wait for their commit
	count      int64 // of these
	size       int   // bytes of these
}

// claim takes note of a claim that counts.
func (g *judge) claim(at int64, e *entry) (err error) {
	switch {
	case !g.claimed || g.rightful(e):
	case e.index > 0: // it was somebody's
		return nil
	case e.generation < g.generation && (!e.flag || !g.commits):
		return nil
	}
	g.claimed, g.claimedAt, g.generation, g.owner, g.number = true, at, e.generation, e.owner, -1
	g.keeps, err = e.keeps()
	return err
}

func (g *judge) rightful(e *entry) bool {
	return g.claimed && e.generation == g.generation && e.owner == g.owner
}

// rows reports whether an entry of rows can count.
func (g *judge) rows(e *entry) bool {
	if !g.rightful(e) {
		return false
	}
	if e.index == 0 {
		g.number, g.count, g.size = e.number, 0, 0
	}
	if e.number != g.number || e.index != g.count {
		return false
	}
	g.count++
	g.size += len(e.rows)
	return true
}

// commit reports whether a commit counts.
func (g *judge) commit(e *entry) bool {
	if !g.rightful(e) {
		return false
	}
	if e.index == 0 {
		g.number, g.count, g.size = e.number, 0, 0
	}
	ok := e.number == g.number && e.index == g.count
	g.number = -1
	g.commits = g.commits || ok
	return ok
}
