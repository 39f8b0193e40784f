package expr

import "time"

// calendarFunctions take a time apart, in UTC or in a time zone.
func calendarFunctions() []*Function {
	part := func(name, doc, result string, f func(t time.Time) int) *Function {
		return define("time::"+name, "time", doc+" in UTC or in a time zone.",
			example(`time::`+name+`(time::parse("2026-01-31T23:45:10Z"))`, result),
			of1("t", func(t moment) int64 { return int64(f(time.Unix(0, int64(t)).UTC())) }),
			with2("t, zone", func() func(moment, string) (int64, error) {
				var zones zoneCache
				return func(t moment, zone string) (int64, error) {
					loc, err := zones.get(zone)
					if err != nil {
						return 0, err
					}
					return int64(f(time.Unix(0, int64(t)).In(loc))), nil
				}
			}).checked(checkZone(1))).fallible()
	}
	return []*Function{
		part("year", "Returns the year", "2026", time.Time.Year),
		part("month", "Returns the month, 1 to 12,", "1", func(t time.Time) int { return int(t.Month()) }),
		part("day", "Returns the day of the month, 1 to 31,", "31", time.Time.Day),
		part("hour", "Returns the hour, 0 to 23,", "23", time.Time.Hour),
		part("minute", "Returns the minute, 0 to 59,", "45", time.Time.Minute),
		part("second", "Returns the second, 0 to 59,", "10", time.Time.Second),
		part("weekday", "Returns the day of the week, 1 for Monday to 7 for Sunday,", "6", func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }),
		part("day_of_year", "Returns the day of the year, 1 to 366,", "31", time.Time.YearDay),
	}
}
