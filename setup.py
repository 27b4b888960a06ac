"""Put the inputs that action.yml declares into the package: the command line reads defaults and help from them.

Only the inputs: a release's action.yml names the image that holds this package, whose digest must not depend on itself.
"""

import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithDeclaration(build_py):
    def run(self) -> None:
        super().run()
        (inputs,) = re.findall(
            r"^inputs:\n(?:(?: .*)?\n)*", Path("action.yml").read_text("utf-8"), flags=re.MULTILINE
        )
        target = Path(self.build_lib) / "entrypoint" / "inputs.yml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(inputs, "utf-8")


setup(cmdclass={"build_py": WithDeclaration})
