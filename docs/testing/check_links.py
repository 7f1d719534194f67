#!/usr/bin/env python3
"""Every relative link of the pages below FOLDER leads to a file in it, also where the folder is an installed one.

usage: check_links.py FOLDER
"""
import pathlib
import re
import sys


def dead_links(folder, pages):
    """"PAGE: the link to LINK leads nowhere", for pages by their paths in the folder."""
    folder = pathlib.Path(folder)
    for page in pages:
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (folder / page).read_text()):
            outside = "://" in link or link.startswith("@ref")
            if not outside and not (folder / page).parent.joinpath(link).exists():
                yield f"{page}: the link to {link} leads nowhere"


def main():
    folder = sys.argv[1]
    pages = [path.relative_to(folder) for path in pathlib.Path(folder).rglob("*.md")]
    failures = list(dead_links(folder, pages))
    for failure in failures:
        print("FAIL", failure)
    print(f"{len(pages)} pages, {len(failures)} failures")
    sys.exit(bool(failures) or len(pages) < 10)


if __name__ == "__main__":
    main()
