package kafka

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// ClientConfig is a sarama configuration that fits the broker.
func ClientConfig() *sarama.Config {
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0
	conf.ClientID = "tailrace-test"
	conf.Admin.Timeout = 30 * time.Second
	conf.Metadata.AllowAutoTopicCreation = false
	return conf
}

// admin calls f with a client that is closed behind it. In a cluster a node may
// be down, or paused, and any may be slow: f is called again when its connection
// was lost, or no answer came.
func (b *Broker) admin(f func(sarama.ClusterAdmin) error) (err error) {
	for try := range 4 * len(b.seeds) {
		err = b.adminOnce(f)
		var refused sarama.KError
		if errors.As(err, &refused) && refused == sarama.ErrTopicAlreadyExists && try > 0 {
			return nil // the try that got no answer made it
		}
		if err == nil || refused != 0 {
			return err
		}
	}
	return err
}

func (b *Broker) adminOnce(f func(sarama.ClusterAdmin) error) error {
	conf := ClientConfig()
	conf.Net.DialTimeout, conf.Net.ReadTimeout = 10*time.Second, 10*time.Second // a node may be paused
	a, err := sarama.NewClusterAdmin(b.seeds, conf)
	if err != nil {
		return err
	}
	defer a.Close()
	return f(a)
}

// CreateTopic makes a topic, with settings such as "max.message.bytes".
func (b *Broker) CreateTopic(name string, partitions int32, settings map[string]string) error {
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: int16(b.copies), ConfigEntries: entries(settings)}
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.CreateTopic(name, detail, false) })
	if err != nil {
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	return nil
}

// CreateTopicOn makes a topic with one partition whose copies are on these
// nodes. The first leads it while it is there.
func (b *Broker) CreateTopicOn(name string, nodes ...int32) error {
	detail := &sarama.TopicDetail{NumPartitions: -1, ReplicationFactor: -1, ReplicaAssignment: map[int32][]int32{0: nodes}}
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.CreateTopic(name, detail, false) })
	if err != nil {
		return fmt.Errorf("create topic %s on %v: %w", name, nodes, err)
	}
	return nil
}

// AddPartitions makes a topic's partitions as many as that.
func (b *Broker) AddPartitions(name string, count int32) error {
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.CreatePartitions(name, count, nil, false) })
	if err != nil {
		return fmt.Errorf("add partitions to topic %s: %w", name, err)
	}
	return nil
}

// Deny takes from everybody the permission to do something with a topic, in a
// cluster: its nodes have an authorizer.
func (b *Broker) Deny(topic string, operation sarama.AclOperation) error {
	err := b.admin(func(a sarama.ClusterAdmin) error {
		return a.CreateACLs([]*sarama.ResourceAcls{{
			Resource: sarama.Resource{ResourceType: sarama.AclResourceTopic, ResourceName: topic, ResourcePatternType: sarama.AclPatternLiteral},
			Acls:     []*sarama.Acl{{Principal: "User:*", Host: "*", Operation: operation, PermissionType: sarama.AclPermissionDeny}},
		}})
	})
	if err != nil {
		return fmt.Errorf("deny topic %s: %w", topic, err)
	}
	return nil
}

// Permit ends all that was denied of a topic.
func (b *Broker) Permit(topic string) error {
	err := b.admin(func(a sarama.ClusterAdmin) error {
		_, err := a.DeleteACL(sarama.AclFilter{
			ResourceType: sarama.AclResourceTopic, ResourceName: &topic, ResourcePatternTypeFilter: sarama.AclPatternLiteral,
			Operation: sarama.AclOperationAny, PermissionType: sarama.AclPermissionAny,
		}, false)
		return err
	})
	if err != nil {
		return fmt.Errorf("permit topic %s: %w", topic, err)
	}
	return nil
}

// DeleteTopic deletes a topic with all its records.
func (b *Broker) DeleteTopic(name string) error {
	err := b.admin(func(a sarama.ClusterAdmin) error { return a.DeleteTopic(name) })
	if err != nil {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	return nil
}

// SetTopic changes settings of a topic; the others go back to their defaults.
func (b *Broker) SetTopic(name string, settings map[string]string) error {
	err := b.admin(func(a sarama.ClusterAdmin) error {
		return a.AlterConfig(sarama.TopicResource, name, entries(settings), false)
	})
	if err != nil {
		return fmt.Errorf("set up topic %s: %w", name, err)
	}
	return nil
}

func entries(settings map[string]string) map[string]*string {
	e := map[string]*string{}
	for k, v := range settings {
		e[k] = &v
	}
	return e
}

// SetPassword gives a user of SCRAM-SHA-256 a password, and makes him if he is
// new.
func (b *Broker) SetPassword(user, password string) error {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	err := b.admin(func(a sarama.ClusterAdmin) error {
		_, err := a.UpsertUserScramCredentials([]sarama.AlterUserScramCredentialsUpsert{{
			Name: user, Mechanism: sarama.SCRAM_MECHANISM_SHA_256, Iterations: 4096, Salt: salt, Password: []byte(password),
		}})
		return err
	})
	if err != nil {
		return fmt.Errorf("password of %s: %w", user, err)
	}
	return nil
}
