package test

import "testing"

// Files are renamed, made anew, and compressed at once or the next time.
func TestLogrotateCompress(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "compress", conf: "create\ncompress\n" + reopens},
		{name: "delaycompress", conf: "create 0640\ncompress\ndelaycompress\n" + reopens},
		{name: "dateext", conf: "create\ncompress\n" + seconds + reopens},
		{name: "extension", conf: "create\nextension .log\ncompress\ndelaycompress\n" + reopens},
		{name: "maxsize", conf: "daily\nmaxsize 100k\ncreate\ncompress\ndelaycompress\n" + reopens, unforced: true},
		{name: "su", conf: "su root root\ncreate 0600 root root\ncompress\ndelaycompress\n" + reopens},
		{name: "zstd", conf: "create\ncompress\ncompresscmd zstd\ncompressoptions --rm -q\ncompressext .zst\n" + reopens},
		{name: "xz", conf: "create\ncompress\ncompresscmd xz\ncompressoptions -1\ncompressext .xz\n" + reopens},
		{name: "bzip2", conf: "create\ncompress\ncompresscmd bzip2\ncompressext .bz2\n" + reopens},
	})
}

// Files are copied, truncated and compressed.
func TestLogrotateCopyTruncateCompress(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "compress", conf: "copytruncate\ncompress\n" + pauses},
		{name: "delaycompress-dateext", conf: "copytruncate\ncompress\ndelaycompress\n" + seconds + pauses},
		{name: "torn", conf: "copytruncate\ncompress\n", torn: true},
	})
}

// Old files go to another folder and are compressed.
func TestLogrotateOlddirCompress(t *testing.T) {
	underLogrotate(t, []rotation{
		{name: "dateext", conf: "create\nolddir old\ncreateolddir\ncompress\n" + seconds + reopens},
		{name: "delaycompress", conf: "create\nolddir old\ncreateolddir\ncompress\ndelaycompress\n" + reopens},
	})
}
