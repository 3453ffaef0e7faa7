package rollouts

import "github.com/podarium/podarium/tui/key"

const (
	actDown     key.Action = "down"
	actUp       key.Action = "up"
	actPane     key.Action = "pane"
	actEnter    key.Action = "enter"
	actUndo     key.Action = "undo"
	actScale    key.Action = "scale"
	actImage    key.Action = "image"
	actRestart  key.Action = "restart"
	actPause    key.Action = "pause"
	actDescribe key.Action = "describe"
	actYAML     key.Action = "yaml"
	actEtcd     key.Action = "etcd"
	actLogs     key.Action = "logs"
	actPods     key.Action = "pods"
	actReplicas key.Action = "replicasets"
	actMore     key.Action = "diff.down"
	actLess     key.Action = "diff.up"
	actMark     key.Action = "mark"
	actTop      key.Action = "top"
	actBottom   key.Action = "bottom"
)

func keys() key.Table {
	return key.Table{
		{Action: actUndo, Keys: []string{"u"}, Hint: "undo to this", Help: "go back to the revision under the cursor; on the current one, to the one before", Group: "Change", Changes: true},
		{Action: actImage, Keys: []string{"i"}, Hint: "image", Help: "set the image of each container", Group: "Change", Changes: true},
		{Action: actScale, Keys: []string{"s"}, Hint: "scale", Help: "scale", Group: "Change", Changes: true},
		{Action: actPause, Keys: []string{"p"}, Hint: "pause", Help: "pause the rollout, or resume it", Group: "Change", Changes: true},
		{Action: actRestart, Keys: []string{"r"}, Hint: "restart", Help: "restart: replace every Pod, a few at a time", Group: "Change", Changes: true},
		{Action: actPane, Keys: []string{"tab"}, Hint: "pods", Help: "go between revisions and Pods", Group: "Move"},
		{Action: actMark, Keys: []string{"m"}, Hint: "compare", Help: "mark the revision: diffs compare with it, until it is marked again", Group: "Open"},
		{Action: actEtcd, Keys: []string{"K"}, Hint: "etcd", Help: "the object's key in etcd, or the Pod's", Group: "Open"},
		{Action: actEnter, Keys: []string{"enter"}, Help: "the Pods; a Pod's containers", Group: "Open"},
		{Action: actLogs, Keys: []string{"l"}, Hint: "logs", Help: "logs of all Pods, or of the Pod under the cursor", Group: "Open"},
		{Action: actPods, Keys: []string{"P"}, Hint: "table", Help: "the Pods as a table, with all that can be done to them", Group: "Open"},
		{Action: actReplicas, Keys: []string{"z"}, Help: "the Deployment's ReplicaSets", Group: "Open"},
		{Action: actDescribe, Keys: []string{"d"}, Help: "describe the workload, or the Pod", Group: "Open"},
		{Action: actYAML, Keys: []string{"y"}, Help: "YAML of the workload, or the Pod", Group: "Open"},
		{Action: actDown, Keys: []string{"j", "down"}, Help: "down", Group: "Move"},
		{Action: actUp, Keys: []string{"k", "up"}, Help: "up", Group: "Move"},
		{Action: actTop, Keys: []string{"g", "home"}, Help: "to the newest", Group: "Move"},
		{Action: actBottom, Keys: []string{"G", "end"}, Help: "to the oldest", Group: "Move"},
		{Action: actMore, Keys: []string{"ctrl+f", "pgdown"}, Help: "further in the diff", Group: "Move"},
		{Action: actLess, Keys: []string{"ctrl+b", "pgup"}, Help: "back in the diff", Group: "Move"},
	}
}
