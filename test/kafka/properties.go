package kafka

import (
	"maps"
	"slices"
	"strings"
)

// clusterID is any identifier of the form that Kafka asks for.
const clusterID = "dGFpbHJhY2UtdGVzdHMtMQ"

// properties is the server.properties of a node by itself.
func properties(addr, control, data string) map[string]string {
	p := baseProperties(data)
	maps.Copy(p, map[string]string{
		"node.id":                             "1",
		"controller.quorum.bootstrap.servers": control,
		"listeners":                           "PLAINTEXT://" + addr + ",CONTROLLER://" + control,
		"advertised.listeners":                "PLAINTEXT://" + addr + ",CONTROLLER://" + control,
	})
	return p
}

// listen adds listeners with their protocols and addresses.
func listen(p map[string]string, protocols, addrs map[string]string) {
	names := "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
	for name, protocol := range protocols {
		p["listeners"] += "," + name + "://" + addrs[name]
		p["advertised.listeners"] += "," + name + "://" + addrs[name]
		names += "," + name + ":" + protocol
	}
	p["listener.security.protocol.map"] = names
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
