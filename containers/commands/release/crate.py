"""The release as a research object: Provenance Run Crate 0.5, one action for each stage."""

from __future__ import annotations

import json
import mimetypes
import re
from pathlib import Path

from containers.commands.pipeline import IMAGE, shown
from containers.commands.release import metadata
from containers.commands.release.outputs import Outputs, folder_sum
from containers.commands.release.pack import sha256
from containers.commands.release.source import Tag
from containers.launcher import environment, images

PROFILES = {"https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
            "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
            "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
            "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate"}
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
MODULE = re.compile(r"python -m ([\w.]+)")
REPOSITORY = "repository"
DONE = "http://schema.org/CompletedActionStatus"
TYPES = {".csv": "text/csv", ".json": "application/json", ".lock": "text/plain", ".yaml":
         "application/yaml", ".py": "text/x-python", ".md": "text/markdown", ".html": "text/html"}


class Crate:
    """The graph, one entity for each ``@id``.

    Parameters
    ----------
    tag : Tag
    outputs : Outputs
    folder : Path
        The release as it is made.
    citation : dict
        ``CITATION.cff``.
    """

    def __init__(self, tag: Tag, outputs: Outputs, folder: Path, citation: dict):
        self.tag, self.outputs, self.folder, self.citation = tag, outputs, folder, citation
        self.cached = {outputs.name(out.fs_path): out
                       for out in (*outputs.released, *outputs.withheld, *outputs.heavy)}
        self.date = metadata.date(tag).isoformat()
        self.graph: dict[str, dict] = {}
        self.data: dict[tuple[str, str], str] = {}

    def add(self, identifier: str, kind, /, **values) -> dict:
        """Add an entity, or return the one of this ``@id``; return a reference to it."""
        self.graph.setdefault(identifier, {"@id": identifier, "@type": kind} | {
            name.rstrip("_"): value for name, value in values.items() if value not in (None, "", [])})
        return {"@id": identifier}

    def build(self) -> dict:
        """Return the content of ``ro-crate-metadata.json``."""
        agent = self.add("#contributors", "Organization",
                         name=", ".join(one.get("name") or one.get("family-names", "")
                                        for one in self.citation["authors"]),
                         url=self.citation.get("url") or self.citation.get("repository-code"))
        # A stage without a hash in dvc.lock has not run.
        actions = [self._action(stage, agent) for stage in self.outputs.pipeline.order
                   if any(out.hash_info for out in stage.outs)]
        workflow = self._workflow()
        run = self.add("#run", "CreateAction", name="dvc repro", agent=agent, instrument=workflow,
                       description="All stages, as dvc.lock records them; DVC records neither when a "
                                   "stage ran nor under which engine.",
                       endTime=self.date, actionStatus=DONE,
                       object=self._sources(), result=self._results())
        engine = self.add("https://dvc.org", "SoftwareApplication", name="DVC", url="https://dvc.org",
                          version=_locked_version("dvc"))
        organized = self.add("#organize", "OrganizeAction", name="DVC ran the stages", agent=agent,
                             instrument=engine, result=run, endTime=self.date,
                             object=[{"@id": control} for control in sorted(
                                 name for name in self.graph if name.startswith("#control/"))])
        self._root([run, organized, *actions], workflow)
        return {"@context": CONTEXT,
                "@graph": [_single(self.graph[name]) for name in sorted(self.graph)]}

    def _action(self, stage, agent: dict) -> dict:
        name = shown(stage)
        module = MODULE.findall(str(stage.cmd))[-1]
        used = IMAGE.findall(str(stage.cmd))
        tool = self._tool(module, used[-1] if used else "")
        step = self.add(f"#step/{name}", "HowToStep", name=name, workExample=tool)
        image = images.load(used[-1]) if used and used[-1] in images.names() else None
        action = self.add(
            f"#action/{name}", "CreateAction", name=name, agent=agent, instrument=tool,
            description=stage.desc or name, endTime=self.date, actionStatus=DONE,
            object=self._data(stage.deps), result=self._data(stage.outs),
            environment=[self._variable(*one) for one in sorted(
                (environment.variables() | (image.environment if image else {})).items())])
        self.add(f"#control/{name}", "ControlAction", name=f"run {name}", instrument=step,
                 object=action, agent=agent, endTime=self.date)
        return action

    def _variable(self, name: str, value: str) -> dict:
        return self.add(f"#variable/{name}={value.replace(' ', '+')}", "PropertyValue", name=name,
                        value=value)

    def _tool(self, module: str, image: str) -> dict:
        path = module.replace(".", "/") + ".py"
        file = f"{REPOSITORY}/{path}"
        self._file(path)
        self.graph[file] |= {"@type": ["File", "SoftwareSourceCode"], "version": self.tag.version,
                             "url": file, "programmingLanguage": {"@id": "#python"}}
        if image in images.names() and "softwareRequirements" not in self.graph[file]:
            self.graph[file]["softwareRequirements"] = self._image(images.load(image))
        self.add("#python", "ComputerLanguage", name="Python", url="https://www.wikidata.org/wiki/Q28865")
        return {"@id": file}

    def _image(self, image: images.Image) -> dict:
        """Return the image that a tool asks for; DVC does not record whether a run used it."""
        built = self._built(image)
        return self.add(f"#image/{image.name}", "ContainerImage", name=f"msclc/{image.name}",
                        tag=image.recipe()[:12], registry="none: built from the locks in this release",
                        additionalType={"@id": "https://w3id.org/ro/terms/workflow-run#DockerImage"},
                        sha256=built.get("docker", {}).get("digest", "").removeprefix("sha256:"))

    def _built(self, image: images.Image) -> dict:
        lock = self.folder / REPOSITORY / "containers" / "images.lock"
        built = json.loads(lock.read_text()).get(image.name, {})
        return built if built.get("recipe") == image.recipe() else {}

    def _data(self, several) -> list[dict]:
        return sorted(({"@id": identifier} for identifier in {
            self._datum(one) for one in several if one.hash_info}), key=lambda one: one["@id"])

    def _datum(self, one) -> str:
        """Return the ``@id`` of an input or output: a file of this release, else its hash and name.

        Parameters that a stage depends on stand in a file of this release; their hash is no text.
        """
        path, md5 = self.outputs.name(one.fs_path), str(one.hash_info.value)
        if (path, md5) in self.data:
            return self.data[path, md5]
        here = self.folder / REPOSITORY / path
        if here.is_file():
            found = self._file(path)["@id"]
        elif here.is_dir():
            found = self._folder(path)["@id"]
        else:
            found = self._elsewhere(path, md5)
        self.data[path, md5] = found
        return found

    def _file(self, path: str) -> dict:
        file = self.folder / REPOSITORY / path
        return self.add(f"{REPOSITORY}/{path}", "File", name=path, encodingFormat=_kind(path),
                        contentSize=str(file.stat().st_size), sha256=sha256(file))

    def _folder(self, path: str) -> dict:
        folder = self.folder / REPOSITORY / path
        inside = [(part.relative_to(folder).as_posix(), part) for part in folder.rglob("*")
                  if part.is_file()]
        return self.add(f"{REPOSITORY}/{path}/", "Dataset", name=path, sha256=folder_sum(inside),
                        description="sha256: of the lines of sha256sum for its files, sorted by path")

    def _elsewhere(self, path: str, md5: str) -> str:
        """Add what is no file of this release: in its archive of DVC's cache, or withheld."""
        out = self.cached.get(path)
        if out is None:
            out = next((one for name, one in self.cached.items() if path.startswith(f"{name}/")), None)
        digest = self._digest(out, path) if out is not None and out.hash_info else ""
        place = ("not in this release" if out is None else "not passed on" if not out.can_push
                 else "left out for its size" if out in self.outputs.heavy
                 else "the archive of DVC's cache")
        identifier = f"#data/{md5}/{path}"
        # No file of this release, and so no File to a reader of crates.
        self.add(identifier, "CreativeWork", name=path, sha256=digest, identifier=f"md5:{md5}",
                 description=place, encodingFormat=None if md5.endswith(".dir") else _kind(path),
                 contentSize=str(self._size(out, path)) if digest else None)
        return identifier

    def _digest(self, out, path: str) -> str:
        if self.outputs.lacking(out):
            return ""
        if path == self.outputs.name(out.fs_path):
            return self.outputs.sha256(out)
        return next((sha256(part.file) for part in self.outputs.parts(out) if part.path == path), "")

    def _size(self, out, path: str) -> int:
        parts = self.outputs.parts(out)
        inside = [part for part in parts if part.path == path and not part.md5.endswith(".dir")]
        return sum(part.file.stat().st_size for part in inside or parts[1:])

    def _sources(self) -> list[dict]:
        """Return what no stage makes: the inputs of the whole."""
        made = {one["@id"] for action in self._all("#action/") for one in action.get("result", [])}
        used = {one["@id"] for action in self._all("#action/") for one in action.get("object", [])}
        return [{"@id": identifier} for identifier in sorted(used - made)]

    def _results(self) -> list[dict]:
        return [{"@id": identifier} for identifier in sorted({
            one["@id"] for action in self._all("#action/") for one in action.get("result", [])})]

    def _all(self, prefix: str) -> list[dict]:
        return [self.graph[name] for name in sorted(self.graph) if name.startswith(prefix)]

    def _workflow(self) -> dict:
        file = self._file("dvc.yaml")["@id"]
        tools = [name for name, entity in self.graph.items()
                 if "SoftwareSourceCode" in entity["@type"]]
        self.add("https://dvc.org/doc/user-guide/project-structure/dvcyaml-files", "ComputerLanguage",
                 name="dvc.yaml", url="https://dvc.org/doc/user-guide/project-structure/dvcyaml-files")
        self.graph[file] |= {
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "Stages of all pipelines", "version": self.tag.version, "url": file,
            "programmingLanguage": {
                "@id": "https://dvc.org/doc/user-guide/project-structure/dvcyaml-files"},
            "conformsTo": self.add("https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE",
                                   "CreativeWork", name="Bioschemas ComputationalWorkflow",
                                   version="1.0-RELEASE"),
            "hasPart": [{"@id": name} for name in sorted(tools)],
            "step": [{"@id": entity["@id"]} for entity in self._all("#step/")]}
        return {"@id": file}

    def _root(self, mentioned: list[dict], workflow: dict) -> None:
        self.add("ro-crate-metadata.json", "CreativeWork", about={"@id": "./"}, conformsTo=[
            {"@id": "https://w3id.org/ro/crate/1.1"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"}])
        profiles = [self.add(address, "CreativeWork", name=name, version=address.rpartition("/")[2])
                    for address, name in PROFILES.items()]
        for path in sorted(part.name for part in self.folder.iterdir() if part.is_file()):
            if path != "ro-crate-metadata.json":
                self.add(path, "File", name=path, encodingFormat=_kind(path),
                         about={"@id": "./"} if path == "README.md" else None)
        for path in sorted(part.name for part in self.folder.iterdir() if part.is_dir()):
            if path != REPOSITORY:
                self.add(f"{path}/", "Dataset", name=path)
        parts = [name for name, entity in self.graph.items()
                 if {"File", "Dataset"} & set(_list(entity["@type"])) and name != "./"]
        licence = self.add(f"https://spdx.org/licenses/{self.citation['license']}", "CreativeWork",
                           name=self.citation["license"])
        self.add("./", "Dataset", name=f"{self.citation['title']} {self.tag.version}",
                 description=f"Release of the tag {self.tag.name}: code, results, provenance; the "
                             "released tables that the results rest on are not part of it.",
                 license=licence, datePublished=metadata.date(self.tag).date().isoformat(),
                 author={"@id": "#contributors"}, publisher={"@id": "#contributors"},
                 mainEntity=workflow, conformsTo=profiles, mentions=mentioned,
                 hasPart=[{"@id": name} for name in sorted(parts)])


def _list(value) -> list:
    return value if isinstance(value, list) else [value]


def _kind(path: str) -> str:
    return TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _single(entity: dict) -> dict:
    """Return an entity with lists of one thing as that thing, as RO-Crate writes them."""
    return {name: value[0] if isinstance(value, list) and len(value) == 1 else value
            for name, value in entity.items()}


def _locked_version(name: str) -> str:
    lock = Path(__file__).resolve().parents[2] / "orchestrator" / "requirements.lock"
    return re.search(rf"^{name}==([^\s;]+)", lock.read_text(), re.M)[1]
