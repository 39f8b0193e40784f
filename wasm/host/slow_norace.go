//go:build !race

package host

// slowness is how many times longer the compiler takes than in a program that is meant for use.
const slowness = 1
