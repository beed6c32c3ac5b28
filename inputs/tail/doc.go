// Package tail follows log files and gives every complete line of them once,
// through rotation, truncation and restarts.
//
// # The life of a file
//
//	found ─► ready ⇄ idle ─► rotated ─► done
//	          │  ▲
//	          ▼  │ Next
//	         lane (one goroutine per topic)
//
// A look at a directory finds a file whose identity is not known (look.go,
// adopt.go). It is written to the journal and, when it has something to read,
// put into the ready queue of its topic (feed.go). The lane that ships the
// topic takes it out, reads one quantum (read.go) and puts it back, or leaves it
// idle when it is at its end. When another file is at its path, or none, it is
// rotated: its successor waits until it was read to its end and has been quiet
// for a while (drain.go). Then it is done: its descriptor is closed and only its
// identity is kept, so that a late line is still found and its copies are known
// again (finish.go).
//
// A file whose input was removed from the configuration is only known where it
// is; nothing of it is read. The journal forgets it when it is gone, or after a
// week of one run.
//
// A file that is not in its directory is not gone while that is on another device
// than it was: the file system is not mounted, and the file waits (away.go).
//
// An input may leave files alone that are older than a limit: they are not even
// known until they grow (older.go). It may delete files that were shipped: they
// end like any that was deleted, and then are forgotten (delete.go).
//
// # What happens to a line at a rotation
//
// Renamed: app.log becomes app.log.1, and there is a new app.log. A look is a
// snapshot of the directory at one instant (listing.go). It finds the known
// inode at its new name, and the unknown one at the path, whose predecessor the
// known one becomes. What is still written to the old one is read before the
// first line of the new one, for as long as no second passes without data.
// Rotated files that were never seen, because several rotations came between
// two looks, are those of the family (family.go) that are newer (order.go) than
// the newest known one: they are read from their beginning, in order, before the
// path. Of a path that nobody knew, those are unread that came after the last
// sign of life of the journal (age.go).
//
// Compressed: app.log.1 becomes app.log.1.gz, another inode. When all of the
// plain file was read, or it is open, nothing changes: its lines were read, or
// are read from the descriptor. Otherwise the compressed file is decompressed by
// a goroutine of its own (packed_job.go) and compared with what was read: the
// line is read from it, in its place of the order, and offsets are those of the
// plain bytes. The files after it wait for that. While the plain file is beside
// it the compressed one does not count (packed.go). One that is damaged is named,
// and what is lost with it is counted.
//
// Moved to another directory, such as an olddir: the known file is found by its
// descriptor, by its handle (handle.go), or by a search near (near.go). From then
// on that directory is one of the family's (kin.go), also over a restart. A new
// file at the path waits until the one before it is found, or is known to be
// gone. Files of other users are of no family.
//
// At the end of a symbolic link: the directory of the file that the link leads to is
// looked at and watched too, and what is rotated there is of the link's family
// (targets.go).
//
// Compressed under a name that does not tell whose it is, or in a directory that
// is not known to be of the family: found by its content, while the file is
// missing or was truncated (packed_stray.go).
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
// Cut shorter: when the inode has lost its end and nothing else, as by truncate -s,
// an editor or a power loss, the file is read on from the highest place at which it
// is known again (cutback.go, steps.go); at most three times of what was cut off is
// repeated, and that is said. What was seen behind the position and is cut off too
// is counted as lost. A file that is written anew in place goes on in the same way
// where it begins as it did before; to tell that, one that has become shorter is not
// read before its size stays, for settleTime at most.
//
// Replaced at its path by another inode with the same content, as by cp and mv,
// rsync, an editor, or a restore: when the old inode is not in its directory any
// more, and the new one has the same first bytes and the same before the read
// position, it is read on, once the old one was quiet. When it is the same only
// up to a place below, in the upper half of what was read, it is read on from
// there, behind the old one; what may come twice of it is counted (replaced.go).
// That place is where they begin to differ as long as the old inode is open, and
// else the highest that the journal has.
//
// Known by its content: a file that was decompressed, moved away and copied back,
// or is there again under another inode, as from a backup or with a file system
// that was away, is compared with the known files of its family before it is
// adopted, at all places that the journal has of them, and is read from where it is
// known (known.go). That it is a copy, and not the same lines written again, is told
// by times from before its inode was made, as cp -a and gunzip set them, by its
// compressed form beside it, or by the known file's being nowhere any more. A
// compressed file of the family that has the beginning of a log that goes on is
// noted as history (packed_part.go).
//
// After a restart the journal tells which files are known and how far they
// were read; the first look compares each with what was read of it, and goes on
// from there (chain.go).
//
// # What is said of a file
//
//	missing   the last look did not find it; the next one decides
//	gone      no name leads to it
//	away      the file system that it was on is not mounted
//	sealed    nobody writes to it any more
//	reserved  NULs follow its data: space that its writer took in advance
//	held      open though it is deleted, until it is read (hold_deleted)
//	parked    it cannot be read, and is tried again
//	doubted   its inode seems to have other content: compare says so, and ends it;
//	          so does decided, when truncated has found out what became of it
//	sought    its bytes may be in a compressed file that is looked into, or what
//	          became of it waits for a look: seek says and ends it, and seen where
//	          the file is found and not waiting
//	copyPending
//	          so short that a look has to find out whether it was copied first:
//	          seen and maybeCopied say so, uncopied ends it
//	waiting   (of Input) doubted or truncated, and the next look that can list its
//	          directory decides: cutWaiting takes it up, truncatedIn ends it
//
// All that keeps a file from being read is in blocked.go.
//
// # Which file to open
//
// Where files are, and which file is which:
//
//	patterns.go matches.go      what the configuration matches
//	routes.go topics.go         to which topic it goes, and how far its files are
//	loop.go scan.go             Run, and the full scans that correctness rests on
//	watch.go wake.go            notification, which makes it faster
//	look.go listing.go          a look: what is in a directory at one instant
//	identity.go mark.go         the inode, and the content up to a place
//	handle.go near.go kin.go    a file that is in another directory
//	targets.go                  a file that a symbolic link leads to
//	away.go                     a file on a file system that is not mounted
//	relatives.go                the known files that a name may be a rotated one of
//	search.go known.go          a file that has another inode, by its content
//	family.go order.go age.go   names of rotated files, which is older, which is history
//
// What becomes of them:
//
//	adopt.go orphans.go         a new file, and the generations before it
//	truncate.go copies.go       copytruncate
//	copies_grown.go torn.go     a copy that goes on, and one that ends too early
//	older.go                    what is left alone for its age
//	cutback.go steps.go         a file that lost its end
//	replaced.go                 another inode at the path
//	packed.go                   compressed files, and when it is known what is in them
//	packed_job.go               decompressing and comparing, beside Run
//	packed_claim.go             whose content it is
//	packed_search.go            the rest of a file that is missing or truncated
//	packed_stray.go             the same, under any name
//	packed_own.go               one that a pattern matches
//	packed_part.go              the beginning of a log that goes on, compressed
//	packed_head.go              the beginning of one that ends a line before it
//	packed_read.go              reading one, and packed_fetch.go reading it again
//	packed_slots.go             how many are read at a time, and which
//	drain.go finish.go late.go  the end of a file, and what comes after that
//	join.go rest.go             a line, or a record, that goes on in the next file
//	held.go delete.go park.go   deleted and unread; shipped and deleted; unreadable
//	loss.go                     what is lost
//
// Their lines:
//
//	file.go read.go             a file and its position; reading and verifying a chunk
//	queue.go turns.go feed.go   who is read next
//	records.go reading.go       bytes to records
//	fetch.go                    the bytes of a span again, after a crash
//	chain.go                    what the journal knew
//	past.go                     what was unread when the first scan ended
//	content.go descriptors.go   plain bytes of open files, and how many are open
//	disk.go                     the system calls
//
// What is told of them: stats.go (with the interface Journal), explain.go and
// explain_*.go; and to who reads files beside the agent, locate.go and
// locate_unknown.go.
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
// (quiet.go). When a rotated file ends with whole lines that may go on in its
// successor, that is asked before it is let go, and the lines that do are joined
// to it as the other half of a line is after a copytruncate (rest.go).
//
// # Who does what
//
// The looks, and all that is decided from them, are made by one goroutine, Run.
// Reading is done by the goroutine that calls Next. Each file has a lock that is
// held for one read. Lock order: file, the next file of its chain, queue;
// Input.mu, Input.todoMu and Input.openMu come last; only close, when nobody
// reads any more, takes Input.mu before a file. All system calls that look
// at files go through disk, so that tests let things happen between any two of
// them.
//
// # Limits
//
// When the number of a device changed at a reboot, and no file that was known on
// it is there any more, its files seem to be on a file system that is not mounted:
// spans of them that wait for an ack hold up their topic until a file is at their
// path.
//
// What is written to a file that is idle (closed for lack of data) and deleted
// before anybody could look is lost unseen.
//
// A closed file that is moved to another directory of its file system is found
// by its handle, for which the agent needs CAP_DAC_READ_SEARCH; without it, only
// two levels below its directory and beside it, among 10,000 names (near.go).
// Among more than 64 unknown files, one that was restored under another name
// and inode is not found. What was rotated to a directory before any known file
// of its path was found there is taken for history, unless that file is older;
// and a copy is not looked for in such a directory while fewer than 64 bytes of
// its file were read.
//
// With copytruncate, what is written between the end of the copy and the
// truncation is lost by the program that rotates. A file that is truncated and
// regrown with the same first 1,024 bytes and the same 1,024 bytes before the read
// position is taken for the same file. A file of which fewer than 64 bytes were
// read, and that is truncated and regrown beyond its former size between a look
// and the read that follows, is taken for the same too, since there is nothing
// to know it by: its lines before that are lost, and half a line may come as a
// line. The same is true if it is truncated twice within a second. One of which
// so little was read, and that begins with the other half of a line, is read from
// there again when it is cut shorter: that half comes as a line.
//
// When that file is copied before it is truncated, and the copy is compressed
// before it is known whose it is, the copy may come after what was written
// behind it, and what was read of it twice. A line that a copy breaks off in,
// and that goes on in a file that is truncated before the line is acked, cannot
// be sent again after a crash.
//
// A copy that ends before what was read of its file, and within its first
// 1,024 bytes, is shipped again unless it was seen before the truncation. A file
// that is written anew with the same beginning as before is taken for one that has
// lost its end, if that is half of what is there when it has settled, or the agent
// was down: what it has at the same place as before is not shipped again. A file that
// is cut shorter while the agent is down is shipped from its beginning, which is said,
// when all that was read of it was one span, or came within its first 4 KiB. Of a
// file of which fewer than 64 bytes were read, and that is cut shorter than 1,024,
// more may be counted as lost than was. Of a path that nobody knew, what was rotated
// to another directory while the agent was down is found only when there is a file at
// the path, and other logs of its directory are rotated to there (orphans.go).
//
// A copy without the times of its original, as by cp without -p, is shipped when a
// pattern matches it and its name is none that rotation gives, or when it is at the
// path of a file that was moved to another directory.
//
// A file that is replaced by one with another content from before the middle on
// of what was read is shipped from its beginning, and so is one of which no more than
// 1,024 bytes were read, or whose old inode is kept in another place. A program that
// deletes its log and writes the very same lines again, as many as were read of it, is
// taken for one that restores it: they are not shipped again.
//
// Where numbers count upwards and rotated files are compressed, nothing but the time
// of the last write tells that: a line that one of two generations gets after the
// next was finished turns them round, and the next is taken for history.
//
// A file that is truncated after it was given a name outside its family is read
// before the generations that nobody saw, since nothing tells its place.
//
// A file at a path of which it has to be found out first what is in compressed
// files before it (packed.go) is not known until then: if it is moved meanwhile
// to a name outside its family, or deleted, it is lost. A compressed file in
// another directory is found only when a pattern matches it, a file of its path
// was found there before, or it has the content of the newest known one, at least
// 64 bytes of which were read (packed_stray.go); not while another file there has
// the very name of the path. Compressed files are not deleted after the ack.
//
// What is appended to a compressed file while the agent is down, after it was
// read to its end, is not noticed. A compressed file that begins with the same
// first 1,024 bytes as a file that was read to its end, and has the same plain
// size by its own account, is taken for it when it is larger than 4 MiB.
package tail
