package main

// The mock GCE cloud (k8s-cloud-provider mocks) with the hooks the controllers
// need, and a handful of checks that the real Compute API makes and the mock does
// not. These are emulated: their messages start with "[emulated GCE rule]" and carry
// the limits of the public API reference.

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud"
	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/meta"
	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/mock"
	computebeta "google.golang.org/api/compute/v0.beta"
	compute "google.golang.org/api/compute/v1"
	"google.golang.org/api/googleapi"
	"k8s.io/cloud-provider-gcp/providers/gce"
	"k8s.io/ingress-gce/pkg/loadbalancers"
	negtypes "k8s.io/ingress-gce/pkg/neg/types"
)

const (
	project    = "test-project"
	region     = "us-central1"
	networkURL = "https://www.googleapis.com/compute/v1/projects/test-project/global/networks/default"
	subnetURL  = "https://www.googleapis.com/compute/v1/projects/test-project/regions/us-central1/subnetworks/default"
)

type fakeGCE struct {
	*gce.Cloud
	m *cloud.MockGCE

	mu   sync.Mutex
	seen map[string]bool
	errs []Finding
}

func bad(format string, a ...any) error {
	return &googleapi.Error{Code: 400, Message: "[emulated GCE rule] " + fmt.Sprintf(format, a...)}
}

