"""Text in any known format -> Draft -> (merge, one gate) -> System."""

from auditkit.importers.aliases import renamed
from auditkit.importers.base import Importer
from auditkit.importers.coverage import coverage
from auditkit.importers.dump import dump_yaml, update_yaml
from auditkit.importers.gaps import gaps
from auditkit.importers.journeys import propose_journeys
from auditkit.importers.merge import merge
from auditkit.importers.native import load_yaml, read_nouns
from auditkit.importers.redact import redact
from auditkit.importers.scrub import scrub
from auditkit.importers.table import IMPORTERS, detect_format, importers
from auditkit.importers.validate import validate
from auditkit.importers.yaml_text import read_documents

__all__ = [
    "IMPORTERS",
    "Importer",
    "coverage",
    "detect_format",
    "dump_yaml",
    "gaps",
    "importers",
    "load_yaml",
    "merge",
    "propose_journeys",
    "read_documents",
    "read_nouns",
    "redact",
    "renamed",
    "scrub",
    "update_yaml",
    "validate",
]
