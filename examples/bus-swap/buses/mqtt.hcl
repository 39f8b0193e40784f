# A broker of MQTT, elsewhere. It keeps nothing for those who have never been there.

connector "mqtt" "bus" {
  url = "mqtt://127.0.0.1:1883"
}