func newFakeGCE(addresses []string) *fakeGCE {
	vals := gce.DefaultTestClusterValues()
	vals.ProjectID, vals.Region = project, region
	vals.NetworkURL, vals.SubnetworkURL = networkURL, subnetURL
	vals.Regional = true
	g := &fakeGCE{Cloud: gce.NewFakeGCECloud(vals), seen: map[string]bool{}}
	m := g.Compute().(*cloud.MockGCE)
	g.m = m
	negtypes.MockNetworkEndpointAPIs(g.Cloud)
	ctx := context.Background()
	_ = m.Networks().Insert(ctx, meta.GlobalKey("default"), &compute.Network{Name: "default"})
	_ = m.Subnetworks().Insert(ctx, meta.RegionalKey("default", region), &compute.Subnetwork{Name: "default", Region: region, Network: networkURL, IpCidrRange: "10.128.0.0/20"})
	_ = m.Subnetworks().Insert(ctx, meta.RegionalKey("proxy-only", region), &compute.Subnetwork{Name: "proxy-only", Region: region, Network: networkURL, IpCidrRange: "10.129.0.0/23", Purpose: "REGIONAL_MANAGED_PROXY", Role: "ACTIVE"})
	for i, a := range addresses {
		_ = m.GlobalAddresses().Insert(ctx, meta.GlobalKey(a), &compute.Address{Name: a, Address: fmt.Sprintf("203.0.113.%d", 10+i)})
	}

	m.MockGlobalForwardingRules.InsertHook = loadbalancers.InsertGlobalForwardingRuleHook
	m.MockForwardingRules.InsertHook = loadbalancers.InsertForwardingRuleHook
	m.MockGlobalForwardingRules.SetTargetHook = mock.SetTargetGlobalForwardingRuleHook
	m.MockBackendServices.UpdateHook = func(ctx context.Context, k *meta.Key, o *compute.BackendService, mm *cloud.MockBackendServices, opts ...cloud.Option) error {
		if err := g.check("backendService "+k.Name, checkBackendService(o.TimeoutSec, o.CustomRequestHeaders, o.ConnectionDraining)); err != nil {
			return err
		}
		return mock.UpdateBackendServiceHook(ctx, k, o, mm, opts...)
	}
	m.MockBetaBackendServices.UpdateHook = func(ctx context.Context, k *meta.Key, o *computebeta.BackendService, mm *cloud.MockBetaBackendServices, opts ...cloud.Option) error {
		var cd *compute.ConnectionDraining
		if o.ConnectionDraining != nil {
			cd = &compute.ConnectionDraining{DrainingTimeoutSec: o.ConnectionDraining.DrainingTimeoutSec}
		}
		if err := g.check("backendService "+k.Name, checkBackendService(o.TimeoutSec, o.CustomRequestHeaders, cd)); err != nil {
			return err
		}
		return mock.UpdateBetaBackendServiceHook(ctx, k, o, mm, opts...)
	}
	m.MockRegionBackendServices.UpdateHook = mock.UpdateRegionBackendServiceHook
	m.MockBetaRegionBackendServices.UpdateHook = mock.UpdateBetaRegionBackendServiceHook
	m.MockAlphaRegionBackendServices.UpdateHook = mock.UpdateAlphaRegionBackendServiceHook
	m.MockBackendServices.GetHealthHook = func(context.Context, *meta.Key, *compute.ResourceGroupReference, *cloud.MockBackendServices, ...cloud.Option) (*compute.BackendServiceGroupHealth, error) {
		return &compute.BackendServiceGroupHealth{}, nil
	}
	m.MockRegionBackendServices.GetHealthHook = func(context.Context, *meta.Key, *compute.ResourceGroupReference, *cloud.MockRegionBackendServices, ...cloud.Option) (*compute.BackendServiceGroupHealth, error) {
		return &compute.BackendServiceGroupHealth{}, nil
	}
	m.MockBackendServices.SetSecurityPolicyHook = func(ctx context.Context, k *meta.Key, r *compute.SecurityPolicyReference, mm *cloud.MockBackendServices, _ ...cloud.Option) error {
		be, err := mm.Get(ctx, k)
		if err != nil {
			return err
		}
		be.SecurityPolicy = r.SecurityPolicy
		return mock.UpdateBackendServiceHook(ctx, k, be, mm)
	}
	m.MockHealthChecks.UpdateHook = mock.UpdateHealthCheckHook
	m.MockBetaHealthChecks.UpdateHook = mock.UpdateBetaHealthCheckHook
	m.MockRegionHealthChecks.UpdateHook = mock.UpdateRegionHealthCheckHook
	m.MockUrlMaps.UpdateHook = mock.UpdateURLMapHook
	m.MockRegionUrlMaps.UpdateHook = mock.UpdateRegionURLMapHook
	m.MockTargetHttpProxies.SetUrlMapHook = mock.SetURLMapTargetHTTPProxyHook
	m.MockTargetHttpsProxies.SetUrlMapHook = mock.SetURLMapTargetHTTPSProxyHook
	m.MockTargetHttpsProxies.SetSslCertificatesHook = func(ctx context.Context, k *meta.Key, r *compute.TargetHttpsProxiesSetSslCertificatesRequest, mm *cloud.MockTargetHttpsProxies, opts ...cloud.Option) error {
		if err := g.check("targetHttpsProxy "+k.Name, g.checkCertLinks(ctx, r.SslCertificates)); err != nil {
			return err
		}
		return mock.SetSslCertificateTargetHTTPSProxyHook(ctx, k, r, mm, opts...)
	}
	m.MockTargetHttpsProxies.SetSslPolicyHook = mock.SetSslPolicyTargetHTTPSProxyHook
	m.MockFirewalls.UpdateHook = mock.UpdateFirewallHook
	m.MockFirewalls.PatchHook = func(ctx context.Context, k *meta.Key, o *compute.Firewall, mm *cloud.MockFirewalls, opts ...cloud.Option) error {
		return mock.UpdateFirewallHook(ctx, k, o, mm, opts...)
	}
	ig := mock.InstanceGroupAttributes{InstanceMap: map[meta.Key]map[string]*compute.InstanceWithNamedPorts{}, Lock: &sync.Mutex{}}
	m.MockInstanceGroups.X = ig
	m.MockInstanceGroups.AddInstancesHook = mock.AddInstancesHook
	m.MockInstanceGroups.ListInstancesHook = mock.ListInstancesHook
	m.MockInstanceGroups.RemoveInstancesHook = mock.RemoveInstancesHook
	m.MockInstanceGroups.SetNamedPortsHook = func(ctx context.Context, k *meta.Key, r *compute.InstanceGroupsSetNamedPortsRequest, mm *cloud.MockInstanceGroups, _ ...cloud.Option) error {
		o, err := mm.Get(ctx, k)
		if err == nil {
			o.NamedPorts = r.NamedPorts
		}
		return err
	}
	for _, z := range []string{"us-central1-b", "us-central1-c", "us-central1-f"} {
		m.MockZones.Objects[*meta.GlobalKey(z)] = &cloud.MockZonesObj{Obj: &compute.Zone{Name: z, Region: g.getRegionLink()}}
	}

	m.MockHealthChecks.InsertHook = func(_ context.Context, k *meta.Key, o *compute.HealthCheck, _ *cloud.MockHealthChecks, _ ...cloud.Option) (bool, error) {
		err := g.check("healthCheck "+k.Name, checkHealthCheck(o.CheckIntervalSec, o.TimeoutSec, o.HealthyThreshold, o.UnhealthyThreshold, hcFields(o)))
		return err != nil, err
	}
	m.MockBetaHealthChecks.InsertHook = func(_ context.Context, k *meta.Key, o *computebeta.HealthCheck, _ *cloud.MockBetaHealthChecks, _ ...cloud.Option) (bool, error) {
		var f hcf
		switch {
		case o.HttpHealthCheck != nil:
			f = hcf{o.HttpHealthCheck.Port, o.HttpHealthCheck.PortSpecification, o.HttpHealthCheck.RequestPath}
		case o.HttpsHealthCheck != nil:
			f = hcf{o.HttpsHealthCheck.Port, o.HttpsHealthCheck.PortSpecification, o.HttpsHealthCheck.RequestPath}
		case o.Http2HealthCheck != nil:
			f = hcf{o.Http2HealthCheck.Port, o.Http2HealthCheck.PortSpecification, o.Http2HealthCheck.RequestPath}
		}
		err := g.check("healthCheck "+k.Name, checkHealthCheck(o.CheckIntervalSec, o.TimeoutSec, o.HealthyThreshold, o.UnhealthyThreshold, f))
		return err != nil, err
	}
	m.MockSslCertificates.InsertHook = func(_ context.Context, k *meta.Key, o *compute.SslCertificate, _ *cloud.MockSslCertificates, _ ...cloud.Option) (bool, error) {
		if o.Type == "MANAGED" {
			return false, nil
		}
		err := g.check("sslCertificate "+k.Name, checkSelfManagedCert(o.Certificate, o.PrivateKey))
		return err != nil, err
	}
	m.MockTargetHttpsProxies.InsertHook = func(ctx context.Context, k *meta.Key, o *compute.TargetHttpsProxy, _ *cloud.MockTargetHttpsProxies, _ ...cloud.Option) (bool, error) {
		err := g.check("targetHttpsProxy "+k.Name, g.checkCertLinks(ctx, o.SslCertificates))
		return err != nil, err
	}
	m.MockUrlMaps.InsertHook = func(_ context.Context, k *meta.Key, o *compute.UrlMap, _ *cloud.MockUrlMaps, _ ...cloud.Option) (bool, error) {
		err := g.check("urlMap "+k.Name, checkURLMap(o))
		return err != nil, err
	}
	return g
}

