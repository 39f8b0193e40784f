package mqtt_test

import (
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/onstream/onstream/connectors"
	"github.com/onstream/onstream/connectors/bustest"
	"github.com/onstream/onstream/plugins"
)

func TestEmbeddedUsers(t *testing.T) {
	t.Parallel()
	log := &bustest.Journal{}
	env := bustest.Env("connector.bus")
	env.Logger = log.Logger()
	user := func(name, password string, publish, subscribe []string) plugins.ConfigBlock {
		v := map[string]any{"password": plugins.NewSecret(password)}
		if publish != nil {
			v["publish"] = publish
		}
		if subscribe != nil {
			v["subscribe"] = subscribe
		}
		return plugins.ConfigBlock{Name: "user", Label: name, Config: plugins.NewConfig(v)}
	}
	bus := bustest.Connect(t, kindOf(t), block(t, nil, own(t, nil, user("sensor", "s3cret-1", []string{"plant.*.temp"}, []string{"cmd.>"}), user("admin", "s3cret-2", nil, nil))), env)
	out := &bustest.Outlet{}
	source := reader(t, bus, connectors.Subscription{Topic: "plant.>"})
	bustest.Start(t, source, out)
	addr := addressOf(t, source)
	for _, c := range [][2]string{{"", ""}, {"sensor", "s3cret-2"}, {"sensor", ""}, {"nobody", "s3cret-1"}} {
		o := paho.NewClientOptions().AddBroker("tcp://" + addr).SetUsername(c[0]).SetPassword(c[1]).SetConnectRetry(false)
		token := paho.NewClient(o).Connect()
		if !token.WaitTimeout(10*time.Second) || token.Error() == nil {
			t.Errorf("%q with password %q was let in", c[0], c[1])
		}
	}
	as := func(name, password string) func(*paho.ClientOptions) {
		return func(o *paho.ClientOptions) { o.SetUsername(name).SetPassword(password) }
	}
	admin := device(t, "tcp://"+addr, "admin", as("admin", "s3cret-2"))
	got := make(chan string, 10)
	sensor := device(t, "tcp://"+addr, "sensor", as("sensor", "s3cret-1"))
	acknowledged(t, sensor.Subscribe("#", 1, func(_ paho.Client, m paho.Message) { got <- m.Topic() }))
	acknowledged(t, admin.Publish("plant/d1/secret", 1, false, "a"), admin.Publish("cmd/d1", 1, false, "b"))
	select {
	case topic := <-got:
		if topic != "cmd/d1" {
			t.Errorf("a user read %s, which it may not", topic)
		}
	case <-time.After(100 * time.Millisecond): // it may be refused as a whole
	}
	sensor.Publish("plant/d1/hum", 0, false, "not allowed")
	acknowledged(t, sensor.Publish("plant/d1/temp", 1, false, "allowed"))
	out.Brings(t, "a", "allowed")
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log holds a password:\n%s", log)
	}
	if !strings.Contains(log.String(), "a device was not let in: its user name or password is wrong") {
		t.Errorf("the log does not tell of those who were not let in:\n%s", log)
	}
}
