package related

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/podarium/podarium/cluster"
)

var core = schema.GroupVersion{Version: "v1"}

// user collects the uses of one object.
type user struct {
	g  *Graph
	by Ref
}

func (u user) uses(kind, resource, name, how string, optional *bool) {
	if name == "" {
		return
	}
	of := Ref{Resource: core.WithResource(resource), Kind: kind, Namespace: u.by.Namespace, Name: name}
	if kind == "PriorityClass" {
		of.Resource, of.Namespace = schema.GroupVersionResource{Group: "scheduling.k8s.io", Version: "v1", Resource: resource}, ""
	}
	u.g.uses = append(u.g.uses, Use{By: u.by, Of: of, How: how, Optional: optional != nil && *optional})
}

func (u user) configMap(name, how string, optional *bool) {
	u.uses("ConfigMap", "configmaps", name, how, optional)
}

func (u user) secret(name, how string, optional *bool) {
	u.uses("Secret", "secrets", name, how, optional)
}

// readUses reads the Pods, and the objects that hold a template of one or name a Secret.
func (g *Graph) readUses(ctx context.Context, c *cluster.Cluster, ns string) error {
	kube, all := c.Kubernetes(), metav1.ListOptions{ResourceVersion: "0"}
	pods, err := kube.CoreV1().Pods(ns).List(ctx, all)
	if err != nil {
		return fmt.Errorf("pods: %w", err)
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		g.Pods[p.UID] = p
		user{g, Ref{core.WithResource("pods"), "Pod", p.Namespace, p.Name, p.UID}}.pod(&p.Spec)
	}
	apps, batch := schema.GroupVersion{Group: "apps", Version: "v1"}, schema.GroupVersion{Group: "batch", Version: "v1"}
	template := func(gv schema.GroupVersion, resource, kind string, m *metav1.ObjectMeta, spec *corev1.PodSpec) {
		if metav1.GetControllerOf(m) == nil { // else its controller says the same
			user{g, Ref{gv.WithResource(resource), kind, m.Namespace, m.Name, m.UID}}.pod(spec)
		}
	}
	for _, read := range []func() error{
		func() error {
			l, err := kube.AppsV1().Deployments(ns).List(ctx, all)
			for i := range l.Items {
				template(apps, "deployments", "Deployment", &l.Items[i].ObjectMeta, &l.Items[i].Spec.Template.Spec)
			}
			return err
		},
		func() error {
			l, err := kube.AppsV1().StatefulSets(ns).List(ctx, all)
			for i := range l.Items {
				template(apps, "statefulsets", "StatefulSet", &l.Items[i].ObjectMeta, &l.Items[i].Spec.Template.Spec)
			}
			return err
		},
		func() error {
			l, err := kube.AppsV1().DaemonSets(ns).List(ctx, all)
			for i := range l.Items {
				template(apps, "daemonsets", "DaemonSet", &l.Items[i].ObjectMeta, &l.Items[i].Spec.Template.Spec)
			}
			return err
		},
		func() error {
			l, err := kube.BatchV1().Jobs(ns).List(ctx, all)
			for i := range l.Items {
				template(batch, "jobs", "Job", &l.Items[i].ObjectMeta, &l.Items[i].Spec.Template.Spec)
			}
			return err
		},
		func() error {
			l, err := kube.BatchV1().CronJobs(ns).List(ctx, all)
			for i := range l.Items {
				template(batch, "cronjobs", "CronJob", &l.Items[i].ObjectMeta, &l.Items[i].Spec.JobTemplate.Spec.Template.Spec)
			}
			return err
		},
		func() error {
			l, err := kube.CoreV1().ServiceAccounts(ns).List(ctx, all)
			for i := range l.Items {
				a := &l.Items[i]
				u := user{g, Ref{core.WithResource("serviceaccounts"), "ServiceAccount", a.Namespace, a.Name, a.UID}}
				for _, s := range a.ImagePullSecrets {
					u.secret(s.Name, "pulls images of its Pods", nil)
				}
				for _, s := range a.Secrets {
					u.secret(s.Name, "its secrets", nil)
				}
			}
			return err
		},
		func() error {
			l, err := kube.NetworkingV1().Ingresses(ns).List(ctx, all)
			for i := range l.Items {
				in := &l.Items[i]
				gv := schema.GroupVersion{Group: "networking.k8s.io", Version: "v1"}
				u := user{g, Ref{gv.WithResource("ingresses"), "Ingress", in.Namespace, in.Name, in.UID}}
				for _, t := range in.Spec.TLS {
					u.secret(t.SecretName, "its TLS certificate", nil)
				}
			}
			return err
		},
		func() error { return g.readServices(ctx, c, ns) },
	} {
		if err := read(); err != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
			return fmt.Errorf("what is used: %w", err)
		}
	}
	return nil
}

