"""Run roc-validator on a crate without network, in an environment of its own: CRATE SEVERITY.

The validator asks the web for the two JSON-LD contexts. The terms that our crates use stand here
instead, as these contexts have them; any other term is an error. Prints each issue on a line.
"""

import json
import sys

import requests
from rocrate_validator import models, services
from rocrate_validator.utils import document_loader
from rocrate_validator.utils.http import HttpRequester

SCHEMA = """CompletedActionStatus ComputerLanguage ControlAction CreateAction CreativeWork Dataset HowTo
HowToStep MediaObject Organization OrganizeAction Person PropertyValue SoftwareApplication
SoftwareSourceCode about actionStatus additionalType affiliation agent author contentSize datePublished
description encodingFormat endTime hasPart identifier instrument license mainEntity mentions name object
programmingLanguage publisher result sdDatePublished softwareRequirements softwareVersion step url value
version workExample exampleOfWork""".split()
RUN = "ContainerImage DockerImage SIFImage containerImage environment registry sha256 tag".split()
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": {
        **{term: f"http://schema.org/{term}" for term in SCHEMA},
        "File": "http://schema.org/MediaObject", "conformsTo": "http://purl.org/dc/terms/conformsTo",
        "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
        "FormalParameter": "https://bioschemas.org/FormalParameter",
        "input": "https://bioschemas.org/ComputationalWorkflow#input",
        "output": "https://bioschemas.org/ComputationalWorkflow#output"},
    "https://w3id.org/ro/terms/workflow-run/context": {
        term: f"https://w3id.org/ro/terms/workflow-run#{term}" for term in RUN}}


def get(requester, address, **options):
    """Answer for the web: a context from here, and nothing else."""
    answer = requests.Response()
    answer.status_code = 200 if address in CONTEXTS else 404
    answer.headers["Content-Type"] = "application/ld+json"
    answer._content = json.dumps({"@context": CONTEXTS.get(address)}).encode()
    return answer


def unknown(path):
    """Yield the terms of a crate that stand in neither context."""
    known = {term for one in CONTEXTS.values() for term in one} | {"@id", "@type"}
    with open(f"{path}/ro-crate-metadata.json", encoding="utf-8") as stream:
        graph = json.load(stream)["@graph"]
    for entity in graph:
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        yield from {*entity, *kinds} - known


def main(path, severity):
    HttpRequester.get = get
    document_loader.install_document_loader()
    issues = [f"REQUIRED term '{term}' is in no context" for term in sorted(set(unknown(path)))]
    result = services.validate(services.ValidationSettings(
        rocrate_uri=path, profile_identifier="provenance-run-crate", no_cache=True,
        requirement_severity=getattr(models.Severity, severity), skip_availability_check=True))
    issues += [f"{one.severity.name} {one.check.identifier} {one.message} ({one.violatingEntity})"
               for one in result.get_issues()]
    print("\n".join(issues))


main(*sys.argv[1:])
