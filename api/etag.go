package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// tagAnswer gives what a GET is answered with an ETag, and answers 304 to who has that already. Others keep what they
// have by it for good, so that it is a digest: no two answers have the same one. A stream has none.
func tagAnswer(c *fiber.Ctx) error {
	if err := c.Next(); err != nil || c.Method() != http.MethodGet || c.Response().IsBodyStream() {
		return err
	}

	body := c.Response().Body()
	if c.Response().StatusCode() != http.StatusOK || len(body) == 0 {
		return nil
	}

	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`

	// A 304 has it too (RFC 9110, 15.4.5).
	c.Set(fiber.HeaderETag, tag)

	if !namesTag(c.Get(fiber.HeaderIfNoneMatch), tag) {
		return nil
	}

	c.Context().ResetBody()

	return c.SendStatus(http.StatusNotModified)
}

// namesTag reports whether an If-None-Match header names a tag: in a list, as a weak one, or with * that names all
// (RFC 9110, 13.1.2).
func namesTag(header, tag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}

	// Our tags have no comma.
	for one := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}

	return false
}
