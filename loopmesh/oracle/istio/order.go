package main

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
	"istio.io/istio/pilot/pkg/model"
)

// orderPatches makes the same patches the same bytes in every answer. Istio reads them through JSON, which packs the maps
// inside them in any order, so a proxy would take filters for new ones that nobody has changed.
func orderPatches(filters *model.MergedEnvoyFilterWrapper) error {
	if filters == nil {
		return nil
	}
	for _, patches := range filters.Patches {
		for _, patch := range patches {
			if patch.Value == nil {
				continue
			}
			if err := order(patch.Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// order packs again what is packed inside the message, with the keys of maps sorted.
func order(message proto.Message) error {
	packed, isPacked := message.(*anypb.Any)
	if !isPacked {
		return orderFields(message.ProtoReflect())
	}
	inside, err := packed.UnmarshalNew()
	if err != nil {
		return err
	}
	if err := order(inside); err != nil {
		return err
	}
	return anypb.MarshalFrom(packed, inside, proto.MarshalOptions{Deterministic: true})
}

func orderFields(message protoreflect.Message) (err error) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap() && field.MapValue().Message() != nil:
			value.Map().Range(func(_ protoreflect.MapKey, item protoreflect.Value) bool {
				err = order(item.Message().Interface())
				return err == nil
			})
		case field.IsList() && field.Message() != nil:
			for place := 0; place < value.List().Len() && err == nil; place++ {
				err = order(value.List().Get(place).Message().Interface())
			}
		case !field.IsMap() && field.Message() != nil:
			err = order(value.Message().Interface())
		}
		return err == nil
	})
	return err
}
