package main

import "encoding/json"

// question is a whole mesh. Objects are Istio resources as in YAML files, the oldest first: Istio's order of precedence.
// Addresses are those allocated to hosts that no policy gives one.
type question struct {
	MeshConfig json.RawMessage   `json:"meshConfig"`
	Addresses  map[string]string `json:"addresses"`
	Objects    []json.RawMessage `json:"objects"`
	Proxies    []proxyNode       `json:"proxies"`
}

// proxyNode is what a proxy says of itself when it connects to istiod.
type proxyNode struct {
	Name     string         `json:"name"`
	ID       string         `json:"id"`
	Metadata map[string]any `json:"metadata"`
}

// answer holds the resources of every proxy by its name. With problems or an error there are none; Stack is where the
// generator panicked.
type answer struct {
	Milliseconds float64                   `json:"milliseconds"`
	Problems     []problem                 `json:"problems,omitempty"`
	Error        string                    `json:"error,omitempty"`
	Stack        string                    `json:"stack,omitempty"`
	Proxies      map[string]proxyResources `json:"proxies,omitempty"`
}

// problem is what Istio has against an object; Object counts from 0 in the order of the question.
type problem struct {
	Object  int    `json:"object"`
	Message string `json:"message"`
}

type proxyResources struct {
	Clusters  []any `json:"clusters"`
	Endpoints []any `json:"endpoints"`
	Listeners []any `json:"listeners"`
	Routes    []any `json:"routes"`
}
