package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a contender at work. It is for one goroutine.
type process struct {
	cmd    *exec.Cmd
	start  time.Time
	said   *bytes.Buffer // its stderr
	gone   chan error    // receives the result of Wait
	ended  bool
	peakMB float64
}

// startJob starts this program again as the contender.
func startJob(j job) (*process, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	return startProcess(cmd)
}

// startProcess starts cmd, which dies with this process however that ends.
func startProcess(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, start: time.Now(), said: new(bytes.Buffer), gone: make(chan error, 1)}
	cmd.Stderr = p.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.gone <- cmd.Wait() }()
	return p, nil
}

// look reads the peak of the process's memory so far. The peak that the kernel
// reports at the end will not do: it begins with the parent's.
func (p *process) look() {
	if kb, err := procStatus(p.cmd.Process.Pid, "VmHWM"); err == nil {
		p.peakMB = max(p.peakMB, float64(kb)*1024/1e6)
	}
}

// procStatus is a field in kB of a process's status.
func procStatus(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			return strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}

// end takes the result of Wait.
func (p *process) end(err error) error {
	p.ended = true
	return err
}

// words is err with what the process said, if anything. It has ended.
func (p *process) words(err error) error {
	if p.said.Len() == 0 {
		return err
	}
	return fmt.Errorf("%w; it said: %s", err, bytes.TrimSpace(p.said.Bytes()))
}

// stop ends the process with SIGTERM, and SIGKILL after half a minute.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.wait(30 * time.Second)
}

// wait waits for the process to end by itself.
func (p *process) wait(limit time.Duration) error {
	select {
	case err := <-p.gone:
		return p.end(err)
	case <-time.After(limit):
		p.kill()
		return p.end(errors.New("it did not end in time"))
	}
}

// kill ends the process if it runs.
func (p *process) kill() {
	if p.ended {
		return
	}
	p.cmd.Process.Kill() // an error says that it is gone already
	<-p.gone
	p.ended = true
}

// cpu is what the process has used, user and system together. It has ended.
func (p *process) cpu() time.Duration {
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}
