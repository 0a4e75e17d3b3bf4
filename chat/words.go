package chat

// WordText explains one value of a field to people. Backquotes mark names, values and commands.
type WordText struct {
	Word    string
	Meaning string
	// ByItself is what happens automatically, and until when; "" if nothing does.
	ByItself string
	// Remedy is what a person may do; "" if there is nothing to do.
	Remedy string
}

// WordTable explains every value of one field.
type WordTable struct {
	Title string
	// Fields names the fields that have the values.
	Fields string
	Words  []WordText
}

// WordTables lists the tables of all fields whose values people read, the most important ones first.
func WordTables() []WordTable {
	var all []WordTable

	all = append(all, deliveryWords...)
	all = append(all, actionWords...)
	all = append(all, questionWords...)
	all = append(all, chatWords...)

	all = append(all, memberWords...)

	return append(all, webhookWords...)
}

// findMeaning returns what a word means; "" if the words have no such one.
func findMeaning(words []WordText, word string) string {
	for i := range words {
		if words[i].Word == word {
			return words[i].Meaning
		}
	}

	return ""
}
