// Package failsafehttp declares the HTTP parts of failsafe-go 0.9.
package failsafehttp

import (
	"net/http"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
)

// NewRetryPolicyBuilder begins a retry policy for HTTP.
func NewRetryPolicyBuilder() retrypolicy.Builder[*http.Response] { return nil }

// NewRoundTripper puts policies around a transport, the first outermost.
func NewRoundTripper(innerRoundTripper http.RoundTripper, policies ...failsafe.Policy[*http.Response]) http.RoundTripper {
	return nil
}
