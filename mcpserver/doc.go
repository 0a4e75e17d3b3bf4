// Package mcpserver lets an assistant work with Handrail as a person does: it serves the Model Context Protocol over
// the Go client, with a tool for each thing that people do with chats. It holds no rule of its own. What a key may not
// do, no tool does; who asks for something that takes a second member does not approve it.
//
// [New] makes a server. [Server.Run] speaks to one client over a transport such as standard input and output, with the
// key of the settings. [Server.Handler] is for many clients over HTTP, each with its own key.
package mcpserver
