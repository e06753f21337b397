// crdcheck holds objects against CustomResourceDefinitions as an API server does:
// unknown fields, defaults, schema, and the rules in CEL. It prints one line for each
// fault.
//
//	crdcheck [-stored] CRDS... -- FILE...
//
// With -stored an object without faults is printed as it would be stored, with its
// defaults, as JSON in the place of "ok".
//
// CRDS are folders of definitions, FILE is YAML, "-" being the standard input. Objects
// of other kinds are named as such. Exit: 0 without faults, 1 with, 2 usage or
// unreadable input.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// celBudget is what the API server spends on the rules of one object.
const celBudget = 10_000_000

// version is what one served version of a kind is held against.
type version struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
	namespaced bool
}

type definitions map[schema.GroupVersionKind]version

func main() {
	stored := len(os.Args) > 1 && os.Args[1] == "-stored"
	if stored {
		os.Args = slices.Delete(os.Args, 1, 2)
	}
	end := slices.Index(os.Args, "--")
	if end < 2 || end == len(os.Args)-1 {
		fmt.Fprintln(os.Stderr, "usage: crdcheck [-stored] CRDS... -- FILE...")
		os.Exit(2)
	}
	set := definitions{}
	for _, folder := range os.Args[1:end] {
		die(set.read(folder))
	}
	faults := 0
	for _, file := range os.Args[end+1:] {
		die(documents(file, func(doc []byte) error {
			found, err := set.check(file, doc, stored)
			faults += found
			return err
		}))
	}
	if faults > 0 {
		os.Exit(1)
	}
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "crdcheck:", err)
		os.Exit(2)
	}
}

// documents calls visit with each document of a file.
func documents(path string, visit func([]byte) error) error {
	r := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	yr := utilyaml.NewYAMLReader(bufio.NewReader(r))
	for {
		doc, err := yr.Read()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(doc)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// read adds the definitions in a folder. Other files, such as kustomizations, are passed over.
func (set definitions) read(folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := documents(file, set.define); err != nil {
			return err
		}
	}
	if len(files) == 0 {
		return fmt.Errorf("%s: no YAML files", folder)
	}
	return nil
}

func (set definitions) define(doc []byte) error {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(doc, crd); err != nil || crd.Kind != "CustomResourceDefinition" {
		return err
	}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		internal := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, internal, nil); err != nil {
			return err
		}
		structural, err := structuralschema.NewStructural(internal)
		if err != nil {
			return err
		}
		validator, _, err := validation.NewSchemaValidator(internal)
		if err != nil {
			return err
		}
		gvk := schema.GroupVersionKind{Group: crd.Spec.Group, Version: v.Name, Kind: crd.Spec.Names.Kind}
		set[gvk] = version{structural, validator, cel.NewValidator(structural, true, celBudget), crd.Spec.Scope == apiextensionsv1.NamespaceScoped}
	}
	return nil
}

// check prints what is wrong with an object, and says how much that is.
func (set definitions) check(file string, doc []byte, stored bool) (int, error) {
	j, err := yaml.YAMLToJSON(doc)
	if err != nil {
		return 0, err
	}
	if bytes.Equal(j, []byte("null")) {
		return 0, nil
	}
	object := map[string]any{}
	if err := utiljson.Unmarshal(j, &object); err != nil {
		return 0, err
	}
	u := &unstructured.Unstructured{Object: object}
	name := fmt.Sprintf("%s: %s %s/%s", file, u.GetKind(), u.GetNamespace(), u.GetName())
	v, ok := set[u.GroupVersionKind()]
	if !ok {
		fmt.Printf("%s: no definition of %s\n", name, u.GetAPIVersion())
		return 0, nil
	}
	faults := v.faults(u)
	for _, fault := range faults {
		fmt.Printf("%s: %s\n", name, fault)
	}
	switch {
	case len(faults) > 0:
	case stored:
		j, err := json.Marshal(u.Object)
		if err != nil {
			return 0, err
		}
		fmt.Printf("%s: %s\n", file, j)
	default:
		fmt.Printf("%s: ok\n", name)
	}
	return len(faults), nil
}

// faults prunes u and sets its defaults, as on creation.
func (v version) faults(u *unstructured.Unstructured) []string {
	var faults []string
	for _, path := range pruning.PruneWithOptions(u.Object, v.structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}) {
		faults = append(faults, path+": unknown field")
	}
	if v.namespaced && u.GetNamespace() == "" {
		u.SetNamespace("default")
	}
	defaulting.Default(u.Object, v.structural)
	errs := apivalidation.ValidateObjectMetaAccessor(u, v.namespaced, apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, u.Object, v.schema)...)
	rules, _ := v.rules.Validate(context.Background(), nil, v.structural, u.Object, nil, celBudget)
	for _, err := range append(errs, rules...) {
		faults = append(faults, err.Error())
	}
	return faults
}
