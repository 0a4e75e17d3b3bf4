// Package reply finds what a person wrote in an answer by email, apart from what their
// mail program put around it: the message that is answered, and the signature.
//
// # What is cut from a mail
//
// A customer who was not heard is worse than a quote that is read twice. So a mail is cut
// only where a mail program left its own mark, and what is cut is always the end. The whole
// text is kept beside it. These ends are cut:
//
//   - What stands below [Marker].
//   - A quote that reaches to the end, each line marked with >, below an introduction
//     ("On 3 Nov 2025 at 10:14, Shop <shop@example.com> wrote:") with a date or an address
//     in it. Lines with > that nothing introduces are the customer's own.
//   - A quote without marks, as Yahoo and others write it, if the introduction has all
//     that a mail program writes: a known form of words, date, time and <address>.
//   - What follows the headers of a mail (From, Sent, To, Subject in any of the
//     languages), if an address or a line Sent and Subject show that it is one.
//   - What follows "-----Original Message-----", or a line of that kind.
//   - A signature: the line "-- " (with its space) near the end, with little below it.
//
// These are kept, whole:
//
//   - A forwarded mail, which is what the customer writes about: by a line like
//     "Forwarded message", or by a subject like "Fwd:".
//   - Answers between or below the quoted lines.
//   - A quote without marks of which the customer says "see below" or "in red", and one
//     that the customer's own words lead to with a colon: answers may be inside.
//   - A mail in which nothing else would remain.
//
// The words of the mail programs are data: languages.go says what there is of each language,
// and the files beside it have the languages, to which anybody can add. testdata has mails with
// the right cut, and `handrail-eval mail` counts
// over them what is cut too much and what is left.
package reply
