// Package render turns a message in Markdown into what a provider gets: HTML and text for
// email, plain text and its segments for SMS, text and an HTML fragment for web chats.
//
// Nothing a message says is lost: what looks like an HTML tag is shown as it was written.
// Nothing a message says is trusted either: the HTML passes a second wall before our own
// layout is put around it.
package render
