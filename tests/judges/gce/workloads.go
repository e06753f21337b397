package main

// What stands in for a cluster's nodes, its kubelets and the endpoint slice
// controller: nodes in two zones, and pods and endpoints made from the workloads of
// the manifests.

import (
	"fmt"
	"sort"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// stubNodes makes two nodes, each in a zone of its own, if the manifests have none.
func (w *world) stubNodes() {
	if len(w.Nodes) > 0 {
		return
	}
	for i, z := range []string{"us-central1-b", "us-central1-c"} {
		cidr := fmt.Sprintf("10.4.%d.0/24", i)
		w.Nodes = append(w.Nodes, &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("stub-node-%d", i), Labels: map[string]string{"topology.kubernetes.io/zone": z}},
			Spec:       corev1.NodeSpec{ProviderID: fmt.Sprintf("gce://test-project/%s/stub-node-%d", z, i), PodCIDR: cidr, PodCIDRs: []string{cidr}},
			Status: corev1.NodeStatus{
				Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.128.0.%d", 2+i)}},
				Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
			},
		})
	}
}

// stubPods makes one pod per zone-node for each Deployment/StatefulSet in the
// manifest (so that named targetPorts resolve against real containerPorts), and
// the EndpointSlices that the Service selectors give. Services that an Ingress
// references and that match nothing get a stub endpoint.
func (w *world) stubPods() {
	type tmpl struct {
		name, ns string
		replicas int
		t        corev1.PodTemplateSpec
	}
	var ts []tmpl
	n := func(p *int32) int {
		if p == nil {
			return 1
		}
		if *p > 2 {
			return 2
		}
		return int(*p)
	}
	for _, d := range w.Deployments {
		ts = append(ts, tmpl{d.Name, d.Namespace, n(d.Spec.Replicas), d.Spec.Template})
	}
	for _, d := range w.StatefulSets {
		ts = append(ts, tmpl{d.Name, d.Namespace, n(d.Spec.Replicas), d.Spec.Template})
	}
	sort.Slice(ts, func(i, j int) bool { return ts[i].ns+"/"+ts[i].name < ts[j].ns+"/"+ts[j].name })
	host := 10
	for _, t := range ts {
		for r := 0; r < t.replicas; r++ {
			node := w.Nodes[r%len(w.Nodes)]
			p := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-stub-%d", t.name, r), Namespace: t.ns, Labels: t.t.Labels, CreationTimestamp: metav1.Now()},
				Spec:       *t.t.Spec.DeepCopy(),
			}
			p.Spec.NodeName = node.Name
			p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.4.%d.%d", r%len(w.Nodes), host),
				Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}, {Type: corev1.ContainersReady, Status: corev1.ConditionTrue}}}
			p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
			w.Pods = append(w.Pods, p)
		}
		host++
	}

	referenced := map[string]bool{}
	for _, ing := range w.Ingresses {
		for _, s := range ingressServices(ing) {
			referenced[ing.Namespace+"/"+s] = true
		}
	}
	have := map[string]bool{}
	for _, es := range w.EndpointSlices {
		have[es.Namespace+"/"+es.Labels[discoveryv1.LabelServiceName]] = true
	}
	for _, s := range w.Services {
		k := s.Namespace + "/" + s.Name
		if have[k] || len(s.Spec.Selector) == 0 && !referenced[k] {
			continue
		}
		var pods []*corev1.Pod
		for _, p := range w.Pods {
			if p.Namespace == s.Namespace && len(s.Spec.Selector) > 0 && matches(s.Spec.Selector, p.Labels) {
				pods = append(pods, p)
			}
		}
		if len(pods) == 0 {
			if !referenced[k] {
				continue
			}
			w.add(Finding{"judge", "info", ref("Service", s.Namespace, s.Name), "no workload in the manifest matches the selector: using a stub endpoint"})
			p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: s.Name + "-stub", Namespace: s.Namespace, Labels: s.Spec.Selector, CreationTimestamp: metav1.Now()},
				Spec:   corev1.PodSpec{NodeName: w.Nodes[0].Name, Containers: []corev1.Container{{Name: "stub"}}},
				Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: fmt.Sprintf("10.4.0.%d", host), Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}}
			host++
			for _, sp := range s.Spec.Ports {
				cp := corev1.ContainerPort{ContainerPort: sp.Port, Protocol: sp.Protocol}
				if sp.TargetPort.Type == intstr.String {
					cp.Name = sp.TargetPort.StrVal
				} else {
					cp.ContainerPort = sp.TargetPort.IntVal
				}
				p.Spec.Containers[0].Ports = append(p.Spec.Containers[0].Ports, cp)
			}
			w.Pods = append(w.Pods, p)
			pods = append(pods, p)
		}
		es := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Name: s.Name + "-stub", Namespace: s.Namespace, Labels: map[string]string{discoveryv1.LabelServiceName: s.Name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
			AddressType: discoveryv1.AddressTypeIPv4,
		}
		for _, sp := range s.Spec.Ports {
			num, ok := resolvePort(sp.TargetPort, pods[0])
			if !ok {
				w.add(Finding{"judge", "warning", ref("Service", s.Namespace, s.Name), fmt.Sprintf("targetPort %q of port %q is no containerPort of the selected pods: this port has no endpoints", sp.TargetPort.String(), sp.Name)})
				continue
			}
			name, proto, num := sp.Name, sp.Protocol, num
			es.Ports = append(es.Ports, discoveryv1.EndpointPort{Name: &name, Protocol: &proto, Port: &num})
		}
		yes := true
		for _, p := range pods {
			node := p.Spec.NodeName
			es.Endpoints = append(es.Endpoints, discoveryv1.Endpoint{Addresses: []string{p.Status.PodIP}, NodeName: &node,
				Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes},
				TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}})
		}
		w.EndpointSlices = append(w.EndpointSlices, es)
	}
}

func resolvePort(tp intstr.IntOrString, p *corev1.Pod) (int32, bool) {
	if tp.Type == intstr.Int {
		return tp.IntVal, true
	}
	for _, c := range p.Spec.Containers {
		for _, cp := range c.Ports {
			if cp.Name == tp.StrVal {
				return cp.ContainerPort, true
			}
		}
	}
	return 0, false
}

func matches(sel, labels map[string]string) bool {
	for k, v := range sel {
		if labels[k] != v {
			return false
		}
	}
	return true
}

func ingressServices(ing *networkingv1.Ingress) []string {
	var out []string
	if b := ing.Spec.DefaultBackend; b != nil && b.Service != nil {
		out = append(out, b.Service.Name)
	}
	for _, r := range ing.Spec.Rules {
		if r.HTTP == nil {
			continue
		}
		for _, p := range r.HTTP.Paths {
			if p.Backend.Service != nil {
				out = append(out, p.Backend.Service.Name)
			}
		}
	}
	return out
}
