package security

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is the path of a file. A name without a slash is a credential that
// systemd gives to the service: a file in $CREDENTIALS_DIRECTORY.
type File string

// fileMax bounds what is read, in bytes: certificates of hundreds of
// authorities, and no device that never ends.
const fileMax = 4 << 20

// path is where the file is.
func (f File) path() (string, error) {
	if !f.credential() {
		return string(f), nil
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", errors.New("a name without a slash is a credential of systemd, and only the service has those: " +
			"$CREDENTIALS_DIRECTORY is not set; write LoadCredential= with that name into the unit, or give the whole path of a file")
	}
	return filepath.Join(dir, string(f)), nil
}

// read returns what is in the file now.
func (f File) read() ([]byte, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	shown := path
	if f.credential() {
		// What is no file may be a password that was written into the wrong place.
		shown = "the credential of systemd that is named there (LoadCredential= of the unit)"
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %s", shown, cause(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, fileMax+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %s", shown, cause(err))
	case len(data) > fileMax:
		return nil, fmt.Errorf("%s is larger than %d bytes", shown, fileMax)
	}
	return data, nil
}

// cause is an error of the file system without the path in it.
func cause(err error) string {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// Secret is a password, a key or a token: a text, or the file it is in. However
// it is printed, it shows nothing of that.
type Secret struct {
	text string
	file File
}

// NewSecret is a secret that is known.
func NewSecret(text string) Secret { return Secret{text: text} }

// SecretFile is a secret that is read from a file whenever it is needed, but
// for the line break at its end.
func SecretFile(file File) Secret { return Secret{file: file} }

// Given reports whether there is one.
func (s Secret) Given() bool { return s.text != "" || s.file != "" }

// reveal is the secret itself.
func (s Secret) reveal() (string, error) {
	if s.file == "" {
		return s.text, nil
	}
	data, err := s.file.read()
	if err != nil {
		return "", err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return "", fmt.Errorf("%s is empty", s.file)
	}
	return text, nil
}

// hidden is what is shown of a secret.
const hidden = "***"

// Format and MarshalText hide the secret: all that prints or encodes it asks one
// of them.
func (Secret) Format(w fmt.State, _ rune)   { _, _ = io.WriteString(w, hidden) }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
