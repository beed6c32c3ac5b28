// Package tail follows log files and gives every complete line of them once,
// through rotation, truncation and restarts.
//
// The life of a file:
//
//	found ─► ready ⇄ idle ─► rotated ─► done
//	          │  ▲
//	          ▼  │ Next
//	         lane (one goroutine per topic)
//
// A look at a directory finds a file whose identity is not known; it is written
// to the journal and, when it has something to read, put into the ready queue
// of its topic. The lane that ships the topic takes it out, reads one quantum
// and puts it back, or leaves it idle when it is at its end. When another file
// is at its path, or none, it is rotated: its successor waits until it was read
// to its end and has been quiet for a while. Then it is done: its descriptor is
// closed and only its identity is kept, so that a late line is still found and
// its copies are known again.
//
// The looks, and all that is decided from them, are made by one goroutine, Run.
// Reading is done by the goroutine that calls Next. Each file has a lock that
// is held for one read; lock order is file, then queue.
//
// Limits. What is written to a file that is idle (closed for lack of data) and
// deleted before anybody could look is lost unseen. With copytruncate, what is
// written between the end of the copy and the truncation is lost by the program
// that rotates. A file that is truncated and regrown with the same first bytes
// and the same 64 bytes before the read position is taken for the same file.
// Compressed siblings are recognised but not read.
package tail
