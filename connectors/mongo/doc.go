// Package mongo reads and writes collections of MongoDB.
package mongo
