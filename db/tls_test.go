package db_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/db"
)

// newCertificate makes a self-signed certificate for db.example.com, and its PEM file.
func newCertificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)

	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test"},
		DNSNames:              []string{"db.example.com"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}

	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "root.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))

	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// shakeHands is what a client with this configuration says to a server with this certificate.
func shakeHands(t *testing.T, client *tls.Config, server tls.Certificate) error {
	t.Helper()

	listener, err := tls.Listen(
		"tcp",
		"127.0.0.1:0",
		&tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12},
	)
	require.NoError(t, err)

	served := make(chan struct{})
	go func() {
		defer close(served)

		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Read(make([]byte, 1)) // shakes hands, then waits for the client to go
			_ = conn.Close()
		}
	}()

	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	err = tls.Client(conn, client).HandshakeContext(t.Context())
	require.NoError(t, conn.Close())
	<-served
	require.NoError(t, listener.Close())

	return err
}

func TestSSLModes(t *testing.T) {
	t.Parallel()
	server, root := newCertificate(t)
	_, otherRoot := newCertificate(t)

	const right, wrong = "db.example.com", "other.example.com"
	for name, test := range map[string]struct {
		host, query string
		verifies    bool
	}{
		"default, right":                     {right, "sslrootcert=" + root, true},
		"default, wrong name":                {wrong, "sslrootcert=" + root, false},
		"default, unknown root":              {right, "", false},
		"verify-full, right":                 {right, "sslmode=verify-full&sslrootcert=" + root, true},
		"verify-full, wrong name":            {wrong, "sslmode=verify-full&sslrootcert=" + root, false},
		"verify-full, other root":            {right, "sslmode=verify-full&sslrootcert=" + otherRoot, false},
		"verify-ca, wrong name":              {wrong, "sslmode=verify-ca&sslrootcert=" + root, true},
		"verify-ca, other root":              {right, "sslmode=verify-ca&sslrootcert=" + otherRoot, false},
		"verify-ca, unknown root":            {right, "sslmode=verify-ca", false},
		"require, anything":                  {wrong, "sslmode=require", true},
		"require with a root, other root":    {right, "sslmode=require&sslrootcert=" + otherRoot, false},
		"require with a root, wrong name":    {wrong, "sslmode=require&sslrootcert=" + root, true},
		"loopback with a root, another name": {"127.0.0.1", "sslrootcert=" + root, false},
	} {
		config, err := db.TLSConfig("postgres://user@" + test.host + "/db?" + test.query)
		require.NoError(t, err, name)
		require.NotNil(t, config, name)
		assert.Equal(t, test.verifies, shakeHands(t, config, server) == nil, name)
	}

	for _, plain := range []string{
		"postgres://user@localhost/db", "postgres://user@127.0.0.1:5433/db", "postgres://user@[::1]/db",
		"postgres://user@/db?host=" + url.QueryEscape("/run/postgresql"),
		"postgres://user@db.example.com/db?sslmode=disable",
	} {
		config, err := db.TLSConfig(plain)
		require.NoError(t, err, plain)
		assert.Nil(t, config, plain)
	}
}
