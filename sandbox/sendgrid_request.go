package sandbox

import (
	"slices"
	"strings"
)

// mailRequest is the body of POST /v3/mail/send, as far as the sandbox looks at it.
type mailRequest struct {
	From             *Address          `json:"from"`
	ReplyTo          *Address          `json:"reply_to"`
	ReplyToList      []Address         `json:"reply_to_list"`
	Subject          string            `json:"subject"`
	Personalizations []personalization `json:"personalizations"`
	Content          []mailContent     `json:"content"`
	Attachments      []mailAttachment  `json:"attachments"`
	TemplateID       string            `json:"template_id"`
	Headers          map[string]string `json:"headers"`
	CustomArgs       map[string]string `json:"custom_args"`
	Categories       []string          `json:"categories"`
	SendAt           int64             `json:"send_at"`
	MailSettings     struct {
		SandboxMode struct {
			Enable bool `json:"enable"`
		} `json:"sandbox_mode"`
	} `json:"mail_settings"`
}

type personalization struct {
	From       *Address          `json:"from"`
	To         []Address         `json:"to"`
	CC         []Address         `json:"cc"`
	BCC        []Address         `json:"bcc"`
	Subject    string            `json:"subject"`
	Headers    map[string]string `json:"headers"`
	CustomArgs map[string]string `json:"custom_args"`
	SendAt     int64             `json:"send_at"`
}

type mailContent struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type mailAttachment struct {
	Content  string `json:"content"`
	Filename string `json:"filename"`
}

// sandboxed reports whether the mail is only to be validated: SendGrid's own sandbox mode.
func (m *mailRequest) sandboxed() bool { return m.MailSettings.SandboxMode.Enable }

func (m *mailRequest) text(mimeType string) string {
	for _, content := range m.Content {
		if strings.EqualFold(content.Type, mimeType) {
			return content.Value
		}
	}

	return ""
}

func (m *mailRequest) recipients() []string {
	var addresses []string

	for _, p := range m.Personalizations {
		for _, to := range slices.Concat(p.To, p.CC, p.BCC) {
			addresses = append(addresses, to.Email)
		}
	}

	return addresses
}
