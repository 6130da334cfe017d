// Command podsecurity asks the API server's own evaluator whether pods satisfy a Pod Security level.
//
// It reads a JSON list of {"name", "metadata", "spec"} from standard input and prints one line for each violation;
// it exits with 1 when there is any. The only argument is the level: privileged, baseline or restricted.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type pod struct {
	Name     string            `json:"name"`
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     corev1.PodSpec    `json:"spec"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("usage: podsecurity LEVEL < pods.json")
	}
	level, err := api.ParseLevel(arguments[0])
	if err != nil {
		return err
	}
	var pods []pod
	if err := json.NewDecoder(os.Stdin).Decode(&pods); err != nil {
		return fmt.Errorf("standard input is no list of pods: %w", err)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return err
	}
	wanted := api.LevelVersion{Level: level, Version: api.LatestVersion()}
	refused := false
	for _, one := range pods {
		for _, result := range evaluator.EvaluatePod(wanted, &one.Metadata, &one.Spec) {
			if !result.Allowed {
				refused = true
				fmt.Printf("%s: %s: %s\n", one.Name, result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
	if refused {
		os.Exit(1)
	}
	return nil
}
