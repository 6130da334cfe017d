"""`make images`: builds the images with the engine that is here, and writes what is in them to dist/.

`python -m tools.images [BUILD FLAGS…]`; flags go to the engine as they are, such as `--build-arg PYTHON=…@sha256:…`.
"""

import sys

from tools.images.building import build_images, write_bills_of_materials
from tools.images.engine import ImageError, find_engine


def main(flags: list[str]) -> int:
    try:
        engine = find_engine()
        build_images(engine, *flags)
        written = write_bills_of_materials(engine)
    except ImageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {', '.join(map(str, written))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
