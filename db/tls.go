package db

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
)

// tlsSettings are the parameters of a PostgreSQL URL that concern encryption.
type tlsSettings struct{ mode, rootCert, cert, key string }

// tlsConfig is nil for a connection that is not encrypted. host is "" for unix sockets.
func tlsConfig(host string, s tlsSettings) (*tls.Config, error) {
	if s.mode == "" {
		s.mode = "verify-full"
		if isLocal(host) && s.rootCert == "" {
			s.mode = "disable"
		}
	}

	config := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}

	switch s.mode {
	case "disable":
		return nil, nil //nolint:nilnil // the driver takes nil for "not encrypted"
	case "require":
		// As in libpq: encrypted, and verified only when a root is given.
		config.InsecureSkipVerify = true // asked for by name; the default verifies
		if s.rootCert != "" {
			verifyChainOnly(config)
		}

	case "verify-ca":
		verifyChainOnly(config)
	case "verify-full":
	case "allow", "prefer":
		return nil, invalidURL(
			"sslmode=%s may silently not encrypt; use verify-full, verify-ca, require or disable",
			s.mode,
		)

	default:
		return nil, invalidURL("sslmode must be verify-full, verify-ca, require or disable")
	}

	return config, s.readFiles(config)
}

// readFiles loads the root certificates and the client's own.
func (s tlsSettings) readFiles(config *tls.Config) error {
	if s.rootCert != "" {
		pem, err := os.ReadFile(s.rootCert)
		if err != nil {
			return invalidURL("read sslrootcert: %w", err)
		}

		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return invalidURL("sslrootcert holds no certificate in PEM")
		}
	}

	if (s.cert == "") != (s.key == "") {
		return invalidURL("sslcert and sslkey must be given together")
	}

	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return invalidURL("read sslcert and sslkey: %w", err)
		}

		config.Certificates = []tls.Certificate{pair}
	}

	return nil
}

// verifyChainOnly verifies the certificate but not the host name. crypto/tls knows no
// such mode: its own verification is turned off and the chain checked here, on resumed
// connections too.
func verifyChainOnly(config *tls.Config) {
	config.InsecureSkipVerify = true // VerifyConnection does it
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}

		between := x509.NewCertPool()
		for _, c := range state.PeerCertificates[1:] {
			between.AddCert(c)
		}

		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: between})

		return err
	}
}

// isLocal reports whether what is sent to host stays on this machine.
func isLocal(host string) bool {
	if host == "" || host == "localhost" {
		return true
	}

	ip := net.ParseIP(host)

	return ip != nil && ip.IsLoopback()
}
