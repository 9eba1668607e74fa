"""Text in any known format -> Draft -> (merge, one gate) -> System."""
