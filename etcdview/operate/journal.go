package operate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"time"
)

// Entry is what was done to an etcd, by whom and when.
type Entry struct {
	// ID is that of the entry; times and those of other entries of the same process make it unique.
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	// User is the one of this machine.
	User string `json:"user,omitempty"`
	// Etcd says which: a name, or endpoints.
	Etcd string `json:"etcd,omitempty"`
	// Operation and Target are those of an Operation, or put, delete and undo with a key.
	Operation string `json:"operation"`
	Target    string `json:"target,omitempty"`
	// Preview is what was shown before.
	Preview []string `json:"preview,omitempty"`
	// State is begun, done or failed. One that stays begun was interrupted: what it did is not known.
	State  string `json:"state"`
	Result string `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
	// UndoFile holds what was there before.
	UndoFile string `json:"undoFile,omitempty"`
}

// States of an Entry.
const (
	Begun  = "begun"
	Done   = "done"
	Failed = "failed"
)

// Journal is a file of JSON lines that tells what was done to etcds. It is only ever appended to; when it has grown to
// 16 MB it is renamed to FILE.old, in the place of an older one.
type Journal struct{ File string }

// JournalName is the usual name of the file, within a data directory.
const JournalName = "etcd-operations.jsonl"

const maxJournal = 16 << 20

// Record writes that something begins, does it, and writes how it went. What cannot be recorded is not done.
func (j *Journal) Record(e Entry, do func() (result string, err error)) (string, error) {
	e.Time = time.Now().UTC()
	e.ID = fmt.Sprintf("%s-%d", e.Time.Format("20060102T150405.000000000"), os.Getpid())
	if u, err := user.Current(); err == nil {
		e.User = u.Username
	}
	e.State = Begun
	if err := j.append(e); err != nil {
		return "", fmt.Errorf("nothing was changed: it cannot be recorded: %w", err)
	}
	result, err := do()
	end := Entry{ID: e.ID, Time: time.Now().UTC(), Operation: e.Operation, State: Done, Result: result}
	if err != nil {
		end.State, end.Error = Failed, err.Error()
	}
	return result, errors.Join(err, j.append(end))
}

func (j *Journal) append(e Entry) error {
	if err := os.MkdirAll(filepath.Dir(j.File), 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if st, err := os.Stat(j.File); err == nil && st.Size() > maxJournal && e.State == Begun {
		if err := os.Rename(j.File, j.File+".old"); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	f, err := os.OpenFile(j.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	b, err := json.Marshal(e)
	if err == nil {
		_, err = f.Write(append(b, '\n')) // one write, so that lines of several processes do not mix
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// Entries are what was recorded, oldest first, each with how it went. A file that is not there has none; lines that
// cannot be read are passed over.
func (j *Journal) Entries() ([]Entry, error) {
	f, err := os.Open(j.File)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer f.Close()
	var list []Entry
	at := map[string]int{}
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		var e Entry
		if json.Unmarshal(line, &e) == nil {
			if i, ok := at[e.ID]; ok {
				list[i].State, list[i].Result, list[i].Error = e.State, e.Result, e.Error
			} else {
				at[e.ID] = len(list)
				list = append(list, e)
			}
		}
		if err != nil {
			return list, nil // the end of the file; a torn last line is none
		}
	}
}
