package render

// PlainText is the text of an SMS without its limits.
func PlainText(message string) string { return smsText(message) }
