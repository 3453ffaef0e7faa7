package etcdcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/podarium/podarium/etcdview"
	"github.com/podarium/podarium/etcdview/recorder"
)

// recordings is the directory of what is recorded of etcds that are not podarium's own, within the data directory.
const recordings = "etcd-recordings"

// recorded is the file in a recording that says of what it is.
const recorded = "etcd.json"

// identity is what that file holds.
type identity struct {
	ClusterID string    `json:"clusterID"`
	Endpoints []string  `json:"endpoints"`
	Prefix    string    `json:"prefix,omitempty"`
	Began     time.Time `json:"began"`
}

// useRecording lets histories go on with what is recorded of the etcd, if anything is.
func (o *options) useRecording(ctx context.Context, t *Target) error {
	var err error
	if !o.connect.Chosen() {
		if o.deps.History == nil {
			return nil
		}
		t.History, err = o.deps.History()
	} else {
		t.History, err = o.existingRecording(ctx, t.Store)
	}
	if err != nil || t.History == "" {
		return err
	}
	r, err := recorder.Open(t.History, recorder.Options{})
	if err != nil {
		return err
	}
	if o.connect.Chosen() {
		same, err := r.Matches(ctx, t.Store)
		if err != nil {
			return err
		}
		if !same { // another etcd with the same ID: those of one member with default settings all have it
			t.History = ""
			return nil
		}
	}
	t.Reader = recorder.Reader{Reader: t.Store, Recording: r}
	return nil
}

// existingRecording is recording, or empty where nothing is recorded; the etcd is asked only where something may be.
func (o *options) existingRecording(ctx context.Context, s *etcdview.Store) (string, error) {
	dir, err := o.dataDir()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, recordings)); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if dir, err = o.recording(ctx, s); err != nil {
		return "", err
	}
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return dir, nil
}

// recording is the directory for what is recorded of an etcd that is not podarium's own.
func (o *options) recording(ctx context.Context, s *etcdview.Store) (string, error) {
	dir, err := o.dataDir()
	if err != nil {
		return "", err
	}
	id, err := s.ClusterID(ctx)
	return filepath.Join(dir, recordings, id), err
}

func (o *options) recordCommand() *cobra.Command {
	ro := recorder.Options{}
	var megabytes int
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record the history of an etcd beyond compaction, until interrupted",
		Long: `Writes every change of an etcd that is not podarium's own into the data directory, until it is interrupted, so that
history, diff, get --rev and extract reach back beyond what the etcd itself keeps. (podarium records its own etcd always.)
Taken up again, it goes on where it ended, as far back as the etcd remembers; what was missed is named as a gap wherever
the history is shown. The oldest changes go when there are more than --max-megabytes or they are older than --max-age.
Values are recorded as the etcd has them, Secrets too: the files are readable by you alone.`,
		Example: `  podarium etcd --endpoints https://10.0.0.1:2379 --cacert ca.crt --cert c.crt --key c.key record
  podarium etcd record --prefix /registry/ --max-age 24h
  podarium etcd record list`,
		Args: usageArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if megabytes < 1 || ro.Age <= 0 {
				return usage("--max-megabytes and --max-age bound the recording: they must be more than 0")
			}
			ro.Bytes = int64(megabytes) << 20
			ro.Prefix = etcdview.ParseKey(ro.Prefix)
			return o.withLive(cmd, func(ctx context.Context, t *Target, w io.Writer) error {
				if !o.connect.Chosen() {
					return usage("podarium records its own etcd by itself: 'podarium etcd history' shows it. Give --endpoints for another")
				}
				return o.runRecording(ctx, t, ro, w, cmd.ErrOrStderr())
			})
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&ro.Prefix, "prefix", "", "only keys that begin with this")
	fs.IntVar(&megabytes, "max-megabytes", 256, "how much to keep, in MB")
	fs.DurationVar(&ro.Age, "max-age", 7*24*time.Hour, "how long to keep it")
	cmd.AddCommand(o.recordList())
	return cmd
}

