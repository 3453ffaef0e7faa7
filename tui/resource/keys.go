package resource

import (
	"github.com/podarium/podarium/tui/key"
	"github.com/podarium/podarium/tui/save"
	"github.com/podarium/podarium/tui/session"
)

// The actions of a table.
const (
	actDown        key.Action = "down"
	actUp          key.Action = "up"
	actPageDown    key.Action = "page-down"
	actPageUp      key.Action = "page-up"
	actTop         key.Action = "top"
	actBottom      key.Action = "bottom"
	actLeft        key.Action = "left"
	actRight       key.Action = "right"
	actEnter       key.Action = "enter"
	actDescribe    key.Action = "describe"
	actYAML        key.Action = "yaml"
	actEtcd        key.Action = "etcd"
	actLogs        key.Action = "logs"
	actPrevious    key.Action = "logs.previous"
	actEvents      key.Action = "events"
	actRollout     key.Action = "rollout"
	actScale       key.Action = "scale"
	actLabel       key.Action = "label"
	actImage       key.Action = "image"
	actRestart     key.Action = "restart"
	actPause       key.Action = "pause"
	actEdit        key.Action = "edit"
	actDelete      key.Action = "delete"
	actKill        key.Action = "kill"
	actSanitize    key.Action = "sanitize"
	actRollBack    key.Action = "roll-back"
	actReplicas    key.Action = "replicasets"
	actReveal      key.Action = "reveal"
	actForward     key.Action = "port-forward"
	actForwards    key.Action = "port-forwards"
	actShell       key.Action = "shell"
	actNodeShell   key.Action = "shell.node"
	actHandOver    key.Action = "shell.whole"
	actAttach      key.Action = "attach"
	actDebug       key.Action = "debug"
	actTransfer    key.Action = "transfer"
	actCordon      key.Action = "cordon"
	actUncordon    key.Action = "uncordon"
	actDrain       key.Action = "drain"
	actPower       key.Action = "power"
	actAddNode     key.Action = "node.add"
	actRemoveNode  key.Action = "node.remove"
	actTrigger     key.Action = "trigger"
	actSuspend     key.Action = "suspend"
	actMark        key.Action = "mark"
	actMarkRange   key.Action = "mark.range"
	actUnmark      key.Action = "mark.none"
	actWide        key.Action = "wide"
	actFaults      key.Action = "faults"
	actColumns     key.Action = "columns"
	actColumnLeft  key.Action = "column.left"
	actColumnRight key.Action = "column.right"
	actSortName    key.Action = "sort.name"
	actSortAge     key.Action = "sort.age"
	actSortStatus  key.Action = "sort.status"
	actSortSpace   key.Action = "sort.namespace"
	actSortColumn  key.Action = "sort.column"
	actCopy        key.Action = "copy"
	actCopySpace   key.Action = "copy.namespace"
	actOwner       key.Action = "owner"
	actTree        key.Action = "tree"
	actUsedBy      key.Action = "used-by"
	actNode        key.Action = "node"
	actTraffic     key.Action = "traffic"
	actUse         key.Action = "namespace.use"
	actWarp        key.Action = "namespace.warp"
	actNamespace   key.Action = "namespace." // and a digit
)

const (
	groupMove = "Move"
	groupOpen = "Open"
	groupDo   = "Change"
	groupMark = "Mark and copy"
	groupView = "View"
)

