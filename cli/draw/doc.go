// Package draw draws a pipeline's graph: as a tree of text for a terminal, in
// the DOT language of Graphviz, and as a Mermaid flowchart.
package draw
