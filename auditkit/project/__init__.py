"""The audit folder: steps, what is stale, decisions, resume. The only place, with `cli`, that touches the disk."""
