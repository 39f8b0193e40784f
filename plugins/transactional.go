package plugins

import "context"

// Transactional is a sink that can make what it was given visible all at once,
// or not at all. The engine calls it from the goroutine that calls Write.
//
// Between Begin and Commit, the sink answers writes when it would be safe to
// commit them. Once one was answered with an error other than [RowErrors], the
// transaction cannot be committed: it is to be aborted, and all that was written
// since Begin is to be written again.
//
// Without Begin, the sink commits by itself, and answers writes after that.
type Transactional interface {
	// Begin starts a transaction, for all that is written from now on.
	Begin(ctx context.Context) error
	// Commit makes visible what was written since Begin, all of which was
	// answered. In the same step it stores the mark, and the positions of those
	// sources, by their addresses, that work over the connection of the sink. After
	// an error, only Committed tells whether that happened.
	Commit(ctx context.Context, mark string, positions map[string]map[Partition]Position) error
	// Abort gives up what was written since Begin.
	Abort(ctx context.Context) error
	// Committed returns the mark of the last transaction that was committed, ""
	// for none. From then on nobody else can commit in this sink's name. It is
	// called outside of transactions, and only where one was begun at some time, by
	// this process or a former one: it is an error that nothing is known of any.
	Committed(ctx context.Context) (mark string, err error)
}
