package main

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"istio.io/istio/pilot/pkg/model"
	"istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pilot/pkg/serviceregistry/provider"
	"istio.io/istio/pilot/pkg/xds/endpoints"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/test"
)

// renderer turns an Envoy message into something JSON can hold.
type renderer func(proto.Message) (any, error)

func reply(asked question, render renderer) (answered answer) {
	started := time.Now()
	configs, problems := configsOf(asked.Objects)
	if len(problems) > 0 {
		return answer{Problems: problems}
	}
	var proxies map[string]proxyResources
	var err error
	var stack string
	failed := test.Wrap(func(t test.Failer) {
		// Istio's generator panics where its validation has a gap; that is an answer, not the end.
		defer func() {
			if found := recover(); found != nil {
				err, stack = fmt.Errorf("%v", found), string(debug.Stack())
			}
		}()
		proxies, err = generate(t, asked, configs, render)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return answer{Error: err.Error(), Stack: stack}
	}
	return answer{Proxies: proxies, Milliseconds: float64(time.Since(started).Microseconds()) / 1000}
}

func generate(t test.Failer, asked question, configs []config.Config, render renderer) (map[string]proxyResources, error) {
	meshConfig, err := mesh.ApplyMeshConfigDefaults(string(asked.MeshConfig))
	if err != nil {
		return nil, err
	}
	generator := core.NewConfigGenTest(t, core.TestOptions{Configs: configs, MeshConfig: meshConfig, ClusterID: "Kubernetes"})
	// Istio keeps the access log of a mesh config until it is told that there is another one.
	generator.ConfigGen.MeshConfigChanged(meshConfig)
	services := generator.Env().ServiceDiscovery.Services()
	belongToCluster(services)
	allocate(services, asked.Addresses)
	proxies := map[string]proxyResources{}
	for _, node := range asked.Proxies {
		proxy, err := proxyOf(node)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", node.Name, err)
		}
		prepare(generator, proxy)
		if err := orderPatches(generator.PushContext().EnvoyFilters(proxy)); err != nil {
			return nil, fmt.Errorf("%s: %w", node.Name, err)
		}
		if proxies[node.Name], err = resourcesOf(generator, proxy, render); err != nil {
			return nil, fmt.Errorf("%s: %w", node.Name, err)
		}
	}
	return proxies, nil
}

// belongToCluster says of the application's services that Kubernetes knows them, as it would; the question has them as
// ServiceEntries, of which Istio takes the names to expect of a server that does not speak the mesh's own TLS. A user's
// ServiceEntry for a name of the cluster stays one.
func belongToCluster(services []*model.Service) {
	for _, service := range services {
		if strings.HasPrefix(service.Attributes.K8sAttributes.ObjectName, "service:") {
			service.Attributes.ServiceRegistry = provider.Kubernetes
		}
	}
}

// allocate gives services without an address the one they are asked about with, as istiod's controller and DNS proxies do
// together.
func allocate(services []*model.Service, addresses map[string]string) {
	for _, service := range services {
		if address := addresses[string(service.Hostname)]; address != "" && service.DefaultAddress == constants.UnspecifiedIP {
			service.DefaultAddress = address
		}
	}
}

// proxyOf reads what a proxy says of itself as istiod does (xds.DiscoveryServer.initProxyMetadata).
func proxyOf(node proxyNode) (*model.Proxy, error) {
	said, err := structpb.NewStruct(node.Metadata)
	if err != nil {
		return nil, err
	}
	metadata, err := model.ParseMetadata(said)
	if err != nil {
		return nil, err
	}
	proxy, err := model.ParseServiceNodeWithMetadata(node.ID, metadata)
	if err != nil {
		return nil, err
	}
	proxy.ConfigNamespace = model.GetProxyConfigNamespace(proxy)
	return proxy, nil
}

// keys fetches the keys of token issuers, as istiod does, and keeps them from one question to the next.
var keys = model.NewJwksResolver(model.JwtPubKeyEvictionDuration, model.JwtPubKeyRefreshInterval,
	model.JwtPubKeyRefreshIntervalOnFailure, model.JwtPubKeyRetryInterval)

// prepare finds what belongs to the proxy, in istiod's order (xds.DiscoveryServer.computeProxyState): gateways depend on
// the services behind the proxy, those on its labels.
func prepare(generator *core.ConfigGenTest, proxy *model.Proxy) {
	push := generator.PushContext()
	push.JwtKeyResolver = keys
	proxy.SetWorkloadLabels(generator.Env())
	proxy.SetServiceTargets(generator.Env().ServiceDiscovery)
	proxy.SetSidecarScope(push)
	proxy.SetGatewaysForProxy(push)
	proxy.DiscoverIPMode()
	proxy.WatchedResources = map[string]*model.WatchedResource{}
}

func resourcesOf(generator *core.ConfigGenTest, proxy *model.Proxy, render renderer) (proxyResources, error) {
	var resources proxyResources
	var err error
	clusters := generator.Clusters(proxy)
	if resources.Clusters, err = rendered(clusters, render); err != nil {
		return resources, err
	}
	for _, cluster := range clusters {
		if cluster.GetEdsClusterConfig() == nil {
			continue
		}
		builder := endpoints.NewEndpointBuilder(cluster.Name, proxy, generator.PushContext())
		assignment, err := render(builder.BuildClusterLoadAssignment(generator.Env().EndpointIndex))
		if err != nil {
			return resources, err
		}
		resources.Endpoints = append(resources.Endpoints, assignment)
	}
	listeners := generator.Listeners(proxy)
	if resources.Listeners, err = rendered(listeners, render); err != nil {
		return resources, err
	}
	resources.Routes, err = rendered(generator.RoutesFromListeners(proxy, listeners), render)
	return resources, err
}
