package main

// Runs the real controllers — ingress (L7), NEG and firewall — of
// k8s.io/ingress-gce against fake clients and a mock GCE, until they settle.

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/filter"
	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/meta"
	"github.com/spf13/pflag"
	compute "google.golang.org/api/compute/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	bcfake "k8s.io/ingress-gce/pkg/backendconfig/client/clientset/versioned/fake"
	"k8s.io/ingress-gce/pkg/composite"
	ingctx "k8s.io/ingress-gce/pkg/context"
	"k8s.io/ingress-gce/pkg/controller"
	ctltranslator "k8s.io/ingress-gce/pkg/controller/translator"
	"k8s.io/ingress-gce/pkg/firewalls"
	"k8s.io/ingress-gce/pkg/flags"
	fcfake "k8s.io/ingress-gce/pkg/frontendconfig/client/clientset/versioned/fake"
	"k8s.io/ingress-gce/pkg/neg"
	negmetrics "k8s.io/ingress-gce/pkg/neg/metrics"
	"k8s.io/ingress-gce/pkg/neg/metrics/metricscollector"
	"k8s.io/ingress-gce/pkg/neg/syncers/labels"
	negtypes "k8s.io/ingress-gce/pkg/neg/types"
	"k8s.io/ingress-gce/pkg/network"
	svcnegfake "k8s.io/ingress-gce/pkg/svcneg/client/clientset/versioned/fake"
	"k8s.io/ingress-gce/pkg/utils"
	"k8s.io/ingress-gce/pkg/utils/namer"
	"k8s.io/klog/v2"
)

type options struct {
	timeout       time.Duration
	quiet         time.Duration
	addresses     []string
	mcrtLate      bool
	negStub       bool
	namespace     string
	controllerVer string
}

type run struct {
	w    *world
	opt  options
	gce  *fakeGCE
	kube *fake.Clientset

	mu     sync.Mutex
	events []eventRec
	ord    int
	mcrts  []mcrtState
}

type eventRec struct {
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Object  string `json:"object"`
	Source  string `json:"from,omitempty"`
	Message string `json:"message"`

	last int // ordinal of the latest occurrence
}

type mcrtState struct {
	Name           string   `json:"name"`
	Domains        []string `json:"domains"`
	SslCertificate string   `json:"sslCertificate,omitempty"`
	AttachedTo     []string `json:"attachedTo,omitempty"`
}

func setFlags() {
	// The defaults of the controller's own flags, then what GKE's managed control
	// plane runs with: finalizers and the v2 naming scheme (HTTPS redirects need it).
	flags.Register()
	_ = pflag.CommandLine.Parse(nil)
	flags.F.FinalizerAdd = true
	flags.F.FinalizerRemove = true
	flags.F.EnableV2FrontendNamer = true
	flags.F.GKEClusterName = "stub-cluster"
	flags.F.EnablePSC = false
}

func (r *run) recordEvent(e *corev1.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := eventRec{Type: e.Type, Reason: e.Reason, Source: e.Source.Component, Message: e.Message,
		Object: ref(e.InvolvedObject.Kind, e.InvolvedObject.Namespace, e.InvolvedObject.Name)}
	r.ord++
	rec.last = r.ord
	for i := range r.events {
		x := &r.events[i]
		if x.Type == rec.Type && x.Reason == rec.Reason && x.Object == rec.Object && x.Message == rec.Message {
			x.last = r.ord
			return
		}
	}
	r.events = append(r.events, rec)
}

