package config

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
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

// maskSecret hides a secret, or the password in a URL.
func maskSecret(kind, value string) string {
	if value == "" || kind == "" {
		return value
	}

	if kind == "url" {
		if u, err := url.Parse(value); err == nil {
			return u.Redacted()
		}
	}

	return "********"
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
