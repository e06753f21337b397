package main

// What the mock GCE and the fake clients hold once the controllers have settled.

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud"
	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/filter"
	"github.com/GoogleCloudPlatform/k8s-cloud-provider/pkg/cloud/meta"
	compute "google.golang.org/api/compute/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	negtypes "k8s.io/ingress-gce/pkg/neg/types"
	"k8s.io/ingress-gce/pkg/utils"
)

type report struct {
	OK          bool           `json:"ok"`
	Controllers string         `json:"controllers"` // the version of k8s.io/ingress-gce
	Ingresses   []ingressRep   `json:"ingresses"`
	Findings    []Finding      `json:"findings"`
	Events      []eventRec     `json:"events,omitempty"`
	GCE         gceRep         `json:"gce"`
	McrtState   []mcrtState    `json:"managedCertificates,omitempty"`
	Ignored     map[string]int `json:"ignoredKinds,omitempty"`
}

type ingressRep struct {
	Name        string            `json:"name"`
	Handled     bool              `json:"handled"`
	Why         string            `json:"why,omitempty"`
	Address     string            `json:"address,omitempty"`
	Ports       []string          `json:"ports"`
	Certs       []certRep         `json:"certificates"`
	Redirect    string            `json:"httpsRedirect,omitempty"`
	SSLPolicy   string            `json:"sslPolicy,omitempty"`
	Routes      []routeRep        `json:"routes"`
	Default     string            `json:"defaultBackend,omitempty"`
	Annotations map[string]string `json:"annotationsWritten,omitempty"`
}

type routeRep struct {
	Host    string `json:"host"`
	Path    string `json:"path"`
	Backend string `json:"backend"`
}

type certRep struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Domains []string `json:"domains,omitempty"`
	Exists  bool     `json:"exists"`
}

type backendRep struct {
	Name           string     `json:"name"`
	Service        string     `json:"service"`
	Port           string     `json:"port"`
	Protocol       string     `json:"protocol"`
	Features       []string   `json:"features,omitempty"`
	TimeoutSec     int64      `json:"timeoutSec"`
	TimeoutNote    string     `json:"timeoutNote,omitempty"`
	DrainingSec    *int64     `json:"drainingTimeoutSec,omitempty"`
	Affinity       string     `json:"sessionAffinity,omitempty"`
	LogSampleRate  *float64   `json:"logSampleRate,omitempty"`
	SecurityPolicy string     `json:"securityPolicy,omitempty"`
	RequestHeaders []string   `json:"customRequestHeaders,omitempty"`
	CDN            bool       `json:"cdn,omitempty"`
	IAP            bool       `json:"iap,omitempty"`
	HealthCheck    *hcRep     `json:"healthCheck,omitempty"`
	Groups         []groupRep `json:"groups"`
}

type hcRep struct {
	Type               string `json:"type"`
	Port               int64  `json:"port,omitempty"`
	PortSpecification  string `json:"portSpecification,omitempty"`
	RequestPath        string `json:"requestPath"`
	Host               string `json:"host,omitempty"`
	CheckIntervalSec   int64  `json:"checkIntervalSec"`
	TimeoutSec         int64  `json:"timeoutSec"`
	HealthyThreshold   int64  `json:"healthyThreshold"`
	UnhealthyThreshold int64  `json:"unhealthyThreshold"`
	Description        string `json:"description,omitempty"`
}

type groupRep struct {
	Kind          string   `json:"kind"` // NEG | InstanceGroup
	Name          string   `json:"name"`
	Zone          string   `json:"zone"`
	BalancingMode string   `json:"balancingMode"`
	Endpoints     []string `json:"endpoints,omitempty"`
}

type gceRep struct {
	BackendServices []backendRep     `json:"backendServices"`
	UrlMaps         []string         `json:"urlMaps"`
	TargetProxies   []string         `json:"targetProxies"`
	ForwardingRules []string         `json:"forwardingRules"`
	SslCertificates []certRep        `json:"sslCertificates"`
	Addresses       []string         `json:"addresses,omitempty"`
	Firewalls       []map[string]any `json:"firewalls"`
	NEGs            []groupRep       `json:"networkEndpointGroups"`
}