func (r *run) execute(ctx context.Context) error {
	logger := klog.TODO()
	w := r.w

	r.kube = fake.NewSimpleClientset()
	// Events are aggregated by the recorder into patches; take each as it comes.
	r.kube.PrependReactor("create", "events", func(a clienttesting.Action) (bool, runtime.Object, error) {
		e := a.(clienttesting.CreateAction).GetObject().(*corev1.Event)
		r.recordEvent(e)
		return false, nil, nil
	})
	r.kube.PrependReactor("patch", "events", func(a clienttesting.Action) (bool, runtime.Object, error) {
		p := a.(clienttesting.PatchAction)
		if o, err := r.kube.Tracker().Get(a.GetResource(), a.GetNamespace(), p.GetName()); err == nil {
			r.recordEvent(o.(*corev1.Event))
		}
		return false, nil, nil
	})
	bc, fc, svcneg := bcfake.NewSimpleClientset(), fcfake.NewSimpleClientset(), svcnegfake.NewSimpleClientset()

	mk := metav1.CreateOptions{}
	// kube-system/default-http-backend, as on a GKE cluster.
	def := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "default-http-backend", Annotations: map[string]string{"cloud.google.com/neg": `{"ingress":true}`}},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, ClusterIP: "10.96.0.9", Selector: map[string]string{"k8s-app": "glbc"},
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, Protocol: "TCP", TargetPort: intstr.FromInt32(8080), NodePort: 30080}}},
	}
	w.Services = append(w.Services, def)
	one, tcp, httpName, yes, node := int32(8080), corev1.ProtocolTCP, "http", true, w.Nodes[0].Name
	w.EndpointSlices = append(w.EndpointSlices, &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "kube-system", Name: "default-http-backend-stub", Labels: map[string]string{discoveryv1.LabelServiceName: "default-http-backend"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.4.0.3"}, NodeName: &node, Conditions: discoveryv1.EndpointConditions{Ready: &yes}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "kube-system", Name: "l7-default-backend"}}},
		Ports:       []discoveryv1.EndpointPort{{Name: &httpName, Port: &one, Protocol: &tcp}},
	})
	w.Pods = append(w.Pods, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "l7-default-backend", Labels: map[string]string{"k8s-app": "glbc"}, CreationTimestamp: metav1.Now()},
		Spec:   corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Name: "default-http-backend", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.4.0.3", PodIPs: []corev1.PodIP{{IP: "10.4.0.3"}}, Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}})
	defaultPort := utils.ServicePort{
		ID:         utils.ServicePortID{Service: types.NamespacedName{Namespace: "kube-system", Name: "default-http-backend"}, Port: networkingv1.ServiceBackendPort{Name: "http"}},
		TargetPort: intstr.FromInt32(8080), Port: 80, PortName: "http",
	}

	seen := map[string]bool{}
	create := func(kind, ns, name string, f func() error) error {
		id := ref(kind, ns, name)
		if seen[id] {
			w.add(Finding{"yaml", "warning", id, "the manifest has this object more than once: the last one counts"})
		}
		seen[id] = true
		return f()
	}
	for _, o := range w.Nodes {
		if _, err := r.kube.CoreV1().Nodes().Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for _, o := range w.Services {
		if err := create("Service", o.Namespace, o.Name, func() error { _, err := r.kube.CoreV1().Services(o.Namespace).Create(ctx, o, mk); return err }); err != nil {
			return err
		}
	}
	for _, o := range w.Secrets {
		if _, err := r.kube.CoreV1().Secrets(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for _, o := range w.Pods {
		if _, err := r.kube.CoreV1().Pods(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for _, o := range w.EndpointSlices {
		if _, err := r.kube.DiscoveryV1().EndpointSlices(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for _, o := range w.BackendConfigs {
		if _, err := bc.CloudV1().BackendConfigs(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for _, o := range w.FrontendConfigs {
		if _, err := fc.NetworkingV1beta1().FrontendConfigs(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}
	for i, o := range w.Ingresses {
		o.UID = types.UID(fmt.Sprintf("00000000-0000-0000-0000-%012d", i))
		if _, err := r.kube.NetworkingV1().Ingresses(o.Namespace).Create(ctx, o, mk); err != nil {
			return err
		}
	}

	r.gce = newFakeGCE(r.opt.addresses)
	for _, n := range w.Nodes {
		if p := strings.Split(n.Spec.ProviderID, "/"); len(p) > 4 {
			// (NewFakeGCECloud knows one zone only: that is where instances are looked for)
			_ = r.gce.m.Instances().Insert(ctx, meta.ZonalKey(n.Name, r.gce.LocalZone()), &compute.Instance{Name: n.Name, Zone: r.gce.LocalZone(),
				Tags: &compute.Tags{Items: []string{n.Name}}, NetworkInterfaces: []*compute.NetworkInterface{{}}})
		}
	}
	nm := namer.NewNamer("stubuid", "", logger)
	const kubeSystemUID = types.UID("11111111-2222-3333-4444-555555555555")
	c, err := ingctx.NewControllerContext(r.kube, bc, fc, nil, svcneg, nil, nil, nil, nil, r.kube, r.gce.Cloud, nm, kubeSystemUID, ingctx.ControllerContextConfig{
		Namespace:             corev1.NamespaceAll,
		ResyncPeriod:          10 * time.Minute,
		DefaultBackendSvcPort: defaultPort,
		HealthCheckPath:       flags.F.HealthCheckPath,
		MaxIGSize:             1000,
	}, logger)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)

	// NEG controller first, so that the ingress controller finds the NEGs as on a
	// cluster that has been given a moment (on a real one they race, and the first
	// syncs end in a transient "NEG not found" event).
	nmet := negmetrics.NewNegMetrics()
	smet := metricscollector.NewNegMetricsCollector(time.Minute, logger)
	adapter, err := network.NewAdapterNetworkSelfLink(r.gce.Cloud)
	if err != nil {
		adapter = r.gce.Cloud
	}
	negc, err := neg.NewController(c.KubeClient, c.SvcNegClient, c.EventRecorderClient, kubeSystemUID,
		c.IngressInformer, c.ServiceInformer, c.PodInformer, c.NodeInformer, c.EndpointSliceInformer, c.SvcNegInformer,
		c.NetworkInformer, c.GKENetworkParamsInformer, c.NodeTopologyInformer, c.HasSynced, c.L4Namer, defaultPort,
		negtypes.NewAdapterWithRateLimitSpecs(r.gce.Cloud, flags.F.GCERateLimit.Values(), adapter, nmet),
		c.ZoneGetter, nm, 10*time.Minute, 10*time.Minute, 1, true, false, false, false,
		labels.PodLabelPropagationConfig{}, false, false, false, false, true, false, stop, logger, nmet, smet)
	if err != nil {
		return err
	}
	c.Start(stop)
	deadline := time.Now().Add(r.opt.timeout)
	for !c.HasSynced() {
		if time.Now().After(deadline) {
			return fmt.Errorf("informers did not sync")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if r.opt.negStub {
		r.stubNEGs(ctx, nm)
	} else {
		go negc.Run()
		want := r.negsWanted()
		for t := time.Now().Add(8 * time.Second); time.Now().Before(t) && r.negCount(ctx) < want; {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond) // endpoints
	}

	if !r.opt.mcrtLate {
		r.syncManagedCertificates(ctx)
	}
	time.Sleep(50 * time.Millisecond) // let the informers see the annotation

	lbc := controller.NewLoadBalancerController(c, stop, logger)
	go lbc.Run()
	fwc, err := firewalls.NewFirewallController(c, flags.F.NodePortRanges.Values(), false, false, false, stop, logger)
	if err != nil {
		return err
	}
	go fwc.Run()

	if r.opt.mcrtLate {
		r.settle(ctx, deadline)
		r.syncManagedCertificates(ctx)
	}
	r.settle(ctx, deadline)
	return nil
}

// settle waits until nothing has changed for a while: every Ingress of ours has an
// address (or no more warnings come), or the deadline.
func (r *run) settle(ctx context.Context, deadline time.Time) {
	last, lastChange := "", time.Now()
	for time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
		ok := true
		ings, _ := r.kube.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
		for i := range ings.Items {
			ing := &ings.Items[i]
			if utils.IsGLBCIngress(ing) && len(ing.Status.LoadBalancer.Ingress) == 0 {
				ok = false
			}
		}
		s := r.fingerprint(ctx)
		if s != last {
			last, lastChange = s, time.Now()
			continue
		}
		q := r.opt.quiet
		if !ok {
			q *= 4 // failing syncs back off: give them longer
		}
		if time.Since(lastChange) > q {
			return
		}
	}
}

func (r *run) fingerprint(ctx context.Context) string {
	c := r.gce.Compute()
	fr, _ := c.GlobalForwardingRules().List(ctx, filter.None)
	be, _ := c.BackendServices().List(ctx, filter.None)
	tp, _ := c.TargetHttpsProxies().List(ctx, filter.None)
	fw, _ := c.Firewalls().List(ctx, filter.None)
	n := 0
	for _, b := range be {
		n += len(b.Backends)
	}
	for _, t := range tp {
		n += len(t.SslCertificates)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kinds := len(r.events)
	return fmt.Sprint(len(fr), len(be), len(tp), len(fw), n, kinds)
}

func (r *run) negCount(ctx context.Context) int {
	m, _ := r.gce.Compute().NetworkEndpointGroups().AggregatedList(ctx, filter.None)
	n := 0
	for _, l := range m {
		n += len(l)
	}
	return n
}

// negsWanted is a lower bound: Services with NEG on that some Ingress of ours names, times zones.
func (r *run) negsWanted() int {
	zones := map[string]bool{}
	for _, n := range r.w.Nodes {
		if p := strings.Split(n.Spec.ProviderID, "/"); len(p) > 3 {
			zones[p[3]] = true
		}
	}
	names := map[string]bool{}
	for _, ing := range r.w.Ingresses {
		if utils.IsGLBCIngress(ing) {
			for _, s := range ingressServices(ing) {
				names[ing.Namespace+"/"+s] = true
			}
		}
	}
	n := 0
	for _, ing := range r.w.Ingresses {
		if utils.IsGLBCIngress(ing) && ing.Spec.DefaultBackend == nil {
			n = len(zones)
		}
	}
	for _, s := range r.w.Services {
		if s.Namespace == "kube-system" && s.Name == "default-http-backend" {
			continue
		}
		if a := s.Annotations["cloud.google.com/neg"]; names[s.Namespace+"/"+s.Name] && strings.Contains(a, "ingress") && strings.Contains(a, "true") {
			n += len(zones)
		}
	}
	return n
}

// stubNEGs makes the NEGs (and endpoints) that the NEG controller would, for the
// Service ports that an Ingress of ours names.
func (r *run) stubNEGs(ctx context.Context, nm *namer.Namer) {
	store := r.gce.m.MockNetworkEndpointGroups.X.(negtypes.NetworkEndpointStore)
	zones := map[string]string{} // node -> zone
	for _, n := range r.w.Nodes {
		if p := strings.Split(n.Spec.ProviderID, "/"); len(p) > 3 {
			zones[n.Name] = p[3]
		}
	}
	make1 := func(s *corev1.Service, p corev1.ServicePort) {
		name := nm.NEG(s.Namespace, s.Name, p.Port)
		for _, z := range zones {
			k := meta.ZonalKey(name, z)
			_ = r.gce.m.NetworkEndpointGroups().Insert(ctx, k, &compute.NetworkEndpointGroup{Name: name, NetworkEndpointType: "GCE_VM_IP_PORT", Network: networkURL, Subnetwork: subnetURL})
			for _, es := range r.w.EndpointSlices {
				if es.Namespace != s.Namespace || es.Labels[discoveryv1.LabelServiceName] != s.Name {
					continue
				}
				for _, ep := range es.Ports {
					if ep.Name == nil || *ep.Name != p.Name || ep.Port == nil {
						continue
					}
					for _, e := range es.Endpoints {
						if e.NodeName != nil && zones[*e.NodeName] == z {
							store[*k] = append(store[*k], negtypes.NetworkEndpointEntry{NetworkEndpoint: &composite.NetworkEndpoint{Instance: *e.NodeName, IpAddress: e.Addresses[0], Port: int64(*ep.Port)}})
						}
					}
				}
			}
		}
	}
	for _, s := range r.w.Services {
		var on struct {
			Ingress bool `json:"ingress"`
		}
		if json.Unmarshal([]byte(s.Annotations["cloud.google.com/neg"]), &on) != nil || !on.Ingress {
			continue
		}
		if s.Namespace == "kube-system" && s.Name == "default-http-backend" {
			make1(s, s.Spec.Ports[0])
			continue
		}
		done := map[int32]bool{}
		for _, ing := range r.w.Ingresses {
			if ing.Namespace != s.Namespace || !utils.IsGLBCIngress(ing) {
				continue
			}
			utils.TraverseIngressBackends(ing, func(id utils.ServicePortID) bool {
				if id.Service.Name == s.Name {
					if p := ctltranslator.ServicePort(*s, id.Port); p != nil && !done[p.Port] {
						done[p.Port] = true
						make1(s, *p)
					}
				}
				return false
			})
		}
	}
}

// syncManagedCertificates does what the managed-certificate-controller does with
// the objects (that controller's module is not importable): an SslCertificate
// named mcrt-<uuid> for each ManagedCertificate, its name put into the Ingress
// annotation ingress.gcp.kubernetes.io/pre-shared-cert, or a MissingCertificate
// event and nothing at all.
func (r *run) syncManagedCertificates(ctx context.Context) {
	const mcAnn, psAnn = "networking.gke.io/managed-certificates", "ingress.gcp.kubernetes.io/pre-shared-cert"
	split := func(s string) (out []string) {
		for _, x := range strings.Split(s, ",") {
			if x = strings.TrimSpace(x); x != "" {
				out = append(out, x)
			}
		}
		return
	}
	byName := map[string]int{}
	for _, m := range r.w.ManagedCerts {
		h := sha256.Sum256([]byte(m.Namespace + "/" + m.Name))
		name := fmt.Sprintf("mcrt-%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
		st := mcrtState{Name: m.Namespace + "/" + m.Name, Domains: m.Spec.Domains}
		id := ref("ManagedCertificate", m.Namespace, m.Name)
		if len(m.Spec.Domains) == 0 {
			r.w.add(Finding{"mcrt-emulated", "error", id, "spec.domains is empty: the CRD allows it, the Compute API refuses a managed certificate without domains (event BackendError)"})
		} else if err := r.gce.m.SslCertificates().Insert(ctx, meta.GlobalKey(name), &compute.SslCertificate{Name: name, Type: "MANAGED",
			Managed: &compute.SslCertificateManagedSslCertificate{Domains: m.Spec.Domains, Status: "PROVISIONING"}}); err == nil {
			st.SslCertificate = name
		}
		byName[st.Name] = len(r.mcrts)
		r.mcrts = append(r.mcrts, st)
	}
	ings, _ := r.kube.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
	for i := range ings.Items {
		ing := &ings.Items[i]
		names := split(ing.Annotations[mcAnn])
		if len(names) == 0 {
			continue
		}
		missing := false
		set := map[string]bool{}
		for _, x := range split(ing.Annotations[psAnn]) {
			set[x] = true
		}
		for _, n := range names {
			k, ok := byName[ing.Namespace+"/"+n]
			if !ok {
				missing = true
				r.mu.Lock()
				r.events = append(r.events, eventRec{Type: "Warning", Reason: "MissingCertificate", Source: "managed-certificate-controller (emulated)",
					Object: ref("Ingress", ing.Namespace, ing.Name), Message: fmt.Sprintf("ManagedCertificate %s:%s missing", ing.Namespace, n)})
				r.mu.Unlock()
				break
			}
			if c := r.mcrts[k].SslCertificate; c != "" {
				set[c] = true
			}
		}
		if missing {
			continue // none is attached, not even those that exist
		}
		var all []string
		for x := range set {
			all = append(all, x)
		}
		sort.Strings(all)
		if v := strings.Join(all, ","); v != "" && v != ing.Annotations[psAnn] {
			ing.Annotations[psAnn] = v
			if _, err := r.kube.NetworkingV1().Ingresses(ing.Namespace).Update(ctx, ing, metav1.UpdateOptions{}); err == nil {
				for _, n := range names {
					k := byName[ing.Namespace+"/"+n]
					r.mcrts[k].AttachedTo = append(r.mcrts[k].AttachedTo, ing.Namespace+"/"+ing.Name)
				}
			}
		}
	}
}
