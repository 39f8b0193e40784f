// Package command runs programs of WASI: they read lines and write lines.
//
// A program runs once for each call, from its start to its end, with nothing in its memory; each record is a line of its standard
// input. What it writes before it reads the next line is made of the line before. A program that keeps its output back, or reads all of its input
// before it writes, has to write a line for each that it has read. One that ends before it has read all has failed, and lines are
// given again, fewer at a time: none is lost.
package command