// Keys is the table of all keys of a table, those first that the foot should show where it cannot show all: what a kind can do
// alone, then what all can. A kind that lacks an operation leaves its key out.
func Keys() key.Table {
	t := key.Table{
		{Action: actEnter, Keys: []string{"enter"}, Hint: "open", Help: "what is inside: a workload's rollout, a node's Pods, a Pod's containers, the rules of a role or service account", Group: groupOpen},
		{Action: actScale, Keys: []string{"s"}, Hint: "scale", Help: "scale", Group: groupDo, Changes: true},
		{Action: actShell, Keys: []string{"s"}, Hint: "shell", Help: "a shell in the Pod, in a pane", Group: groupDo, Changes: true, NoPreview: true},
		{Action: actNodeShell, Keys: []string{"s"}, Hint: "shell", Help: "a shell on the node, by a Pod there with the node's file system, which goes with it", Group: groupDo, Changes: true},
		{Action: actTrigger, Keys: []string{"t"}, Hint: "run now", Help: "run a CronJob now", Group: groupDo, Changes: true},
		{Action: actSuspend, Keys: []string{"s"}, Hint: "suspend", Help: "suspend a CronJob or Job, or let it go on", Group: groupDo, Changes: true},
		{Action: actCordon, Keys: []string{"c"}, Hint: "cordon", Help: "cordon: no new Pods on the node", Group: groupDo, Changes: true},
		{Action: actUncordon, Keys: []string{"u"}, Hint: "uncordon", Help: "uncordon: new Pods again", Group: groupDo, Changes: true},
		{Action: actDrain, Keys: []string{"r"}, Hint: "drain", Help: "drain: cordon, and evict the Pods", Group: groupDo, Changes: true},
		{Action: actPower, Keys: []string{"p"}, Hint: "power", Help: "switch a node of podarium's off, as a power failure does, or on again", Group: groupDo, Changes: true},
		{Action: actAddNode, Keys: []string{"a"}, Hint: "add", Help: "add a node to a cluster that podarium runs", Group: groupDo, Changes: true},
		{Action: actImage, Keys: []string{"i"}, Hint: "image", Help: "set the image of each container", Group: groupDo, Changes: true},
		{Action: actRestart, Keys: []string{"r"}, Hint: "restart", Help: "restart: replace every Pod, a few at a time", Group: groupDo, Changes: true},
		{Action: actRollBack, Keys: []string{"ctrl+l"}, Hint: "roll back", Help: "take the Deployment back to this ReplicaSet's revision", Group: groupDo, Changes: true},
		{Action: actReveal, Keys: []string{"x"}, Hint: "decode", Help: "the Secret with its values decoded", Group: groupOpen},
		{Action: actUsedBy, Keys: []string{"u"}, Hint: "used by", Help: "what uses it: a ConfigMap, a Secret, a volume claim, a service account", Group: groupOpen},
		{Action: actTraffic, Keys: []string{"t"}, Hint: "traffic", Help: "how a Service's connections are spread over its endpoints", Group: groupOpen},
		{Action: actLogs, Keys: []string{"l"}, Hint: "logs", Help: "logs, of all Pods of a workload, of all marked Pods", Group: groupOpen},
		{Action: actDescribe, Keys: []string{"d"}, Hint: "describe", Help: "describe", Group: groupOpen},
		{Action: actYAML, Keys: []string{"y"}, Hint: "yaml", Help: "YAML", Group: groupOpen},
		{Action: actEdit, Keys: []string{"e"}, Hint: "edit", Help: "edit in your editor, with a diff before it is applied", Group: groupDo, Changes: true},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the object's key in etcd", Group: groupOpen},
		{Action: actEvents, Keys: []string{"v"}, Hint: "events", Help: "events that concern the object", Group: groupOpen},
		{Action: actDelete, Keys: []string{"ctrl+d"}, Hint: "delete", Help: "delete, after a preview", Group: groupDo, Changes: true},
		{Action: actTree, Keys: []string{"T"}, Hint: "tree", Help: "the tree: its owners, what it owns, and what its Pods use", Group: groupOpen},
		{Action: actForward, Keys: []string{"F"}, Hint: "forward", Help: "lead a port of this machine to one of the Pod, Service or workload", Group: groupDo},
		{Action: actMark, Keys: []string{"space"}, Hint: "mark", Help: "mark, or unmark", Group: groupMark},
		{Action: actHandOver, Keys: []string{"X"}, Help: "a shell in the Pod that takes the whole terminal", Group: groupDo, Changes: true, NoPreview: true},
		{Action: actAttach, Keys: []string{"a"}, Help: "attach to the process of the Pod's container", Group: groupDo, Changes: true, NoPreview: true},
		{Action: actDebug, Keys: []string{"B"}, Help: "a debug container in the Pod, with a shell", Group: groupDo, Changes: true},
		{Action: actTransfer, Keys: []string{"t"}, Help: "copy files to the Pod or from it", Group: groupDo, Changes: true, NoPreview: true},
		{Action: actForwards, Keys: []string{"f"}, Help: "the ports that lead to Pods", Group: groupOpen},
		{Action: actRemoveNode, Keys: []string{"x"}, Help: "remove a node of podarium's, for good", Group: groupDo, Changes: true},
		{Action: actPause, Keys: []string{"p"}, Help: "pause the rollout, or resume it", Group: groupDo, Changes: true},
		{Action: actLabel, Keys: []string{"L"}, Help: "set or remove labels or annotations, of all that is marked", Group: groupDo, Changes: true},
		{Action: actKill, Keys: []string{"ctrl+k"}, Help: "kill: delete the Pod at once, without grace", Group: groupDo, Changes: true},
		{Action: actSanitize, Keys: []string{"z"}, Help: "delete those of the Pods in sight that have ended", Group: groupDo, Changes: true},
		{Action: actPrevious, Keys: []string{"p"}, Help: "logs of the container before its last restart", Group: groupOpen},
		{Action: actRollout, Keys: []string{"R"}, Help: "the rollout: revisions, diff, progress, undo", Group: groupOpen},
		{Action: actReplicas, Keys: []string{"z"}, Help: "the Deployment's ReplicaSets", Group: groupOpen},
		{Action: actOwner, Keys: []string{"J"}, Help: "the owner", Group: groupOpen},
		{Action: actNode, Keys: []string{"o"}, Help: "the Pod's node", Group: groupOpen},
		{Action: actMarkRange, Keys: []string{"ctrl+space", "ctrl+@"}, Help: "mark all from the last mark to here", Group: groupMark},
		{Action: actUnmark, Keys: []string{`ctrl+\`}, Help: "unmark all", Group: groupMark},
		{Action: actCopy, Keys: []string{"c"}, Help: "copy the name, or the marked names", Group: groupMark},
		{Action: actCopySpace, Keys: []string{"n"}, Help: "copy the namespace", Group: groupMark},
		save.Key("the table, as it is filtered and sorted,"),
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: groupMove},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: groupMove},
		{Action: actPageDown, Keys: []string{"ctrl+f", "pgdown"}, Help: "a page down", Group: groupMove},
		{Action: actPageUp, Keys: []string{"ctrl+b", "pgup"}, Help: "a page up", Group: groupMove},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the first row", Group: groupMove},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the last row", Group: groupMove},
		{Action: actLeft, Keys: []string{"h", "left"}, Help: "columns further left", Group: groupMove},
		{Action: actRight, Keys: []string{"right"}, Help: "columns further right", Group: groupMove},
		{Action: actSortName, Keys: []string{"N"}, Help: "sort by name; again for the other way round", Group: groupView},
		{Action: actSortAge, Keys: []string{"A"}, Help: "sort by age", Group: groupView},
		{Action: actSortStatus, Keys: []string{"S"}, Help: "sort by status", Group: groupView},
		{Action: actSortSpace, Keys: []string{"P"}, Help: "sort by namespace", Group: groupView},
		{Action: actColumnLeft, Keys: []string{"shift+left"}, Help: "choose the column to the left", Group: groupView},
		{Action: actColumnRight, Keys: []string{"shift+right"}, Help: "choose the column to the right", Group: groupView},
		{Action: actSortColumn, Keys: []string{"O"}, Help: "sort by the chosen column", Group: groupView},
		{Action: actWide, Keys: []string{"ctrl+w"}, Help: "more columns, or fewer", Group: groupView},
		{Action: actColumns, Keys: []string{"C"}, Hint: "columns", Help: "choose the columns and their order, and add some of your own; remembered", Group: groupView},
		{Action: actFaults, Keys: []string{"ctrl+z"}, Help: "only what is not well, or all", Group: groupView},
		{Action: actUse, Keys: []string{"u"}, Help: "work in this namespace", Group: groupView},
		{Action: actWarp, Keys: []string{"w"}, Help: "work in the namespace of this row", Group: groupView},
	}
	return t
}

// namespaceKeys are the digits, with the namespaces that they lead to.
func namespaceKeys(ses *session.Session) key.Table {
	t := make(key.Table, 0, len(ses.Favourites))
	for i, ns := range ses.Favourites {
		if ns == "" {
			ns = "all namespaces"
		} else {
			ns = ses.Label(ns)
		}
		d := string(rune('0' + i))
		t = append(t, key.Binding{Action: actNamespace + key.Action(d), Keys: []string{d}, Help: ns, Group: "Namespaces"})
	}
	return t
}
