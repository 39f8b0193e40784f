// Package lookups holds the built-in kinds of places in which the transform
// enrich looks things up. What they hold is shared by all instances of a stage;
// they do their work in the goroutine that asks, and start none.
package lookups
