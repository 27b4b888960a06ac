"""Put a copy of action.yml, the one declaration of inputs, into the package: the command line reads defaults and help from it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithDeclaration(build_py):
    def run(self) -> None:
        super().run()
        target = Path(self.build_lib) / "entrypoint" / "action.yml"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("action.yml", target)


setup(cmdclass={"build_py": WithDeclaration})
