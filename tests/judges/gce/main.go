// gce reads Kubernetes manifests and prints, as JSON, what GKE's Ingress
// controller (k8s.io/ingress-gce) makes of them: it runs the real L7, NEG and
// firewall controllers on fake clients and a mock Compute API. No network, no
// cluster.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-logr/logr"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
)

func main() {
	// The CRD clientsets' fakes predate streaming lists: have the informers list and watch.
	die(utilfeature.DefaultMutableFeatureGate.Set("WatchListClient=false"))

	fs := flag.NewFlagSet("gce", flag.ExitOnError)
	ns := fs.String("namespace", "default", "namespace of objects that name none")
	timeout := fs.Duration("timeout", 15*time.Second, "give up waiting for the controllers after this")
	quiet := fs.Duration("quiet", 500*time.Millisecond, "settled when nothing has changed for this long (4x while an Ingress has no address)")
	addrs := fs.String("addresses", "", "comma-separated names of global static addresses that exist")
	late := fs.Bool("mcrt-late", false, "let the ingress controller settle before ManagedCertificates are processed")
	negMode := fs.String("neg", "controller", "controller: run the real NEG controller (it waits 5 s before it starts); stub: make the NEGs here, with the controller's names")
	logs := fs.Int("v", -1, "controller logs to stderr at this verbosity (-1: none)")
	crdsTo := fs.String("write-crds", "", "write the CustomResourceDefinitions used into this folder, and exit")
	fs.Usage = func() {
		fmt.Fprintln(fs.Output(), "usage: gce [flags] MANIFEST.yaml... ('-': standard input)\nexit: 0 settled with an address and no error, 1 the controllers (or an API server) object, 2 usage")
		fs.PrintDefaults()
	}
	_ = fs.Parse(os.Args[1:])

	setFlags()
	if *logs >= 0 {
		kf := flag.NewFlagSet("klog", flag.ContinueOnError)
		klog.InitFlags(kf)
		_ = kf.Set("v", fmt.Sprint(*logs))
	} else {
		klog.SetLogger(logr.Discard())
	}

	crds, err := newCRDSet()
	die(err)
	if *crdsTo != "" {
		die(crds.write(*crdsTo))
		return
	}
	if fs.NArg() == 0 {
		fs.Usage()
		os.Exit(2)
	}
	w, err := loadWorld(fs.Args(), *ns, crds)
	die(err)
	w.stubNodes()
	w.stubPods()

	ver := "?"
	if bi, ok := debug.ReadBuildInfo(); ok {
		for _, d := range bi.Deps {
			if d.Path == "k8s.io/ingress-gce" {
				ver = d.Version
			}
		}
	}
	r := &run{w: w, opt: options{timeout: *timeout, quiet: *quiet, mcrtLate: *late, negStub: *negMode == "stub", namespace: *ns, controllerVer: ver}}
	for _, a := range strings.Split(*addrs, ",") {
		if a = strings.TrimSpace(a); a != "" {
			r.opt.addresses = append(r.opt.addresses, a)
		}
	}
	ctx := context.Background()
	die(r.execute(ctx))
	rep := r.report(ctx)
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	die(enc.Encode(rep))
	if !rep.OK {
		os.Exit(1)
	}
}

func die(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gce:", err)
		os.Exit(2)
	}
}
