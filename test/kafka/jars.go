package kafka

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Version is the release of Apache Kafka that pom.xml asks for.
const Version = "4.2.0"

//go:embed pom.xml
var pom []byte

//go:embed log4j2.xml
var log4j []byte

// ErrNoJava says that a broker cannot be started here: Java is missing, or
// Maven is and the jars are not in the cache either.
var ErrNoJava = errors.New("a real Kafka needs the commands java and mvn")

// Jars returns the folder with the jars of a broker, below the user's cache
// folder. The first call brings them with Maven: about 55 MB. Several
// processes may call it at once.
func Jars(ctx context.Context) (string, error) { return jarsOf(ctx, Version, pom) }

// jarsOf is Jars for a release, of which pom brings the jars.
func jarsOf(ctx context.Context, version string, pom []byte) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoJava, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("jars of Kafka: %w", err)
	}
	dir := filepath.Join(cache, "tailrace", "kafka-"+version)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("jars of Kafka: %w", err)
	}
	unlock, err := lock(dir + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, download(ctx, dir, pom)
}

// download fills dir with what pom asks for; it is there only once it is
// complete.
func download(ctx context.Context, dir string, pom []byte) error {
	if _, err := exec.LookPath("mvn"); err != nil {
		return fmt.Errorf("%w: %w", ErrNoJava, err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "download-")
	if err != nil {
		return fmt.Errorf("jars of Kafka: %w", err)
	}
	defer os.RemoveAll(tmp)
	pomFile := filepath.Join(tmp, "pom.xml")
	if err := os.WriteFile(pomFile, pom, 0o644); err != nil {
		return fmt.Errorf("jars of Kafka: %w", err)
	}
	libs := filepath.Join(tmp, "libs")
	for range 3 { // the network may fail; what has come is not brought again
		cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", "-f", pomFile,
			"dependency:copy-dependencies", "-DoutputDirectory="+libs)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		out, failed := cmd.CombinedOutput()
		if failed == nil {
			return os.Rename(libs, dir)
		}
		err = fmt.Errorf("mvn dependency:copy-dependencies: %w\n%s", failed, out)
	}
	return err
}

// lock waits for the lock file and returns what lets it go.
func lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("jars of Kafka: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
