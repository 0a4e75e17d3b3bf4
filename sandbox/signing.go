package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const pemType = "EC PRIVATE KEY"

// NewSigningKey makes a key for SendGrid's webhooks.
func NewSigningKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("sandbox: make a signing key: %w", err)
	}

	return key, nil
}

// SigningKeyFile reads the key in a PEM file, and makes both when there is no file, its
// folder too. It fails on a file that holds anything else.
func SigningKeyFile(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, os.ErrNotExist) {
		return createKeyFile(path)
	}

	if err != nil {
		return nil, fmt.Errorf("sandbox: read the signing key: %w", err)
	}

	block, _ := pem.Decode(raw)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("sandbox: %s holds no %s", path, pemType)
	}

	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("sandbox: read the signing key: %w", err)
	}

	return key, nil
}

func createKeyFile(path string) (*ecdsa.PrivateKey, error) {
	key, err := NewSigningKey()
	if err != nil {
		return nil, err
	}

	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("sandbox: encode the signing key: %w", err)
	}

	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sandbox: make the folder of the signing key: %w", err)
	}

	raw := pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der})
	if err := os.WriteFile(filepath.Clean(path), raw, 0o600); err != nil {
		return nil, fmt.Errorf("sandbox: write the signing key: %w", err)
	}

	return key, nil
}

// PublicKey is what verifies a key's signatures, as SendGrid shows it: the base64 of
// its DER. It fails for a key that is on no known curve.
func PublicKey(key *ecdsa.PrivateKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", fmt.Errorf("sandbox: encode the public key: %w", err)
	}

	return base64.StdEncoding.EncodeToString(der), nil
}

// SignBody returns the headers by which SendGrid signs the body of a webhook call: ECDSA over the SHA-256 of timestamp
// and body.
func SignBody(key *ecdsa.PrivateKey, body []byte) (http.Header, error) {
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	digest := sha256.Sum256(append([]byte(timestamp), body...))

	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign a webhook call: %w", err)
	}

	return http.Header{
		"X-Twilio-Email-Event-Webhook-Signature": {base64.StdEncoding.EncodeToString(signature)},
		"X-Twilio-Email-Event-Webhook-Timestamp": {timestamp},
	}, nil
}

// sendGridCall signs a body for a webhook.
func (s *Sandbox) sendGridCall(address, contentType string, body []byte) (posting, error) {
	header, err := SignBody(s.config.SigningKey, body)
	if err != nil {
		return posting{}, err
	}

	header.Set("Content-Type", contentType)
	header.Set("User-Agent", "SendGrid Event API")

	return posting{url: address, header: header, body: body}, nil
}

// sendGridRetries is a few minutes; SendGrid's is a day for events and three for mail.
func (s *Sandbox) sendGridRetries() retryPolicy {
	return retryPolicy{retries: 7, pause: untilRetry * s.config.CallbackDelay, worth: untilTaken}
}
