// Package render turns a message in Markdown into what a provider gets: HTML and text for
// email, plain text and its segments for SMS, text and an HTML fragment for web chats.
//
// Nothing a message says is lost: digits, signs and addresses are in what goes out as they
// were written, and so is what looks like an HTML tag. Only what is certainly a mark of
// Markdown goes, which [plainText] lists for texts; HTML follows the same rules where it can.
// Nothing a message says is trusted either: the HTML passes a second wall before our own
// layout is put around it.
package render