func (g *fakeGCE) getRegionLink() string {
	return "https://www.googleapis.com/compute/v1/projects/" + project + "/regions/" + region
}

// check notes an emulated refusal once, and returns it to the controller.
func (g *fakeGCE) check(obj string, err error) error {
	if err == nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if k := obj + err.Error(); !g.seen[k] {
		g.seen[k] = true
		g.errs = append(g.errs, Finding{"gce-emulated", "error", obj, err.Error()})
	}
	return err
}

type hcf struct {
	port    int64
	spec    string
	reqPath string
}

func hcFields(o *compute.HealthCheck) hcf {
	switch {
	case o.HttpHealthCheck != nil:
		return hcf{o.HttpHealthCheck.Port, o.HttpHealthCheck.PortSpecification, o.HttpHealthCheck.RequestPath}
	case o.HttpsHealthCheck != nil:
		return hcf{o.HttpsHealthCheck.Port, o.HttpsHealthCheck.PortSpecification, o.HttpsHealthCheck.RequestPath}
	case o.Http2HealthCheck != nil:
		return hcf{o.Http2HealthCheck.Port, o.Http2HealthCheck.PortSpecification, o.Http2HealthCheck.RequestPath}
	}
	return hcf{}
}

func checkHealthCheck(interval, timeout, healthy, unhealthy int64, f hcf) error {
	in := func(name string, v, lo, hi int64) error {
		if v < lo || v > hi {
			return bad("Invalid value for field 'resource.%s': '%d'. Must be between %d and %d", name, v, lo, hi)
		}
		return nil
	}
	for _, e := range []error{
		in("checkIntervalSec", interval, 1, 300), in("timeoutSec", timeout, 1, 300),
		in("healthyThreshold", healthy, 1, 10), in("unhealthyThreshold", unhealthy, 1, 10),
	} {
		if e != nil {
			return e
		}
	}
	if timeout > interval {
		return bad("Invalid value for field 'resource.timeoutSec': '%d'. TimeoutSec should be less than or equal to checkIntervalSec (%d)", timeout, interval)
	}
	if f.spec == "USE_FIXED_PORT" || f.spec == "" {
		if e := in("httpHealthCheck.port", f.port, 1, 65535); e != nil {
			return e
		}
	}
	if f.reqPath != "" && !strings.HasPrefix(f.reqPath, "/") {
		return bad("Invalid value for field 'resource.httpHealthCheck.requestPath': '%s'. Must start with '/'", f.reqPath)
	}
	return nil
}

