#!/bin/bash
# usage: check_reference.sh FOLDER: builds the reference with FOLDER/Doxyfile, without a warning, and looks for what it must
# have. Skipped (exit code 77) where doxygen is missing.
set -eu
folder=$1
command -v doxygen >/dev/null || { echo "skipped: doxygen is not installed"; exit 77; }
rm -rf "$folder/html"
doxygen "$folder/Doxyfile" >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
for page in structtenon__kernel__descriptor structtenon__host structtenon__segment backend_8h tenon_8h; do
  [ -s "$folder/html/$page.html" ] || { echo "FAIL: no page $page"; exit 1; }
done
# A comment before a slot, one behind a field, and one before a function.
for text in "Writes one line to the application" "unique in the backend, for reports" "Loads no backend yet and starts no thread"; do
  grep -rqs "$text" "$folder/html" || { echo "FAIL: '$text' is not in the reference"; exit 1; }
done
echo "reference: $(ls "$folder"/html/*.html | wc -l) pages"
