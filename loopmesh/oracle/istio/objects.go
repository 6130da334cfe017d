package main

import (
	"encoding/json"
	"fmt"
	"time"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// configsOf reads objects as strictly as the Kubernetes API server with Istio's webhook does.
func configsOf(objects []json.RawMessage) ([]config.Config, []problem) {
	var configs []config.Config
	var problems []problem
	oldest := time.Unix(0, 0)
	for index, object := range objects {
		found, err := configOf(object)
		if err != nil {
			problems = append(problems, problem{Object: index, Message: err.Error()})
			continue
		}
		found.CreationTimestamp = oldest.Add(time.Duration(index) * time.Second)
		configs = append(configs, *found)
	}
	return configs, problems
}

func configOf(object json.RawMessage) (*config.Config, error) {
	var read crd.IstioKind
	if err := json.Unmarshal(object, &read); err != nil {
		return nil, err
	}
	kind := resource.FromKubernetesGVK(ptr(schema.FromAPIVersionAndKind(read.APIVersion, read.Kind)))
	known, exists := collections.PilotGatewayAPI().FindByGroupVersionAliasesKind(kind)
	if !exists {
		return nil, fmt.Errorf("Istio has no kind %s in %s", read.Kind, read.APIVersion)
	}
	found, err := crd.ConvertObjectInternal(known, &read, "cluster.local", strictly)
	if err != nil {
		return nil, err
	}
	_, err = known.ValidateConfig(*found)
	return found, err
}

func strictly(known resource.Schema, text string) (config.Spec, error) {
	spec, err := known.NewInstance()
	if err != nil {
		return nil, err
	}
	return spec, config.ApplyJSONStrict(spec, text)
}

func ptr[T any](value T) *T { return &value }
