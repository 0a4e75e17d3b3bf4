package temporaldev

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/temporalio/ui-server/v2/server"
	"github.com/temporalio/ui-server/v2/server/config"
	"github.com/temporalio/ui-server/v2/server/server_options"

	"handrail/freeport"
	"handrail/loopback"
)

// UI is the Temporal UI on loopback. It answers requests that are sent to a name of this machine
// only.
//
// Temporal's own server takes any host, and has no way to be told otherwise. So it serves TLS on
// another port, with a certificate that no browser knows, and a proxy passes on to it what may be
// passed on.
type UI struct {
	listener net.Listener
	proxy    *http.Server
	server   *server.Server
	// folder holds the certificate for as long as the UI runs.
	folder string
}

// NewUI takes the port of the Temporal UI for the server at address. Nothing is served before Run.
func NewUI(address, namespace string, port int) (*UI, error) {
	listener, err := net.Listen("tcp", freeport.Loopback(port)) //nolint:noctx // it answers at once
	if err != nil {
		return nil, fmt.Errorf("take the port of the Temporal UI: %w", err)
	}

	u := &UI{listener: listener}
	if err := u.assemble(address, namespace); err != nil {
		return nil, errors.Join(err, listener.Close(), u.forget())
	}

	return u, nil
}

func (u *UI) assemble(address, namespace string) error {
	ports, err := freeport.Find(1)
	if err != nil {
		return err
	}

	if u.folder, err = os.MkdirTemp("", "handrail-temporal-ui-"); err != nil {
		return fmt.Errorf("make a folder for the Temporal UI: %w", err)
	}

	certificate := filepath.Join(u.folder, "certificate.pem")
	key := filepath.Join(u.folder, "key.pem")

	known, err := writeCertificate(certificate, key)
	if err != nil {
		return err
	}

	cfg := &config.Config{
		Host:                loopbackAddress,
		Port:                ports[0],
		TemporalGRPCAddress: address,
		EnableUI:            true,
		DefaultNamespace:    namespace,
		DisableNewsFetch:    true,
		HideLogs:            true,
		CORS:                config.CORS{CookieInsecure: true},
		UIServerTLS: config.UIServerTLS{
			CertFile: certificate,
			KeyFile:  key,
		},
	}

	if err := cfg.Validate(); err != nil {
		return fmt.Errorf("configure Temporal UI: %w", err)
	}

	u.server = server.NewServer(server_options.WithConfigProvider(cfg))
	u.proxy = &http.Server{
		Handler:           loopback.Guard(newProxy(freeport.Loopback(ports[0]), known)),
		ReadHeaderTimeout: 10 * time.Second,
	}

	return nil
}

// newProxy passes requests on to the server at address, which has a certificate of these.
func newProxy(address string, known *x509.CertPool) http.Handler {
	target := &url.URL{Scheme: "https", Host: address}

	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			// The UI compares the host with the origin of what is posted.
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs:    known,
			MinVersion: tls.VersionTLS13,
		}},
	}
}

// writeCertificate makes a certificate for this machine that nobody else knows.
func writeCertificate(certificateFile, keyFile string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key for the Temporal UI: %w", err)
	}

	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		IPAddresses:  []net.IP{net.ParseIP(loopbackAddress)},
	}

	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for the Temporal UI: %w", err)
	}

	sealed, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make a key for the Temporal UI: %w", err)
	}

	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	private := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sealed})

	err = errors.Join(os.WriteFile(certificateFile, public, 0o600), os.WriteFile(keyFile, private, 0o600))
	if err != nil {
		return nil, fmt.Errorf("keep a certificate for the Temporal UI: %w", err)
	}

	known := x509.NewCertPool()
	known.AppendCertsFromPEM(public)

	return known, nil
}

// Run serves until Stop.
func (u *UI) Run() error {
	inner := make(chan error, 1)

	go func() { inner <- u.server.Start() }()

	if err := u.proxy.Serve(u.listener); !errors.Is(err, http.ErrServerClosed) {
		u.server.Stop()
		return errors.Join(fmt.Errorf("serve Temporal UI: %w", err), <-inner, u.forget())
	}

	u.server.Stop()

	return errors.Join(<-inner, u.forget())
}

// Stop ends Run.
func (u *UI) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()

	if err := u.proxy.Shutdown(ctx); err != nil {
		_ = u.proxy.Close() // what does not finish in time is closed with the process
	}
}

func (u *UI) forget() error { return os.RemoveAll(u.folder) }
