package etcd

import (
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/pager"
)

// The actions of the etcd screens.
const (
	actOpen     key.Action = "etcd.open"
	actIn       key.Action = "etcd.in"
	actOut      key.Action = "etcd.out"
	actFocus    key.Action = "etcd.focus"
	actBack     key.Action = "etcd.focus-back"
	actObject   key.Action = "etcd.object"
	actDiff     key.Action = "etcd.diff"
	actBase     key.Action = "etcd.base"
	actFormat   key.Action = "etcd.format"
	actSecrets  key.Action = "etcd.secrets"
	actManaged  key.Action = "etcd.managed-fields"
	actWatch    key.Action = "etcd.watch"
	actTree     key.Action = "etcd.tree"
	actReload   key.Action = "etcd.reload"
	actCopy     key.Action = "etcd.copy"
	actOverview key.Action = "etcd.overview"
	actRestore  key.Action = "etcd.restore"
	actPause    key.Action = "etcd.pause"
	actSave     key.Action = "etcd.save"
	actPin      key.Action = "etcd.pin"
	actJump     key.Action = "etcd.jump"
	actFind     key.Action = "etcd.find"
	actFlat     key.Action = "etcd.flat"
	actEdit     key.Action = "etcd.edit"
	actDelete   key.Action = "etcd.delete"
	actPut      key.Action = "etcd.put"
	actCompare  key.Action = "etcd.compare"
	actSort     key.Action = "etcd.sort"
	actTurn     key.Action = "etcd.sort-turn"
)

const (
	groupMove = "Move"
	groupOpen = "Open"
	groupView = "View"
	groupDo   = "Change"
)

func focusKeys() key.Table {
	return key.Table{
		{Action: actFocus, Keys: []string{"tab"}, Hint: "next pane", Help: "to the next pane", Group: groupMove},
		{Action: actBack, Keys: []string{"shift+tab"}, Help: "to the pane before", Group: groupMove},
	}
}

func valueKeys() key.Table {
	return key.Table{
		{Action: actObject, Keys: []string{"K"}, Hint: "object", Help: "the object that the key holds", Group: groupOpen},
		{Action: actDiff, Keys: []string{"d"}, Hint: "diff", Help: "what the revision changed, or its whole value", Group: groupView},
		{Action: actBase, Keys: []string{"m"}, Help: "mark the revision: diffs compare with it", Group: groupView},
		{Action: actFormat, Keys: []string{"o"}, Hint: "format", Help: "YAML, JSON, base64, hex", Group: groupView},
		{Action: actSecrets, Keys: []string{"x"}, Help: "show what is masked in Secrets, or mask it", Group: groupView},
		{Action: actManaged, Keys: []string{"M"}, Help: "show metadata.managedFields, or fold them", Group: groupView},
		{Action: actRestore, Keys: []string{"B"}, Hint: "bring back", Help: "make the object what it was at this revision, or create it anew where it was deleted: through the API, after a preview", Group: groupOpen, Changes: true},
		{Action: actEdit, Keys: []string{"e"}, Help: "edit the object through the API, or write the value into etcd", Group: groupDo, Changes: true},
		{Action: actDelete, Keys: []string{"ctrl+d"}, Help: "delete the object through the API, or the key from etcd; in the tree also all keys of a directory", Group: groupDo, Changes: true},
		{Action: actPin, Keys: []string{"P"}, Help: "the tree as it was at the revision under the cursor; in a pinned tree, back to now", Group: groupOpen},
		{Action: actReload, Keys: []string{"ctrl+r"}, Help: "read it again", Group: groupView},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy the key", Group: groupOpen},
	}
}

func join(tables ...key.Table) key.Table {
	var all key.Table
	for _, t := range tables {
		all = append(all, t...)
	}
	return all
}

// treeKeys is the table while the tree has the focus.
func treeKeys() key.Table {
	return join(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "open", Help: "open or close a directory; a key with its history", Group: groupOpen},
		{Action: actIn, Keys: []string{"l", "right"}, Help: "open a directory, or go to the value", Group: groupMove},
		{Action: actOut, Keys: []string{"h", "left"}, Help: "close a directory, or go to the one above", Group: groupMove},
	}, focusKeys(), key.Table{
		{Action: actFind, Keys: []string{"f"}, Hint: "find", Help: "search the keys of this directory, or their values", Group: groupOpen},
		{Action: actFlat, Keys: []string{"F"}, Hint: "flat", Help: "the keys of this directory as a list that can be sorted", Group: groupOpen},
		{Action: actCompare, Keys: []string{"="}, Help: "what turned a snapshot file, or a past revision, into now; in a pinned tree that revision", Group: groupOpen},
		{Action: actJump, Keys: []string{"ctrl+g"}, Help: "go to a key, of any bytes", Group: groupMove},
		{Action: actPut, Keys: []string{"a"}, Help: "add a key", Group: groupDo, Changes: true},
		{Action: actWatch, Keys: []string{"W"}, Hint: "watch", Help: "the changes under this directory, on a screen of their own", Group: groupOpen},
		{Action: actOverview, Keys: []string{"O"}, Hint: "overview", Help: "members, space, alarms, leases, who writes", Group: groupOpen},
	}, valueKeys(), grid.Keys())
}

// keyKeys is the table of a key's screen while its revisions have the focus.
func keyKeys() key.Table {
	return join(focusKeys(), valueKeys(), key.Table{
		{Action: actTree, Keys: []string{"t"}, Hint: "tree", Help: "the tree around the key", Group: groupOpen},
		{Action: actWatch, Keys: []string{"W"}, Help: "the changes beside this key, on a screen of their own", Group: groupOpen},
	}, grid.Keys())
}

// changesKeys is the table of the live list of changes.
func changesKeys() key.Table {
	return join(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "key", Help: "the key, with its history", Group: groupOpen},
		{Action: actPause, Keys: []string{"p"}, Hint: "pause", Help: "hold the list still, or let it run; 10 000 changes are kept meanwhile, and what is dropped is counted", Group: groupView},
		{Action: actWatch, Keys: []string{"W"}, Hint: "prefixes", Help: "watch other prefixes, several at once, or from a past revision", Group: groupOpen},
		{Action: actSave, Keys: []string{"ctrl+s"}, Hint: "save", Help: "append every change to a file, as lines of JSON", Group: groupView},
	}, focusKeys(), valueKeys().With(false, actReload), grid.Keys())
}

// inPager swaps a table's movements for those of a pager.
func inPager(t key.Table) key.Table {
	moves := map[key.Action]bool{actIn: true, actOut: true}
	for _, b := range grid.Keys() {
		moves[b.Action] = true
	}
	var out key.Table
	for _, b := range t {
		if !moves[b.Action] {
			out = append(out, b)
		}
	}
	return append(out, pager.Keys()...)
}
