#!/usr/bin/env python3
"""Checks the data in schemas/ as a second program: each file against its JSON Schema, and what one file says of another."""
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed")
    sys.exit(77)

ROOT = pathlib.Path("schemas")
errors = []
count = 0


def no_key_twice(pairs):
    keys = [key for key, _ in pairs]
    for key in set(keys):
        if keys.count(key) > 1:
            raise ValueError(f"key {key} twice")
    return dict(pairs)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_key_twice)


def read_all(folder, schema_name):
    global count
    schema = read(ROOT / "meta" / schema_name)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    documents = {}
    for path in sorted((ROOT / folder).glob("*.json")):
        count += 1
        documents[path.stem] = read(path)
        for error in validator.iter_errors(documents[path.stem]):
            errors.append(f"{path}: /{'/'.join(map(str, error.absolute_path))}: {error.message}")
    return documents


types = read_all("types", "type.schema.json")
workflows = read_all("workflows", "workflow.schema.json")
catalogues = read_all("catalogues", "catalogue.schema.json")

for stem, document in {**types, **workflows}.items():
    if document["name"] != stem:
        errors.append(f"{stem}.json calls itself {document['name']}")
for stem, document in types.items():
    if document.get("workflow", "document.v1") not in workflows:
        errors.append(f"{stem}: no workflow {document['workflow']}")
for stem, document in catalogues.items():
    if document["id"] != stem:
        errors.append(f"catalogues/{stem}.json calls itself {document['id']}")


def ids(value):
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for member in value.values():
            yield from ids(member)
    elif isinstance(value, list):
        for member in value:
            yield from ids(member)


seen = {}
for stem, document in catalogues.items():
    for name in ids(document):
        if name in seen:
            errors.append(f"id {name} in {stem} and {seen[name]}")
        seen[name] = stem

for error in errors:
    print(error)
print(f"{count} files, {len(seen)} catalogue ids, {len(errors)} errors")
sys.exit(1 if errors or count < 10 else 0)
