test "a silent room is told of, and its return" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.rooms
    rows = [
      { room = "room-a", at = "2026-01-05T06:00:00Z", temp_c = 4 },
      { room = "room-a", at = "2026-01-05T06:10:00Z", temp_c = 4 }, # just in time
      { room = "room-a", at = "2026-01-05T06:30:00Z", temp_c = 4 },
    ]
  }
  expect {
    at = transform.silent
    rows = [
      { room = "room-a", at = "2026-01-05T06:20:00Z", level = "alert", text = "nothing since 06:10" },
      { room = "room-a", at = "2026-01-05T06:30:00Z", level = "note", text = "back after 20m0s" },
    ]
  }
}

test "a door that is closed again is no news" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.rooms
    rows = [
      { room = "room-a", at = "2026-01-05T06:00:00Z", door = "open" },
      { room = "room-a", at = "2026-01-05T06:01:00Z", door = "closed" },
      { room = "room-a", at = "2026-01-05T06:10:00Z", door = "open" },
      { room = "room-a", at = "2026-01-05T06:14:00Z", door = "closed" },
    ]
  }
  expect {
    at   = sink.alerts
    rows = [{ room = "room-a", at = "2026-01-05T06:13:00Z", text = "the door is open since 06:10" }]
  }
}

test "each room's doors are counted by themselves" {
  now = "2026-01-05T12:00:00Z"
  given {
    at = source.rooms
    rows = [
      { room = "room-a", at = "2026-01-05T06:00:00Z", door = "open" },
      { room = "room-a", at = "2026-01-05T06:00:10Z", door = "closed" },
      { room = "room-b", at = "2026-01-05T06:00:20Z", door = "open" },
      { room = "room-b", at = "2026-01-05T06:00:30Z", door = "closed" },
      { room = "room-a", at = "2026-01-05T06:01:00Z", door = "open" },
      { room = "room-a", at = "2026-01-05T06:01:10Z", door = "closed" },
      { room = "room-a", at = "2026-01-05T06:02:00Z", door = "open" },
      { room = "room-a", at = "2026-01-05T06:02:10Z", door = "closed" },
    ]
  }
  expect {
    at   = sink.notes
    rows = [{ room = "room-a", text = "opened 3 times in 2m0s" }]
  }
}

test "warm on average is an alert, once in a while" {
  now      = "2026-01-05T12:00:00Z"
  settings = { limit_c = 8 }
  given {
    at = source.rooms
    rows = [
      { room = "room-a", at = "2026-01-05T06:00:00Z", temp_c = 6 },
      { room = "room-a", at = "2026-01-05T06:05:00Z", temp_c = 12 }, # a door
      { room = "room-a", at = "2026-01-05T06:10:00Z", temp_c = 12 },
      { room = "room-a", at = "2026-01-05T06:15:00Z", temp_c = 12 },
      { room = "room-a", at = "2026-01-05T06:20:00Z", temp_c = 12 },
    ]
  }
  expect {
    at    = transform.smooth
    count = 3
  }
  expect {
    at   = sink.alerts
    rows = [{ room = "room-a", at = "2026-01-05T06:10:00Z", text = "9.1 °C on average" }]
  }
}
