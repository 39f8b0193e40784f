# shellcheck shell=bash disable=SC2034,SC2154
# Mosquitto, a broker of MQTT, which keeps what it has confirmed.
package=mosquitto variable=ONSTREAM_TEST_MQTT
PATH=$PATH:/usr/sbin

missing() { have mosquitto || echo "mosquitto is not installed; as root: apt-get install mosquitto"; }

launch() {
	cat >"$home/mosquitto.conf" <<-TEXT
		user $(id -un)
		listener $port 127.0.0.1
		allow_anonymous true
		persistence true
		persistence_location $home/data/
		autosave_interval 1
		autosave_on_changes true
		max_queued_messages 0
		max_inflight_messages 1000
		log_type error
		log_type warning
	TEXT
	exec mosquitto -c "$home/mosquitto.conf"
}

ready() { answers "$port"; }

free() { rm -f "$home/mosquitto.conf"; }