func last(link string) string {
	if i := strings.LastIndex(link, "/"); i >= 0 {
		return link[i+1:]
	}
	return link
}

func zoneOf(link string) string {
	if id, err := cloud.ParseResourceURL(link); err == nil && id.Key != nil {
		return id.Key.Zone
	}
	return ""
}

func (r *run) report(ctx context.Context) *report {
	c := r.gce.Compute()
	out := &report{Controllers: r.opt.controllerVer, Ignored: r.w.Ignored, McrtState: r.mcrts}

	var bes []*compute.BackendService
	var ums []*compute.UrlMap
	var hcs []*compute.HealthCheck
	var hp []*compute.TargetHttpProxy
	var hsp []*compute.TargetHttpsProxy
	var frs []*compute.ForwardingRule
	var certs []*compute.SslCertificate
	add := func(err error) {
		if err != nil {
			r.w.add(Finding{"judge", "warning", "", err.Error()})
		}
	}
	{
		x, err := c.BackendServices().List(ctx, filter.None)
		add(err)
		y, err := c.RegionBackendServices().List(ctx, region, filter.None)
		add(err)
		bes = append(x, y...)
	}
	{
		x, err := c.UrlMaps().List(ctx, filter.None)
		add(err)
		y, err := c.RegionUrlMaps().List(ctx, region, filter.None)
		add(err)
		ums = append(x, y...)
	}
	{
		x, err := c.HealthChecks().List(ctx, filter.None)
		add(err)
		y, err := c.RegionHealthChecks().List(ctx, region, filter.None)
		add(err)
		hcs = append(x, y...)
	}
	{
		x, err := c.TargetHttpProxies().List(ctx, filter.None)
		add(err)
		y, err := c.RegionTargetHttpProxies().List(ctx, region, filter.None)
		add(err)
		hp = append(x, y...)
	}
	{
		x, err := c.TargetHttpsProxies().List(ctx, filter.None)
		add(err)
		y, err := c.RegionTargetHttpsProxies().List(ctx, region, filter.None)
		add(err)
		hsp = append(x, y...)
	}
	{
		x, err := c.GlobalForwardingRules().List(ctx, filter.None)
		add(err)
		y, err := c.ForwardingRules().List(ctx, region, filter.None)
		add(err)
		frs = append(x, y...)
	}
	{
		x, err := c.SslCertificates().List(ctx, filter.None)
		add(err)
		y, err := c.RegionSslCertificates().List(ctx, region, filter.None)
		add(err)
		certs = append(x, y...)
	}

	hcByName := map[string]*compute.HealthCheck{}
	for _, h := range hcs {
		hcByName[h.Name] = h
	}
	// NEGs and their endpoints
	negs := map[string]groupRep{}
	store, _ := r.gce.m.MockNetworkEndpointGroups.X.(negtypes.NetworkEndpointStore)
	agg, _ := c.NetworkEndpointGroups().AggregatedList(ctx, filter.None)
	for _, l := range agg {
		for _, n := range l {
			id, err := cloud.ParseResourceURL(n.SelfLink)
			if err != nil {
				continue
			}
			g := groupRep{Kind: "NEG", Name: n.Name, Zone: id.Key.Zone, BalancingMode: n.NetworkEndpointType}
			for _, e := range store[*meta.ZonalKey(n.Name, id.Key.Zone)] {
				g.Endpoints = append(g.Endpoints, fmt.Sprintf("%s:%d", e.NetworkEndpoint.IpAddress, e.NetworkEndpoint.Port))
			}
			sort.Strings(g.Endpoints)
			negs[g.Zone+"/"+g.Name] = g
			out.GCE.NEGs = append(out.GCE.NEGs, g)
		}
	}
	sort.Slice(out.GCE.NEGs, func(i, j int) bool {
		a, b := out.GCE.NEGs[i], out.GCE.NEGs[j]
		return a.Name+a.Zone < b.Name+b.Zone
	})

	beLabel := map[string]string{}
	sort.Slice(bes, func(i, j int) bool { return bes[i].Description < bes[j].Description })
	for _, b := range bes {
		d := utils.DescriptionFromString(b.Description)
		rep := backendRep{Name: b.Name, Service: d.ServiceName, Port: portString(d.ServicePort), Protocol: b.Protocol, Features: d.XFeatures,
			TimeoutSec: b.TimeoutSec, Affinity: b.SessionAffinity, SecurityPolicy: last(b.SecurityPolicy), RequestHeaders: b.CustomRequestHeaders, CDN: b.EnableCDN}
		if b.TimeoutSec == 0 {
			rep.TimeoutSec, rep.TimeoutNote = 30, "not set by the controller: the Compute API default of 30 s applies"
		}
		if b.ConnectionDraining != nil {
			rep.DrainingSec = &b.ConnectionDraining.DrainingTimeoutSec
		}
		if b.LogConfig != nil && b.LogConfig.Enable {
			rep.LogSampleRate = &b.LogConfig.SampleRate
		}
		rep.IAP = b.Iap != nil && b.Iap.Enabled
		if len(b.HealthChecks) > 0 {
			if h := hcByName[last(b.HealthChecks[0])]; h != nil {
				x := &hcRep{Type: h.Type, CheckIntervalSec: h.CheckIntervalSec, TimeoutSec: h.TimeoutSec, HealthyThreshold: h.HealthyThreshold, UnhealthyThreshold: h.UnhealthyThreshold, Description: h.Description}
				switch {
				case h.HttpHealthCheck != nil:
					x.Port, x.PortSpecification, x.RequestPath, x.Host = h.HttpHealthCheck.Port, h.HttpHealthCheck.PortSpecification, h.HttpHealthCheck.RequestPath, h.HttpHealthCheck.Host
				case h.HttpsHealthCheck != nil:
					x.Port, x.PortSpecification, x.RequestPath, x.Host = h.HttpsHealthCheck.Port, h.HttpsHealthCheck.PortSpecification, h.HttpsHealthCheck.RequestPath, h.HttpsHealthCheck.Host
				case h.Http2HealthCheck != nil:
					x.Port, x.PortSpecification, x.RequestPath, x.Host = h.Http2HealthCheck.Port, h.Http2HealthCheck.PortSpecification, h.Http2HealthCheck.RequestPath, h.Http2HealthCheck.Host
				}
				rep.HealthCheck = x
			}
		}
		for _, g := range b.Backends {
			gr := groupRep{Kind: "InstanceGroup", Name: last(g.Group), Zone: zoneOf(g.Group), BalancingMode: g.BalancingMode}
			if strings.Contains(g.Group, "networkEndpointGroups") {
				gr.Kind = "NEG"
				gr.Endpoints = negs[gr.Zone+"/"+gr.Name].Endpoints
			}
			rep.Groups = append(rep.Groups, gr)
		}
		sort.Slice(rep.Groups, func(i, j int) bool { return rep.Groups[i].Zone < rep.Groups[j].Zone })
		beLabel[b.Name] = fmt.Sprintf("%s:%s", rep.Service, rep.Port)
		out.GCE.BackendServices = append(out.GCE.BackendServices, rep)
	}

	certBy := map[string]certRep{}
	for _, x := range certs {
		cr := certRep{Name: x.Name, Type: x.Type, Exists: true}
		if cr.Type == "" {
			cr.Type = "SELF_MANAGED"
		}
		if x.Managed != nil {
			cr.Domains = x.Managed.Domains
		}
		certBy[x.Name] = cr
		out.GCE.SslCertificates = append(out.GCE.SslCertificates, cr)
	}
	umBy := map[string]*compute.UrlMap{}
	for _, u := range ums {
		umBy[u.Name] = u
		out.GCE.UrlMaps = append(out.GCE.UrlMaps, u.Name)
	}
	owner := func(desc string) string {
		var m map[string]string
		_ = json.Unmarshal([]byte(desc), &m)
		return m["kubernetes.io/ingress-name"]
	}
	for _, p := range hp {
		out.GCE.TargetProxies = append(out.GCE.TargetProxies, fmt.Sprintf("HTTP %s -> %s", p.Name, last(p.UrlMap)))
	}
	httpsOf := map[string]*compute.TargetHttpsProxy{}
	httpOf := map[string]*compute.TargetHttpProxy{}
	for _, p := range hp {
		httpOf[owner(p.Description)] = p
	}
	for _, p := range hsp {
		httpsOf[owner(p.Description)] = p
		out.GCE.TargetProxies = append(out.GCE.TargetProxies, fmt.Sprintf("HTTPS %s -> %s", p.Name, last(p.UrlMap)))
	}
	for _, f := range frs {
		out.GCE.ForwardingRules = append(out.GCE.ForwardingRules, fmt.Sprintf("%s %s:%s -> %s", f.Name, f.IPAddress, f.PortRange, last(f.Target)))
	}
	sort.Strings(out.GCE.UrlMaps)
	sort.Strings(out.GCE.TargetProxies)
	sort.Strings(out.GCE.ForwardingRules)
	sort.Slice(out.GCE.SslCertificates, func(i, j int) bool { return out.GCE.SslCertificates[i].Name < out.GCE.SslCertificates[j].Name })
	if a, err := c.GlobalAddresses().List(ctx, filter.None); err == nil {
		for _, x := range a {
			out.GCE.Addresses = append(out.GCE.Addresses, x.Name+" "+x.Address)
		}
	}
	if fws, err := c.Firewalls().List(ctx, filter.None); err == nil {
		for _, f := range fws {
			sort.Strings(f.SourceRanges)
			sort.Strings(f.TargetTags)
			m := map[string]any{"name": f.Name, "sourceRanges": f.SourceRanges, "targetTags": f.TargetTags}
			var allow []string
			for _, a := range f.Allowed {
				sort.Strings(a.Ports)
				allow = append(allow, a.IPProtocol+":"+strings.Join(a.Ports, ","))
			}
			m["allowed"] = allow
			out.GCE.Firewalls = append(out.GCE.Firewalls, m)
		}
	}

	label := func(link string) string {
		if l, ok := beLabel[last(link)]; ok {
			return l
		}
		return last(link)
	}
	ings, _ := r.kube.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
	orig := map[string]map[string]string{}
	for _, i := range r.w.Ingresses {
		orig[i.Namespace+"/"+i.Name] = i.Annotations
	}
	out.OK = true
	for i := range ings.Items {
		ing := &ings.Items[i]
		key := ing.Namespace + "/" + ing.Name
		ir := ingressRep{Name: key, Handled: utils.IsGLBCIngress(ing), Ports: []string{}, Certs: []certRep{}, Routes: []routeRep{}}
		if !ir.Handled {
			ir.Why = "not an Ingress of this controller: kubernetes.io/ingress.class must be \"gce\" or \"gce-internal\", or absent with no spec.ingressClassName"
		}
		if l := ing.Status.LoadBalancer.Ingress; len(l) > 0 {
			ir.Address = l[0].IP
		}
		for _, f := range frs {
			if owner(f.Description) == key {
				ir.Ports = append(ir.Ports, strings.SplitN(f.PortRange, "-", 2)[0])
			}
		}
		sort.Slice(ir.Ports, func(a, b int) bool { return len(ir.Ports[a]) < len(ir.Ports[b]) })
		if p := httpsOf[key]; p != nil {
			for _, l := range p.SslCertificates {
				cr, ok := certBy[last(l)]
				if !ok {
					cr = certRep{Name: last(l), Type: "pre-shared"}
				}
				ir.Certs = append(ir.Certs, cr)
			}
			ir.SSLPolicy = last(p.SslPolicy)
		}
		ir.Annotations = map[string]string{}
		for k, v := range ing.Annotations {
			if strings.HasPrefix(k, "ingress.kubernetes.io/") || k == "ingress.gcp.kubernetes.io/pre-shared-cert" {
				ir.Annotations[k] = v
			}
		}
		um := umBy[ing.Annotations["ingress.kubernetes.io/url-map"]]
		if um == nil {
			if p := httpOf[key]; p != nil {
				um = umBy[last(p.UrlMap)]
			} else if p := httpsOf[key]; p != nil {
				um = umBy[last(p.UrlMap)]
			}
		}
		if um != nil {
			ir.Default = label(um.DefaultService)
			pm := map[string]*compute.PathMatcher{}
			for _, p := range um.PathMatchers {
				pm[p.Name] = p
			}
			for _, h := range um.HostRules {
				for _, host := range h.Hosts {
					if p := pm[h.PathMatcher]; p != nil {
						for _, pr := range p.PathRules {
							for _, path := range pr.Paths {
								ir.Routes = append(ir.Routes, routeRep{host, path, label(pr.Service)})
							}
						}
					}
				}
			}
		}
		if p := httpOf[key]; p != nil {
			if u := umBy[last(p.UrlMap)]; u != nil && u.DefaultUrlRedirect != nil && u.DefaultUrlRedirect.HttpsRedirect {
				ir.Redirect = u.DefaultUrlRedirect.RedirectResponseCode
				if ir.Redirect == "" {
					ir.Redirect = "MOVED_PERMANENTLY_DEFAULT (by omission)"
				}
			}
		}
		if !ir.Handled || ir.Address == "" {
			out.OK = false
		}
		out.Ingresses = append(out.Ingresses, ir)
	}
	if len(out.Ingresses) == 0 {
		out.OK = false
	}

	r.mu.Lock()
	evs := append([]eventRec(nil), r.events...)
	r.mu.Unlock()
	out.Events = evs
	// A failed sync that a later successful one overtook is transient: the address
	// or a new frontend came after the last time it was reported.
	success := map[string]int{}
	for _, e := range evs {
		if e.Type == "Normal" && (e.Reason == "IPChanged" || e.Reason == "Sync" && strings.HasSuffix(e.Message, " created")) && e.last > success[e.Object] {
			success[e.Object] = e.last
		}
	}
	addressed := map[string]bool{}
	for _, ir := range out.Ingresses {
		addressed["Ingress/"+ir.Name] = ir.Address != ""
	}
	for _, e := range evs {
		if e.Type != "Warning" {
			continue
		}
		f := Finding{"controller", "error", e.Object, e.Reason + ": " + e.Message}
		if strings.HasPrefix(e.Message, "Error syncing to GCP") && addressed[e.Object] && success[e.Object] > e.last {
			f.Severity, f.Message = "info", "(transient, the next sync succeeded) "+f.Message
		}
		r.w.add(f)
	}
	r.gce.mu.Lock()
	r.w.Findings = append(r.w.Findings, r.gce.errs...)
	r.gce.mu.Unlock()
	out.Findings = append([]Finding{}, r.w.Findings...)
	for _, f := range out.Findings {
		if f.Severity == "error" {
			out.OK = false
		}
	}
	return out
}

// portString turns the description's Go-printed ServiceBackendPort into what the Ingress said.
func portString(s string) string {
	s = strings.TrimSuffix(strings.TrimPrefix(s, "&ServiceBackendPort{"), "}")
	for _, f := range strings.Split(s, ",") {
		k, v, _ := strings.Cut(f, ":")
		if k == "Name" && v != "" {
			return v
		}
		if k == "Number" && v != "0" {
			return v
		}
	}
	return s
}
