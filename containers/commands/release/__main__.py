"""``python -m containers.commands.release``."""

from containers.commands.release.main import main
from containers.launcher import entry

if __name__ == "__main__":
    entry(main)
