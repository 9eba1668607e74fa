// Package bulkhead declares the bulkhead of failsafe-go 0.9.
package bulkhead

import (
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// Bulkhead is a policy.
type Bulkhead[R any] interface {
	failsafe.Policy[R]
}

// Builder builds bulkheads.
type Builder[R any] interface {
	WithMaxWaitTime(maxWaitTime time.Duration) Builder[R]
	Build() Bulkhead[R]
}

// NewBuilder begins a bulkhead.
func NewBuilder[R any](maxConcurrency uint) Builder[R] { return nil }
