package kafka

import (
	"maps"
	"slices"
	"strings"
)

// clusterID is any identifier of the form that Kafka asks for.
const clusterID = "dGFpbHJhY2UtdGVzdHMtMQ"

// properties is the text of server.properties.
func properties(addr, control, data string, more map[string]string) string {
	p := baseProperties(data)
	maps.Copy(p, map[string]string{
		"node.id":                             "1",
		"controller.quorum.bootstrap.servers": control,
		"listeners":                           "PLAINTEXT://" + addr + ",CONTROLLER://" + control,
		"advertised.listeners":                "PLAINTEXT://" + addr + ",CONTROLLER://" + control,
	})
	maps.Copy(p, more)
	return propertiesText(p)
}

// baseProperties is what every node has. Its topics have one copy.
func baseProperties(data string) map[string]string {
	return map[string]string{
		"process.roles":             "broker,controller",
		"controller.listener.names": "CONTROLLER",
		"log.dirs":                  data,
		"num.partitions":            "1",

		"offsets.topic.num.partitions":                     "1",
		"offsets.topic.replication.factor":                 "1",
		"transaction.state.log.num.partitions":             "1",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"share.coordinator.state.topic.num.partitions":     "1",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",

		// A node that was killed comes back without waiting for its old session.
		"broker.session.timeout.ms":        "6000",
		"broker.heartbeat.interval.ms":     "500",
		"group.initial.rebalance.delay.ms": "0",
	}
}

func propertiesText(p map[string]string) string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(p)) {
		text.WriteString(key + "=" + p[key] + "\n")
	}
	return text.String()
}
