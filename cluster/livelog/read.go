package livelog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// maxLine bounds one line: a longer one is shown in pieces.
const maxLine = 64 << 10

// nodeError is what a kubelet writes in place of a last line when it cannot read on.
type nodeError string

func (e nodeError) Error() string { return string(e) }

// readLines calls line for every line of r, without its end, and returns what ended r: nil at its proper end.
func readLines(r io.Reader, line func(nanos int64, text []byte)) error {
	b := bufio.NewReaderSize(r, maxLine)
	for piece := false; ; {
		text, err := b.ReadSlice('\n')
		full := errors.Is(err, bufio.ErrBufferFull)
		if len(text) > 0 {
			nanos, rest := stamp(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")))
			if errors.Is(err, io.EOF) && nanos == noTime && !piece {
				return nodeError(rest)
			}
			line(nanos, rest)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !full:
			return err
		}
		piece = full
	}
}

// stamp splits the time off that the kubelet puts before each line.
func stamp(text []byte) (int64, []byte) {
	at := bytes.IndexByte(text, ' ')
	if at < 0 {
		at = len(text)
	}
	if at < len("2006-01-02T15:04:05Z") || at > len("2006-01-02T15:04:05.000000000-07:00") {
		return noTime, text
	}
	t, err := time.Parse(time.RFC3339Nano, string(text[:at]))
	if err != nil {
		return noTime, text
	}
	return t.UnixNano(), text[min(at+1, len(text)):]
}

// position is how far the log of a source was read: the time of the last line, and how many lines have that time.
type position struct {
	nanos int64
	count int
}

// resume reads on from a position, in a log that begins at that time or before: it reports whether a line is new.
type resume struct {
	position
	skip int // lines of the last time that are still to be skipped
	from int64
}

func newResume(p position) *resume { return &resume{position: p, skip: p.count, from: p.nanos} }

func (r *resume) isNew(nanos int64) bool {
	if nanos == noTime {
		return true
	}
	if r.count > 0 && nanos < r.from {
		return false
	}
	if nanos == r.from && r.skip > 0 {
		r.skip--
		return false
	}
	if nanos == r.nanos {
		r.count++
	} else {
		r.position = position{nanos, 1}
	}
	return true
}