func checkBackendService(timeout int64, headers []string, cd *compute.ConnectionDraining) error {
	if timeout < 0 || timeout > 2147483647 {
		return bad("Invalid value for field 'resource.timeoutSec': '%d'. Must be between 1 and 2147483647", timeout)
	}
	for _, h := range headers {
		if !regexp.MustCompile(`^[!#$%&'*+.^_|~0-9A-Za-z-]+:.*$`).MatchString(h) {
			return bad("Invalid value for field 'resource.customRequestHeaders': '%s'. Must be 'name:value'", h)
		}
	}
	if cd != nil && (cd.DrainingTimeoutSec < 0 || cd.DrainingTimeoutSec > 3600) {
		return bad("Invalid value for field 'resource.connectionDraining.drainingTimeoutSec': '%d'. Must be between 0 and 3600", cd.DrainingTimeoutSec)
	}
	return nil
}

var hostPattern = regexp.MustCompile(`^(\*|(\*[.-])?[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?)$`)

func checkURLMap(o *compute.UrlMap) error {
	for _, h := range o.HostRules {
		for _, host := range h.Hosts {
			if !hostPattern.MatchString(host) {
				return bad("Invalid value for field 'resource.hostRules.hosts': '%s'. Invalid host rule", host)
			}
		}
	}
	for _, pm := range o.PathMatchers {
		for _, r := range pm.PathRules {
			for _, p := range r.Paths {
				i := strings.Index(p, "*")
				if !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?#") || i >= 0 && (i != len(p)-1 || p[i-1] != '/') {
					return bad("Invalid value for field 'resource.pathMatchers.pathRules.paths': '%s'. A path must start with '/' and '*' is only allowed at the end following a '/'", p)
				}
			}
		}
	}
	return nil
}

// checkSelfManagedCert: PEM, key matches, RSA >= 2048 or ECDSA P-256/P-384, chain of at most 5.
func checkSelfManagedCert(cert, key string) error {
	var certs []*x509.Certificate
	rest := []byte(cert)
	for {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return bad("The SSL certificate could not be parsed: %v", err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return bad("The SSL certificate could not be parsed: no PEM CERTIFICATE block")
	}
	if len(certs) > 5 {
		return bad("The SSL certificate chain has %d certificates, more than 5", len(certs))
	}
	b, _ := pem.Decode(bytes.TrimSpace([]byte(key)))
	if b == nil {
		return bad("The SSL key could not be parsed: no PEM block")
	}
	if x509.IsEncryptedPEMBlock(b) || b.Type == "ENCRYPTED PRIVATE KEY" { //nolint:staticcheck
		return bad("The SSL key is encrypted")
	}
	var k any
	var err error
	if k, err = x509.ParsePKCS8PrivateKey(b.Bytes); err != nil {
		if k, err = x509.ParsePKCS1PrivateKey(b.Bytes); err != nil {
			if k, err = x509.ParseECPrivateKey(b.Bytes); err != nil {
				return bad("The SSL key could not be parsed: %v", err)
			}
		}
	}
	switch k := k.(type) {
	case *rsa.PrivateKey:
		if n := k.N.BitLen(); n < 2048 {
			return bad("The SSL key is too small: RSA-%d (RSA-2048, RSA-3072, RSA-4096, ECDSA P-256 and P-384 are accepted)", n)
		}
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() {
			return bad("The SSL key is of an unsupported curve %s (ECDSA P-256 and P-384 are accepted)", k.Curve.Params().Name)
		}
	default:
		return bad("The SSL key is of an unsupported type %T", k)
	}
	pub, ok := k.(crypto.Signer)
	if !ok || !pub.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(certs[0].PublicKey) {
		return bad("The SSL certificate and key do not match")
	}
	return nil
}

func (g *fakeGCE) checkCertLinks(ctx context.Context, links []string) error {
	if len(links) == 0 || len(links) > 15 {
		return bad("A target HTTPS proxy takes 1 to 15 SSL certificates, got %d", len(links))
	}
	for _, l := range links {
		id, err := cloud.ParseResourceURL(l)
		if err != nil {
			return bad("Invalid SSL certificate link %q", l)
		}
		if _, err := g.m.SslCertificates().Get(ctx, id.Key); err != nil {
			return &googleapi.Error{Code: 404, Message: fmt.Sprintf("[emulated GCE rule] The resource 'projects/%s/global/sslCertificates/%s' was not found", project, id.Key.Name)}
		}
	}
	return nil
}
