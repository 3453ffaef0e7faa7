package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/podarium/podarium/cluster"
	"github.com/podarium/podarium/tui/config"
	"github.com/podarium/podarium/tui/paint"
)

// Options say what the UI shows, and how.
type Options struct {
	// Cluster is the cluster to show. It must be set.
	Cluster *cluster.Cluster
	// Config is the user's configuration, which is followed. Nil is the default one.
	Config *config.Store
	// Theme is the name of a theme; "dark" or "light" for the configuration's of that name; "auto" or empty for what the
	// configuration says.
	Theme string
	// LogDir is where a crash report is left; empty for the system's directory of temporary files.
	LogDir string
	// StateDir is where the UI remembers what the user has chosen on the screen, such as columns; empty for nowhere.
	StateDir string
	// Open is what the command line is given at the start: "deployments default". Empty opens the home screen.
	Open string
	// Contexts lists the clusters that :ctx can go to, and Switch opens one by its name. Both may do I/O: they run off the
	// UI's goroutine. Nil where there is only the one.
	Contexts func(context.Context) ([]Context, error)
	Switch   func(ctx context.Context, name string) (*cluster.Cluster, error)
	// Tour says whether a newcomer is shown round.
	Tour Tour
	// Demos are applications that :demo applies.
	Demos []Demo
	// ExitTimeout bounds how long the terminal may take to be restored on exit; 0 means 5 s.
	ExitTimeout time.Duration
}

// Context is a cluster that the UI can go to.
type Context struct {
	Name, Server string
	// Current is the one that kubectl would use.
	Current bool
	// ReadOnly says that it would be opened for looking only.
	ReadOnly bool
}

// Demo is an application to play with.
type Demo struct {
	Name, Summary string
	Manifest      []byte
}

func (o *Options) validate() error {
	if o.Cluster == nil {
		return errors.New("tui: no cluster to show")
	}
	if o.Theme == "" {
		o.Theme = "auto"
	}
	if o.Config == nil {
		o.Config = config.Fixed(config.Parse("", nil))
	}
	src, _ := o.Config.Current()
	if err := CheckTheme(src, o.Theme); err != nil {
		return err
	}
	if o.LogDir == "" {
		o.LogDir = os.TempDir()
	}
	if o.ExitTimeout == 0 {
		o.ExitTimeout = 5 * time.Second
	}
	return nil
}

// modesPerSecond is how often bubbletea looks whether the terminal's modes have to change, or something is to be copied. Frames do
// not wait for that.
const modesPerSecond = 30

// CheckTheme says what is wrong with Options.Theme, so that a command can tell before it starts a cluster.
func CheckTheme(src *config.Source, name string) error {
	if slices.Contains(append(config.Modes(), ""), name) {
		return nil
	}
	_, err := src.LoadTheme(name)
	return err
}

// Run shows the UI on the terminal until the user quits or ctx ends. A panic anywhere, also in a goroutine of a library
// that reports to Kubernetes' crash handlers, restores the terminal, leaves a report in LogDir, and is returned as an
// error that wraps ErrCrashed and names the report.
func Run(ctx context.Context, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m, err := NewModel(ctx, o)
	if err != nil {
		return err
	}
	m.painter = paint.New(os.Stdout, os.Environ())
	options := []tea.ProgramOption{tea.WithContext(ctx), tea.WithOutput(m.painter), tea.WithFPS(modesPerSecond)}
	if os.Getenv("NO_COLOR") != "" { // colorprofile takes only what strconv.ParseBool calls true; the convention is any value
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	p := tea.NewProgram(m, options...)
	guard := newGuard(o.LogDir, p.Kill)
	m.guard = guard
	defer guard.watchLibraries()()
	go m.bridge.run(ctx, p.Send)
	go func() {
		defer guard.recover()
		m.painter.Run(ctx.Done())
	}()
	stop := guard.fuse(ctx, o.ExitTimeout)
	_, err = p.Run()
	stop()
	_, _ = os.Stdout.WriteString(ansi.ResetModeLightDark) // what Init has set; a terminal that is gone needs it no more
	m.Close()
	if crash := guard.crash(); crash != nil {
		return crash
	}
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, tea.ErrInterrupted) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	return nil
}
