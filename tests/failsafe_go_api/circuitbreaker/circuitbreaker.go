// Package circuitbreaker declares the circuit breaker of failsafe-go 0.9.
package circuitbreaker

import (
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// CircuitBreaker is a policy.
type CircuitBreaker[R any] interface {
	failsafe.Policy[R]
}

// Builder builds circuit breakers. Failure rates are shares, 0 to 1.
type Builder[R any] interface {
	HandleIf(predicate func(R, error) bool) Builder[R]
	WithFailureThreshold(failureThreshold uint) Builder[R]
	WithFailureThresholdPeriod(failureThreshold uint, failureThresholdingPeriod time.Duration) Builder[R]
	WithFailureRateThreshold(failureRateThreshold float64, failureExecutionThreshold uint, failureThresholdingPeriod time.Duration) Builder[R]
	WithDelay(delay time.Duration) Builder[R]
	WithSuccessThreshold(successThreshold uint) Builder[R]
	Build() CircuitBreaker[R]
}

// NewBuilder begins a circuit breaker.
func NewBuilder[R any]() Builder[R] { return nil }
