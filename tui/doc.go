// Package tui is podarium's terminal UI: Run shows a cluster on a terminal.
//
// # How it is built
//
// This package is the frame: the header, the title line, the foot, the command line, the help, the dialogs, the stack of
// screens and their history. What is in the frame comes from one package per screen; those know package
// tui/screen, the contract, and never this package.
//
//	tui            the frame, Run, and Model, which tests drive without a terminal (package tui/tuitest)
//	tui/screen     the contract: Screen, Scope, Request, Module, Dialog, State
//	tui/canvas     a rectangle of cells to draw on; clips, and makes all text safe to print
//	tui/paint      puts the cells on the terminal as soon as a frame is there
//	tui/style      the styles of a theme for what the terminal can show
//	tui/key        keys as data: one table per screen makes keys, hints, help and documentation
//	tui/dialog     questions: confirm, form, and the preview of a change
//	tui/pager      long text that scrolls, wraps and searches
//	tui/session    the namespace in force and the kinds that the cluster serves
//	tui/vitals     how the cluster as a whole is doing
//	tui/resource   live tables of any kind
//	...            one package for each further screen
//
// Data comes one way: stores under cluster/ and etcdview -> Scope.Live -> one bridge goroutine -> a function of the
// screen's on the UI's goroutine -> Draw. Commands go one way: key -> key.Table -> Action -> Screen.Do -> Call.
//
// # How to add a screen
//
// Make a package tui/NAME with a Module and add one line to modules in screens.go:
//
//	func Module() screen.Module {
//		return screen.Module{
//			Name:   "Leases",
//			Routes: []screen.Route{screen.To(open)},                    // which requests it answers
//			Commands: []screen.Command{{Names: []string{"leases"}, Help: "the leases of etcd",
//				Run: func(*screen.Scope, string) (screen.Request, error) { return Leases{}, nil }}},
//			Keys: map[string]key.Table{"Leases": keys()},               // for docs/keys.md and the test of clashes
//		}
//	}
//
//	type Leases struct{}                                               // the request: any type; fields say what to show
//
//	func open(s *screen.Scope, r Leases) (screen.Screen, error) {      // must not block
//		v := &view{scope: s, store: etcdview.OpenLeases(s.Context(), s.Cluster().Etcd())}
//		s.Live(v.store.Changed(), v.refresh)                           // live data
//		return v, nil
//	}
//
// A Screen has four methods. Place says where the user is: crumbs, a note, and at the right a State (glyph, word, colour).
// Keys is the table in force; use Table.With to leave out what cannot be done now. Do gets the Action of a key. Draw draws
// into a canvas, which is the body between the title line and the foot: pure, fast, only what is in sight. Further
// interfaces are found by type assertion: Filterer for the / line, Ticker for a call each second, Typer to get raw keys
// (text fields in the screen), Pointer for the mouse, Shower, Closer, and Subject where there is an object under the cursor.
//
// Everything of a screen runs on one goroutine, so it needs no locks, and may never block it:
//
//   - I/O goes into screen.Call(scope, "what for the status line", timeout, func(ctx) (T, error), func(T, error)).
//     The first function runs elsewhere, the second on the UI's goroutine, and not at all when the screen was closed.
//     The context ends at the timeout, when the screen is closed, or when the user presses esc on a slow call.
//   - Live data goes through scope.Live(channel, f): stores have a channel of capacity 1 that says "something changed";
//     f takes a snapshot. However much changes, f runs at most 60 times a second. A screen that can tell whether anything in
//     sight has changed uses scope.LiveSeen, and costs no frame where nothing has.
//   - scope.After(d, f) is the only timer. scope.Now() is the only clock. Draw is called after each of these.
//
// Going elsewhere is scope.Open(request), which stacks the screen (esc leads back); Replace puts it in the same place.
// Requests that cross packages stand in tui/screen/request.go: Resources, Describe, YAML, Rollout, Logs, Events, EtcdKey...
// scope.Handles(request) says whether some package answers one: use it to leave keys out. The hook for etcd is
// screen.EtcdKey{Object}, which K on any object opens, and screen.Etcd{Prefix} for the tree: a package that has
// screen.To(func(*screen.Scope, screen.EtcdKey) (screen.Screen, error)) among its routes gets both. The way from a key
// to its object is scope.Open(screen.YAML{Object: ...}) or Resources with Select set to the UID.
//
// Messages are scope.Say(health, text) and scope.Fail(err). Questions are scope.Ask(dialog): dialog.NewConfirm,
// dialog.NewForm. Changes of the cluster are never made by a screen: package tui/changes takes a function that plans,
// shows the plan as a diff, and applies it through the one door; bind its key with Changes: true.
//
// Colours are roles of the theme, through scope.Styles() in each Draw: Text, Muted, Heading, Accent, OK, Warn, Error,
// Info, Changed, Added, Removed, Match. Health is screen.Health: its Glyph, a word, and then its Style.
//
// # How to test a screen
//
// Drawing: build the view over a fixture with screentest.New, and compare it with golden files by screentest.AllSizes
// (Sized, Dialog, Golden; make golden-update rewrites): text and styles, dark, light and without colour. Behaviour: tuitest.New(t, tui.Options{Cluster: c}) runs the real model
// against a real cluster without a terminal: d.Keys("j", "enter"), d.Wait("text on the screen"); it waits for calls and live data, never for time.
package tui
