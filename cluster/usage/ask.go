package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/podarium/podarium/cluster"
)

const path = "/apis/metrics.k8s.io/v1beta1"

// get reads one answer of the metrics API.
func get(ctx context.Context, c *cluster.Cluster, path string, into any) error {
	raw, err := c.Kubernetes().CoreV1().RESTClient().Get().AbsPath(path).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return json.Unmarshal(raw, into)
}

func (l *Live) ask(ctx context.Context, c *cluster.Cluster) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if l.q.Nodes {
		return askNodes(ctx, c)
	}
	var list metrics.PodMetricsList
	switch {
	case l.q.Name != "":
		list.Items = make([]metrics.PodMetrics, 1)
		if err := get(ctx, c, path+"/namespaces/"+l.q.Namespace+"/pods/"+l.q.Name, &list.Items[0]); err != nil {
			return nil, err
		}
	case l.q.Namespace != "":
		if err := get(ctx, c, path+"/namespaces/"+l.q.Namespace+"/pods", &list); err != nil {
			return nil, err
		}
	default:
		if err := get(ctx, c, path+"/pods", &list); err != nil {
			return nil, err
		}
	}
	l.learn(ctx, c, list.Items)
	s := &Snapshot{Served: true, Of: make(map[types.NamespacedName]Use, len(list.Items))}
	for i := range list.Items {
		m := &list.Items[i]
		key := types.NamespacedName{Namespace: m.Namespace, Name: m.Name}
		need := l.needs[key]
		u := need.sum
		u.Containers = make(map[string]Use, len(m.Containers))
		for _, mc := range m.Containers {
			cu := need.containers[mc.Name]
			cu.Used = amount(mc.Usage)
			u.Used = u.Used.plus(cu.Used)
			u.Containers[mc.Name] = cu
		}
		s.Of[key] = u
	}
	return s, nil
}

// learn reads what Pods ask for that are new: a few by themselves, many by a list, which is not made more often than
// twice a minute. What cannot be read leaves percentages out.
func (l *Live) learn(ctx context.Context, c *cluster.Cluster, seen []metrics.PodMetrics) {
	known := make(map[types.NamespacedName]need, len(seen))
	var fresh []types.NamespacedName
	for i := range seen {
		key := types.NamespacedName{Namespace: seen[i].Namespace, Name: seen[i].Name}
		if n, ok := l.needs[key]; ok {
			known[key] = n
		} else {
			fresh = append(fresh, key)
		}
	}
	l.needs = known
	stale := time.Since(l.listed) > 10*seldom // what a Pod asks for can be changed while it runs
	switch {
	case len(seen) == 0, len(fresh) == 0 && !stale:
	case len(fresh) <= oneByOne && !stale || l.q.Name != "":
		for _, key := range fresh {
			if pod, err := c.Kubernetes().CoreV1().Pods(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{ResourceVersion: "0"}); err == nil {
				l.needs[key] = needOf(pod)
			}
		}
	case time.Since(l.listed) > seldom:
		l.listed = time.Now()
		measured := make(map[types.NamespacedName]bool, len(seen))
		for i := range seen {
			measured[types.NamespacedName{Namespace: seen[i].Namespace, Name: seen[i].Name}] = true
		}
		for o := (metav1.ListOptions{Limit: page}); ; {
			list, err := c.Kubernetes().CoreV1().Pods(l.q.Namespace).List(ctx, o)
			if err != nil {
				return
			}
			for i := range list.Items {
				p := &list.Items[i]
				if key := (types.NamespacedName{Namespace: p.Namespace, Name: p.Name}); measured[key] {
					l.needs[key] = needOf(p)
				}
			}
			if o.Continue = list.Continue; o.Continue == "" {
				return
			}
		}
	}
}

func askNodes(ctx context.Context, c *cluster.Cluster) (*Snapshot, error) {
	var list metrics.NodeMetricsList
	if err := get(ctx, c, path+"/nodes", &list); err != nil {
		return nil, err
	}
	can := map[string]corev1.ResourceList{}
	if nodes, err := c.Kubernetes().CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"}); err == nil { // else without percentages
		for i := range nodes.Items {
			can[nodes.Items[i].Name] = nodes.Items[i].Status.Allocatable
		}
	}
	s := &Snapshot{Served: true, Of: make(map[types.NamespacedName]Use, len(list.Items))}
	for i := range list.Items {
		m := &list.Items[i]
		all := amount(can[m.Name])
		s.Of[types.NamespacedName{Name: m.Name}] = Use{Used: amount(m.Usage), Request: all, Limit: all}
	}
	return s, nil
}
