# RabbitMQ. It keeps nothing for those who have never been there.

connector "amqp" "bus" {
  url      = "amqp://127.0.0.1:5672"
  password = "guest"
}
