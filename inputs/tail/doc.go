// Package tail follows log files and gives every complete line of them once,
// through rotation, truncation and restarts.
//
// # The life of a file
//
//	found ─► ready ⇄ idle ─► rotated ─► done
//	          │  ▲
//	          ▼  │ Next
//	         lane (a goroutine for a topic and partition)
//
// A look at a directory finds a file whose identity is not known (look.go,
// adopt.go). It is written to the journal and, when it has something to read,
// put into the ready queue of its topic (queue.go). A lane that ships the
// topic takes it out (feed.go), reads one quantum (read.go) and puts it back, or leaves it
// idle when it is at its end. When another file is at its path, or none, it is
// rotated: its successor waits until it was read to its end and has been quiet
// for a while (drain.go). Then it is done: its descriptor is closed and only its
// identity is kept, so that a late line is still found and its copies are known
// again (finish.go).
//
// There are other ways. A file whose input was removed from the configuration is only
// known where it is (removed in chain.go). One on a file system that is not mounted
// waits (elsewhere.go). Those that are older than a limit are not even known (age.go).
// Shipped ones may be deleted (delete.go).
//
// # What happens to a line at a rotation
//
// Renamed: app.log becomes app.log.1, and there is a new app.log. A look is a
// snapshot of the directory at one instant (disk/listing.go). It finds the known
// inode at its new name, and the unknown one at the path, whose predecessor the
// known one becomes. What is still written to the old one is read before the
// first line of the new one, for as long as no second passes without data.
// Rotated files that were never seen, because several rotations came between
// two looks, are those of the family (package rotation) that are newer than
// the newest known one: they are read from their beginning, in order, before the
// path. Of a path that nobody knew, those are unread that came after the last
// sign of life of the journal (age.go).
//
// Compressed: app.log.1 becomes app.log.1.gz, another inode. When all of the
// plain file was read, or it is open, nothing changes: its lines were read, or
// are read from the descriptor. Otherwise the compressed file is decompressed by
// a goroutine of its own (packed_job.go) and compared with what was read: the
// line is read from it, in its place of the order, and offsets are those of the
// plain bytes. The files after it wait for that (packed.go).
//
// Moved to another directory, such as an olddir: the known file is found by its
// descriptor, by its handle, or by a search near (elsewhere.go). From then on that
// directory is one of the family's (kin.go), also over a restart. A new file at the path
// waits until the one before it is found, or is known to be gone. Files of other users
// are of no family.
//
// Copied and truncated: the inode stays and its content is another. That is
// noticed from its size, or from the bytes before the read position, which are
// read again after each read (file.verify). The rest of the old content is
// looked for in a file with the same bytes up to the position (search.go), which
// takes over the identity; the new content is a file of its own, behind it
// (truncate.go). Nothing is read of the inode until that is decided. When the old
// content broke off in a line, the bytes up to the first newline of the new one
// are read as if they stood at its end (join.go).
//
// While no agent runs: the journal tells which files are known and how far they
// were read; the first look compares each with what was read of it, and goes on
// from there (chain.go).
//
// What is rarer is told where it is seen to: a link that leads elsewhere (kin.go);
// names that nobody's custom gives, and links, that changed twice between two looks
// (between.go); compressed files that no name relates to a log (packed_stray.go), or
// that have its beginning (packed_part.go); a file that lost its end (cutback.go), was
// replaced by one with its content (replaced.go), or is there again (known.go).
//
// # What is said of a file
//
//	missing   the last look did not find it; the next one decides
//	gone      no name leads to it
//	away      the file system that it was on is not mounted
//	sealed    nobody writes to it any more
//	reserved  NULs follow what was read: space that its writer took in advance
//	late      data came after it was done
//	half      the next file goes on in the middle of its last line
//	final     nobody writes any more: a last line without a newline is given too
//	resumed   not seen yet in this run
//	parked    it cannot be read, and is tried again
//
// All that keeps a file from being read, the doubts about one, and its being parked are
// in blocked.go.
//
// # Which file to open
//
// Ten files tell the life of a line, some 2,000 lines, in this order: file.go, queue.go,
// feed.go, read.go, then loop.go, look.go, seen.go, adopt.go, drain.go, finish.go.
// The calls of Run and of a lane, for a log that is
//
//	renamed     touched ► look ► locate, seen (placed, rotate), discover ► adopt (itsTurn,
//	            generations, create, link) ► recordNew ► wake; the lane: Next ► readOpen ►
//	            read ► give; every 100 ms: drain ► finish ► wake of what waited
//	copied and  a look: seen ► recheck; or a lane: what was read does not match ►
//	truncated   suspect; both: truncated ► findCopy ► detach, rebind ► renew
//	compressed  notFound ► soughtPacked ► insideOf (beside Run) ► claim ► pour ► wake
//	any of it,  New: chain; the first scan: look ► seen with resumed ► recheck; then
//	while down  as above
//
// The rest is for what hosts do more rarely.
//
// Where files are, and which file is which:
//
//	input.go config.go          the state of it all; an input's options
//	loop.go scan.go             Run, and the full scans that correctness rests on;
//	                            directories that cannot be listed
//	watch.go wake.go            notification, which makes it faster
//	look.go seen.go             a look: what is in a directory at one instant; where the
//	                            known files are, and what that tells of them
//	elsewhere.go                a file that is in another directory, or on a file system
//	                            that is not mounted
//	kin.go                      which names belong together: rotated files of a path, also in
//	                            other directories and where a link leads
//	compare.go                  what a file has of a known one, by its content
//	search.go known.go          a file that has another inode, by its content
//	age.go                      what is left alone for its age, and which of the rotated
//	                            files are history
//
// What becomes of them:
//
//	adopt.go                    a new file, and the generations before it
//	unbegun.go                  new ones that have to wait, and lose their names
//	between.go                  what was at a path between two looks: a path of which nothing
//	                            is known, and names that nothing tells of
//	truncate.go copies.go       copytruncate
//	appended.go                 the same, where each copy is appended to the one before
//	cutback.go                  a file that lost its end
//	settle.go                   what may still be changing
//	replaced.go                 another inode at the path
//	packed.go                   compressed files: the questions about one, and what waits
//	                            for the answers
//	packed_job.go               what is in it? That is found out beside Run
//	packed_whose.go             whose content is it? packed_part.go: of a log that goes on;
//	                            packed_short.go: of one of which little was read
//	packed_rest.go              which one has the rest of a log that is missing or truncated?
//	packed_stray.go             the same, of those under any name
//	packed_new.go               it is nobody's, and read as a file of its own
//	packed_known.go             what becomes of one that is known
//	packed_read.go              reading one
//	drain.go finish.go          the end of a file, and what comes after that
//	join.go rest.go             a line, or a record, that goes on in the next file
//	delete.go                   shipped and deleted
//	loss.go                     what is lost
//
// Their lines:
//
//	file.go read.go             a file and its position; reading and verifying a chunk
//	queue.go feed.go            a topic, and what a lane reads of it
//	records.go reading.go       bytes to records
//	fetch.go                    the bytes of a span again, after a crash
//	chain.go                    what the journal knew
//	past.go                     what was unread when the first scan ended
//	descriptors.go              how many files are open, and those of them that were deleted
//
// The packages below this one know no Input. Read them first, or when they are met:
//
//	disk        the system calls: which file is which, what is in a directory
//	pattern     which paths are followed
//	rotation    which names are rotated files of a log, and which is older
//	kin         in which directories rotated files of a path are, and where links lead
//	notify      what the file system tells of directories
//	turns       what waits to be read, for which lane, and who is next
//	chores      what Run does from time to time
//	jobs        work that takes time, beside Run
//	content     the bytes of an open file, and how a place in them is known again
//	unpack      decompressing them
//	record      cutting them into records
//	explain     what is told of a path
//	packed      with which files the bytes of a compressed one begin; reading one again
//	locate      the files that a journal knows, for who reads them beside the agent
//
// What is told of them: journal.go, for the next run; stats.go, explain.go, explain_file.go.
//
// # Records
//
// Without options every line is a record as it is. Otherwise the package record
// cuts the bytes of a chunk into records (records.go), by rules that depend on
// nothing but these bytes and the options, which the journal keeps as a reading
// for as long as a span needs them (reading.go): after a crash the same records
// come of the same span. What may go on behind the last line is not given and
// stays in the file. The last record of a file is given after a quiet time, and
// what is left out is noted as read when nothing before it is under way
// (records.go). When a rotated file ends with whole lines that may go on in its
// successor, that is asked before it is let go, and the lines that do are joined
// to it as the other half of a line is after a copytruncate (rest.go).
//
// # Who does what
//
// The looks, and all that is decided from them, are made by one goroutine, Run.
// Reading is done by the goroutine that calls Next or Fetch; Run reads only to compare
// and to count. Each file has a lock that is
// held for one read. Lock order: file, the next file of its chain, queue;
// Input.mu, Input.todoMu and Input.openMu come last; only close, when nobody
// reads any more, takes Input.mu before a file. The system calls that look
// at files go through disk.Disk, but those of links and handles, so that tests let
// things happen between any two of them.
//
// # Limits
//
// What cannot be told by inodes, names, times and content is in docs/limits.md.
package tail
