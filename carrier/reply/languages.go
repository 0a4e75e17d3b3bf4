package reply

import "slices"

// language is what mail programs write in one language around the mail that is answered.
// To add a language, copy an entry and send yourself a mail with each program. A mail for
// testdata shows that it works.
//
// Upper and lower case are alike, and so is white space of any kind.
type language struct {
	// introductions stand above a quote, without the colon at their end. Where … stands,
	// programs put dates, names and addresses. Those that begin with … need more evidence.
	introductions []string
	// own are words of a person, which tell their sentence from an introduction: "you
	// wrote".
	own []string
	// originals and forwards are titles above an answered and a forwarded mail.
	originals, forwards []string
	// labels are those of the headers above an answered mail.
	labels map[role][]string
	// subjectForwards are what stands before a forward's subject; subjectAnswers are only
	// those prefixes of answers that mean a forward in another language.
	subjectForwards, subjectAnswers []string
	// sentFrom are lines that programs put below a mail, about themselves.
	sentFrom []string
	// below are words with which people say that their answers stand in the quote.
	below []string
}

// languages are written down from the programs named behind the lines.
var languages = slices.Concat(westernLanguages, middleLanguages, otherLanguages)
