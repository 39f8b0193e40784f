connector "bus" "line" {
  url      = "line://one"
  password = secret("env:PRESENT")
}

connector "bus" "hush" {
  url = "quiet"
}

source "listen" "in" {
  via   = connector.line
  topic = "a"
}

source "listen" "mute" {
  via   = connector.hush # error: invalid configuration: nothing is heard there
  topic = "a"
}

sink "send" "fine" {
  from  = source.in
  via   = connector.line
  topic = "cmd.${string(event.device)}"
  body  = { n = 1 }
}

sink "send" "number" {
  from  = source.in
  via   = connector.line
  topic = 7 # error: wrong type: topic must be string, not int
}

sink "send" "bent" {
  from  = source.in
  via   = connector.line
  topic = "a"
  body  = { n = nope } # error: unknown name: there is no nope
}
