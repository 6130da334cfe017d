// Istio's configuration generator as a program: what istiod would send to every proxy of a mesh.
//
// Enters: questions, a JSON object a line on standard input: mesh config, Istio objects, proxies. Leaves: an answer a
// line on standard output: the resources of every proxy, or what Istio has against the objects. Nothing is kept from one
// question to the next. Ends with its input, so also with whoever asks. With -pretty it answers one question, readably.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"io"
	"os"

	"istio.io/istio/pkg/log"
)

func main() {
	pretty := flag.Bool("pretty", false, "answer one question with resources as readable JSON, not as serialised messages")
	flag.Parse()
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.NoneLevel)
	}
	if err := serve(os.Stdin, os.Stdout, *pretty); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, pretty bool) error {
	questions := json.NewDecoder(bufio.NewReader(in))
	answers := bufio.NewWriter(out)
	render := serialised
	if pretty {
		render = readable
	}
	for {
		var asked question
		if err := questions.Decode(&asked); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := json.NewEncoder(answers).Encode(reply(asked, render)); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil || pretty {
			return err
		}
	}
}
