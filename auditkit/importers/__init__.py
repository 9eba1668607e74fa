"""Text in any known format -> Draft -> (merge, one gate) -> System."""

from auditkit.importers.dump import dump_yaml, update_yaml
from auditkit.importers.native import load_yaml, read_nouns
from auditkit.importers.validate import validate

__all__ = ["dump_yaml", "load_yaml", "read_nouns", "update_yaml", "validate"]
