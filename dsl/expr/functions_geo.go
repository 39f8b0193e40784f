package expr

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// geoFunctions work on places: latitudes and longitudes in degrees (WGS 84).
func geoFunctions() []*Function {
	const category = "geo"
	float := plugins.Of(plugins.Float)
	place := plugins.Type{Kind: plugins.Record, Fields: []plugins.Field{{Name: "lat", Type: float}, {Name: "lon", Type: float}}}
	return []*Function{
		define("geo::distance", category, "Returns the distance of two places in metres, along a great circle of the mean Earth (haversine).",
			example(`round(geo::distance(59.91, 10.75, 60.39, 5.32) / 1000)`, `305`), try4("lat1, lon1, lat2, lon2", distance)).fallible(),
		define("geo::bearing", category, "Returns the direction to start in from the first place to the second, in degrees clockwise from north.",
			example(`geo::bearing(0, 0, 0, 10)`, `90`), try4("lat1, lon1, lat2, lon2", bearing)).fallible(),
		define("geo::hash", category, "Returns the geohash of a place, with 1 to 12 characters.",
			example(`geo::hash(57.64911, 10.40744, 11)`, `"u4pruydqqvj"`), try3("lat, lon, length", geohash)).fallible(),
		define("geo::unhash", category, "Returns the middle of a geohash's cell.",
			example(`round(geo::unhash("u4pruydqqvj").lat, 4)`, `57.6491`), try1("hash", unhash).returning(place)).fallible(),
		define("geo::within", category, "Returns whether a place is inside a polygon, a list of at least three [lat, lon]. What lies on an edge may be in or out.",
			example(`geo::within(59.9, 10.7, [[59, 10], [59, 11], [61, 11], [61, 10]])`, `true`),
			with3("lat, lon, polygon", func() func(float64, float64, listText) (bool, error) {
				var c polygonCache
				return func(lat, lon float64, polygon listText) (bool, error) {
					corners, err := c.get(string(polygon))
					if err != nil {
						return false, err
					}
					return within(lat, lon, corners), nil
				}
			})).fallible(),
	}
}

const (
	earthRadius = 6371008.8 // metres, mean (IUGG)
	degree      = math.Pi / 180
)

func checkPlace(lat, lon float64) error {
	if lat < -90 || lat > 90 {
		return fmt.Errorf("the latitude %g is not from -90 to 90", lat)
	}
	if lon < -180 || lon > 180 {
		return fmt.Errorf("the longitude %g is not from -180 to 180", lon)
	}
	return nil
}

// distance is the haversine formula.
func distance(lat1, lon1, lat2, lon2 float64) (float64, error) {
	if err := errors.Join(checkPlace(lat1, lon1), checkPlace(lat2, lon2)); err != nil {
		return 0, err
	}
	dlat, dlon := (lat2-lat1)*degree/2, (lon2-lon1)*degree/2
	h := math.Sin(dlat)*math.Sin(dlat) + math.Cos(lat1*degree)*math.Cos(lat2*degree)*math.Sin(dlon)*math.Sin(dlon)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h))), nil
}

func bearing(lat1, lon1, lat2, lon2 float64) (float64, error) {
	if err := errors.Join(checkPlace(lat1, lon1), checkPlace(lat2, lon2)); err != nil {
		return 0, err
	}
	dlon := (lon2 - lon1) * degree
	y := math.Sin(dlon) * math.Cos(lat2*degree)
	x := math.Cos(lat1*degree)*math.Sin(lat2*degree) - math.Sin(lat1*degree)*math.Cos(lat2*degree)*math.Cos(dlon)
	return math.Mod(math.Atan2(y, x)/degree+360, 360), nil
}

const geohashDigits = "0123456789bcdefghjkmnpqrstuvwxyz"

// geohash halves the cell by longitude and latitude in turn, five times for a
// character (Gustavo Niemeyer, 2008).
func geohash(lat, lon float64, length int64) (string, error) {
	if err := checkPlace(lat, lon); err != nil {
		return "", err
	}
	if length < 1 || length > 12 {
		return "", errors.New("a geohash has 1 to 12 characters")
	}
	south, north, west, east := -90.0, 90.0, -180.0, 180.0
	out := make([]byte, length)
	byLon := true
	for i := range out {
		digit := 0
		for range 5 {
			low, high, x := &south, &north, lat
			if byLon {
				low, high, x = &west, &east, lon
			}
			digit <<= 1
			if middle := (*low + *high) / 2; x >= middle {
				digit |= 1
				*low = middle
			} else {
				*high = middle
			}
			byLon = !byLon
		}
		out[i] = geohashDigits[digit]
	}
	return string(out), nil
}

func unhash(hash string) (anyValue, error) {
	if len(hash) < 1 || len(hash) > 12 {
		return anyValue{}, errors.New("a geohash has 1 to 12 characters")
	}
	south, north, west, east := -90.0, 90.0, -180.0, 180.0
	byLon := true
	for i := range len(hash) {
		digit := strings.IndexByte(geohashDigits, hash[i])
		if digit < 0 {
			return anyValue{}, errors.New("not a geohash: " + quoteShort(hash))
		}
		for bit := 16; bit > 0; bit >>= 1 {
			low, high := &south, &north
			if byLon {
				low, high = &west, &east
			}
			if middle := (*low + *high) / 2; digit&bit != 0 {
				*low = middle
			} else {
				*high = middle
			}
			byLon = !byLon
		}
	}
	text := append([]byte(`{"lat":`), jsontext.AppendFloat(nil, (south+north)/2)...)
	text = append(jsontext.AppendFloat(append(text, `,"lon":`...), (west+east)/2), '}')
	return anyValue{Kind: plugins.Record, Text: string(text)}, nil
}

// polygonCache keeps the last polygon parsed: mostly there is only one.
type polygonCache struct {
	text    string
	corners [][2]float64
}

func (c *polygonCache) get(text string) ([][2]float64, error) {
	if c.corners != nil && c.text == text {
		return c.corners, nil
	}
	var corners [][2]float64
	err := eachElement([]byte(text), func(raw []byte) error {
		pair, err := numbers(listText(raw))
		if err != nil || len(pair) != 2 {
			return errors.New("a corner of the polygon is not [lat, lon]")
		}
		corners = append(corners, [2]float64{wordOf(pair[0]).float(), wordOf(pair[1]).float()})
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(corners) < 3:
		return nil, errors.New("a polygon has at least three corners")
	}
	c.text, c.corners = strings.Clone(text), corners
	return corners, nil
}

// within counts how often a ray to the east crosses an edge.
func within(lat, lon float64, corners [][2]float64) bool {
	inside := false
	previous := corners[len(corners)-1]
	for _, c := range corners {
		if (c[0] > lat) != (previous[0] > lat) && lon < (previous[1]-c[1])*(lat-c[0])/(previous[0]-c[0])+c[1] {
			inside = !inside
		}
		previous = c
	}
	return inside
}
