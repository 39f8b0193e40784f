package mongo

import (
	"errors"

	"github.com/onstream/onstream/plugins"
)

// Service is the [plugins.ConnectorKind.Service] of databases of MongoDB.
const Service = "mongo"

// Register adds the kind mongo of connections, and those of stages that use it.
func Register(r *plugins.Registry) error {
	return errors.Join(r.AddConnector(kind()), r.AddSource(sourceKind()), r.AddSink(sinkKind()), r.AddLookup(lookupKind()))
}
