package console

import (
	"handrail/chat"
	"handrail/client"
)

// nameHold returns in a few words for what decision a delivery waits that was not sent; "" if it waits for none. Its
// status does not say it.
func nameHold(status client.DeliveryStatus, waiting *client.Waiting, code string) string {
	isUnsent := status == client.DeliveryStatusPending || status == client.DeliveryStatusBlocked
	if !isUnsent || client.ValueOf(waiting) != client.WaitingPerson {
		return ""
	}

	return chat.NameHold(code)
}
