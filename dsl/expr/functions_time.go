package expr

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/onstream/onstream/plugins"
	"github.com/onstream/onstream/plugins/jsontext"
)

// timeFunctions make times and write them. Time and duration are also computed
// with + - * / and compared.
func timeFunctions() []*Function {
	const category = "time"
	return []*Function{
		define("time::now", category, "Returns the present time by the pipeline's clock, which is virtual in tests.",
			example(`time::now() > time::parse("2020-01-01T00:00:00Z")`, `true`),
			of0(func(env plugins.Env) func() (moment, error) {
				return func() (moment, error) {
					if env.Now == nil {
						return moment(time.Now().UnixNano()), nil
					}
					return moment(env.Now().UnixNano()), nil
				}
			})).impure(),
		define("time::parse", category, `Returns the time of a text in RFC 3339 or in a layout: one of Go's, which write how 2006-01-02 15:04:05.000 -0700 would look, or "s" "ms" "us" "ns" for a count since 1970.`,
			example(`time::parse("2026-01-31T08:00:00+01:00")`, `"2026-01-31T07:00:00Z"`, `time::parse("31.01.2026", "02.01.2006")`, `"2026-01-31T00:00:00Z"`),
			try1("text", func(text string) (moment, error) { return parseTime(text, "") }),
			try2("text, layout", parseTime).checked(checkParseLayout)).fallible(),
		define("time::format", category, "Returns a time as text in one of Go's layouts, in UTC or in a time zone.",
			example(`time::format(time::from_unix(0), "02.01.2006 15:04")`, `"01.01.1970 00:00"`, `time::format(time::from_unix(0), "15:04", "Europe/Oslo")`, `"01:00"`),
			try2("t, layout", func(t moment, layout string) (string, error) { return formatTime(t, layout, time.UTC) }).checked(checkFormatLayout),
			with3("t, layout, zone", func() func(moment, string, string) (string, error) {
				var zones zoneCache
				return func(t moment, layout, zone string) (string, error) {
					loc, err := zones.get(zone)
					if err != nil {
						return "", err
					}
					return formatTime(t, layout, loc)
				}
			}).checked(checkFormatLayout)).fallible(),
		define("time::unix", category, "Returns the seconds since 1970, rounded down.",
			example(`time::unix(time::parse("2026-01-01T00:00:00Z"))`, `1767225600`), of1("t", since(time.Second))),
		define("time::unix_ms", category, "Returns the milliseconds since 1970, rounded down.",
			example(`time::unix_ms(time::from_unix(1.5))`, `1500`), of1("t", since(time.Millisecond))),
		define("time::from_unix", category, "Returns the time some seconds after 1970.",
			example(`time::from_unix(1767225600)`, `"2026-01-01T00:00:00Z"`, `time::from_unix(0.25)`, `"1970-01-01T00:00:00.25Z"`),
			try1("seconds", after(time.Second)), try1("seconds", fractionAfter(time.Second))).fallible(),
		define("time::from_unix_ms", category, "Returns the time some milliseconds after 1970.",
			example(`time::from_unix_ms(1700000000000)`, `"2023-11-14T22:13:20Z"`),
			try1("milliseconds", after(time.Millisecond)), try1("milliseconds", fractionAfter(time.Millisecond))).fallible(),
		define("time::truncate", category, "Returns the last time that is a multiple of step after 1970.",
			example(`time::truncate(time::parse("2026-01-01T10:17:31Z"), duration("15m"))`, `"2026-01-01T10:15:00Z"`),
			try2("t, step", truncateTime)).fallible(),
		define("time::seconds", category, "Returns a duration in seconds.",
			example(`time::seconds(duration("1m0.5s"))`, `60.5`), of1("d", time.Duration.Seconds)),
	}
}

func parseTime(text, layout string) (moment, error) {
	ns, err := jsontext.ParseTime([]byte(text), layout)
	if err != nil {
		return 0, errors.New(quoteShort(text) + " " + err.Error())
	}
	return moment(ns), nil
}

func formatTime(t moment, layout string, loc *time.Location) (string, error) {
	if len(layout) > 200 {
		return "", errors.New("the layout has more than 200 characters")
	}
	return time.Unix(0, int64(t)).In(loc).Format(layout), nil
}

func since(unit time.Duration) func(moment) int64 {
	return func(t moment) int64 {
		n := int64(t) / int64(unit)
		if int64(t)%int64(unit) < 0 {
			n--
		}
		return n
	}
}

func after(unit time.Duration) func(int64) (moment, error) {
	return func(n int64) (moment, error) {
		ns, err := whole(intOp(opMul, n, int64(unit)))
		return moment(ns), err
	}
}

func fractionAfter(unit time.Duration) func(float64) (moment, error) {
	return func(x float64) (moment, error) {
		whole, fraction := math.Modf(x) // apart, to lose nothing of today's nanoseconds
		ns, code := scaleOp(opMul, whole, float64(unit))
		if code != "" {
			return 0, codedError(code)
		}
		rest, _ := scaleOp(opMul, fraction, float64(unit))
		sum, code := intOp(opAdd, ns, rest)
		if code != "" {
			return 0, codedError(code)
		}
		return moment(sum), nil
	}
}

func truncateTime(t moment, step time.Duration) (moment, error) {
	if step <= 0 {
		return 0, errors.New("the step must be longer than nothing")
	}
	rest := int64(t) % int64(step)
	if rest < 0 {
		rest += int64(step)
	}
	down, err := whole(intOp(opSub, int64(t), rest))
	return moment(down), err
}

// zoneCache keeps the last time zone: mostly there is only one.
type zoneCache struct {
	name string
	loc  *time.Location
}

func (z *zoneCache) get(name string) (*time.Location, error) {
	if z.loc != nil && z.name == name {
		return z.loc, nil
	}
	loc, err := loadZone(name)
	if err != nil {
		return nil, err
	}
	z.name, z.loc = strings.Clone(name), loc
	return loc, nil
}

func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, fmt.Errorf(`not a time zone such as "Europe/Oslo": %s`, quoteShort(name))
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf(`not a time zone such as "Europe/Oslo": %s`, quoteShort(name))
	}
	return loc, nil
}

// checkZone checks a constant time zone, argument i.
func checkZone(i int) func(args []*plugins.Value) (int, error) {
	return func(args []*plugins.Value) (int, error) {
		if args[i] == nil || args[i].Kind != plugins.String {
			return i, nil
		}
		_, err := loadZone(args[i].Text)
		return i, err
	}
}
