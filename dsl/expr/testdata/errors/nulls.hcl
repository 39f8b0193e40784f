# What may be null, and the ways to deal with it.
ok1        = event.hum != null && event.hum > 5
ok2        = event.hum == null || event.hum > 5
ok3        = event.hum == null ? 0 : event.hum + 1
ok4        = default(event.hum, 0) + 1
ok5        = has(event.hum) && !(event.hum < 5)
ok6        = try(event.hum + 1, 0)
ok7        = can(event.hum + 1)
ok8        = event.hum == 5
ok9        = !has(event.hum) || event.hum > 5
ok10       = event.hum == 5 && event.hum + 1 > 2
ok11       = event.pos.lat != null && event.pos.lat > 5 && event.pos.name == "a"
ok12       = coalesce(event.hum, event.temp) > 5
plain      = event.hum > 5                        # error: value may be null: event.hum may be null here; give a value instead, default(event.hum, ...), test it, event.hum != null && ..., or drop such records in a filter before
wrong_side = event.hum > 5 && event.hum != null   # error: value may be null: event.hum may be null here
or_known   = event.hum != null || event.hum > 5   # error: value may be null
deep       = event.pos.lat + 1                    # error: value may be null: event.pos.lat may be null here
tag        = upper(event.tags.site)               # error: value may be null: event.tags.site may be null here
header     = upper(meta.header["x"])              # error: value may be null: meta.header["x"] may be null here
literal    = event.temp + null                    # error: value is null: null can only be compared with == and !=
still      = coalesce(event.hum, null) > 5        # error: value may be null
template   = "at ${event.hum}"                    # error: value may be null
