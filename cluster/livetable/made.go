package livetable

// Made is a table whose rows this program makes of what it knows, rather than a server: rollouts, releases, rules.
// It gives a screen what a Table does, changed cells and all. It is safe for use by several goroutines.
type Made struct{ store *store }

// NewMade makes an empty table.
func NewMade(columns []Column) *Made {
	m := &Made{store: newStore()}
	m.store.fills = true
	m.store.setColumns(columns)
	return m
}

// Set replaces the rows: those with a UID that was there before keep their place, and their cells know whether they
// changed, which those do not that were always empty: they were not known yet. synced says that there are no more to
// come, err why the rows may be old. The rows are the table's from now on.
func (m *Made) Set(rows []*Row, synced bool, err error) {
	m.store.beginList()
	m.store.put(rows)
	m.store.endList()
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	m.store.synced, m.store.err = synced, err
	m.store.touch()
}

// Changed receives after a change, or several. It holds at most one value and is never closed.
func (m *Made) Changed() <-chan struct{} { return m.store.changed }

// Snapshot is the table now. It costs nothing when nothing changed since the last call.
func (m *Made) Snapshot() *Snapshot { return m.store.snapshot() }

// Close does nothing: a Made has nothing that runs.
func (m *Made) Close() {}
