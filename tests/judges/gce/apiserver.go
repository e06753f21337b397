package main

// What an API server makes of an object before anybody sees it: Kubernetes' own
// decoding, defaulting and validation (k8s.io/kubernetes), and what it allocates.

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
)

// builtin are the kinds of Kubernetes' own that the controllers look at.
var builtin = map[schema.GroupVersionKind]struct{}{
	{Version: "v1", Kind: "Service"}:                                  {},
	{Version: "v1", Kind: "Secret"}:                                   {},
	{Version: "v1", Kind: "Node"}:                                     {},
	{Version: "v1", Kind: "Pod"}:                                      {},
	{Group: "discovery.k8s.io", Version: "v1", Kind: "EndpointSlice"}: {},
	{Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"}:      {},
	{Group: "apps", Version: "v1", Kind: "Deployment"}:                {},
	{Group: "apps", Version: "v1", Kind: "StatefulSet"}:               {},
}

var strictDecoder = kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, legacyscheme.Scheme, legacyscheme.Scheme, kjson.SerializerOptions{Strict: true})

// notServed says why an API server of GKE knows no such kind, of groups whose kinds
// are all known here.
func notServed(u *unstructured.Unstructured) string {
	gvk := u.GroupVersionKind()
	none := fmt.Sprintf("no matches for kind %q in version %q", gvk.Kind, u.GetAPIVersion())
	switch {
	case u.GetAPIVersion() != strings.ToLower(u.GetAPIVersion()):
		return none
	case gvk.Group == "cloud.google.com", gvk.Group == "networking.gke.io":
		return none
	case gvk.Kind == "Ingress" && (gvk.Group == "extensions" || gvk.Group == "networking.k8s.io"):
		return none + ": removed in Kubernetes 1.22"
	case clientscheme.Scheme.IsGroupRegistered(gvk.Group) && !clientscheme.Scheme.Recognizes(gvk):
		return none
	}
	return ""
}

// admit returns the object as it would be stored, or nil if it is refused.
func (w *world) admit(u *unstructured.Unstructured, id string) runtime.Object {
	refuse := func(why string) { w.add(Finding{"apiserver", "error", id, why}) }
	b, err := u.MarshalJSON()
	if err != nil {
		refuse(err.Error())
		return nil
	}
	obj, _, err := strictDecoder.Decode(b, nil, nil)
	if runtime.IsStrictDecodingError(err) {
		w.add(Finding{"apiserver", "warning", id, err.Error()})
	} else if err != nil {
		refuse(err.Error())
		return nil
	}
	prepare(obj)
	legacyscheme.Scheme.Default(obj)
	internal, err := legacyscheme.Scheme.ConvertToVersion(obj.DeepCopyObject(), schema.GroupVersion{Group: u.GroupVersionKind().Group, Version: runtime.APIVersionInternal})
	if err != nil {
		refuse(err.Error())
		return nil
	}
	if errs := validate(internal); len(errs) > 0 {
		for _, e := range errs {
			refuse(e.Error())
		}
		return nil
	}
	if service, ok := obj.(*corev1.Service); ok {
		w.allocate(service)
	}
	return obj
}

// prepare does what the API server does on creation beside defaulting.
func prepare(obj runtime.Object) {
	switch o := obj.(type) {
	case *corev1.Secret:
		for key, value := range o.StringData {
			if o.Data == nil {
				o.Data = map[string][]byte{}
			}
			o.Data[key] = []byte(value)
		}
	case *corev1.Service:
		if o.Spec.ClusterIP != "" && len(o.Spec.ClusterIPs) == 0 {
			o.Spec.ClusterIPs = []string{o.Spec.ClusterIP}
		}
	}
}

// validate is what the API server does on creation. Workloads, which the controllers
// only see through their pods, are taken as they are.
func validate(obj runtime.Object) field.ErrorList {
	switch o := obj.(type) {
	case *core.Service:
		return corevalidation.ValidateServiceCreate(o)
	case *core.Secret:
		return corevalidation.ValidateSecret(o)
	case *networking.Ingress:
		return networkingvalidation.ValidateIngressCreate(o)
	}
	return nil
}

// allocate gives a Service what the API server's allocators do.
func (w *world) allocate(s *corev1.Service) {
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	if s.Spec.ClusterIP == "" {
		s.Spec.ClusterIP = fmt.Sprintf("10.96.0.%d", w.clusterIP)
		w.clusterIP++
	}
	s.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol}
	if s.Spec.Type == corev1.ServiceTypeClusterIP {
		return
	}
	for i := range s.Spec.Ports {
		if p := &s.Spec.Ports[i]; p.NodePort == 0 {
			p.NodePort = w.nodePort
			w.nodePort++
		}
	}
}

// admitCustom prunes a custom resource and holds it against its schema.
func (w *world) admitCustom(u *unstructured.Unstructured, id string, crds *crdSet) bool {
	errs, pruned := crds.check(u)
	for _, p := range pruned {
		w.add(Finding{"apiserver", "warning", id, fmt.Sprintf("unknown field %q: pruned silently by the API server (kubectl's strict field validation refuses it)", p)})
	}
	for _, e := range apivalidation.ValidateObjectMetaAccessor(u, true, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata")) {
		errs = append(errs, e.Error())
	}
	for _, e := range errs {
		w.add(Finding{"apiserver", "error", id, e})
	}
	return len(errs) == 0
}
