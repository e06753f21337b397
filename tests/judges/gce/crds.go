package main

// The CRD schemas that the API server applies: BackendConfig and FrontendConfig
// come from the controller's own generator (crd.CRDHandler.EnsureCRD with the
// types' OpenAPI definitions); ManagedCertificate is written out here with the
// limits of the published CRD, since its module is not importable.

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-logr/logr"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	extfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/ingress-gce/pkg/backendconfig"
	"k8s.io/ingress-gce/pkg/crd"
	"k8s.io/ingress-gce/pkg/frontendconfig"
	"sigs.k8s.io/yaml"
)

type crdVersion struct {
	validator  validation.SchemaValidator
	structural *structuralschema.Structural
}

type crdSet struct {
	byGVK map[schema.GroupVersionKind]crdVersion
	crds  []*apiextensionsv1.CustomResourceDefinition
}

func newCRDSet() (*crdSet, error) {
	client := extfake.NewSimpleClientset()
	client.PrependReactor("create", "customresourcedefinitions", func(a clienttesting.Action) (bool, runtime.Object, error) {
		c := a.(clienttesting.CreateAction).GetObject().(*apiextensionsv1.CustomResourceDefinition)
		c.Status.Conditions = append(c.Status.Conditions, apiextensionsv1.CustomResourceDefinitionCondition{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue})
		return false, nil, nil
	})
	h := crd.NewCRDHandler(client, logr.Discard())
	s := &crdSet{byGVK: map[schema.GroupVersionKind]crdVersion{}}
	for _, m := range []*crd.CRDMeta{backendconfig.CRDMeta(), frontendconfig.CRDMeta()} {
		c, err := h.EnsureCRD(m, true)
		if err != nil {
			return nil, err
		}
		if err := s.addCRD(c); err != nil {
			return nil, err
		}
	}
	return s, s.addCRD(managedCertificateCRD())
}

func (s *crdSet) addCRD(c *apiextensionsv1.CustomResourceDefinition) error {
	s.crds = append(s.crds, c)
	for _, v := range c.Spec.Versions {
		in := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, in, nil); err != nil {
			return fmt.Errorf("%s/%s: %w", c.Name, v.Name, err)
		}
		val, _, err := validation.NewSchemaValidator(in)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", c.Name, v.Name, err)
		}
		st, err := structuralschema.NewStructural(in)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", c.Name, v.Name, err)
		}
		s.byGVK[schema.GroupVersionKind{Group: c.Spec.Group, Version: v.Name, Kind: c.Spec.Names.Kind}] = crdVersion{val, st}
	}
	return nil
}

func (s *crdSet) knows(gvk schema.GroupVersionKind) bool { _, ok := s.byGVK[gvk]; return ok }

// check prunes u as the API server would and validates it.
func (s *crdSet) check(u *unstructured.Unstructured) (errs, pruned []string) {
	v := s.byGVK[u.GroupVersionKind()]
	pruned = pruning.PruneWithOptions(u.Object, v.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, e := range validation.ValidateCustomResource(nil, u.UnstructuredContent(), v.validator) {
		errs = append(errs, e.Error())
	}
	return errs, pruned
}

// write puts each definition into a file of the folder.
func (s *crdSet) write(folder string) error {
	for _, c := range s.crds {
		c = c.DeepCopy()
		c.TypeMeta = metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"}
		c.Status = apiextensionsv1.CustomResourceDefinitionStatus{}
		b, err := yaml.Marshal(c)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, c.Name+".yaml"), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func managedCertificateCRD() *apiextensionsv1.CustomResourceDefinition {
	str := apiextensionsv1.JSONSchemaProps{Type: "string"}
	hundred, sixtyThree := int64(100), int64(63)
	domain := apiextensionsv1.JSONSchemaProps{Type: "string", MaxLength: &sixtyThree,
		Pattern: `^(([a-z0-9]+|[a-z0-9][-a-z0-9]*[a-z0-9])\.)+[a-z][-a-z0-9]*[a-z0-9]$`}
	obj := func(p map[string]apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
		return apiextensionsv1.JSONSchemaProps{Type: "object", Properties: p}
	}
	status := obj(map[string]apiextensionsv1.JSONSchemaProps{"domain": str, "status": str})
	status.Required = []string{"domain", "status"}
	root := obj(map[string]apiextensionsv1.JSONSchemaProps{
		"spec": obj(map[string]apiextensionsv1.JSONSchemaProps{
			"domains": {Type: "array", MaxItems: &hundred, Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &domain}},
		}),
		"status": obj(map[string]apiextensionsv1.JSONSchemaProps{
			"certificateStatus": str, "certificateName": str,
			"expireTime":   {Type: "string", Format: "date-time"},
			"domainStatus": {Type: "array", Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &status}},
		}),
	})
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "managedcertificates.networking.gke.io"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "networking.gke.io", Scope: apiextensionsv1.NamespaceScoped,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Kind: "ManagedCertificate", Plural: "managedcertificates", Singular: "managedcertificate", ShortNames: []string{"mcrt"}},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{Name: "v1", Served: true, Storage: true, Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &root}}},
		},
	}
}
