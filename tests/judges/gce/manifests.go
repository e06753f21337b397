package main

// Reading manifests: the documents of YAML files, and of them the kinds that GKE's
// Ingress controllers look at.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	backendconfigv1 "k8s.io/ingress-gce/pkg/apis/backendconfig/v1"
	frontendconfigv1beta1 "k8s.io/ingress-gce/pkg/apis/frontendconfig/v1beta1"
	"sigs.k8s.io/yaml"
)

// Finding is something that the API server, a controller or the Compute API says.
type Finding struct {
	// Source is yaml, apiserver, controller, gce-emulated, mcrt-emulated or judge.
	Source   string `json:"source"`
	Severity string `json:"severity"` // error | warning | info
	Object   string `json:"object,omitempty"`
	Message  string `json:"message"`
}

// ManagedCertificate is the part of networking.gke.io/v1 ManagedCertificate used here.
type ManagedCertificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              struct {
		Domains []string `json:"domains,omitempty"`
	} `json:"spec,omitempty"`
}

// world is what the cluster holds before the controllers start.
type world struct {
	Services        []*corev1.Service
	Secrets         []*corev1.Secret
	Nodes           []*corev1.Node
	Pods            []*corev1.Pod
	EndpointSlices  []*discoveryv1.EndpointSlice
	Ingresses       []*networkingv1.Ingress
	BackendConfigs  []*backendconfigv1.BackendConfig
	FrontendConfigs []*frontendconfigv1beta1.FrontendConfig
	ManagedCerts    []*ManagedCertificate
	Deployments     []*appsv1.Deployment
	StatefulSets    []*appsv1.StatefulSet

	Ignored  map[string]int
	Findings []Finding

	nodePort  int32 // the last that was given
	clusterIP int   // likewise
}

func (w *world) add(f Finding) { w.Findings = append(w.Findings, f) }

func ref(kind, ns, name string) string { return fmt.Sprintf("%s/%s/%s", kind, ns, name) }

// loadWorld reads the files, "-" being the standard input.
func loadWorld(paths []string, namespace string, crds *crdSet) (*world, error) {
	w := &world{Ignored: map[string]int{}, nodePort: 31000, clusterIP: 10}
	for _, path := range paths {
		docs, err := readDocs(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for i, doc := range docs {
			if err := w.addDoc(doc, namespace, crds); err != nil {
				return nil, fmt.Errorf("%s: document %d: %w", path, i, err)
			}
		}
	}
	return w, nil
}

func readDocs(path string) ([][]byte, error) {
	r := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	yr := utilyaml.NewYAMLReader(bufio.NewReader(r))
	var docs [][]byte
	for {
		doc, err := yr.Read()
		if err == io.EOF {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		if !isBlank(doc) {
			docs = append(docs, doc)
		}
	}
}

// isBlank tells whether a document holds nothing but comments.
func isBlank(doc []byte) bool {
	for _, line := range bytes.Split(doc, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && string(line) != "---" {
			return false
		}
	}
	return true
}

// addDoc adds a document, or the items of a list.
func (w *world) addDoc(doc []byte, namespace string, crds *crdSet) error {
	j, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		// Kubernetes takes the last of two equal keys; the chart has such documents.
		w.add(Finding{"yaml", "info", "", err.Error()})
		if j, err = yaml.YAMLToJSON(doc); err != nil {
			return err
		}
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(j); err != nil {
		return err
	}
	if !u.IsList() {
		return w.addObject(u, namespace, crds)
	}
	list, err := u.ToList()
	if err != nil {
		return err
	}
	for i := range list.Items {
		if err := w.addObject(&list.Items[i], namespace, crds); err != nil {
			return err
		}
	}
	return nil
}

// addObject adds what the API server admits of an object. It is an error only if the
// object is none.
func (w *world) addObject(u *unstructured.Unstructured, namespace string, crds *crdSet) error {
	gvk := u.GroupVersionKind()
	if u.GetNamespace() == "" && gvk.Kind != "Node" && gvk.Kind != "Namespace" {
		u.SetNamespace(namespace)
	}
	id := ref(gvk.Kind, u.GetNamespace(), u.GetName())
	if crds.knows(gvk) {
		if w.admitCustom(u, id, crds) {
			return w.addCustom(u)
		}
		return nil
	}
	if _, ok := builtin[gvk]; !ok {
		if why := notServed(u); why != "" {
			w.add(Finding{"apiserver", "error", id, why})
		}
		w.Ignored[gvk.GroupVersion().String()+" "+gvk.Kind]++
		return nil
	}
	switch o := w.admit(u, id).(type) {
	case *corev1.Service:
		w.Services = append(w.Services, o)
	case *corev1.Secret:
		w.Secrets = append(w.Secrets, o)
	case *corev1.Node:
		w.Nodes = append(w.Nodes, o)
	case *corev1.Pod:
		w.Pods = append(w.Pods, o)
	case *discoveryv1.EndpointSlice:
		w.EndpointSlices = append(w.EndpointSlices, o)
	case *networkingv1.Ingress:
		w.Ingresses = append(w.Ingresses, o)
	case *appsv1.Deployment:
		w.Deployments = append(w.Deployments, o)
	case *appsv1.StatefulSet:
		w.StatefulSets = append(w.StatefulSets, o)
	}
	return nil
}

func (w *world) addCustom(u *unstructured.Unstructured) error {
	into := func(obj any) error {
		return runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, obj)
	}
	switch u.GetKind() {
	case "BackendConfig":
		o := &backendconfigv1.BackendConfig{}
		if err := into(o); err != nil {
			return err
		}
		o.APIVersion = "cloud.google.com/v1"
		w.BackendConfigs = append(w.BackendConfigs, o)
	case "FrontendConfig":
		o := &frontendconfigv1beta1.FrontendConfig{}
		if err := into(o); err != nil {
			return err
		}
		w.FrontendConfigs = append(w.FrontendConfigs, o)
	case "ManagedCertificate":
		o := &ManagedCertificate{}
		if err := into(o); err != nil {
			return err
		}
		w.ManagedCerts = append(w.ManagedCerts, o)
	}
	return nil
}
