#!/usr/bin/env python3
"""Each verb's --json output fits its schema in tools/schemas, on a small model; schemas describe each of their keys.

usage: schemas_test.py TENON MODEL.onnx TEST_FOLDER

MODEL is the text-direction classifier; TEST_FOLDER holds an ONNX test with its data. Ends with "N passed, N failed".
Needs the Python package jsonschema.
"""
import json
import os
import subprocess
import sys
import tempfile

import jsonschema

SCHEMAS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas")


def undescribed(schema, path="$", closed=False):
    """Keys without a description, and objects that allow any key; closed: unevaluatedProperties stands further out."""
    if not isinstance(schema, dict) or not schema:
        return []
    found = []
    closed = closed or schema.get("unevaluatedProperties") is False
    if schema.get("type") == "object" and "additionalProperties" not in schema and not closed:
        found.append(path + " allows any key")
    for key, value in schema.get("properties", {}).items():
        if "description" not in value and "$ref" not in value:
            found.append(f"{path}.{key} has no description")
        found += undescribed(value, f"{path}.{key}")
    for key, value in schema.get("$defs", {}).items():
        found += undescribed(value, f"{path}#{key}", closed)
    return found + undescribed(schema.get("items", {}), path + "[]")


def cases(model, folder, work):
    saved = os.path.join(work, "saved.json")
    claims = ["-b", "simulator,reference", "--set", "simulator.claim=seed:3"]
    picture = ["--input", "x=rand:shape=1x3x48x192"]
    short = [*picture, "--seconds", "0.05", "--warmup", "0"]
    prefix = os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[1])))
    simulator = os.path.join(prefix, "lib", "tenon", "libtenon_simulator.so")
    yield "run", ["run", model, *picture]
    yield "run", ["run", model, *picture, "--output-dir", work]
    yield "verify", ["verify", folder]
    yield "ops", ["ops"]
    yield "ops", ["ops", "Resize"]
    yield "doctor", ["doctor"]
    yield "backends", ["backends"]
    yield "backends", ["backends", "list"]
    yield "backends", ["backends", "info", simulator]
    yield "backends", ["backends", "new", "acme", "--output", os.path.join(work, "acme")]
    yield "bench", ["bench", model, *short]
    yield "bench", ["bench", model, *short, "--threads", "1,2"]
    yield "bench", ["bench", model, *short, "--save", saved]
    yield "explain", ["explain", model]
    yield "explain", ["explain", model, *claims]
    for stage in ("imported", "canonical", "optimised", "placed", "program"):
        yield "inspect", ["inspect", model, "--stage", stage]
    yield "inspect", ["inspect", model]
    yield "profile", ["profile", model, *picture, "--runs", "2"]
    yield "compare", ["compare", model, *picture, "-b", "simulator", "--reference", "reference"]
    yield "compare", ["compare", model, *picture, "-b", "simulator", "--reference", "reference", "--every-node"]


def main():
    tenon, model, folder = sys.argv[1:]
    schemas, failed, passed = {}, 0, 0
    for name in sorted(os.listdir(SCHEMAS)):
        with open(os.path.join(SCHEMAS, name)) as file:
            schemas[name.removesuffix(".json")] = json.load(file)
    for verb, schema in schemas.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for complaint in undescribed(schema):
            failed += 1
            print(f"FAIL schemas/{verb}.json: {complaint}")
    seen = set()
    with tempfile.TemporaryDirectory() as work:
        for verb, arguments in cases(model, folder, work):
            seen.add(verb)
            done = subprocess.run([tenon, *arguments, "--json"], capture_output=True, text=True, timeout=300)
            try:
                if done.returncode not in (0, 5):
                    raise ValueError(f"exit code {done.returncode}: {done.stderr[-300:]}")
                if verb not in schemas:
                    raise ValueError(f"there is no schemas/{verb}.json")
                out = json.loads(done.stdout)
                jsonschema.validate(out, schemas[verb], jsonschema.Draft202012Validator)
                if list(out)[0] != "version":
                    raise ValueError("does not begin with its version")
                passed += 1
            except (ValueError, jsonschema.ValidationError) as error:
                failed += 1
                print(f"FAIL {' '.join(arguments)}: {str(error)[:600]}")
    for verb in sorted(set(schemas) - seen):
        failed += 1
        print(f"FAIL schemas/{verb}.json: no output is held against it")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
