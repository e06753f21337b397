// operator tells what the Milvus Operator makes of a Milvus resource: it runs the
// operator's own reconcilers on a fake client and prints the Service, ConfigMaps and
// Ingresses that they make, as YAML, and at the end whether pods restart when the
// configuration changes.
//
//	operator ROOT FILE
//
// ROOT is the folder that holds the operator's config/assets, FILE the Milvus resource.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/zilliztech/milvus-operator/apis/milvus.io/v1beta1"
	"github.com/zilliztech/milvus-operator/pkg/config"
	"github.com/zilliztech/milvus-operator/pkg/controllers"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: operator ROOT FILE")
		os.Exit(2)
	}
	die(run(context.Background(), os.Args[1], os.Args[2]))
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "operator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, file string) error {
	if err := config.Init(root + "/"); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var milvus v1beta1.Milvus
	if err := yaml.UnmarshalStrict(text, &milvus); err != nil {
		return err
	}
	milvus.Default()
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1beta1.AddToScheme(scheme); err != nil {
		return err
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(milvus.DeepCopy()).Build()
	r := &controllers.MilvusReconciler{Client: c, Scheme: scheme}
	for _, reconcile := range []func(context.Context, v1beta1.Milvus) error{r.ReconcileConfigMaps, r.ReconcileServices, r.ReconcileIngress} {
		if err := reconcile(ctx, milvus); err != nil {
			return err
		}
	}
	if err := showAll(ctx, c); err != nil {
		return err
	}
	only := milvus.Spec.Com.UpdateConfigMapOnly
	fmt.Printf("# A change of the configuration restarts pods: %t\n", only == nil || !*only)
	return nil
}

// showAll prints what the reconcilers made.
func showAll(ctx context.Context, c client.Client) error {
	var services corev1.ServiceList
	var configs corev1.ConfigMapList
	var ingresses networkingv1.IngressList
	for _, list := range []client.ObjectList{&services, &configs, &ingresses} {
		if err := c.List(ctx, list); err != nil {
			return err
		}
	}
	for i := range services.Items {
		show(&services.Items[i])
	}
	for i := range configs.Items {
		show(&configs.Items[i])
	}
	for i := range ingresses.Items {
		show(&ingresses.Items[i])
	}
	return nil
}

func show(o client.Object) {
	o.SetManagedFields(nil)
	o.SetResourceVersion("")
	text, err := yaml.Marshal(o)
	die(err)
	fmt.Printf("---\n%s", text)
}
