// Package timeout declares the timeout of failsafe-go 0.9.
package timeout

import (
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// Timeout is a policy.
type Timeout[R any] interface {
	failsafe.Policy[R]
}

// New makes a timeout.
func New[R any](timeoutDelay time.Duration) Timeout[R] { return nil }
