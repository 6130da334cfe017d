package main

import (
	"encoding/json"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// serialised is the message's bytes, which JSON holds in base64.
func serialised(message proto.Message) (any, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(message)
}

// readable is the message as JSON, with everything that is packed inside it.
func readable(message proto.Message) (any, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	return json.RawMessage(text), err
}

func rendered[M proto.Message](messages []M, render renderer) ([]any, error) {
	var all []any
	for _, message := range messages {
		one, err := render(message)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
