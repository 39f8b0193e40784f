# Types that do not go together.
ok1           = event.temp * 9 / 5 + 32
ok2           = event.count > 1.5
ok3           = event.name == "a" ? event.count : event.temp
ok4           = event.any + event.count
ok5           = event.when - event.wait
number_string = event.temp > "75"          # error: types do not go together: float and string cannot be compared with >; write the number without quotes
string_number = event.name == event.count  # error: types do not go together: string and int cannot be compared with ==; convert one of them with int(...) or string(...)
bool_string   = event.on == "true"         # error: types do not go together: bool and string cannot be compared with ==; write true or false without quotes
time_string   = event.when > "2026-01-01"  # error: types do not go together: time and string cannot be compared with >; make a time of the string with time::parse(...)
wait_string   = event.wait > "1m"          # error: types do not go together: make a duration of the string with duration(...)
plus_string   = event.name + "x"           # error: types do not go together: there is no string + string; to join texts write "${a}${b}"
time_part     = event.when.year            # error: not a record: a value of type time has no year: it has no fields; write time::year(event.when)
plus_static   = event.on ? "a" + "b" : "c"  # error: types do not go together: there is no string + string; to join texts write "${a}${b}"
times_string  = event.name * 2             # error: types do not go together: there is no string * int; convert the string with float(...) or int(...)
plus_time     = event.when + 5             # error: types do not go together: there is no time + int; add a duration, such as duration("1m")
negative      = -event.name                # error: types do not go together: there is no -string
not_number    = !event.count               # error: not a bool: what ! is applied to must be true or false, but this is of type int; compare it, such as event.count != 0
and_string    = event.on && event.name     # error: not a bool: what && is applied to must be true or false, but this is of type string
condition     = event.count ? 1 : 2        # error: not a bool: the condition must be true or false
branches      = event.on ? event.name : 1  # error: types do not go together: the results are string and int; make both the same type, such as with string(...)
bool_order    = event.on < true            # error: types do not go together: values of type bool have no order: only == and != compare them
list_order    = event.readings < []        # error: types do not go together: values of type list have no order
bytes_text    = "x ${event.raw}"           # error: no text form: bytes cannot be part of a text; use codec::base64_encode or codec::hex_encode
record_text   = "at ${event.gps}"          # error: no text form: a record cannot be part of a text; use json::encode
duplicate     = { a = event.temp, a = 1 }  # error: duplicate field: a was first set at
constant      = event.temp + 1 / 0         # error: no value: division by zero in 1 / 0
too_large     = event.count + (9223372036854775807 + 1) # error: no value: the result does not fit in 64 bits
