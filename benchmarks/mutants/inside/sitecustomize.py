"""What every Python below a trial does at its start: run changed code, or note the lines that it runs.

Python imports this by itself where the folder is on ``PYTHONPATH``; ``MUTANT`` names a module, its file
and the changed source, ``TRACED`` a folder of code and one for notes. Programs that tests start are
reached, too.
"""

import atexit
import importlib.abc
import importlib.util
import os
import sys
import threading


class Changed(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Gives one module another source."""

    def __init__(self, name, path, source):
        self.name, self.path, self.source = name, path, source

    def find_spec(self, name, path, target=None):
        """Return this loader for the one module."""
        if name != self.name:
            return None
        package = [os.path.dirname(self.path)] if self.path.endswith("__init__.py") else None
        return importlib.util.spec_from_file_location(name, self.path, loader=self,
                                                      submodule_search_locations=package)

    def get_filename(self, name):
        """Return where the module stands."""
        return self.path

    def get_data(self, path):
        """Return the changed source."""
        with open(self.source, "rb") as stream:
            return stream.read()


class Traced:
    """Notes which lines below a folder run, by the test that runs them."""

    def __init__(self, code):
        self.code, self.lines = code, set()

    def __call__(self, frame, event, argument):
        """Trace a call: the lines of a file below the folder."""
        if not frame.f_code.co_filename.startswith(self.code):
            return None
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
        key = test, frame.f_code.co_filename

        def line(frame, event, argument):
            self.lines.add((*key, frame.f_lineno))
            return line

        return line(frame, event, argument)

    def line(self, code, number):
        """Note a line of `sys.monitoring`, which then tells of it no more until the next test."""
        if code.co_filename.startswith(self.code):
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
            self.lines.add((test, code.co_filename, number))
        return sys.monitoring.DISABLE

    def start(self):
        """Begin to trace; Python 3.12 and later have a quick way."""
        if not hasattr(sys, "monitoring"):
            threading.settrace(self)
            sys.settrace(self)
            return
        tool, event = sys.monitoring.PROFILER_ID, sys.monitoring.events.LINE
        sys.monitoring.use_tool_id(tool, "mutants")
        sys.monitoring.register_callback(tool, event, self.line)
        sys.monitoring.set_events(tool, event)

    def write(self, folder):
        """Write one line for each test, file and line."""
        with open(os.path.join(folder, f"{os.getpid()}.txt"), "a", encoding="utf-8") as stream:
            stream.writelines(f"{test}\t{name}\t{number}\n" for test, name, number in self.lines)


if "MUTANT" in os.environ:
    sys.meta_path.insert(0, Changed(*os.environ["MUTANT"].split(os.pathsep)))
if "TRACED" in os.environ:
    below, notes = os.environ["TRACED"].split(os.pathsep)
    traced = Traced(below)
    atexit.register(traced.write, notes)
    traced.start()