func (o *options) runRecording(ctx context.Context, t *Target, ro recorder.Options, w, errs io.Writer) error {
	dir, err := o.recording(ctx, t.Store)
	if err != nil {
		return err
	}
	if err := identify(dir, t, ro.Prefix); err != nil {
		return err
	}
	changes, began, shown := 0, false, time.Time{}
	ro.Recorded = func(b etcdview.Batch) {
		if !began {
			began = true
			fmt.Fprintf(w, "recording %s into %s\n", t.Name, dir)
		}
		changes += len(b.Events)
		switch {
		case b.Gap != nil:
			clearProgress(errs)
			fmt.Fprintf(w, "revisions %d to %d are compacted away and were not recorded\n", b.Gap.From, b.Gap.To-1)
		case b.Interrupted != nil && !errors.Is(b.Interrupted, etcdview.ErrCompacted):
			clearProgress(errs)
			fmt.Fprintf(errs, "interrupted, trying again: %v\n", b.Interrupted)
		case terminal(errs) && time.Since(shown) > time.Second/5:
			shown = time.Now()
			fmt.Fprintf(errs, "\r\x1b[K%d changes, revision %d", changes, b.Revision)
		}
	}
	r, err := recorder.Open(dir, ro)
	if err != nil {
		return err
	}
	err = r.Run(ctx, t.Store)
	clearProgress(errs)
	if err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		return err
	}
	s := r.Summary()
	_, err = fmt.Fprintf(w, "%d changes recorded, up to revision %d; %s are kept in all\n", changes, s.Last, etcdview.Size(s.Bytes))
	return err
}

// identify writes of what a recording is.
func identify(dir string, t *Target, prefix string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	b, err := marshal(identity{ClusterID: filepath.Base(dir), Endpoints: strings.Split(t.Name, ","), Prefix: prefix, Began: time.Now().UTC()}, "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, recorded), b, 0o600); err != nil {
		return fmt.Errorf("record history: %w", err)
	}
	return nil
}

// recordingInfo is a recording as programs read it.
type recordingInfo struct {
	identity
	recorder.Summary
	Dir string `json:"directory"`
}

func (o *options) recordList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List what is recorded, of which etcd, and the gaps in it",
		Example: `  podarium etcd record list -o json`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := o.recorded()
			if err != nil {
				return err
			}
			return printValue(cmd.OutOrStdout(), o.output, list, func(tw *tabwriter.Writer) {
				fmt.Fprintln(tw, "CLUSTER\tETCD\tKEYS\tCHANGES\tREVISIONS\tSIZE\tSINCE\tUNTIL")
				for _, r := range list {
					fmt.Fprintf(tw, "%s\t%s\t%d\t%d\t%d to %d\t%s\t%s\t%s\n", r.ClusterID, strings.Join(r.Endpoints, ","), r.Keys, r.Changes, r.First, r.Last,
						etcdview.Size(r.Bytes), r.Since.Local().Format(time.DateTime), r.Until.Local().Format(time.DateTime))
					for _, g := range r.Gaps {
						fmt.Fprintf(tw, "\trevisions %d to %d were not recorded\n", g.From, g.To-1)
					}
				}
			})
		},
	}
}

// recorded lists the recordings in the data directory, podarium's own first.
func (o *options) recorded() ([]recordingInfo, error) {
	list := []recordingInfo{}
	add := func(dir string, id identity) error {
		r, err := recorder.Open(dir, recorder.Options{})
		if err != nil {
			return err
		}
		if s := r.Summary(); s.Changes > 0 {
			list = append(list, recordingInfo{id, s, dir})
		}
		return nil
	}
	if o.deps.History != nil {
		dir, err := o.deps.History()
		if err != nil {
			return nil, err
		}
		if err := add(dir, identity{ClusterID: "embedded", Endpoints: []string{"embedded"}}); err != nil {
			return nil, err
		}
	}
	data, err := o.dataDir()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(data, recordings, "*", recorded))
	if err != nil {
		return nil, fmt.Errorf("recordings: %w", err)
	}
	for _, f := range files {
		var id identity
		b, err := os.ReadFile(f)
		if err == nil {
			err = json.Unmarshal(b, &id)
		}
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", f, err)
		}
		if err := add(filepath.Dir(f), id); err != nil {
			return nil, err
		}
	}
	return list, nil
}
