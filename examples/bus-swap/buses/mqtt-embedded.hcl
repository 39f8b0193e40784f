# A broker of MQTT inside the process, to which devices on this machine may connect.

connector "mqtt" "bus" {
  embedded {
    listen    = "127.0.0.1:1883"
    anonymous = true
  }
}