// readServices notes for each Service the Pods that it leads to.
func (g *Graph) readServices(ctx context.Context, c *cluster.Cluster, ns string) error {
	l, err := c.Kubernetes().CoreV1().Services(ns).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	for i := range l.Items {
		s := &l.Items[i]
		if len(s.Spec.Selector) == 0 {
			continue
		}
		by, selector := Ref{core.WithResource("services"), "Service", s.Namespace, s.Name, s.UID}, labels.SelectorFromSet(s.Spec.Selector)
		for _, p := range g.Of(core.WithResource("pods")) {
			if p.Namespace == s.Namespace && selector.Matches(labels.Set(p.Labels)) {
				g.uses = append(g.uses, Use{By: by, Of: p.Ref, How: "leads to it"})
			}
		}
	}
	return nil
}

// pod notes all that a Pod's spec names.
func (u user) pod(spec *corev1.PodSpec) {
	account := spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	u.uses("ServiceAccount", "serviceaccounts", account, "runs as it", nil)
	u.uses("PriorityClass", "priorityclasses", spec.PriorityClassName, "its priority", nil)
	for _, s := range spec.ImagePullSecrets {
		u.secret(s.Name, "pulls images", nil)
	}
	for i := range spec.Volumes {
		u.volume(&spec.Volumes[i])
	}
	for _, list := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range list {
			u.env(&list[i])
		}
	}
}

func (u user) volume(v *corev1.Volume) {
	how := "volume " + v.Name
	switch {
	case v.ConfigMap != nil:
		u.configMap(v.ConfigMap.Name, how, v.ConfigMap.Optional)
	case v.Secret != nil:
		u.secret(v.Secret.SecretName, how, v.Secret.Optional)
	case v.PersistentVolumeClaim != nil:
		u.uses("PersistentVolumeClaim", "persistentvolumeclaims", v.PersistentVolumeClaim.ClaimName, how, nil)
	case v.Projected != nil:
		for _, s := range v.Projected.Sources {
			if s.ConfigMap != nil {
				u.configMap(s.ConfigMap.Name, how, s.ConfigMap.Optional)
			}
			if s.Secret != nil {
				u.secret(s.Secret.Name, how, s.Secret.Optional)
			}
		}
	}
}

func (u user) env(c *corev1.Container) {
	for _, e := range c.EnvFrom {
		how := "all env of container " + c.Name
		if e.ConfigMapRef != nil {
			u.configMap(e.ConfigMapRef.Name, how, e.ConfigMapRef.Optional)
		}
		if e.SecretRef != nil {
			u.secret(e.SecretRef.Name, how, e.SecretRef.Optional)
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		how := "env " + e.Name + " of container " + c.Name
		if r := e.ValueFrom.ConfigMapKeyRef; r != nil {
			u.configMap(r.Name, how, r.Optional)
		}
		if r := e.ValueFrom.SecretKeyRef; r != nil {
			u.secret(r.Name, how, r.Optional)
		}
	}
}
