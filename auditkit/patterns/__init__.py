"""Timeout, retry, circuit breaker, bulkhead, fallback, deadline: what each means, how it is derived, what it costs."""
