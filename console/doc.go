// Package console serves the web pages with which people watch and mend what Handrail does.
//
// It is a client of the REST API, with the key of whoever is logged in, and has no other way to Handrail's data: what
// a member may not do by the API cannot be done here, and what is done here stands in the audit log like any other
// call. Sentences about states come from the API. A page is a templ component in a file of its own name
// (now.templ), beside the handlers that fetch what it shows (now.go).
//
// Pages work without scripts. With them, pages follow the stream of events (static/console.js).
package console
