// Package sneaky changes clusters in ways that TestOneDoor has to find. Nothing imports it.
package sneaky

import (
	"context"
	"net/http"
	"os/exec"
	"reflect"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	. "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/kubectl/pkg/drain"
)

type embeds struct{ kubernetes.Interface }

// deleter hides a client behind an interface.
type deleter interface {
	Delete(ctx context.Context, name string, o metav1.DeleteOptions) error // want deleter).Delete
}

func clients(ctx context.Context, c kubernetes.Interface, d dynamic.Interface, r Interface, config *Config) {
	pods := c.CoreV1().Pods("default")
	_, _ = pods.Get(ctx, "web", metav1.GetOptions{})
	_ = pods.Delete(ctx, "web", metav1.DeleteOptions{}) // want PodInterface).Delete
	remove := pods.DeleteCollection                     // want PodInterface).DeleteCollection
	_ = remove(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
	_, _ = embeds{c}.CoreV1().Nodes().Update(ctx, nil, metav1.UpdateOptions{})                   // want NodeInterface).Update
	_ = pods.EvictV1(ctx, nil)                                                                   // want PodExpansion).EvictV1
	_, _ = d.Resource(schema.GroupVersionResource{}).Apply(ctx, "x", nil, metav1.ApplyOptions{}) // want ResourceInterface).Apply
	r.Get().Do(ctx)
	r.Delete().Do(ctx)                                                // want rest.Interface).Delete
	r.Get().Verb("DELETE").Do(ctx)                                    // want rest.Request).Verb
	NewRequestWithClient(nil, "", ClientContentConfig{}, nil).Do(ctx) // want rest.NewRequestWithClient
	_, _ = HTTPClientFor(config)                                      // want rest.HTTPClientFor
	_, _ = kubernetes.NewForConfig(config)                            // want kubernetes.NewForConfig
	_, _ = remotecommand.NewWebSocketExecutor(config, "GET", "")      // want remotecommand.NewWebSocketExecutor
	_ = drain.RunNodeDrain(nil, "x")                                  // want drain.RunNodeDrain
	_, _ = c.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, nil, metav1.CreateOptions{})
}

func etcd(ctx context.Context, c *clientv3.Client, kv etcdserverpb.KVClient) {
	_, _ = c.Get(ctx, "k")
	_, _ = c.Put(ctx, "k", "v")     // want KV).Put
	_, _ = c.Do(ctx, clientv3.Op{}) // want KV).Do
	txn := c.Txn(ctx)               // want KV).Txn
	_, _ = txn.Commit()             // want Txn).Commit
	_, _ = kv.DeleteRange(ctx, nil) // want KVClient).DeleteRange
	_, _ = c.UserAdd(ctx, "u", "p") // want Auth).UserAdd
}

func around(ctx context.Context, c any) {
	_, _ = http.NewRequestWithContext(ctx, http.MethodDelete, "https://server/api/v1/pods", nil) // want http.NewRequestWithContext
	_ = exec.CommandContext(ctx, "kubectl", "delete", "pod", "web")                              // want exec.CommandContext
	reflect.ValueOf(c).MethodByName("Delete")                                                    // want Value).MethodByName
}
