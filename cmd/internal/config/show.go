package config

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
)

// Variable is one environment variable that Handrail reads.
type Variable struct {
	Name, Value, Default, Help string
}

// Variables lists what is in force, secrets masked, in the order of [Config].
func (c *Config) Variables() []Variable { return listVariables(reflect.ValueOf(*c)) }

// Show writes what is in force as NAME=value lines with what each is for.
func (c *Config) Show(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range c.Variables() {
		if _, err := fmt.Fprintf(table, "%s=%s\t# %s\n", v.Name, v.Value, v.Help); err != nil {
			return fmt.Errorf("show configuration: %w", err)
		}
	}

	if err := table.Flush(); err != nil {
		return fmt.Errorf("show configuration: %w", err)
	}

	return nil
}

func listVariables(v reflect.Value) []Variable {
	var all []Variable

	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)

		name, ok := field.Tag.Lookup("env")
		if !ok {
			all = append(all, listVariables(value)...)
			continue
		}

		if name == "-" {
			continue
		}

		all = append(all, Variable{
			Name:    name,
			Value:   maskSecret(field.Tag.Get("secret"), fmt.Sprint(value.Interface())),
			Default: field.Tag.Get("envDefault"),
			Help:    field.Tag.Get("help"),
		})
	}

	return all
}

// masked stands for what is not shown.
const masked = "********"

// maskSecret hides a secret, the passwords in a URL, or the arguments of commands.
func maskSecret(kind, value string) string {
	switch {
	case value == "" || kind == "":
		return value
	case kind == "url":
		return redactURL(value)
	case kind == "commands":
		return maskArguments(value)
	}

	return masked
}

// redactURL hides what may be secret in a URL: the password, and the values of all parameters but
// those that are known to be none. What is no URL is hidden altogether: it may be a list of
// settings with a password.
func redactURL(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" {
		return masked
	}

	query := u.Query()
	for name, values := range query {
		if slices.Contains(publicParameters, name) {
			continue
		}

		for i := range values {
			values[i] = "xxxxx"
		}
	}

	u.RawQuery = query.Encode()

	return u.Redacted()
}

// publicParameters are parameters of a database's URL that hold no secret.
var publicParameters = []string{
	"application_name",
	"connect_timeout",
	"host",
	"port",
	"search_path",
	"sslcert",
	"sslkey",
	"sslmode",
	"sslrootcert",
}

// maskArguments hides the arguments of HANDRAIL_MCP_COMMANDS, which may be tokens.
func maskArguments(value string) string {
	entries := strings.Split(value, ";")
	for i, entry := range entries {
		name, line, _ := strings.Cut(strings.TrimSpace(entry), "=")

		words := strings.Fields(line)
		if len(words) > 1 {
			words = []string{words[0], masked}
		}

		entries[i] = name + "=" + strings.Join(words, " ")
	}

	return strings.Join(entries, "; ")
}

// variableOf is the variable that a field of [Config] or [Dev] is read from.
func variableOf(field string) string {
	for _, t := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[Dev]()} {
		if f, ok := t.FieldByName(field); ok {
			return f.Tag.Get("env")
		}
	}

	return field
}
