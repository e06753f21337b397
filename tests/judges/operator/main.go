// operator tells what the Milvus Operator makes of a Milvus resource: it runs the
// operator's own reconcilers on a fake client and prints the Service, ConfigMaps, the
// Deployment that serves, and the Ingresses that they make, as YAML.
//
//	operator ROOT FILE...
//
// ROOT is the folder that holds the operator's config/assets, FILE the Milvus resource.
// Of several files each is applied after the one before it, and at the end a comment
// tells whether the last one restarts the pods that serve.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/zilliztech/milvus-operator/apis/milvus.io/v1beta1"
	"github.com/zilliztech/milvus-operator/pkg/config"
	"github.com/zilliztech/milvus-operator/pkg/controllers"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: operator ROOT FILE...")
		os.Exit(2)
	}
	die(run(context.Background(), os.Args[1], os.Args[2:]))
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string, files []string) error {
	if err := config.Init(root + "/"); err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1beta1.AddToScheme(scheme); err != nil {
		return err
	}
	c := fake.NewClientBuilder().WithScheme(scheme).Build()
	r := &controllers.MilvusReconciler{Client: c, Scheme: scheme}
	var before, after corev1.PodTemplateSpec
	for _, file := range files {
		milvus, err := read(file)
		if err != nil {
			return err
		}
		before = after
		if after, err = reconcile(ctx, r, *milvus); err != nil {
			return err
		}
	}
	if err := showAll(ctx, c); err != nil {
		return err
	}
	if len(files) > 1 {
		fmt.Printf("---\n# The pods that serve restart: %t\n", !equality.Semantic.DeepEqual(before, after))
	}
	return nil
}

func read(file string) (*v1beta1.Milvus, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var milvus v1beta1.Milvus
	if err := yaml.UnmarshalStrict(text, &milvus); err != nil {
		return nil, err
	}
	milvus.Default()
	// As an API server does.
	milvus.UID = "11111111-2222-3333-4444-555555555555"
	return &milvus, nil
}

// reconcile does what the operator does for one look at a resource, in its order, and
// returns the template of the pods that serve.
func reconcile(ctx context.Context, r *controllers.MilvusReconciler, milvus v1beta1.Milvus) (corev1.PodTemplateSpec, error) {
	serving := controllers.MilvusStandalone
	if milvus.Spec.Mode == v1beta1.MilvusModeCluster {
		serving = controllers.Proxy
	}
	deployment := func(ctx context.Context, milvus v1beta1.Milvus) error {
		return r.ReconcileComponentDeployment(ctx, milvus, serving)
	}
	var made appsv1.Deployment
	for _, step := range []func(context.Context, v1beta1.Milvus) error{
		r.ReconcileConfigMaps, deployment, r.ReconcileServices, r.ReconcileIngress,
	} {
		if err := step(ctx, milvus); err != nil {
			return made.Spec.Template, err
		}
	}
	key := client.ObjectKey{Namespace: milvus.Namespace, Name: serving.GetDeploymentName(milvus.Name)}
	err := r.Get(ctx, key, &made)
	return made.Spec.Template, err
}

// showAll prints what the reconcilers made.
func showAll(ctx context.Context, c client.Client) error {
	var services corev1.ServiceList
	var configs corev1.ConfigMapList
	var deployments appsv1.DeploymentList
	var ingresses networkingv1.IngressList
	for _, list := range []client.ObjectList{&services, &configs, &deployments, &ingresses} {
		if err := c.List(ctx, list); err != nil {
			return err
		}
	}
	for i := range services.Items {
		show(&services.Items[i], "v1", "Service")
	}
	for i := range configs.Items {
		show(&configs.Items[i], "v1", "ConfigMap")
	}
	for i := range deployments.Items {
		show(&deployments.Items[i], "apps/v1", "Deployment")
	}
	for i := range ingresses.Items {
		show(&ingresses.Items[i], "networking.k8s.io/v1", "Ingress")
	}
	return nil
}

// show prints an object with its kind, which a typed client leaves out.
func show(o client.Object, apiVersion, kind string) {
	o.SetManagedFields(nil)
	o.SetResourceVersion("")
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	die(err)
	fields["apiVersion"], fields["kind"] = apiVersion, kind
	delete(fields, "status")
	text, err := yaml.Marshal(fields)
	die(err)
	fmt.Printf("---\n%s", text)
}
