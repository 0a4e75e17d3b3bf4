package service

// Version is set by the build (-ldflags "-X handrail/cmd/internal/service.Version=…").
var Version = "dev"

// DevHelp is what handrail-dev says of itself.
const DevHelp = `All of Handrail in one process, on this machine only: an embedded Temporal server and its UI, SQLite,
a sandbox that stands in for Twilio and SendGrid, the API and a worker. Settings are environment variables;
'handrail config' lists them.`
