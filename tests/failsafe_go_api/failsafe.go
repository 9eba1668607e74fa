// Package failsafe declares what the exported clients use of failsafe-go 0.9, written from its documentation, so that their
// types can be checked where the module itself cannot be had. Nothing here does anything.
package failsafe

// Policy handles executions whose result is R.
type Policy[R any] interface {
	ToExecutor(R) any
}
