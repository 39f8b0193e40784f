package transforms

import "github.com/onstream/onstream/plugins"

// Register adds the built-in transforms to r.
func Register(r *plugins.Registry) error {
	for _, k := range []plugins.TransformKind{
		absenceKind(),
		decodeKind(),
		dedupeKind(),
		detectKind(),
		enrichKind(),
		filterKind(),
		joinKind(),
		mapKind(),
		reduceKind(),
		routeKind(),
		throttleKind(),
		unnestKind(),
		windowKind(),
	} {
		if err := r.AddTransform(k); err != nil {
			return err
		}
	}
	return nil
}
