// Package retrypolicy declares the retry policy of failsafe-go 0.9.
package retrypolicy

import (
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// RetryPolicy is a policy.
type RetryPolicy[R any] interface {
	failsafe.Policy[R]
}

// Builder builds retry policies. The first try counts as an attempt.
type Builder[R any] interface {
	WithMaxAttempts(maxAttempts int) Builder[R]
	WithDelay(delay time.Duration) Builder[R]
	WithBackoffFactor(delay time.Duration, maxDelay time.Duration, delayFactor float64) Builder[R]
	WithJitterFactor(jitterFactor float64) Builder[R]
	Build() RetryPolicy[R]
}
