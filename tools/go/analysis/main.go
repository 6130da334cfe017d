// Command analysis lets every analyzer of `istioctl analyze` look at files as if they were a cluster's content.
//
// istioctl itself skips those that need services or pods unless it can ask a cluster. Standard input is a JSON list of
// cases, each {"namespace", "files": [path, …]}; standard output a JSON list with the messages of each, every one
// {"code", "level", "object", "message"}. What cannot be parsed is left out, as istioctl leaves it out.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/resource"
	"istio.io/istio/pkg/log"
)

type question struct {
	Namespace string   `json:"namespace"`
	Files     []string `json:"files"`
}

type message struct {
	Code    string `json:"code"`
	Level   string `json:"level"`
	Object  string `json:"object"`
	Message string `json:"message"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return fmt.Errorf("standard input is no list of cases: %w", err)
	}
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	answers := make([][]message, len(questions))
	for index, one := range questions {
		found, err := analyze(one)
		if err != nil {
			return err
		}
		answers[index] = found
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func analyze(asked question) ([]message, error) {
	analyzer := local.NewSourceAnalyzer(analyzers.AllCombined(), resource.Namespace(asked.Namespace), "istio-system", nil)
	var sources []local.ReaderSource
	for _, file := range asked.Files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, local.ReaderSource{Name: file, Reader: bytes.NewReader(content)})
	}
	// Documents that cannot be parsed are an error here and skipped all the same.
	_ = analyzer.AddTestReaderKubeSource(sources)
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return nil, err
	}
	found := []message{}
	for _, one := range result.Messages {
		if one.Resource == nil {
			continue
		}
		found = append(found, message{
			Code:    one.Type.Code(),
			Level:   one.Type.Level().String(),
			Object:  one.Resource.Origin.FriendlyName(),
			Message: fmt.Sprintf(one.Type.Template(), one.Parameters...),
		})
	}
	return found, nil
}
