// Package test runs the built agent against a real Apache Kafka, which it
// starts itself, and reads back what arrived. The tests need the environment
// variable TAILRACE_KAFKA=1, Java, and once Maven.
//
//	TAILRACE_KAFKA=1 go test -v ./test/
//
// More variables: TAILRACE_SEED repeats a run's random choices, TAILRACE_KILLS
// is how often the agent is killed in a test that kills it, TAILRACE_LOGROTATE
// for how long logrotate is at work (8s), TAILRACE_TOOLS how many random histories
// of real programs there are (4), TAILRACE_RACE=1 builds the agent with
// the race detector, TAILRACE_KEEP=1 keeps the folders of failed tests.
package test
