package manage

import (
	"github.com/podarium/podarium/tui/grid"
	"github.com/podarium/podarium/tui/key"
)

const (
	actTree       key.Action = "manage.tree"
	actWatch      key.Action = "manage.watch"
	actSpace      key.Action = "manage.space"
	actAudit      key.Action = "manage.audit"
	actLeases     key.Action = "manage.leases"
	actUsers      key.Action = "manage.users"
	actDone       key.Action = "manage.done"
	actCount      key.Action = "manage.count"
	actNext       key.Action = "manage.next"
	actReload     key.Action = "manage.reload"
	actOpen       key.Action = "manage.open"
	actMenu       key.Action = "manage.menu"
	actSnapshot   key.Action = "manage.snapshot"
	actCompact    key.Action = "manage.compact"
	actDefragment key.Action = "manage.defragment"
	actDisarm     key.Action = "manage.disarm"
	actReclaim    key.Action = "manage.reclaim"
	actLeader     key.Action = "manage.move-leader"
	actAdd        key.Action = "manage.member-add"
	actPromote    key.Action = "manage.member-promote"
	actRemove     key.Action = "manage.member-remove"
	actCompare    key.Action = "manage.consistency"
	actRevoke     key.Action = "manage.revoke"
	actCopy       key.Action = "manage.copy"
)

const (
	groupOpen = "Open"
	groupView = "View"
	groupDo   = "Operate"
)

func overviewKeys() key.Table {
	return append(append(key.Table{
		{Action: actMenu, Keys: []string{"enter", "o"}, Hint: "operate", Help: "choose what to do to etcd, or to the member under the cursor", Group: groupDo},
		{Action: actTree, Keys: []string{"t"}, Hint: "tree", Help: "the keys as a tree", Group: groupOpen},
		{Action: actWatch, Keys: []string{"W"}, Hint: "watch", Help: "changes as they happen", Group: groupOpen},
		{Action: actSpace, Keys: []string{"s"}, Hint: "space", Help: "what fills the database", Group: groupOpen},
		{Action: actAudit, Keys: []string{"a"}, Hint: "audit", Help: "what is wrong in the registry", Group: groupOpen},
		{Action: actLeases, Keys: []string{"l"}, Hint: "leases", Help: "all leases with their keys", Group: groupOpen},
		{Action: actUsers, Keys: []string{"u"}, Help: "users and roles", Group: groupOpen},
		{Action: actDone, Keys: []string{"r"}, Help: "what was done to etcd, by whom, and how it went", Group: groupOpen},
		{Action: actNext, Keys: []string{"tab"}, Help: "count the writes by something else", Group: groupView},
		{Action: actCount, Keys: []string{"w"}, Help: "count the writes of an etcd that is not podarium's own: all its changes are then sent here", Group: groupView},
		{Action: actReload, Keys: []string{"ctrl+r"}, Help: "ask again now", Group: groupView},
	}, operateKeys()...), grid.Keys()...)
}

// operateKeys are the operations, with a key each.
func operateKeys() key.Table {
	return key.Table{
		{Action: actSnapshot, Keys: []string{"S"}, Help: "save a snapshot to a file, with a check", Group: groupDo},
		{Action: actCompare, Keys: []string{"H"}, Help: "compare what the members hold, by hashes at one revision", Group: groupDo},
		{Action: actCompact, Keys: []string{"C"}, Help: "compact: forget all revisions before one", Group: groupDo, Changes: true},
		{Action: actDefragment, Keys: []string{"F"}, Help: "defragment all members, the leader last", Group: groupDo, Changes: true},
		{Action: actDisarm, Keys: []string{"x"}, Help: "take back all alarms", Group: groupDo, Changes: true},
		{Action: actReclaim, Keys: []string{"R"}, Help: "reclaim the space of a full etcd: compact, defragment, and take back NOSPACE", Group: groupDo, Changes: true},
		{Action: actLeader, Keys: []string{"L"}, Help: "make the member under the cursor the leader", Group: groupDo, Changes: true},
		{Action: actAdd, Keys: []string{"A"}, Help: "add a member, voting or as a learner", Group: groupDo, Changes: true},
		{Action: actPromote, Keys: []string{"p"}, Help: "let the learner under the cursor vote", Group: groupDo, Changes: true},
		{Action: actRemove, Keys: []string{"ctrl+d"}, Help: "remove the member under the cursor for good", Group: groupDo, Changes: true},
	}
}

func leaseKeys() key.Table {
	return append(key.Table{
		{Action: actOpen, Keys: []string{"enter"}, Hint: "keys", Help: "the keys on the lease", Group: groupOpen},
		{Action: actRevoke, Keys: []string{"ctrl+d"}, Hint: "revoke", Help: "end the lease now, and delete its keys", Group: groupDo, Changes: true},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy the ID", Group: groupOpen},
		{Action: actReload, Keys: []string{"ctrl+r"}, Help: "ask again now", Group: groupView},
	}, grid.Keys()...)
}

func userKeys() key.Table {
	return append(key.Table{
		{Action: actNext, Keys: []string{"tab"}, Hint: "users or roles", Help: "to the roles, or to the users", Group: groupView},
		{Action: actReload, Keys: []string{"ctrl+r"}, Help: "ask again", Group: groupView},
	}, grid.Keys()...)
}

func doneKeys() key.Table {
	return append(key.Table{
		{Action: actCopy, Keys: []string{"c"}, Help: "copy the name of the undo file", Group: groupOpen},
		{Action: actReload, Keys: []string{"ctrl+r"}, Help: "read it again", Group: groupView},
	}, grid.Keys()...)
}
