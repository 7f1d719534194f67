#!/usr/bin/env python3
"""What the documents claim about the sources: every code and reason of backend.h stands in errors.md, as does every exit
code of `tenon --help` and no other; every verb in command_line.md; and every relative link leads to a file.

usage: check_documents.py REPOSITORY TENON
"""
import os
import re
import subprocess
import sys

from check_links import dead_links


def main():
    root, tenon = sys.argv[1:]
    failures = []
    header = open(os.path.join(root, "backend_api/include/tenon/backend_api/backend.h")).read()
    errors = open(os.path.join(root, "docs/errors.md")).read()
    codes = re.search(r"typedef int32_t tenon_code;\s*enum \{(.*?)\};", header, re.S)[1]
    for name, number in re.findall(r"TENON_(\w+)\s*=\s*(\d+)", codes):
        if f"| {number} | {name} |" not in errors:
            failures.append(f"docs/errors.md: no row for code {number} {name}")
    reasons = re.search(r"typedef int32_t tenon_reason;\s*enum \{(.*?)\};", header, re.S)[1]
    for name in re.findall(r"TENON_REASON_(\w+)", reasons):
        if f"| {name} |" not in errors:
            failures.append(f"docs/errors.md: no row for reason {name}")

    text = subprocess.run([tenon, "--help"], capture_output=True, text=True, check=True).stdout
    # "Exit codes: 0 ok, 1 mismatch or regression, ..", wrapped anywhere
    footer = re.search(r"Exit codes: (.*?)\.", " ".join(text.split()))[1]
    told = [int(part.split()[0]) for part in footer.split(", ")]
    section = re.search(r"^## Exit codes.*?\n(.*?)^## ", errors, re.M | re.S)[1]
    in_page = [int(number) for number in re.findall(r"^\| (\d+) \|", section, re.M)]
    if told != in_page or len(told) < 6:
        failures.append(f"docs/errors.md: exit codes {in_page}, tenon --help has {told}")
    verbs = re.findall(r"^  (\w+) {2,}", text[text.index("Subcommands:"):], re.M)
    page = open(os.path.join(root, "docs/command_line.md")).read()
    for verb in verbs:
        if f"tenon {verb}" not in page:
            failures.append(f"docs/command_line.md: nothing about tenon {verb}")
        help_text = subprocess.run([tenon, verb, "--help"], capture_output=True, text=True, check=True).stdout
        if "Example: " not in help_text and "Examples:" not in help_text:
            failures.append(f"tenon {verb} --help has no example")
        failures += [f"tenon {verb} --help, beyond 80 columns: {line}" for line in help_text.splitlines()
                     if len(line) > 80 and not line.startswith("Example")]

    listed = subprocess.run(["git", "-C", root, "ls-files", "*.md"], capture_output=True, text=True)
    pages = listed.stdout.split() or [os.path.join("docs", name) for name in os.listdir(os.path.join(root, "docs")) if name.endswith(".md")]
    failures += dead_links(root, pages)

    for failure in failures:
        print("FAIL", failure)
    print(f"{len(verbs)} verbs, {len(pages)} pages, {len(failures)} failures")
    sys.exit(bool(failures) or len(verbs) < 6)


if __name__ == "__main__":
    main()
