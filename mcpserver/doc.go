// Package mcpserver lets an AI assistant use Handrail: it serves the Model Context Protocol (MCP) over the Go client,
// with a tool for each thing that people do with chats. It has no rules of its own. A tool can do only what its API key
// may do, and nobody can approve their own request.
//
// [New] makes a server. [Server.Run] serves one client over a transport such as standard input and output, with the API
// key of the settings. [Server.Handler] serves many clients over HTTP, each with its own key.
package mcpserver
