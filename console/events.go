package console

import (
	"encoding/json"
	"sync"

	"handrail/chat"
)

// eventTypes returns the names of all types of events as JSON: a browser hears only those that it listens for.
var eventTypes = sync.OnceValue(func() string {
	var names []chat.EventType

	for _, text := range chat.EventTypes() {
		names = append(names, text.Type)
	}

	encoded, err := json.Marshal(names)
	if err != nil {
		panic(err) // they are texts
	}

	return string(encoded)
})
