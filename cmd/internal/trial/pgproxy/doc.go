// Package pgproxy owns a proxy between PostgreSQL and its clients that makes trouble on
// purpose: it cuts connections at chosen statements, before or after the server has carried
// them out, it slows everything down, and it lets nothing through for a while. It reads as
// much of PostgreSQL's protocol (version 3, without TLS) as that needs.
package pgproxy
